"""Volumes on a grid: what is where, and which radar it is from."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from grid_volumes import ALTITUDE_M, ANGLES_DEG, GATE_M, RAYS, START, a_volume, echo, nothing
from numpy.typing import NDArray

from batchio.errors import InputError
from batchio.radar.grid_netcdf import HAS_VALUE, NO_VALUE, NOT_OBSERVED, RadarGrid, write_radar_grid
from batchio.radar.volume import Volume
from transforms.radar.grid_choice import GridChoice

# Py-ART warns of what others deprecate, when it is imported and when it works.
pytestmark = pytest.mark.filterwarnings("ignore")

SLOT = "20251020T1520Z"
SMALL = GridChoice(spacing_m=2000.0, radius_km=80.0, top_km=5.0, levels=5)
EAST, WEST = -63.89, -64.41  # some 50 km apart
Gridding = Callable[[Sequence[Volume], str, GridChoice], RadarGrid]


@pytest.fixture(scope="module")
def grid_volumes() -> Gridding:
    gridding: Gridding = import_module("transforms.radar.grid").grid_volumes
    return gridding


def column(grid: RadarGrid, x_m: float, y_m: float) -> tuple[int, int]:
    return int(np.flatnonzero(grid.y_m == y_m)[0]), int(np.flatnonzero(grid.x_m == x_m)[0])


def everywhere(dbz: float, radar: str, longitude_deg: float) -> Volume:
    values = np.full_like(nothing(), dbz)
    return a_volume({"DBZH": values}, radar=radar, longitude_deg=longitude_deg)


def centre(grid: RadarGrid) -> NDArray[np.float64]:
    """The middle of all cells with a value: x, y and z, m."""
    z, y, x = np.nonzero(np.isfinite(grid.fields["DBZH"].values))
    return np.array([grid.x_m[x].mean(), grid.y_m[y].mean(), grid.z_m[z].mean()])


@pytest.mark.parametrize(("ray", "gate"), [(30, 70), (120, 60), (200, 75), (315, 65)])
def test_an_echo_lies_where_the_beam_was(grid_volumes: Gridding, ray: int, gate: int) -> None:
    volume = a_volume({"DBZH": echo(40.0, sweep=1, ray=ray, gate=gate, half=3)})
    grid = grid_volumes([volume], SLOT, SMALL._replace(spacing_m=1000.0))
    range_m, up, around = (gate + 0.5) * GATE_M, *map(math.radians, (ANGLES_DEG[1], ray + 0.5))
    earth_m = 4 / 3 * 6371e3  # by which beams bend in the standard atmosphere
    z_m = math.sqrt(range_m**2 + earth_m**2 + 2 * range_m * earth_m * math.sin(up)) - earth_m
    flat_m = earth_m * math.asin(range_m * math.cos(up) / (earth_m + z_m))
    expected = [flat_m * math.sin(around), flat_m * math.cos(around), z_m + ALTITUDE_M]
    np.testing.assert_allclose(centre(grid), expected, atol=600)
    values = grid.fields["DBZH"].values
    np.testing.assert_allclose(values[np.isfinite(values)], 40.0, rtol=1e-5)
    assert grid.origin_deg == (volume.latitude_deg, volume.longitude_deg)


def test_an_echo_is_not_wider_than_it_was(grid_volumes: Gridding) -> None:
    volume = a_volume({"DBZH": echo(40.0, sweep=1, ray=90, gate=60, half=4)})
    grid = grid_volumes([volume], SLOT, SMALL._replace(spacing_m=1000.0))
    columns = np.isfinite(grid.fields["DBZH"].composite)
    across_m = 9 * math.radians(1) * 60_500  # nine rays, and nine gates of 1 km
    assert columns.sum() == pytest.approx(across_m * 9_000 / 1e6, rel=0.15)


def test_what_was_not_radiated_is_not_observed(grid_volumes: Gridding) -> None:
    dark = np.isin(np.arange(len(ANGLES_DEG) * RAYS) % RAYS, range(60, 120))
    volume = replace(a_volume({"DBZH": echo(40.0, sweep=1, ray=200, gate=60)}), not_radiated=dark)
    grid = grid_volumes([volume], SLOT, SMALL)
    found = {
        place: grid.status[0][column(grid, *place)]
        for place in [(50_000, 0), (-50_000, 0), (-22_000, -56_000), (80_000, 80_000)]
    }
    expected = [NOT_OBSERVED, NO_VALUE, HAS_VALUE, NOT_OBSERVED]
    assert list(found.values()) == expected


def test_radars_that_overlap_are_weighted_by_how_near_they_are(grid_volumes: Gridding) -> None:
    east, west = everywhere(30.0, "RMA2", EAST), everywhere(10.0, "RMA1", WEST)
    grid = grid_volumes([east, west], SLOT, SMALL)
    assert [radar.name for radar in grid.radars] == ["RMA1", "RMA2"]
    assert grid.origin_deg == pytest.approx((-31.44, (EAST + WEST) / 2))
    half_m = math.radians((EAST - WEST) / 2) * 6378137 * math.cos(math.radians(31.44))

    level = 1  # 2 km
    for x_m in (-20_000, 0, 20_000, 40_000):
        radii_m = [
            max(
                SMALL.spacing_m, math.hypot(x_m - at, 2000 - ALTITUDE_M) * math.tan(math.radians(1))
            )
            for at in (-half_m, half_m)
        ]
        near, far = (radius**-2 for radius in radii_m)
        expected = (10 * near + 30 * far) / (near + far)
        found = grid.fields["DBZH"].values[(level, *column(grid, x_m, 0))]
        assert found == pytest.approx(expected, abs=0.02)

    counts = (grid.status != NOT_OBSERVED).sum(axis=0)
    alone = column(grid, 100_000, 0)
    assert (counts[column(grid, 0, 0)], counts[alone], counts[0, 0]) == (2, 1, 0)
    assert list(grid.status[:, alone[0], alone[1]]) == [NOT_OBSERVED, HAS_VALUE]
    assert np.nanmax(grid.fields["DBZH"].values[:, alone[0], alone[1]]) == pytest.approx(30.0)


def test_a_radar_that_saw_nothing_lowers_no_value(grid_volumes: Gridding) -> None:
    clear = a_volume({"DBZH": nothing()}, radar="RMA1", longitude_deg=WEST)
    grid = grid_volumes([clear, everywhere(30.0, "RMA2", EAST)], SLOT, SMALL)
    values = grid.fields["DBZH"].values
    np.testing.assert_allclose(values[np.isfinite(values)], 30.0, rtol=1e-5)
    assert list(grid.status[(slice(None), *column(grid, 0, 0))]) == [NO_VALUE, HAS_VALUE]


def test_an_origin_that_is_given_gives_every_slot_the_same_columns(grid_volumes: Gridding) -> None:
    choice = SMALL._replace(origin_deg=(-31.0, -64.0))
    east, west = everywhere(30.0, "RMA2", EAST), everywhere(10.0, "RMA1", WEST)
    one, both = (grid_volumes(radars, SLOT, choice) for radars in ([east], [east, west]))
    assert set(one.x_m) < set(both.x_m)
    assert one.origin_deg == (-31.0, -64.0)
    assert not np.any(one.x_m % SMALL.spacing_m)
    y, x = column(one, 0, 0)
    assert (one.latitude_deg[y, x], one.longitude_deg[y, x]) == pytest.approx((-31.0, -64.0))


def test_a_grid_that_would_be_too_big_is_refused(grid_volumes: Gridding) -> None:
    with pytest.raises(InputError, match="cells") as refused:
        grid_volumes([a_volume({"DBZH": nothing()})], SLOT, SMALL._replace(spacing_m=50.0))
    assert "--grid_spacing_m" in refused.value.action


@pytest.fixture(scope="module")
def written(grid_volumes: Gridding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of two radars and two fields."""
    folder = tmp_path_factory.mktemp("grid")
    values = {"DBZH": echo(40.0, sweep=2, ray=90, gate=60), "RHOHV": np.full_like(nothing(), 0.99)}
    volumes = [
        a_volume(values, radar="RMA1", longitude_deg=WEST),
        a_volume(values, radar="RMA11", longitude_deg=EAST),
    ]
    choice = SMALL._replace(fields=("DBZH", "RHOHV", "ZDR"))
    paths = folder / "one.nc", folder / "other.nc"
    for path, ordered in zip(paths, (volumes, volumes[::-1]), strict=True):
        write_radar_grid(grid_volumes(ordered, SLOT, choice), path)
    one, other = (path.read_bytes() for path in paths)
    assert one == other
    return paths[0]


def test_a_file_tells_what_is_on_it(written: Path) -> None:
    with netCDF4.Dataset(written) as dataset:
        names = set(dataset.variables)
        assert {"DBZH", "DBZH_composite", "RHOHV"} <= names
        assert not names & {"RHOHV_composite", "ZDR"}
        values, composite = dataset["DBZH"][:], dataset["DBZH_composite"][:]
        np.testing.assert_array_equal(composite.filled(-1), values.max(axis=0).filled(-1))
        assert composite.count() > 10
        radars = netCDF4.chartostring(dataset["radar_name"][:])
        assert list(radars) == ["RMA1", "RMA11"]
        count, status = dataset["radar_count"][:], dataset["radar_status"][:]
        np.testing.assert_array_equal(count, (status != NOT_OBSERVED).sum(axis=0))
        assert set(np.unique(count)) == {0, 1, 2}
        assert dataset["DBZH"].dimensions == ("z", "y", "x")
        assert dataset["time"].units == f"seconds since {START:%Y-%m-%d %H:%M:%S}"
        assert list(dataset["time_bounds"][:]) == [0.0, 180.0]
        assert (dataset.slot_start, dataset.slot_minutes) == ("2025-10-20T15:20:00Z", 10)
        assert "Barnes2" in dataset.weighting_function
        assert "tan(1 degree)" in dataset.radius_of_influence


@pytest.mark.timeout(300)  # it takes half a minute of any file
def test_the_compliance_checker_finds_no_error(written: Path) -> None:
    checker = Path(sys.executable).with_name("compliance-checker")
    command = [checker, "--test", "cf:1.10", written]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "cf:1.10" in done.stdout, done.stderr
    assert "Errors" not in done.stdout, done.stdout
