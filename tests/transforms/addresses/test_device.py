from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from far_arrays import far_device
from rig import ROOT

from batchio.errors import CannotRun
from transforms.addresses import device as devices
from transforms.addresses.device import CPU, choose_device

no_cupy = pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    devices._choose.cache_clear()
    yield
    devices._choose.cache_clear()
    sys.modules.pop("transforms.addresses.gpu", None)


def test_the_cpu_costs_no_import_of_what_a_gpu_needs() -> None:
    code = """
import sys
from transforms.addresses.device import choose_device
from transforms.addresses.tagger import Tagger
Tagger(device=choose_device("cpu")).tag(["1 Elm St"])
sys.exit(any(name.partition(".")[0] == "cupy" or name.endswith(".gpu") for name in sys.modules))
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@no_cupy
def test_without_cupy_the_log_says_once_why_the_cpu_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    chosen = choose_device("auto")
    assert choose_device("auto") is chosen
    assert (chosen.name, chosen.xp, chosen.why_not_gpu) == ("CPU", np, "CuPy is not installed")
    assert caplog.messages == ["addresses are worked on the CPU: CuPy is not installed"]


@no_cupy
def test_a_gpu_that_is_asked_for_and_not_there_is_an_error() -> None:
    with pytest.raises(CannotRun) as caught:
        choose_device("gpu")
    assert str(caught.value) == (
        "choose the device: CuPy is not installed; "
        "pip install 'headrace[gpu]', or give --device cpu"
    )


@no_cupy
@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import libcudart_that_is_not_here", "No module named 'libcudart_that_is_not_here'"),
        ("raise ImportError('=====\\nadvice') from ImportError('no libcublas')", "no libcublas"),
    ],
)
def test_a_cupy_that_cannot_be_imported_is_told_with_its_reason(
    code: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cupy.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert choose_device("auto").why_not_gpu == f"CuPy cannot be imported: {cause}"


def test_the_cpu_is_busy_as_long_as_this_process_computes() -> None:
    before = CPU.busy_s()
    with CPU.working():
        sum(each * each for each in range(200_000))
    assert before < CPU.busy_s()


def test_batches_cover_all_rows_in_order() -> None:
    ranges = list(far_device(rows=4).batches(10, lambda begin, end: (begin, end)))
    assert ranges == [(0, 4), (4, 8), (8, 10)]
    assert list(far_device().batches(0, lambda begin, end: (begin, end))) == []


def test_batches_that_do_not_fit_are_halved_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    def at_most_three(begin: int, end: int) -> tuple[int, int]:
        if end - begin > 3:
            raise MemoryError
        return begin, end

    device = far_device(rows=16)
    assert list(device.batches(7, at_most_three)) == [(0, 3), (3, 6), (6, 7)]
    assert device.load.rows == 3
    assert caplog.messages == [
        "a stand-in is out of memory with 7 addresses at once: going on with fewer"
    ]


def test_a_single_row_that_does_not_fit_ends_the_run() -> None:
    def never(begin: int, end: int) -> None:
        raise MemoryError

    with pytest.raises(CannotRun, match="too small for one address"):
        list(far_device(rows=4).batches(2, never))
