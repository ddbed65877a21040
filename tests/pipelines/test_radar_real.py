from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import netCDF4
import numpy as np
import pytest
from rig import Finished, Rig

RMA1 = "RMA1_0301_02_20181111T000457Z"
CUT_SHORT = "RMA11_0315_01_20251020T152828Z"
DOPPLER = "RMA11_0315_02_20251020T152429Z"
SIX = ["DBZH", "DBZV", "ZDR", "RHOHV", "PHIDP", "KDP"]
TABLE = {"0301": {"02": SIX}, "0315": {"01": SIX, "02": ["VRAD", "WRAD"]}}
# The format's description, section 5: KDP of 2025 is cut 8 bins from the start of the axis in each
# sweep that is shorter than the reference's; that of 2018 is cut at its far end only.
KDP_SHIFT = {CUT_SHORT: 8, RMA1: 0}
FOREIGN_READERS = """
import json, sys
import pyart, xradar
for path in sys.argv[1:]:
    radar = pyart.io.read_cfradial(path)
    tree = xradar.io.open_cfradial1_datatree(path)
    sweeps = [tree[f"sweep_{number}"].ds for number in range(len(tree.match("sweep_*").children))]
    print(json.dumps({
        "pyart": {
            "angles": radar.fixed_angle["data"].tolist(),
            "shape": [radar.nrays, radar.ngates],
            "valid": {name: int(field["data"].count()) for name, field in radar.fields.items()
                      if name != "undetect"},
            "site": [float(radar.latitude["data"][0]), float(radar.longitude["data"][0])],
            "units": radar.time["units"],
        },
        "xradar": {
            "angles": [float(sweep["sweep_fixed_angle"]) for sweep in sweeps],
            "shape": [[sweep.sizes["azimuth"], sweep.sizes["range"]] for sweep in sweeps],
            "valid": {
                name: sum(int(sweep[name].notnull().sum()) for sweep in sweeps)
                for name in radar.fields if name != "undetect"
            },
        },
    }))
"""


class Runs(NamedTuple):
    rig: Rig
    strict: Finished
    strict_units: dict[str, dict[str, Any]]
    strict_outputs: dict[str, int]
    strict_report: dict[str, Any]
    strict_view: dict[str, dict[str, Any]]
    relaxed: Finished


@pytest.fixture(scope="module")
def runs(radar_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All real files: with a table of volume types, then with incomplete volumes allowed."""
    folder = tmp_path_factory.mktemp("real")
    table = folder / "table.yaml"
    table.write_text(json.dumps(TABLE))
    rig = Rig("pipelines.radar", folder, arguments=(f"--volume_types={table}", "--workers=2"))
    inputs = [f"{radar_data}/*.BUFR"]
    strict = rig.run(inputs=inputs)
    seen = rig.units(), rig.mtimes(), rig.report(), view(rig)
    return Runs(rig, strict, *seen, rig.run("--allow_incomplete", inputs=inputs))


@pytest.fixture(scope="module")
def expected(radar_data: Path) -> dict[str, dict[str, Any]]:
    about: dict[str, dict[str, Any]] = json.loads((radar_data / "EXPECTED.json").read_text())
    return about


def view(rig: Rig) -> dict[str, dict[str, Any]]:
    return {row["volume_id"]: row for row in rig.rows("SELECT * FROM volume_processing")}


def volume_of(file: str) -> tuple[str, str]:
    """The volume key and the field that a file's name tells."""
    radar, strategy, number, field, rest = file.split("_")
    return f"{radar}_{strategy}_{number}_{rest.partition('.')[0]}", field


def sweeps_of(about: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(about["sweeps"], key=lambda sweep: (sweep["elevation"], sweep["start"]))


def seconds_between(start: str, end: str) -> float:
    parsed = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (start, end))
    first, last = parsed
    return (last - first).total_seconds()


def rays_of(dataset: netCDF4.Dataset) -> Iterator[slice]:
    starts, ends = dataset["sweep_start_ray_index"][:], dataset["sweep_end_ray_index"][:]
    return (slice(start, end + 1) for start, end in zip(starts, ends, strict=True))


def test_complete_volumes_are_made_and_the_incomplete_one_waits(runs: Runs) -> None:
    assert runs.strict.code == 0, runs.strict.err
    statuses = {unit: row["status"] for unit, row in runs.strict_units.items()}
    assert statuses == {RMA1: "completed", DOPPLER: "completed", CUT_SHORT: "incomplete"}
    assert {Path(path).stem for path in runs.strict_outputs} == {RMA1, DOPPLER}
    (waiting,) = runs.strict_report["incomplete"]
    assert waiting["unit"] == CUT_SHORT
    assert "RHOHV, PHIDP missing" in waiting["waiting_for"]
    assert f"{CUT_SHORT}: RHOHV, PHIDP missing" in runs.strict.err


def test_allowed_the_incomplete_volume_is_made_and_no_other_again(runs: Runs) -> None:
    assert runs.relaxed.code == 0, runs.relaxed.err
    assert runs.rig.statuses() == dict.fromkeys([RMA1, DOPPLER, CUT_SHORT], "completed")
    assert runs.rig.report()["reasons"] == {"incomplete, allowed": 1}
    mtimes = runs.rig.mtimes()
    assert len(mtimes) == 3
    assert runs.strict_outputs.items() <= mtimes.items()


def test_the_view_of_volumes_tells_their_state(runs: Runs) -> None:
    waiting, made = runs.strict_view[CUT_SHORT], view(runs.rig)[CUT_SHORT]
    for row in (waiting, made):
        assert (row["radar_code"], row["vol_code"], row["vol_number"]) == ("RMA11", "0315", "01")
        assert row["observation_datetime"] == "2025-10-20T15:28:28Z"
        assert not row["is_complete"]
        assert json.loads(row["expected_fields"]) == SIX
        assert set(json.loads(row["downloaded_fields"])) == {"DBZH", "DBZV", "ZDR", "KDP"}
    assert (waiting["status"], waiting["netcdf_path"]) == ("incomplete", None)
    assert "RHOHV, PHIDP missing" in waiting["error_message"]
    assert (made["status"], made["error_message"]) == ("completed", "")
    assert made["netcdf_path"] == str(runs.rig.output / f"{CUT_SHORT}.nc")
    complete = view(runs.rig)[DOPPLER]
    assert complete["is_complete"]
    assert set(json.loads(complete["downloaded_fields"])) == {"VRAD", "WRAD"}


def test_every_cell_statistic_and_sample_of_every_file(
    runs: Runs, expected: dict[str, dict[str, Any]]
) -> None:
    for file, about in expected.items():
        volume, field = volume_of(file)
        with netCDF4.Dataset(runs.rig.output / f"{volume}.nc") as dataset:
            stored = dataset[field][:]
            reference = sweeps_of(expected[file.replace(f"_{field}_", f"_{_reference(volume)}_")])
            sweeps = zip(sweeps_of(about), reference, rays_of(dataset), strict=True)
            for number, (sweep, whole, rays) in enumerate(sweeps):
                block = np.ma.asarray(stored[rays])
                where = f"{file}, sweep {number}"
                assert block.shape[0] == sweep["rays"], where
                assert block.count() == sweep["valid"], where
                shift = 0
                if field == "KDP" and sweep["bins"] < whole["bins"]:
                    shift = KDP_SHIFT[volume]
                assert_cells(block, sweep, shift, where)


def _reference(volume: str) -> str:
    return "VRAD" if volume == DOPPLER else "DBZH"


def assert_cells(block: np.ma.MaskedArray, sweep: dict[str, Any], shift: int, where: str) -> None:
    outside = np.ones(block.shape[1], np.bool_)
    outside[shift : shift + sweep["bins"]] = False
    assert block[:, outside].count() == 0, where
    for ray, gate, value in sweep["samples_ray_gate_value"]:
        assert block[ray, gate + shift] == np.float32(value), (where, ray, gate)
    if sweep["valid"]:
        values = block.compressed().astype(np.float64)
        assert np.isfinite(values).all(), where
        assert (values.min(), values.max()) == (
            np.float32(sweep["min"]),
            np.float32(sweep["max"]),
        ), where
        assert values.mean() == pytest.approx(sweep["mean"], rel=1e-6, abs=1e-9), where


def test_site_range_angles_and_times_of_every_volume(
    runs: Runs, expected: dict[str, dict[str, Any]]
) -> None:
    for file, about in expected.items():
        volume, field = volume_of(file)
        if field != _reference(volume):
            continue
        with netCDF4.Dataset(runs.rig.output / f"{volume}.nc") as dataset:
            site = [float(dataset[name][...]) for name in ("latitude", "longitude", "altitude")]
            wanted = [about[name] for name in ("latitude", "longitude", "altitude_m")]
            assert site == pytest.approx(wanted, abs=1e-9)
            assert_range(dataset, about)
            assert_rays(dataset, about)


def assert_range(dataset: netCDF4.Dataset, about: dict[str, Any]) -> None:
    bins = max(sweep["bins"] for sweep in about["sweeps"])
    size_m, offset_m = about["sweeps"][0]["bin_size_m"], about["sweeps"][0]["bin_offset_m"]
    centres_m = offset_m + (np.arange(bins) + 0.5) * size_m
    np.testing.assert_allclose(dataset["range"][:], centres_m)


def assert_rays(dataset: netCDF4.Dataset, about: dict[str, Any]) -> None:
    sweeps = sweeps_of(about)
    start = min(sweep["start"] for sweep in sweeps)
    assert dataset["time"].units == f"seconds since {start}"
    np.testing.assert_allclose(dataset["fixed_angle"][:], [sweep["elevation"] for sweep in sweeps])
    for sweep, rays in zip(sweeps, rays_of(dataset), strict=True):
        count = sweep["rays"]
        np.testing.assert_allclose(dataset["elevation"][rays], sweep["elevation"])
        np.testing.assert_allclose(dataset["azimuth"][rays], np.arange(count) + 0.5)
        began_s = seconds_between(start, sweep["start"])
        lasted_s = max(0.0, seconds_between(sweep["start"], sweep["end"]))
        turned = (np.arange(count) - sweep["first_ray"]) % count
        times_s = began_s + (turned + 0.5) / count * lasted_s
        np.testing.assert_allclose(dataset["time"][rays], times_s)


def test_pyart_and_xradar_open_every_volume(
    runs: Runs, expected: dict[str, dict[str, Any]]
) -> None:
    volumes = [RMA1, CUT_SHORT, DOPPLER]
    paths = [str(runs.rig.output / f"{volume}.nc") for volume in volumes]
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN_READERS, *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    for volume, line in zip(volumes, lines, strict=True):
        fields = {
            volume_of(file)[1]: about
            for file, about in expected.items()
            if volume_of(file)[0] == volume
        }
        about = fields[_reference(volume)]
        angles = [sweep["elevation"] for sweep in sweeps_of(about)]
        bins = max(sweep["bins"] for sweep in about["sweeps"])
        valid = {
            field: sum(sweep["valid"] for sweep in each["sweeps"]) for field, each in fields.items()
        }
        read = json.loads(line)
        for reader in ("pyart", "xradar"):
            assert read[reader]["angles"] == pytest.approx(angles, rel=1e-6)
            assert read[reader]["valid"] == valid
        assert read["pyart"]["shape"] == [360 * len(angles), bins]
        assert read["xradar"]["shape"] == [[360, bins]] * len(angles)
        assert read["pyart"]["site"] == pytest.approx([about["latitude"], about["longitude"]])


def test_one_worker_makes_the_same_files(runs: Runs, radar_data: Path, tmp_path: Path) -> None:
    alone = Rig("pipelines.radar", tmp_path, arguments=runs.rig.arguments)
    files = sorted(map(str, radar_data.glob("*.BUFR")), reverse=True)
    done = alone.run("--allow_incomplete", "--workers=1", "--order_by=size", inputs=files)
    assert done.code == 0
    assert alone.outputs() == runs.rig.outputs()
