import numpy as np
import pytest
from echo_volume import GATE_M, GATES, NOT_RADIATED, RAYS, echo_volume, ground_km

from transforms.radar.plan_view import (
    cells_at,
    cells_of_grid,
    ground_range_m,
    reach_m,
    slant_range_m,
    take_cells,
)

VOLUME = echo_volume()


@pytest.mark.parametrize("sweep", [0, 1])
@pytest.mark.parametrize("slant_km", [0.5, 50.0, 240.0])
def test_ground_range_is_an_arc_of_a_bigger_earth_and_slant_range_its_inverse(slant_km, sweep):
    elevation_deg = VOLUME.sweeps[sweep].fixed_angle_deg
    ground_m = ground_range_m(slant_km * 1000, elevation_deg)
    assert ground_m == pytest.approx(ground_km(slant_km, sweep) * 1000, abs=0.01)
    back_m = slant_range_m(np.array([ground_m], np.float32), elevation_deg)
    assert back_m[0] == pytest.approx(slant_km * 1000, abs=0.1)


@pytest.mark.parametrize("sweep", [0, 1])
@pytest.mark.parametrize(
    ("degrees", "ray"), [(0.2, 0), (89.8, 89), (90.2, 90), (180.5, 180), (269.5, 269), (359.9, 359)]
)
def test_a_place_is_in_the_ray_of_its_azimuth_clockwise_from_north(degrees, ray, sweep):
    away_m = ground_km(30.25, sweep) * 1000
    east = np.array([away_m * np.sin(np.radians(degrees))], np.float32)
    north = np.array([away_m * np.cos(np.radians(degrees))], np.float32)
    cells = cells_at(VOLUME, VOLUME.sweeps[sweep], east, north)
    assert (cells.ray[0], cells.gate[0], cells.seen[0]) == (sweep * RAYS + ray, 60, True)


def test_nothing_is_seen_beyond_the_last_gate_and_in_rays_that_were_not_radiated():
    sweep = VOLUME.sweeps[1]
    edge_m = reach_m(VOLUME, sweep)
    assert edge_m == pytest.approx(ground_km(GATES * GATE_M / 1000, 1) * 1000, abs=0.01)
    east = np.array([edge_m - 100, edge_m + 100], np.float32)
    assert cells_at(VOLUME, sweep, east, np.zeros_like(east)).seen.tolist() == [True, False]
    angle = np.radians(NOT_RADIATED + 0.5)
    place = (np.array([2e4 * part], np.float32) for part in (np.sin(angle), np.cos(angle)))
    assert not cells_at(VOLUME, sweep, *place).seen[0]


def test_the_grid_has_north_above_and_the_radar_amid_it():
    cells = cells_of_grid(VOLUME, VOLUME.sweeps[0], 1000.0, 200)
    values = take_cells(VOLUME.fields["DBZH"], cells)
    rows, columns = np.nonzero(np.isfinite(values))
    assert values.shape == (200, 200)
    assert set(values[rows, columns]) == {52.0}
    # Pixel centres lie at half kilometres: the echo is 49 to 51 km east, 2 degrees each way.
    assert set(columns) == {149, 150}
    assert set(rows) == {98, 99, 100, 101}
