"""The soundings pipeline's own steps in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from batchio.output import OutputRoot
from transforms.outcomes import ProcessUnits
from transforms.recording_fn import RecordingFn
from transforms.run import Run
from transforms.soundings.cycles import CycleChoice, cycle_units
from transforms.soundings.run_tables import RunTables
from transforms.units import Attempt, OutcomePack, Pack, Process


@dataclass
class MakeCycles(beam.PTransform):  # type: ignore[misc]
    """Writes the outputs of model runs once all outcomes are recorded: `OutcomePack` to the same.

    Shuffles the names of the runs, and nothing else.

    Attributes:
        work: Makes a model run's outputs.
        choice: What is written of each.
        run: The run.
    """

    work: Process
    choice: CycleChoice
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the making of the outputs."""
        patient = replace(self.run, timeout_s=math.inf)  # it takes as long as there are stations
        return (
            outcomes
            | "AllRecorded" >> Count.Globally()
            | "Cycles" >> beam.ParDo(_CyclesFn(self.run, self.choice))
            | "Spread" >> beam.Reshuffle()
            | ProcessUnits(self.work, patient)
        )


class _CyclesFn(RecordingFn):
    def __init__(self, run: Run, choice: CycleChoice) -> None:
        super().__init__(run)
        self._choice = choice

    def process(self, _count: int) -> Iterator[Pack]:
        run, recorder = self._run, self.recorder()
        if recorder.stopping.is_set():
            return
        recorder.commit()
        seen = recorder.ledger.live_units(run.record.scope, run.record.started)
        units = cycle_units(seen, self._choice, alone=run.rerun == "all")
        for unit in self.out_of_date(list(units)):
            yield Pack([unit])


@dataclass
class TellOfFiles(beam.PTransform):  # type: ignore[misc]
    """Writes the tables of what was fetched and of how good the files are: `OutcomePack` to one.

    Attributes:
        tables: Writes them.
        run: The run.
        archive: Where files were fetched to; what was unfinished there is removed.
    """

    tables: RunTables
    run: Run
    archive: OutputRoot | None = None

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the writing."""
        counted = outcomes | "AllWorked" >> Count.Globally()
        return counted | "Tables" >> beam.ParDo(_TablesFn(self.run, self.tables, self.archive))


class _TablesFn(RecordingFn):
    def __init__(self, run: Run, tables: RunTables, archive: OutputRoot | None) -> None:
        super().__init__(run)
        self._tables = tables
        self._archive = archive

    def process(self, _count: int) -> Iterator[OutcomePack]:
        if self._archive is not None:
            self._archive.clear_scratch()
        recorder = self.recorder()
        if recorder.stopping.is_set():
            return
        recorder.commit()
        unit, write = self._tables.prepare(recorder.ledger, self._run.record)
        for todo in self.out_of_date([unit]):
            yield OutcomePack([Attempt(write)(todo)])
