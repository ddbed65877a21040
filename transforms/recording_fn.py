"""A step that tells the ledger what it sees."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from transforms.recorder import Recorder
from transforms.run import Run

TO_THE_USER = "to_the_user"  # set of a log record, shows it like a warning


class RecordingFn(beam.DoFn):  # type: ignore[misc]
    """Has the run's recorder at hand; what it was told in a bundle is written at its end."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def recorder(self) -> Recorder:  # no property: Beam looks at those while it builds the graph
        """Returns this process's recorder of the run."""
        return Recorder.of(self._run)

    def finish_bundle(self) -> Any:
        """Writes what was told."""
        self.recorder().flush()
