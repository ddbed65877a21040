"""The kernel compiled by NVIDIA's run-time compiler, which needs no GPU."""

from __future__ import annotations

import ctypes
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from transforms.addresses.decode_source import MOST_LABELS, NAME, options, source


@pytest.fixture(scope="module")
def nvrtc() -> ctypes.CDLL:
    try:
        package = distribution("nvidia-cuda-nvrtc-cu12")
    except PackageNotFoundError:
        pytest.skip("no NVRTC: install nvidia-cuda-nvrtc-cu12")
    (library,) = [each for each in package.files or () if each.name == "libnvrtc.so.12"]
    return ctypes.CDLL(str(package.locate_file(library)))


def compiled(nvrtc: ctypes.CDLL, text: str, flags: tuple[str, ...]) -> tuple[str, str]:
    """The PTX, empty where there is none, and the compiler's log."""
    program = ctypes.c_void_p()
    names = (b"decode.cu", 0, None, None)
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), *names) == 0
    given = (ctypes.c_char_p * len(flags))(*(each.encode() for each in flags))
    failed = nvrtc.nvrtcCompileProgram(program, len(flags), given)
    log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
    ptx = "" if failed else _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return ptx, log


def _text(size_of: ctypes._NamedFuncPointer, get: ctypes._NamedFuncPointer, program: object) -> str:
    size = ctypes.c_size_t()
    assert size_of(program, ctypes.byref(size)) == 0
    buffer = ctypes.create_string_buffer(size.value)
    assert get(program, buffer) == 0
    return buffer.value.decode()


@pytest.mark.parametrize("architecture", ["compute_75", "compute_80", "compute_90", "compute_120"])
@pytest.mark.parametrize("labels", [29, MOST_LABELS])
def test_it_compiles_as_it_is_compiled_at_run_time(
    nvrtc: ctypes.CDLL, architecture: str, labels: int
) -> None:
    flags = (*options(labels), f"--gpu-architecture={architecture}")
    ptx, log = compiled(nvrtc, source(), flags)
    assert f".entry {NAME}(" in ptx, log
    assert log.strip("\0\n") == ""


def test_no_sum_is_fused(nvrtc: ctypes.CDLL) -> None:
    product = 'extern "C" __global__ void f(double* x) { x[0] = x[1] * x[2] + x[3]; }'
    target = "--gpu-architecture=compute_75"
    fused, _ = compiled(nvrtc, product, (target,))
    apart, _ = compiled(nvrtc, product, (*options(29), target))
    assert "fma.rn.f64" in fused
    assert "fma.rn.f64" not in apart


def test_a_fault_in_the_source_is_found(nvrtc: ctypes.CDLL) -> None:
    ptx, log = compiled(nvrtc, source().replace("told.first[label]", "told.last[label]"), ())
    assert ptx == ""
    assert "last" in log
