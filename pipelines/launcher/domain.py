"""What a domain gives to the launcher: its options, its units, its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import apache_beam as beam

from batchio.ledger_view import LedgerView
from batchio.records import Scope
from pipelines.launcher.options import CommonOptions, Options
from transforms.forming import Forming, LeftOut
from transforms.run import Run
from transforms.units import Unit

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options


@dataclass(frozen=True)
class Aside:
    """What a flag asks for instead of a run.

    Attributes:
        flag: Its name, without dashes in front.
        options: What is accepted beside it.
        act: Does it, and returns the exit code.
    """

    flag: str
    options: type[Options]
    act: Callable[[Any], int]

    def is_asked(self, argv: Sequence[str]) -> bool:
        """Tells whether the flag is among the arguments."""
        return any(word.replace("-", "_") == f"__{self.flag}" for word in argv)


@dataclass(frozen=True)
class Domain(Generic[O]):
    """One of the pipelines.

    Attributes:
        name: Its name, as in `python -m pipelines.NAME`.
        summary: What it does, in one sentence.
        options: Its options.
        forming: How its units are formed of files.
        build: Adds its graph to a Beam pipeline and returns its collections of outcomes.
        check: What only it has to check before a run; raises a HeadraceError.
        items: Units of work that are not formed of files there are, but asked for by options; and
            what was met on the way to them and is left out.
        looked: Told of each look of --watch that met no problem, once its run, if any, has ended.
        asides: What it can do instead of a run.
        streams: Whether its graph can go on, with units made of files as they come.
        also_planned: What a run would do beside its units, in lines of a plan; given the options,
            the ledger, whose work counts, and the units that are up to date.
    """

    name: str
    summary: str
    options: type[O]
    forming: Callable[[O], Forming]
    build: Callable[[beam.Pipeline, O, Run], Any]
    check: Callable[[O], None] = lambda _options: None
    items: Callable[[O], Iterable[Unit | LeftOut]] = lambda _options: ()
    looked: Callable[[O], None] = lambda _options: None
    asides: Sequence[Aside] = ()
    streams: Callable[[O], bool] = lambda _options: False
    also_planned: Callable[[O, LedgerView, Scope, Iterable[Unit]], Iterable[str]] = (
        lambda _options, _ledger, _scope, _skipped: ()
    )
