"""The GPU as a device, by CuPy; only ``device`` imports this, when a GPU is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import cupy

from batchio.errors import CannotRun
from transforms.addresses.decode_source import MOST_LABELS, NAME, options, source
from transforms.addresses.device import Device, Load


@dataclass(frozen=True, eq=False)
class Gpu(Device):
    """An NVIDIA GPU. Threads take turns, so that no time is counted twice."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """Counts the time from the first kernel of the block to the end of the last.

        Where a block has several kernels, the moments between them are counted too.
        """
        with self.load.lock:
            begin, end = cupy.cuda.Event(), cupy.cuda.Event()
            begin.record()
            yield
            end.record()
            end.synchronize()
            self.load.busy_s += cupy.cuda.get_elapsed_time(begin, end) / 1000

    def busy_s(self) -> float:
        """Returns the seconds for which the device has worked, measured on it."""
        return self.load.busy_s


def open_gpu(batch_rows: int) -> Gpu:
    """Returns the current GPU, on which kernels are known to compile and run.

    Raises:
        CannotRun: There is none, or they do not.
    """
    try:
        number = cupy.cuda.Device().id
        name = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
    except Exception as error:
        raise _unusable("no GPU", error, "check the driver with nvidia-smi") from error
    try:
        _kernel(MOST_LABELS).compile()
        if int((cupy.arange(3) + 1).sum()) != 6:
            raise ArithmeticError("1 + 2 + 3 is not 6")
    except Exception as error:
        raise _unusable(f"{name} runs no kernel", error, "check CUDA and its driver") from error
    return Gpu(name, cupy, Load(batch_rows), kernel=_kernel)


@cache
def _kernel(labels: int) -> Any:
    return cupy.RawKernel(source(), NAME, options(labels))


def _unusable(what: str, error: Exception, action: str) -> CannotRun:
    (first, *_) = str(error).splitlines() or [type(error).__name__]
    return CannotRun(
        f"{what}: {first}", step="choose the device", action=f"{action}, or give --device cpu"
    )
