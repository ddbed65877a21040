"""Runs a command to its end, and says how long it took and what memory it had."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from process_memory import PeakMemory


class Timed(NamedTuple):
    """Seconds a command took, and the peak memory in MB: of all its processes together, of its
    first one, and of the largest below that.
    """

    seconds: float
    peak_mb: float
    root_mb: float
    below_mb: float


def timed(command: Sequence[str], codes: Collection[int] = (0,)) -> Timed:
    """Runs a command to its end, which must be with one of the codes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with PeakMemory(process.pid) as memory:
        code = process.wait()
    seconds = time.perf_counter() - start
    assert code in codes, (code, command)
    peaks = memory.bytes, memory.root_bytes, memory.below_bytes
    return Timed(seconds, *(peak / 1e6 for peak in peaks))
