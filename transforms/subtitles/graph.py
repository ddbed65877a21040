"""The subtitles pipeline's own step in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from transforms.decisions import SETTINGS_CHANGED
from transforms.recording_fn import RecordingFn
from transforms.run import Run
from transforms.subtitles.run_reports import RunReports
from transforms.units import Attempt, OutcomePack


@dataclass
class WriteReports(beam.PTransform):  # type: ignore[misc]
    """Writes tables and report once all outcomes are recorded: `OutcomePack` to that of them.

    Nothing comes out if they are up to date, or if the run was stopped: those of before stay then.

    Attributes:
        reports: Writes them.
        run: The run.
    """

    reports: RunReports
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the writing."""
        recorded = outcomes | "AllRecorded" >> Count.Globally()
        return recorded | "Reports" >> beam.ParDo(_ReportsFn(self.run, self.reports))


class _ReportsFn(RecordingFn):
    def __init__(self, run: Run, reports: RunReports) -> None:
        super().__init__(run)
        self._reports = reports

    def process(self, _count: int) -> Iterator[OutcomePack]:
        recorder = self.recorder()
        if recorder.stopping.is_set():
            return
        recorder.commit()
        prepared = self._reports.prepare(recorder.ledger, self._run.record)
        if prepared is None:
            return
        unit, write = prepared
        for todo in self.out_of_date([unit]):
            if todo.reason == SETTINGS_CHANGED:
                todo = replace(todo, reason="files or settings changed")
            yield OutcomePack([Attempt(write)(todo)])
