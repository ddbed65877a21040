"""The head of a graph that goes on: files as they come, units as they change.

What `MatchFiles` and `FormUnits` do once, these do for as long as the run lasts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from batchio.errors import HeadraceError
from batchio.fileset import FileRef, list_files
from batchio.records import InputFile
from transforms.filesets import record_left_out
from transforms.forming import Grouped, LeftOut
from transforms.recording_fn import TO_THE_USER, RecordingFn
from transforms.run import Run
from transforms.units import Unit

logger = logging.getLogger(__name__)

_TICK = Duration(micros=1000)
_GONE = -1  # size of a file that is not there any more


@dataclass
class PollFiles(beam.PTransform):  # type: ignore[misc]
    """Lists the run's input files again and again: PBegin to `FileRef`, unbounded.

    Emits each file when it is new, when size or time have changed, and with the size -1 when it is
    gone, at the time of the poll; then the watermark is past it. Ends when the run is to stop, or
    after as many polls as it may make.
    """

    run: Run

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Builds the polling."""
        poll = beam.ParDo(_PollFn(self.run)).with_output_types(FileRef)
        return begin | beam.Create([self.run.patterns]) | "Poll" >> poll


class _Polls(RestrictionProvider):  # type: ignore[misc]
    """The numbers of polls; which they are is for the run to say."""

    _WITHOUT_END = 2**62

    def initial_restriction(self, _patterns: tuple[str, ...]) -> OffsetRange:
        return OffsetRange(0, self._WITHOUT_END)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, _patterns: tuple[str, ...], _restriction: OffsetRange) -> int:
        return 1

    def split(self, _patterns: tuple[str, ...], restriction: OffsetRange) -> Iterator[OffsetRange]:
        yield restriction


_POLLS = beam.DoFn.RestrictionParam(_Polls())
_WATERMARK = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider())


class _PollFn(RecordingFn):
    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._seen: dict[str, FileRef] = {}

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self, patterns: tuple[str, ...], polls: Any = _POLLS, watermark: Any = _WATERMARK
    ) -> Iterator[TimestampedValue]:
        run, recorder = self._run, self.recorder()
        restriction = polls.current_restriction()
        if recorder.stopping.is_set() or restriction.start == run.max_polls:
            polls.try_claim(restriction.stop - 1)  # nothing is left to do
            return
        if polls.try_claim(restriction.start):
            now = Timestamp(int(time.time()))
            for file in self._changes(patterns):
                yield TimestampedValue(file, now)
            watermark.set_watermark(now + _TICK)
            polls.defer_remainder(now + Duration(run.poll_s))

    def _changes(self, patterns: tuple[str, ...]) -> Iterator[FileRef]:
        before = self._seen
        try:
            self._seen = self._listed(patterns)
        except HeadraceError as error:  # the next poll may find the storage there again
            logger.warning("%s", error, extra={TO_THE_USER: True})
        self.recorder().count("found", len(self._seen.keys() - before.keys()))
        yield from (file for path, file in self._seen.items() if before.get(path) != file)
        yield from (FileRef(path, _GONE, 0.0) for path in before.keys() - self._seen.keys())

    def _listed(self, patterns: tuple[str, ...]) -> dict[str, FileRef]:
        run, recorder = self._run, self.recorder()
        found = list_files(
            patterns,
            exclude=run.exclude,
            left_out=lambda path, why: recorder.see([(InputFile(path, 0, 0.0, remark=why), None)]),
            retries=run.retries,
        )
        return {file.path: file for file in found}


@dataclass
class GatherUnits(beam.PTransform):  # type: ignore[misc]
    """Forms units of files as they come: `FileRef` to `Unit`, whenever its files change.

    A unit's files are state of its key. A timer at the time of the poll waits for all that it has
    found; another judges a unit again that waits, when it need not wait any longer. Both follow the
    watermark, not the clock: a job on Flink would wait at its end for timers of the clock.

    Attributes:
        forming: How files make up a unit, as it is at the time of the judgement.
        again_at: When a unit that waits is to be judged again, in seconds since 1970, if ever.
    """

    forming: Callable[[], Grouped]
    again_at: Callable[[Unit], float | None]
    run: Run

    def expand(self, files: beam.PCollection) -> beam.PCollection:
        """Builds the gathering."""
        key = beam.ParDo(_KeyFn(self.run, self.forming))
        gather = beam.ParDo(_GatherFn(self.forming, self.again_at))
        keyed = files | "Key" >> key.with_output_types(tuple[str, FileRef])
        return keyed | "Gather" >> gather.with_output_types(Unit)


class _KeyFn(RecordingFn):
    def __init__(self, run: Run, forming: Callable[[], Grouped]) -> None:
        super().__init__(run)
        self._keyed = forming().keyed

    def process(self, file: FileRef) -> Iterator[tuple[str, FileRef]]:
        keyed = self._keyed(file)
        if not isinstance(keyed, LeftOut):
            yield keyed
        elif file.size != _GONE:
            record_left_out(self.recorder(), keyed)


_FILES = beam.DoFn.StateParam(ReadModifyWriteStateSpec("files", PickleCoder()))
_POLLED = TimerSpec("polled", TimeDomain.WATERMARK)
_SET_POLLED = beam.DoFn.TimerParam(_POLLED)
_DUE = TimerSpec("due", TimeDomain.WATERMARK)
_SET_DUE = beam.DoFn.TimerParam(_DUE)


class _GatherFn(beam.DoFn):  # type: ignore[misc]
    def __init__(
        self, forming: Callable[[], Grouped], again_at: Callable[[Unit], float | None]
    ) -> None:
        self._forming = forming
        self._again_at = again_at

    def process(
        self,
        element: tuple[str, FileRef],
        polled_at: Timestamp = beam.DoFn.TimestampParam,
        files: Any = _FILES,
        polled: Any = _SET_POLLED,
    ) -> None:
        _, file = element
        known: dict[str, FileRef] = files.read() or {}
        if known.get(file.path) == file:
            return
        known[file.path] = file
        if file.size == _GONE:
            del known[file.path]
        if known:
            files.write(known)
            polled.set(polled_at)
        else:
            files.clear()

    @on_timer(_POLLED)  # type: ignore[untyped-decorator]
    def judge(self, files: Any = _FILES, due: Any = _SET_DUE) -> Iterator[Unit]:
        for unit in self._formed(files):
            again_at = self._again_at(unit) if unit.waits else None
            if again_at is not None:
                due.set(Timestamp(ceil(again_at)))
            yield unit

    @on_timer(_DUE)  # type: ignore[untyped-decorator]
    def judge_again(self, files: Any = _FILES) -> Iterator[Unit]:
        # At the end of a job each timer fires, and most units go on waiting.
        yield from (unit for unit in self._formed(files) if not unit.waits)

    def _formed(self, files: Any) -> Iterator[Unit]:
        known = files.read()
        if known:
            yield self._forming().form(known.values())
