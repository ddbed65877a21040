"""A step that tells the ledger what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apache_beam as beam

from transforms.decisions import decide_all
from transforms.recorder import Recorder
from transforms.run import Run
from transforms.units import Unit

TO_THE_USER = "to_the_user"  # set of a log record, shows it like a warning


class RecordingFn(beam.DoFn):  # type: ignore[misc]
    """Has the run's recorder at hand; what it was told in a bundle is written at its end."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def recorder(self) -> Recorder:  # no property: Beam looks at those while it builds the graph
        """Returns this process's recorder of the run."""
        return Recorder.of(self._run)

    def out_of_date(self, units: Sequence[Unit]) -> list[Unit]:
        """Returns those of the units that are to be worked, each with its reason; counts them.

        For units that are made of what all others have left behind.
        """
        run, recorder = self._run, self.recorder()
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

    def finish_bundle(self) -> Any:
        """Writes what was told."""
        self.recorder().flush()
