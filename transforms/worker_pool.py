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

_BATCH_S = 0.05  # what a batch should take: long against a round trip, short against a person
_MAX_BATCH = 256
_SLOW_ITEM_S = 0.2  # slower items are handed out one by one, which balances best
_STARTS_TRIED = 3


class WorkerPool(Generic[Item]):
    """Applies a picklable function to items in worker processes.

    Args:
        function: Called with each item; what it returns must be picklable.
        workers: How many processes at most; they start as items come.
        timeout_s: Longer than this, and an item's worker is killed.
    """

    def __init__(self, function: Callable[[Item], Any], *, workers: int, timeout_s: float) -> None:
        self._function = frame(function)
        self._size = workers
        self._timeout_s = timeout_s
        self._waiting: deque[Item] = deque()
        self._workers: list[WorkerProcess[Item]] = []
        self._selector = selectors.DefaultSelector()
        self._seconds_an_item = _BATCH_S
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

    @property
    def wants_more(self) -> bool:
        """Whether the workers would run dry without further items."""
        return self.backlog < self._size * self._batch_size()

    def submit(self, items: Sequence[Item]) -> None:
        """Adds items; their answers come from `collect`."""
        if not self._stopping:
            self._waiting.extend(items)
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
            if worker.overdue(self._timeout_s):
                worker.kill(f"took longer than {self._timeout_s:g} s")
        self._hand_out()

    def stop(self) -> None:
        """Drops the items that wait; each worker ends with the item it is at."""
        self._stopping = True
        self._waiting.clear()
        for worker in self._workers:
            worker.board.ask_stop()

    def close(self) -> None:
        """Ends the worker processes."""
        for worker in self._workers:
            self._selector.unregister(worker.descriptor)
            worker.close()
        self._workers.clear()
        self._selector.close()

    @property
    def workers(self) -> list[WorkerProcess[Item]]:
        """The live worker processes."""
        return list(self._workers)

    def _batch_size(self) -> int:
        return max(1, min(_MAX_BATCH, int(_BATCH_S / self._seconds_an_item)))

    def _hand_out(self) -> None:
        """Gives each worker a batch, then those of fast items a second one to have ahead."""
        ahead = 1 if self._seconds_an_item > _SLOW_ITEM_S else 2
        while self._waiting:
            worker = min(self._workers, key=lambda worker: worker.batches, default=None)
            if (worker is None or worker.batches) and len(self._workers) < self._size:
                worker = self._start()
            elif worker is None or worker.batches >= ahead:
                return
            size = min(self._batch_size(), len(self._waiting))
            worker.send([self._waiting.popleft() for _ in range(size)])

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
            if message.values:
                self._failed_starts = 0
                seconds = message.seconds / len(message.values)
                self._seconds_an_item += 0.2 * (seconds - self._seconds_an_item)
            for item, value in worker.match(message):
                if not isinstance(value, Skipped):
                    yield item, value

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
        if not self._stopping:
            self._waiting.extendleft(reversed(worker.unanswered(lost)))
        if lost is not None:
            yield worker.item(lost), died
