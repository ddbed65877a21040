"""The device that addresses are worked on: the CPU, or a GPU where one can be used.

CuPy is imported only when a GPU is asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from batchio.errors import CannotRun

logger = logging.getLogger(__name__)

DeviceChoice = Literal["auto", "cpu", "gpu"]
BATCH_ROWS = 4_000
_CPU_ROWS = 512  # their scores with a block of a reference stay in the cache

T = TypeVar("T")


class Kernel(Protocol):
    """What a device runs, called as CuPy's kernels are."""

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...]) -> None:
        """Starts the kernel."""
        ...


@dataclass
class Load:
    """How many rows a device is given at once, how often it was, and how long it was busy."""

    rows: int
    batches: int = 0
    is_reduced: bool = False
    busy_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, eq=False)
class Device:
    """A place for arrays and what works on them; this class is a CPU, or a stand-in.

    ``xp`` is the module of its arrays. ``kernel`` gives for a number of labels the kernel that
    decodes; where there is none, sequences are decoded by functions of ``xp``.
    """

    name: str
    xp: Any
    load: Load
    kernel: Callable[[int], Kernel] | None = None
    why_not_gpu: str = ""

    def batches(self, count: int, work: Callable[[int, int], T]) -> Iterator[T]:
        """Yields what is made of each range of rows, in order.

        Where the memory of the device is too small, ranges are halved, from then on.

        Raises:
            CannotRun: It is too small for a single row.
        """
        begin = 0
        while begin < count:
            end = min(begin + self.load.rows, count)
            done = _unless_memory_ends(work, begin, end)
            if done is None:
                self._take_fewer_than(end - begin)
            else:
                self.load.batches += 1
                yield done[0]
                begin = end

    def working(self) -> AbstractContextManager[None]:
        """Counts what the device does in the block as busy time, where that is to be measured."""
        return nullcontext()

    def busy_s(self) -> float:
        """Returns the seconds for which the device has worked: differences tell its busy share.

        For a CPU, they are the processor time of this process, over all its threads.
        """
        return time.process_time()

    def on_host(self, array: Any) -> NDArray[Any]:
        """Returns an array of the device in the memory of the host."""
        host: NDArray[Any] = array if self.xp is np else self.xp.asnumpy(array)
        return host

    def _take_fewer_than(self, rows: int) -> None:
        if rows == 1:
            raise CannotRun(
                f"the memory of {self.name} is too small for one address",
                action="free memory of the device, or give --device cpu",
            )
        if not self.load.is_reduced:
            logger.warning(
                "%s is out of memory with %d addresses at once: going on with fewer",
                self.name,
                rows,
            )
        self.load.rows, self.load.is_reduced = rows // 2, True


def _unless_memory_ends(work: Callable[[int, int], T], begin: int, end: int) -> tuple[T] | None:
    try:
        return (work(begin, end),)
    except MemoryError:  # CuPy's is one of these; once it is dropped here, its arrays are freed
        return None


CPU = Device("CPU", np, Load(_CPU_ROWS))
_CHOOSING = threading.Lock()


def choose_device(choice: DeviceChoice = "auto", batch_rows: int = BATCH_ROWS) -> Device:
    """Returns the device to work on, looked for once a process.

    Args:
        choice: With "auto" a GPU is taken where it can be used, and the log says why if it cannot.
        batch_rows: How many addresses a GPU is given at once.

    Raises:
        CannotRun: A GPU is asked for and cannot be used.
    """
    with _CHOOSING:
        return _choose(choice, batch_rows)


def has_cupy() -> bool:
    """Tells whether what works on a GPU is installed."""
    return find_spec("cupy") is not None


@cache
def _choose(choice: DeviceChoice, batch_rows: int) -> Device:
    if choice == "cpu":
        return CPU
    try:
        return _open_gpu(batch_rows)
    except CannotRun as error:
        if choice == "gpu":
            raise
        level = logging.WARNING if has_cupy() else logging.INFO
        logger.log(level, "addresses are worked on the CPU: %s", error.cause)
        return replace(CPU, why_not_gpu=error.cause)


def _open_gpu(batch_rows: int) -> Device:
    try:
        gpu = import_module("transforms.addresses.gpu")
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "cupy"
        first = error.__cause__ or error  # CuPy wraps it in a page of advice
        raise CannotRun(
            "CuPy is not installed" if missing else f"CuPy cannot be imported: {first}",
            step="choose the device",
            action="pip install 'headrace[gpu]', or give --device cpu",
        ) from error
    device: Device = gpu.open_gpu(batch_rows)
    return device
