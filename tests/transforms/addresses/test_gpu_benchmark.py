"""The benchmark for machines with a GPU, on one without."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from address_texts import ADDRESSES
from emulated_kernel import EmulatedKernel
from far_arrays import FarModule
from scripts import ROOT

from transforms.addresses import decode_source
from transforms.addresses.device import Device, Load

SCRIPT = "benchmarks/addresses_gpu.py"


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_without_a_gpu_it_says_so_and_measures_nothing() -> None:
    command = [sys.executable, ROOT / SCRIPT]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith("nothing measured: choose the device: CuPy is not installed")


def test_it_measures_each_route_on_both_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script = import_module("addresses_gpu")
    source = Path(decode_source.__file__).with_name("decode.cu")
    kernel = EmulatedKernel(source, "decode", 29, tmp_path)
    device = Device("emulated", FarModule(), Load(40), kernel=lambda labels: kernel)
    work = script.make_work([each for each in ADDRESSES if "St" in each], 60, 50)
    assert script.are_equal(work, device)
    script.compare(work, device, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("labels of 60 rows: 0 of ")
    assert [re.split(r"\W+", line)[4:7:2] for line in lines[2:]] == [
        [name, device] for device in ("emulated", "CPU") for name in ("labels", "tag", "match")
    ]
    assert all("rows/s, busy" in line for line in lines[2:])
