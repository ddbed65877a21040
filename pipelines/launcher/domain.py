"""What a domain gives to the launcher: its options, its units, its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import apache_beam as beam

from batchio.fileset import FileRef
from pipelines.launcher.options import CommonOptions
from transforms.run import Run
from transforms.units import Unit

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options
Pair = tuple[FileRef, str]


@dataclass(frozen=True)
class Domain(Generic[O]):
    """One of the pipelines.

    Attributes:
        name: Its name, as in `python -m pipelines.NAME`.
        summary: What it does, in one sentence.
        options: Its options.
        check: What only it has to check before a run; raises a HeadraceError.
        form_units: The units of a list of files, and the files left out with the reason each.
        build: Adds its graph to a Beam pipeline and returns its collections of outcomes.
    """

    name: str
    summary: str
    options: type[O]
    check: Callable[[O], None]
    form_units: Callable[[Iterable[FileRef], O], tuple[Sequence[Unit], Sequence[Pair]]]
    build: Callable[[beam.Pipeline, O, Run], Any]
