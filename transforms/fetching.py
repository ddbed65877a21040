"""The head of a graph that fetches: what is asked for, whether it is there already, the fetching.

Apart from the functions that fetch: workers need no Beam.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import apache_beam as beam

from batchio.records import InputFile, Outcome
from transforms.filesets import SkipUpToDate
from transforms.forming import LeftOut
from transforms.outcomes import ProcessUnits
from transforms.recording_fn import TO_THE_USER, RecordingFn
from transforms.run import Run
from transforms.units import OutcomePack, Pack, Process, Unit

logger = logging.getLogger(__name__)


@dataclass
class FetchFiles(beam.PTransform):  # type: ignore[misc]
    """Fetches what is asked for and not there yet: PBegin to `OutcomePack`.

    Shuffles items in as many groups as there may be downloads at a time, so that there are no more
    of them, however many Beam workers share the work.

    Attributes:
        items: Yields a unit for each file that is asked for, and what is left out.
        fetch: Fetches one item.
        run: The run.
        downloads: Downloads at a time, of all workers together.
        status: The word for what became of an item, for the counts and for the user.
        batch_size: Items that are handed out, and told of, together.
        total: How many items there are, 0 if that is not known before.
    """

    items: Callable[[], Iterable[Unit | LeftOut]]
    fetch: Process
    run: Run
    downloads: int
    status: Callable[[Outcome], str]
    batch_size: int = 200
    total: int = 0

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
        tell = _TellFn(self.run, self.total, self.batch_size, self.status)
        return fetched | "Tell" >> beam.ParDo(tell)


class _ItemsFn(RecordingFn):
    def __init__(self, run: Run, items: Callable[[], Iterable[Unit | LeftOut]]) -> None:
        super().__init__(run)
        self._items = items

    def process(self, _begin: None) -> Iterator[Unit]:
        recorder = self.recorder()
        for item in self._items():
            if recorder.stopping.is_set():
                return
            recorder.count("found")
            if isinstance(item, Unit):
                yield item
            else:
                file = item.file
                recorder.count("left_out")
                recorder.see([(InputFile(file.path, file.size, file.mtime, remark=item.why), None)])


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

    def __init__(
        self, run: Run, total: int, batch_size: int, status: Callable[[Outcome], str]
    ) -> None:
        super().__init__(run)
        self._of_all = f" of {total}" if total else ""
        self._batch_size = batch_size
        self._status = status
        self._batch: list[Outcome] = []
        self._done = 0
        self._began = 0.0

    def start_bundle(self) -> None:
        self._batch, self._began = [], time.monotonic()

    def process(self, outcomes: OutcomePack) -> Iterator[OutcomePack]:
        for outcome in outcomes:
            self.recorder().count(f"items_{self._status(outcome)}")
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
        counts = Counter(map(self._status, batch))
        many = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.most_common())
        size = sum(output.size for outcome in batch for output in outcome.outputs) / 1e6
        logger.info(
            "fetch: %d%s: %s; %.1f MB in %.1f s",
            *(self._done, self._of_all, many, size, seconds),
            extra={TO_THE_USER: True},
        )
