"""Looks at each output at the moment it appears."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


class Watcher:
    """Reads each output at the moment it appears."""

    def __init__(self, folder: Path, read: Callable[[Path], None]) -> None:
        self._folder, self._read = folder, read
        self._found: dict[Path, tuple[int, int, int]] = {}
        self._errors: list[Exception] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> dict[Path, tuple[int, int, int]]:
        self._stopped.set()
        self._thread.join()
        assert self._errors == []
        return self._found

    def _watch(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopped.is_set()  # one more look after the end
            for file in self._outputs():
                if file not in self._found:
                    self._look_at(file)

    def _outputs(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self._folder):
            if ".headrace" in folders:
                folders.remove(".headrace")
            yield from (Path(folder, name) for name in files)

    def _look_at(self, file: Path) -> None:
        try:
            self._found[file] = identity(file)
            self._read(file)
        except Exception as error:
            self._errors.append(error)


def identity(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
