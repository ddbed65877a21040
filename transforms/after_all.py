"""The step that makes something of all that a run has recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from batchio.ledger import Ledger
from transforms.decisions import decide_all
from transforms.recorder import Recorder
from transforms.recording_fn import RecordingFn
from transforms.run import Run
from transforms.units import Unit


@dataclass(frozen=True)
class Recorded:
    """A run whose outcomes are all in the ledger."""

    run: Run
    recorder: Recorder

    @property
    def ledger(self) -> Ledger:
        """Where they are."""
        return self.recorder.ledger

    def out_of_date(self, units: Sequence[Unit]) -> list[Unit]:
        """Returns those of the units that are to be worked, each with its reason; counts them."""
        run, recorder = self.run, self.recorder
        decisions = decide_all(
            units,
            recorder.ledger,
            run.record.scope,
            rerun="all" if run.rerun == "all" else "changed",
            retries=run.retries,
        )
        todo = [decision.unit for decision in decisions if decision.action == "work"]
        recorder.count("todo", len(todo))
        recorder.count("units", len(todo))
        return todo


@dataclass
class AfterAll(beam.PTransform):  # type: ignore[misc]
    """Makes something once all outcomes are recorded: `OutcomePack` to what is made.

    Nothing is made in a run that was stopped: what was made before stays then. Shuffles the numbers
    of packs.

    Attributes:
        make: Yields what comes out; or does something, and returns nothing.
        run: The run.
    """

    make: Callable[[Recorded], Iterable[Any] | None]
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the waiting and the making."""
        all_recorded = outcomes | "AllRecorded" >> Count.Globally()
        return all_recorded | "Make" >> beam.ParDo(_MakeFn(self.make, self.run))


class _MakeFn(RecordingFn):
    def __init__(self, make: Callable[[Recorded], Iterable[Any] | None], run: Run) -> None:
        super().__init__(run)
        self._make = make

    def process(self, _count: int) -> Iterable[Any] | None:
        recorder = self.recorder()
        if recorder.stopping.is_set():
            return ()
        recorder.commit()
        return self._make(Recorded(self._run, recorder))
