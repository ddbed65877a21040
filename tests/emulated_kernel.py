"""Runs CUDA kernels on the CPU, compiled from the same source by the system's C++ compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from far_arrays import FarArray

from transforms.addresses.decode_source import options

_SHIM = Path(__file__).with_name("emulated_warps.cpp")
_FLAGS = ("-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off")


class EmulatedKernel:
    """A kernel that is called as CuPy's are; its arrays are of NumPy or of the stand-in."""

    def __init__(self, source: Path, name: str, labels: int, folder: Path) -> None:
        compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            pytest.skip("no C++ compiler: install g++")
        library = folder / f"{name}_{labels}.so"
        given = (each for each in options(labels) if each.startswith("-D"))
        defined = (*given, f"-DKERNEL={name}", f'-DKERNEL_FILE="{source}"')
        built = (compiler, *_FLAGS, *defined, "-fPIC", "-shared", str(_SHIM), "-o", str(library))
        subprocess.run(built, check=True)
        self._library = ctypes.CDLL(str(library))
        self.rows: list[int] = []

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...]) -> None:
        values = [_argument(each) for each in args]
        assert len(values) == self._library.parameters()
        pointers = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
        self.rows.append(int(args[0]))
        assert self._library.launch(*grid, *block, pointers), "lanes of a warp parted at a barrier"


def _argument(value: Any) -> Any:
    if isinstance(value, np.int32):
        return ctypes.c_int(value)
    array = value.values if isinstance(value, FarArray) else value
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)
