from __future__ import annotations

import numpy as np
import pytest

from transforms.soundings import bufkit_recipes as recipes
from transforms.soundings.columns import at_height, at_pressure, layer_mean
from transforms.soundings.thermodynamics import (
    equivalent_potential_temperature,
    lcl_temperature,
    mixing_ratio,
    moist_temperature,
    vapour_pressure,
)

PRESSURE = np.array([[1000.0, 850, 700, 500, 300], [800, 700, 500, 300, np.nan]])
VALUES = np.array([[10.0, 5, 0, -20, -50], [2, 0, -20, -50, np.nan]])


def levels(**changed):
    """One profile: levels at which the indices need no interpolation."""
    values = {
        "PRES": [1000.0, 850, 700, 500, 300],
        "TMPC": [25.0, 15, 5, -15, -45],
        "DWPC": [20.0, 12, -5, -30, -60],
        "DRCT": [180.0, 200, 230, 250, 260],
        "SKNT": [10.0, 30, 35, 50, 60],
        "HGHT": [100.0, 1500, 3050, 5700, 9400],
        **changed,
    }
    return {name: np.array([row], np.float64) for name, row in values.items()}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (850, [5, np.nan]),
        (1001, [np.nan, np.nan]),
        (1000, [10, np.nan]),
        (300, [-50, -50]),
        (299, [np.nan, np.nan]),
        (np.sqrt(700 * 500), [-10, -10]),
    ],
)
def test_values_at_a_pressure(target, expected):
    np.testing.assert_allclose(at_pressure(VALUES, PRESSURE, target), expected)


def test_a_value_that_is_missing_beside_the_pressure_is_missing_there():
    values = np.array([[10.0, np.nan, 0, -20, -50]])
    found = [at_pressure(values, PRESSURE[:1], hpa)[0] for hpa in (1000, 900, 850, 800, 700, 600)]
    assert np.isnan(found).tolist() == [False, True, True, True, False, False]


def test_values_at_a_height():
    height = np.array([[0.0, 1000, 2000]])
    found = at_height(np.array([[10.0, 4, 0]]), height, np.array([500.0]))
    assert found[0] == pytest.approx(7.0)


def test_the_mean_of_a_layer_is_weighted_by_pressure():
    pressure = np.array([[1000.0, 900, 500]])
    mean = layer_mean(pressure, pressure, np.array([900.0]))
    assert mean[0] == pytest.approx(950)
    values = np.array([[1.0, 1, 1]])
    assert layer_mean(values, pressure, np.array([700.0]))[0] == pytest.approx(1)


def test_a_missing_value_above_a_layer_does_not_matter_to_its_mean():
    pressure = np.array([[1000.0, 950, 900, 500]])
    values = np.array([[1.0, 3, np.nan, np.nan]])
    assert layer_mean(values, pressure, np.array([950.0]))[0] == pytest.approx(2)
    assert np.isnan(layer_mean(values, pressure, np.array([940.0]))[0])


def test_k_index_total_totals_and_sweat_by_hand():
    assert recipes.k_index(levels())[0] == 15 + 15 + 12 - 10
    assert recipes.total_totals(levels())[0] == 15 + 12 + 30
    turn = 125 * (np.sin(np.radians(50)) + 0.2)
    assert recipes.sweat(levels())[0] == pytest.approx(12 * 12 + 20 * 8 + 60 + 50 + turn)


@pytest.mark.parametrize(
    "changed",
    [
        {"SKNT": [10.0, 14, 35, 50, 60]},
        {"DRCT": [180.0, 120, 230, 250, 260]},
        {"DRCT": [180.0, 240, 230, 220, 260]},
    ],
)
def test_sweat_has_its_last_term_only_where_wind_veers(changed):
    speeds = 2 * changed.get("SKNT", [0, 30])[1] + 50
    assert recipes.sweat(levels(**changed))[0] == pytest.approx(12 * 12 + 20 * 8 + speeds)


def test_indices_that_need_a_dewpoint_are_missing_without_it():
    dry = levels(DWPC=[20.0, 12, np.nan, -30, -60])
    assert np.isnan(recipes.k_index(dry)[0])
    assert np.isfinite(recipes.total_totals(dry)[0])


def test_a_level_without_dewpoint_does_not_end_the_water_of_a_column():
    whole, dry = levels(), levels(DWPC=[20.0, 12, np.nan, -30, -60])
    above = levels(DWPC=[20.0, 12, np.nan, np.nan, np.nan])
    water = [recipes.precipitable_water(each)[0] for each in (whole, dry, above)]
    assert water[0] > water[1] > water[2] > 0


def test_a_stable_column_has_no_cape():
    stable = levels(TMPC=[25.0, 22, 20, 10, 0])
    assert recipes.mean_parcel_cape(stable, 90.0)[0] == 0


# Bolton 1980, table 1: the formula is within 0.3 % of the exact values.
@pytest.mark.parametrize(
    ("celsius", "hpa"), [(-35, 0.3139), (-20, 1.2539), (0, 6.1078), (20, 23.372), (35, 56.233)]
)
def test_vapour_pressure(celsius, hpa):
    assert vapour_pressure(np.array(celsius + 273.15)) == pytest.approx(hpa, rel=4e-3)


def test_saturated_air_has_its_lcl_where_it_is():
    temperature = np.array([260.0, 300.0])
    np.testing.assert_allclose(lcl_temperature(temperature, temperature), temperature)


def test_air_without_dewpoint_has_no_moisture():
    assert mixing_ratio(np.array([500.0]), np.array([np.nan])).tolist() == [0.0]


@pytest.mark.parametrize("hpa", [1050, 1000, 850, 700, 500, 300, 200, 100, 50, 20])
def test_moist_ascent_keeps_the_equivalent_potential_temperature(hpa):
    wanted = np.linspace(230, 420, 40)
    pressure = np.full(40, float(hpa))
    temperature = moist_temperature(pressure, wanted)
    np.testing.assert_allclose(
        equivalent_potential_temperature(pressure, temperature, temperature), wanted, rtol=1e-6
    )
