from __future__ import annotations

import numpy as np
import pytest

from batchio.soundings.bufkit import decode_bufkit
from transforms.soundings import layers
from transforms.soundings.layers import KEY_LEVELS_HPA, inversions, key_levels

HEIGHT = [300.0, 800, 1300, 2300, 3300, 5300, 7300]
PRESSURE = [975.0, 925, 870, 770, 680, 500, 400]


def column(celsius, **more):
    rows = {"PRES": PRESSURE, "HGHT": HEIGHT, "TMPC": celsius, **more}
    return {name: np.array([values], np.float64) for name, values in rows.items()}


@pytest.mark.parametrize(
    ("celsius", "expected"),
    [
        ([10, 5, -5, -10, -15, -20, -25], 750),
        ([-1, -5, -8, -10, -15, -20, -25], 0),
        ([0, 5, -5, -10, -15, -20, -25], 0),
        ([5, -5, 5, -10, -15, -20, -25], 250),
        ([10, 9, 8, 7, 6, 5, 4], np.nan),
        ([10, 5, 0, -10, -15, -20, np.nan], 1000),
    ],
)
def test_the_freezing_level_is_where_it_first_falls_to_zero(celsius, expected):
    np.testing.assert_allclose(layers.freezing_level(column(celsius)), [expected])


def test_the_wet_bulb_zero_of_saturated_air_is_the_freezing_level():
    celsius = [10, 5, -5, -10, -15, -20, -25]
    saturated = layers.wet_bulb_zero(column(celsius, DWPC=celsius))
    np.testing.assert_allclose(saturated, [750], atol=2)
    drier = layers.wet_bulb_zero(column(celsius, DWPC=[value - 8 for value in celsius]))
    assert 0 <= drier[0] < 700
    dry = layers.wet_bulb_zero(column(celsius, DWPC=[np.nan] * 7))
    assert dry[0] < drier[0]


def test_wet_bulb_zero_agrees_with_the_wet_bulb_temperature_of_real_files(sounding_data):
    path = sounding_data / "models/psu2026/hrrr_kbuf.buf"
    levels = decode_bufkit(path.read_bytes(), "").forecasts[0].levels
    stated = layers.freezing_level({**levels, "TMPC": levels["TMWC"]})
    assert np.nanmax(np.abs(layers.wet_bulb_zero(levels) - stated)) < 120


def test_lapse_rates():
    celsius = [20, 15, 10, 5, 0, -15, -25]
    found = layers.lapse_rate_heights(column(celsius), 0, 3000)
    np.testing.assert_allclose(found, [20 / 3])
    between = layers.lapse_rate_pressures(column(celsius), 680, 500)
    np.testing.assert_allclose(between, [7.5])
    assert np.isnan(layers.lapse_rate_pressures(column(celsius), 1000, 500)[0])


@pytest.mark.parametrize(
    ("celsius", "count", "base", "depth", "strength"),
    [
        ([10, 9, 8, 7, 6, 5, 4], 0, np.nan, np.nan, np.nan),
        ([10, 12, 13, 7, 6, 5, 4], 1, 0, 1000, 3),
        ([10, 12, 11, 10, 14, 5, 4], 2, 2000, 1000, 4),
        ([10, 12, 11, 10, 11, 5, 4], 2, 0, 500, 2),
        ([10, 9, 8, 7, 6, 5, 9], 0, np.nan, np.nan, np.nan),
        ([10, 9, 8, 7, 6, 8, 9], 1, 3000, 2000, 2),
    ],
)
def test_inversions(celsius, count, base, depth, strength):
    found = {name: values[0] for name, values in inversions(column(celsius)).items()}
    expected = {
        "inversion_count": count,
        "inversion_base": base,
        "inversion_depth": depth,
        "inversion_strength": strength,
    }
    assert found == pytest.approx(expected, nan_ok=True)


def test_key_levels_are_missing_below_the_ground():
    found = key_levels(column([10.0, 9, 8, 7, 6, 5, 4], DRCT=[350.0] * 7, SKNT=[10.0] * 7))
    at = {hpa: number for number, hpa in enumerate(KEY_LEVELS_HPA)}
    assert set(found) == {"HGHT", "TMPC", "DRCT", "SKNT"}
    assert np.isnan(found["TMPC"][0, at[1000]])
    assert found["TMPC"][0, at[925]] == 9
    assert found["HGHT"][0, at[500]] == 5300
    assert np.isnan(found["TMPC"][0, at[300]])


def test_the_wind_of_a_key_level_does_not_turn_the_long_way_round():
    levels = {
        "PRES": np.array([[1000.0, 250.0]]),
        "DRCT": np.array([[350.0, 10.0]]),
        "SKNT": np.array([[10.0, 10.0]]),
    }
    found = key_levels(levels)
    at = KEY_LEVELS_HPA.index(500)
    assert np.cos(np.radians(found["DRCT"][0, at])) == pytest.approx(1)
    assert 9.8 < found["SKNT"][0, at] < 10
