"""The syntax pipeline's own step in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from batchio.records import FAILED
from transforms.after_all import AfterAll, Recorded
from transforms.decisions import SETTINGS_CHANGED
from transforms.outcomes import ProcessUnits
from transforms.recorder import Recorder
from transforms.run import Run
from transforms.syntax.join import (
    TABLES_UNIT,
    TableChoice,
    clear_stage,
    first_steps,
    is_index,
    replace_tables,
    second_steps,
    tables_unit,
    take_snapshot,
)
from transforms.units import OutcomePack, Pack, PackProcess, Unit

_ENDED = "ended"


@dataclass
class WriteTables(beam.PTransform):  # type: ignore[misc]
    """Makes the tables once all outcomes are recorded: `OutcomePack` to that of the
    tables.

    Nothing comes out if the tables are up to date, or if the run was stopped: those of before stay
    then. Shuffles the names of what is to be made, and nothing else.
    """

    work: PackProcess
    choice: TableChoice
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the making of the tables."""
        patient = replace(self.run, timeout_s=math.inf)  # a table takes as long as there is of it
        tables = (
            outcomes
            | "TakeSnapshot" >> AfterAll(partial(_first_steps, self.choice), self.run)
            | "FirstSteps" >> ProcessUnits(self.work, patient)
            | "SecondSteps"
            >> beam.FlatMap(_second_steps, self.choice).with_outputs(_ENDED, main="table")
        )
        steps = tables["table"] | "Spread" >> beam.Reshuffle() | ProcessUnits(self.work, patient)
        return (
            (steps, tables[_ENDED])
            | beam.Flatten()
            | "Key" >> beam.WithKeys(TABLES_UNIT)
            | "Together" >> beam.GroupByKey()
            | "ReplaceTables" >> beam.FlatMap(_replace, self.run, self.choice)
        )


def _first_steps(choice: TableChoice, recorded: Recorded) -> Iterator[Pack]:
    """Yields the first steps, if the tables are out of date."""
    run = recorded.run
    snapshot = take_snapshot(recorded.ledger, run.record, run.output)
    if snapshot is None:
        return
    todo = recorded.out_of_date([tables_unit(snapshot, choice)])
    for tables in todo:
        for unit in first_steps(snapshot, _with_reason(tables), choice):
            yield Pack([unit])
    if not todo:
        clear_stage(run.output)


def _with_reason(tables: Unit) -> Unit:
    """Returns the unit of the tables with what its changed fingerprint means."""
    changed = tables.reason == SETTINGS_CHANGED
    return replace(tables, reason="files or choice of tables changed") if changed else tables


def _second_steps(outcomes: OutcomePack, choice: TableChoice) -> Iterator[Pack | TaggedOutput]:
    for outcome in outcomes:
        if not is_index(outcome) or outcome.status == FAILED:
            yield TaggedOutput(_ENDED, OutcomePack([outcome]))
            continue
        for unit in second_steps(outcome, choice):
            yield Pack([unit])


def _replace(
    element: tuple[str, Iterable[OutcomePack]], run: Run, choice: TableChoice
) -> Iterator[OutcomePack]:
    steps = list(chain.from_iterable(element[1]))
    failed = any(step.status == FAILED for step in steps)
    if failed or len(steps) == len(choice.tables):
        states = Recorder.of(run).ledger.unit_states(run.record.scope, [TABLES_UNIT])
        old = states[TABLES_UNIT].outputs if TABLES_UNIT in states else ()
        yield OutcomePack([replace_tables(steps, run.output, old)])
    clear_stage(run.output)
