"""Samples the resident memory of a process and of all processes below it."""

from __future__ import annotations

from threading import Event, Thread

import psutil

_EVERY_S = 0.1


class PeakMemory:
    """Within a `with`, samples ten times a second.

    `bytes` is the largest sum seen, `root_bytes` the most of the process itself, `below_bytes` the
    most of any one process below it.
    """

    def __init__(self, pid: int) -> None:
        self.bytes = self.root_bytes = self.below_bytes = 0
        self._root = psutil.Process(pid)
        self._done = Event()
        self._thread = Thread(target=self._sample, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            try:
                processes = [self._root, *self._root.children(recursive=True)]
                root, *below = [process.memory_info().rss for process in processes]
            except psutil.Error:
                continue
            self.bytes = max(self.bytes, root + sum(below))
            self.root_bytes = max(self.root_bytes, root)
            self.below_bytes = max(self.below_bytes, *below, 0)
