"""The subtitles pipeline's own step in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import apache_beam as beam

from transforms.after_all import AfterAll, Recorded
from transforms.decisions import SETTINGS_CHANGED
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
        return outcomes | AfterAll(partial(_write, self.reports), self.run)


def _write(reports: RunReports, recorded: Recorded) -> Iterator[OutcomePack]:
    prepared = reports.prepare(recorded.ledger, recorded.run.record)
    if prepared is None:
        return
    unit, write = prepared
    for todo in recorded.out_of_date([unit]):
        if todo.reason == SETTINGS_CHANGED:
            todo = replace(todo, reason="files or settings changed")
        yield OutcomePack([Attempt(write)(todo)])
