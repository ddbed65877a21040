"""The tail of every graph: work the units in isolation, record what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

import transforms.pack_coder  # noqa: F401 - registers itself
from transforms.recorder import Recorder
from transforms.recording_fn import RecordingFn
from transforms.run import Run
from transforms.units import (
    Attempt,
    OutcomePack,
    Pack,
    PackAttempt,
    PackProcess,
    Process,
    Unit,
    died,
    waiting,
)
from transforms.worker_pool import BATCH_S, WorkerPool
from transforms.worker_process import Died

_WAIT_S = 0.2
_MOST_WAITING = 200_000  # units listed ahead of the work, so that the total is known soon
_PACK_S = 1.0  # of work in a pack: little is lost to a kill, and there are not too many files
_UNIT_WEIGHS_BYTES = 4096  # what a unit costs beside its bytes: a file is opened, a row recorded


@dataclass
class ProcessUnits(beam.PTransform):  # type: ignore[misc]
    """Applies a domain's function to each unit in worker processes: `Pack` to `OutcomePack`.

    The outcomes of a `PackProcess` come when their pack is written, about once a second.
    An exception, a crash or a hang costs its unit and comes out as a failed outcome. Units that
    wait pass through. Does not shuffle.

    Attributes:
        process: The function.
        run: The run.
        weigh: How much work a unit is beside others: workers get packs of equal weight.
        one_by_one: Whether a worker gets no unit before it is done with the last: where one may
            take long that its weight does not tell.
    """

    process: Process | PackProcess
    run: Run
    weigh: Callable[[Unit], float] | None = None
    one_by_one: bool = False

    def expand(self, packs: beam.PCollection) -> beam.PCollection:
        """Builds the processing."""
        weigh = self.weigh or weigh_by_size
        work = beam.ParDo(_WorkFn(self.process, self.run, weigh, self.one_by_one))
        return packs | "Work" >> work.with_output_types(OutcomePack)


class _WorkFn(beam.DoFn):  # type: ignore[misc]
    def __init__(
        self,
        process: Process | PackProcess,
        run: Run,
        weigh: Callable[[Unit], float],
        one_by_one: bool,
    ) -> None:
        self._one_by_one = one_by_one
        self._process = process
        self._run = run
        self._weigh = weigh
        self._pool: WorkerPool[Unit] | None = None
        self._in = Metrics.counter(ProcessUnits, "units_in")
        self._out = Metrics.counter(ProcessUnits, "units_out")

    def process(self, pack: Pack) -> Iterator[OutcomePack]:
        recorder = Recorder.of(self._run)
        self._in.inc(len(pack))
        ready = [unit for unit in pack if not unit.waits]
        if len(ready) < len(pack):
            self._out.inc(len(pack) - len(ready))
            yield OutcomePack(waiting(unit) for unit in pack if unit.waits)
        if self._run.is_spread:
            ready = recorder.not_ended(ready)
        if not ready or recorder.stopping.is_set():
            return
        pool = self._started_pool(recorder)
        pool.submit(ready)
        yield from self._collect(pool, recorder, 0)
        while pool.backlog > _MOST_WAITING:
            yield from self._collect(pool, recorder, _WAIT_S)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self._pool is None:
            return
        recorder = Recorder.of(self._run)
        while self._pool.busy:
            for outcomes in self._collect(self._pool, recorder, _WAIT_S):
                yield GlobalWindows.windowed_value(outcomes)
        recorder.give_back((self._process, self._weigh), self._pool)
        self._pool = None

    def teardown(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _started_pool(self, recorder: Recorder) -> WorkerPool[Unit]:
        if self._pool is None:
            self._pool = recorder.borrow((self._process, self._weigh))
        if self._pool is None:
            self._pool = self._make_pool()
            recorder.watch(self._pool)
        self._pool.timeout_s = self._run.timeout_s
        return self._pool

    def _make_pool(self) -> WorkerPool[Unit]:
        process, batch_s = self._process, 0.0 if self._one_by_one else BATCH_S
        attempt: Attempt | PackAttempt = Attempt(process)
        if isinstance(process, PackProcess):
            attempt, batch_s = PackAttempt(process), _PACK_S
        return WorkerPool(
            attempt,
            workers=self._run.workers,
            timeout_s=self._run.timeout_s,
            batch_s=batch_s,
            weigh=self._weigh,
        )

    def _collect(
        self, pool: WorkerPool[Unit], recorder: Recorder, wait_s: float
    ) -> Iterator[OutcomePack]:
        if recorder.stopping.is_set():
            pool.stop()
        outcomes = OutcomePack(
            died(unit, answer) if isinstance(answer, Died) else answer
            for unit, answer in pool.collect(wait_s)
        )
        if outcomes:
            self._out.inc(len(outcomes))
            yield outcomes


def weigh_by_size(unit: Unit) -> float:
    """Weighs a unit by its bytes, and by what it costs beside them."""
    return _UNIT_WEIGHS_BYTES + unit.size


def weigh_alike(_unit: Unit) -> float:
    """Weighs every unit the same."""
    return 1.0


@dataclass
class RecordOutcomes(beam.PTransform):  # type: ignore[misc]
    """Records packs of outcomes in the ledger while the run goes on, and hands them on."""

    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the recording."""
        record = beam.ParDo(_RecordFn(self.run))
        return outcomes | "Record" >> record.with_output_types(OutcomePack)


class _RecordFn(RecordingFn):
    def process(self, outcomes: OutcomePack) -> Iterator[OutcomePack]:
        for status, number in Counter(outcome.status for outcome in outcomes).items():
            _counter(status).inc(number)
        self.recorder().add(*outcomes)
        yield outcomes


@cache
def _counter(status: str) -> Any:
    return Metrics.counter(RecordOutcomes, f"units_{status}")
