"""The soundings pipeline's own steps in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from batchio.output import OutputRoot
from transforms.after_all import AfterAll, Recorded
from transforms.outcomes import ProcessUnits
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
            | "Cycles" >> AfterAll(partial(_cycles, self.choice), self.run)
            | "Spread" >> beam.Reshuffle()
            | ProcessUnits(self.work, patient)
        )


def _cycles(choice: CycleChoice, recorded: Recorded) -> Iterator[Pack]:
    run = recorded.run
    seen = recorded.ledger.live_units(run.record.scope, run.record.started)
    units = cycle_units(seen, choice, alone=run.rerun == "all")
    for unit in recorded.out_of_date(list(units)):
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
        if self.archive is not None:
            worked = outcomes | "AllWorked" >> Count.Globally()
            outcomes = worked | "ClearScratch" >> beam.Map(partial(_clear_scratch, self.archive))
        return outcomes | AfterAll(partial(_tell, self.tables), self.run)


def _clear_scratch(archive: OutputRoot, _count: int) -> None:
    archive.clear_scratch()


def _tell(tables: RunTables, recorded: Recorded) -> Iterator[OutcomePack]:
    unit, write = tables.prepare(recorded.ledger, recorded.run.record)
    for todo in recorded.out_of_date([unit]):
        yield OutcomePack([Attempt(write)(todo)])
