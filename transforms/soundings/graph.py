"""The soundings pipeline's own steps in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from batchio.output import OutputRoot
from batchio.records import Outcome
from transforms.filesets import SkipUpToDate
from transforms.outcomes import ProcessUnits
from transforms.recording_fn import TO_THE_USER, RecordingFn
from transforms.run import Run
from transforms.soundings.cycles import CycleChoice, cycle_units
from transforms.soundings.fetch import fetch_status
from transforms.soundings.run_tables import RunTables
from transforms.units import Attempt, OutcomePack, Pack, Process, Unit

logger = logging.getLogger(__name__)


@dataclass
class FetchForecasts(beam.PTransform):  # type: ignore[misc]
    """Fetches what is asked for and not there yet: PBegin to `OutcomePack`.

    Shuffles items in as many groups as there may be downloads at a time, so that there are no more
    of them, however many Beam workers share the work.

    Attributes:
        items: Yields a unit for each file that is asked for.
        fetch: Fetches one item.
        run: The run.
        batch_size: Items that are handed out, and told of, together.
        downloads: Downloads at a time, of all workers together.
    """

    items: Callable[[], Iterable[Unit]]
    fetch: Process
    run: Run
    batch_size: int
    downloads: int

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Builds the fetching."""
        packs = (
            begin
            | "Begin" >> beam.Create([None])
            | "Items" >> beam.ParDo(_ItemsFn(self.run, self.items))
            | "SkipFetched" >> SkipUpToDate(self.run, self.batch_size)
        )
        run = replace(self.run, workers=1 if self.run.is_spread else self.downloads)
        if run.is_spread:
            packs = (
                packs
                | "Lane" >> beam.ParDo(_LaneFn(self.downloads))
                | "Lanes" >> beam.GroupByKey()
                | "Batches" >> beam.FlatMap(_in_order)
            )
        fetched = packs | "Fetch" >> ProcessUnits(self.fetch, run, one_by_one=True)
        total = sum(1 for _ in self.items())
        return fetched | "Tell" >> beam.ParDo(_TellFn(self.run, total, self.batch_size))


class _ItemsFn(RecordingFn):
    def __init__(self, run: Run, items: Callable[[], Iterable[Unit]]) -> None:
        super().__init__(run)
        self._items = items

    def process(self, _begin: None) -> Iterator[Unit]:
        for item in self._items():
            self.recorder().count("found")
            yield item


class _LaneFn(beam.DoFn):  # type: ignore[misc]
    """Deals packs out, one to a lane after the other."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._next = 0

    def process(self, pack: Pack) -> Iterator[tuple[int, Pack]]:
        yield self._next % self._lanes, pack
        self._next += 1


def _in_order(lane: tuple[int, Iterable[Pack]]) -> Iterable[Pack]:
    return lane[1]


class _TellFn(RecordingFn):
    """Hands outcomes on; counts them, and tells of each batch."""

    def __init__(self, run: Run, total: int, batch_size: int) -> None:
        super().__init__(run)
        self._total = total
        self._batch_size = batch_size
        self._batch: list[Outcome] = []
        self._done = 0
        self._began = 0.0

    def start_bundle(self) -> None:
        self._batch, self._began = [], time.monotonic()

    def process(self, outcomes: OutcomePack) -> Iterator[OutcomePack]:
        for outcome in outcomes:
            self.recorder().count(f"items_{fetch_status(outcome)}")
            self._batch.append(outcome)
            if len(self._batch) >= self._batch_size:
                self._tell()
        yield outcomes

    def finish_bundle(self) -> None:
        if self._batch:
            self._tell()
        super().finish_bundle()

    def _tell(self) -> None:
        batch, self._batch = self._batch, []
        self._done += len(batch)
        seconds, self._began = time.monotonic() - self._began, time.monotonic()
        counts = Counter(map(fetch_status, batch))
        many = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.most_common())
        size = sum(output.size for outcome in batch for output in outcome.outputs) / 1e6
        logger.info(
            "fetch: %d of %d: %s; %.1f MB in %.1f s",
            *(self._done, self._total, many, size, seconds),
            extra={TO_THE_USER: True},
        )


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
