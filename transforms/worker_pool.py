"""A pool of worker processes in which an item can crash or hang and costs only itself.

Beam isolates such items too (`use_subprocess`), one call and 0.4 ms an item; the pool sends
items in batches sized by their own speed, uses all cores from one Beam worker, and knows of a
dead or hanging process exactly which item it was at (see docs/design.md).
"""

from __future__ import annotations

import logging
import os
import selectors
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from batchio.errors import CannotRun
from transforms.worker_link import LogLine, Skipped, frame
from transforms.worker_process import WorkerProcess

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

BATCH_S = 0.05  # what a batch should take: long against a round trip, short against a person
_MAX_ITEMS_A_SECOND = 5000
_SLOW_ITEM_S = 0.2  # slower items are handed out one by one, which balances best
_STARTS_TRIED = 3


class WorkerPool(Generic[Item]):
    """Applies a picklable function to items in worker processes.

    A function that writes the results of many items together has a method `finish`: it is called
    at the end of each batch with what the items gave, and returns what is answered. Until then the
    batch is not answered, and what is lost with its worker is worked again.

    Args:
        function: Called with each item; what it returns must be picklable.
        workers: How many processes at most; they start as items come.
        timeout_s: Longer than this, and an item's worker is killed.
        batch_s: How long a batch should take; with 0 nothing waits behind another item.
        weigh: How much work an item is beside others; the same each if not given.
    """

    def __init__(
        self,
        function: Callable[[Item], Any],
        *,
        workers: int,
        timeout_s: float,
        batch_s: float = BATCH_S,
        weigh: Callable[[Item], float] = lambda _item: 1.0,
    ) -> None:
        self._function = frame(function)
        self._size = workers
        self.timeout_s = timeout_s
        self._batch_s = batch_s
        self._weigh = weigh
        self._waiting: deque[tuple[Item, float]] = deque()  # items and their weights
        self._waiting_weight = 0.0
        self._workers: list[WorkerProcess[Item]] = []
        self._selector = selectors.DefaultSelector()
        self._seconds_a_weight: float | None = None  # not known yet
        self._failed_starts = 0
        self._stopping = False

    @property
    def backlog(self) -> int:
        """How many items wait for a worker."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether any item is not answered yet."""
        return bool(self._waiting) or any(worker.sent for worker in self._workers)

    def submit(self, items: Sequence[Item]) -> None:
        """Adds items; their answers come from `collect`."""
        self._wait(items)
        self._hand_out()

    def collect(self, wait_s: float) -> Iterator[tuple[Item, Any]]:
        """Yields the answers there are, waiting up to `wait_s` for the first.

        The answer of a lost item is `Died`; items skipped after `stop` have none.

        Raises:
            CannotRun: When no worker process can be started.
        """
        for key, _ in self._selector.select(wait_s):
            worker: WorkerProcess[Item] = key.data
            data = os.read(worker.descriptor, 1 << 20)
            yield from self._answers(worker, data) if data else self._bury(worker)
        for worker in list(self._workers):
            if worker.overdue(self.timeout_s):
                worker.kill(f"took longer than {self.timeout_s:g} s")
        self._hand_out()

    def stop(self) -> None:
        """Drops the items that wait; each worker ends with the item it is at."""
        self._stopping = True
        self._waiting.clear()
        self._waiting_weight = 0.0
        for worker in self._workers:
            worker.board.ask_stop()

    def close(self) -> None:
        """Ends the worker processes."""
        for worker in self._workers:
            self._selector.unregister(worker.descriptor)
            worker.say_goodbye()  # to all, before waiting for the first
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        self._selector.close()

    @property
    def workers(self) -> list[WorkerProcess[Item]]:
        """The live worker processes."""
        return list(self._workers)

    def _wait(self, items: Sequence[Item], *, first: bool = False) -> None:
        """Puts items among those that wait for a worker, in their order."""
        if self._stopping:
            return
        weighed = [(item, self._weigh(item)) for item in items]
        if first:
            self._waiting.extendleft(reversed(weighed))
        else:
            self._waiting.extend(weighed)
        self._waiting_weight += sum(weight for _, weight in weighed)

    def _batch_weight(self) -> float:
        """Returns how much a batch should weigh, from how fast the items went so far."""
        return self._batch_s / self._seconds_a_weight if self._seconds_a_weight else 0.0

    def _hand_out(self) -> None:
        """Gives each worker a batch, then those of fast items a second one to have ahead."""
        while self._waiting:
            worker = min(self._workers, key=lambda worker: worker.batches, default=None)
            if (worker is None or worker.batches) and len(self._workers) < self._size:
                worker = self._start()
            elif worker is None or worker.batches >= self._ahead():
                return
            worker.send(self._take_batch())

    def _ahead(self) -> int:
        """Returns how many batches a worker may have: slow items are not worth a second one."""
        seconds = (self._seconds_a_weight or 0.0) * self._waiting[0][1]
        return 1 if seconds > _SLOW_ITEM_S or not self._batch_s else 2

    def _take_batch(self) -> list[Item]:
        """Takes the next items: a batch's weight, and towards the end a fair share of the rest."""
        share = max(self._waiting_weight / (2 * self._size), self._batch_weight() / 10)
        limit = min(self._batch_weight(), share)
        most = max(1, int(self._batch_s * _MAX_ITEMS_A_SECOND))
        batch: list[Item] = []
        weight = 0.0
        while self._waiting and len(batch) < most:
            item, its_weight = self._waiting[0]
            if batch and weight + its_weight > limit:
                break
            self._waiting.popleft()
            batch.append(item)
            weight += its_weight
        self._waiting_weight = max(0.0, self._waiting_weight - weight)
        return batch

    def _learn(self, seconds: float, weight: float) -> None:
        """Takes the speed of answered items into account, the last ones most."""
        seen = max(seconds, 1e-9) / weight
        before = self._seconds_a_weight
        self._seconds_a_weight = seen if before is None else before + 0.3 * (seen - before)

    def _start(self) -> WorkerProcess[Item]:
        worker = WorkerProcess[Item](self._function)
        self._workers.append(worker)
        self._selector.register(worker.descriptor, selectors.EVENT_READ, worker)
        return worker

    def _answers(self, worker: WorkerProcess[Item], data: bytes) -> Iterator[tuple[Item, Any]]:
        for message in worker.buffer.feed(data):
            if isinstance(message, LogLine):
                logging.getLogger(message.logger).log(message.level, "%s", message.text)
                continue
            pairs = [pair for pair in worker.match(message) if not isinstance(pair[1], Skipped)]
            if pairs:
                self._failed_starts = 0
                self._learn(message.seconds, sum(self._weigh(item) for item, _ in pairs))
            yield from pairs

    def _bury(self, worker: WorkerProcess[Item]) -> Iterator[tuple[Item, Any]]:
        """Answers for the item at which a worker died, and takes its other items back."""
        self._selector.unregister(worker.descriptor)
        self._workers.remove(worker)
        died, lost = worker.post_mortem()
        if lost is None and not worker.answered:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS_TRIED:
                raise CannotRun(
                    f"worker processes do not start: {died.cause}: {died.trace.strip()[-500:]}",
                    step="workers",
                    action="see the log, and try --workers 1",
                )
        else:
            logger.warning("a worker process died: %s", died.cause)
        self._wait(worker.unanswered(lost), first=True)
        if lost is not None:
            yield worker.item(lost), died
