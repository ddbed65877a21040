"""The samples look like the weather that they are said to show."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.profiles import Values
from batchio.soundings.samples import CYCLE, sample_files
from transforms.soundings.indices import compute_indices

MODELS = ("hrrr", "rap", "gfs3")
# station: index: what all hours of the day stay within
EXPECTED = {
    "oun": {
        "sb_cape": (500, 4500),
        "mu_cape": (2000, 4500),
        "shear_0_6km": (25, 32),
        "srh_0_1km": (100, 300),
        "srh_0_3km": (200, 400),
        "bunkers_right_u": (5, 25),
        "precipitable_water": (25, 40),
        "total_totals": (48, 62),
    },
    "kdfw": {
        "ml_cape": (1000, 4000),
        "ml_cin": (-450, -80),
        "inversion_count": (1, 3),
        "shear_0_6km": (15, 28),
    },
    "ktus": {
        "sb_cape": (0, 100),
        "sb_lcl_height": (2000, 5500),
        "precipitable_water": (8, 18),
        "srh_0_3km": (-50, 100),
    },
    "kggw": {
        "sb_cape": (0, 50),
        "sb_li": (10, 30),
        "inversion_count": (1, 3),
        "inversion_strength": (5, 12),
        "inversion_base": (0, 1500),
        "freezing_level": (0, 600),
        "precipitable_water": (8, 18),
    },
    "kmob": {
        "sb_cape": (500, 3500),
        "shear_0_6km": (0, 8),
        "srh_0_3km": (-20, 60),
        "precipitable_water": (40, 60),
        "k_index": (30, 40),
    },
}


@cache
def computed(station: str, model: str) -> tuple[dict[str, Values], Values]:
    """The indices, and the time by the sun."""
    files = dict(sample_files())
    (path,) = (each for each in files if each.endswith(f"/{model}_{station}.buf"))
    (forecast,) = decode_bufkit(files[path], path).forecasts
    clock = CYCLE.hour + forecast.forecast_hour + forecast.station.longitude_deg / 15
    return compute_indices(forecast), clock % 24


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("station", EXPECTED)
def test_the_indices_are_of_the_kind_of_weather(station: str, model: str) -> None:
    found, _ = computed(station, model)
    for name, (low, high) in EXPECTED[station].items():
        assert np.all((found[name] >= low) & (found[name] <= high)), (name, found[name])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("station", ["oun", "kdfw", "kmob"])
def test_storms_are_likelier_in_the_afternoon(station: str, model: str) -> None:
    found, clock = computed(station, model)
    afternoon, night = (clock > 13) & (clock < 17), (clock > 1) & (clock < 7)
    assert found["sb_cape"][afternoon].min() > 1.15 * found["sb_cape"][night].max()
    assert found["sb_cin"][afternoon].min() > found["sb_cin"][night].max()


@pytest.mark.parametrize("model", MODELS)
def test_supercells_are_likely_in_norman_alone(model: str) -> None:
    most = {station: np.nanmax(computed(station, model)[0]["stp_fixed"]) for station in EXPECTED}
    assert max(most, key=lambda station: most[station]) == "oun"
    assert most["oun"] > 1.5
    assert np.nanmax(computed("oun", model)[0]["scp"]) > 10
    assert max(most[station] for station in ("ktus", "kggw", "kmob")) < 0.2


@pytest.mark.parametrize("model", MODELS)
def test_storms_of_the_desert_blow_hard(model: str) -> None:
    found, clock = computed("ktus", model)
    gusts = found["dcape"][(clock > 13) & (clock < 17)]
    assert np.all((gusts > 1500) & (gusts < 2500))


@pytest.mark.parametrize("model", MODELS)
def test_wind_veers_in_norman(model: str) -> None:
    found, _ = computed("oun", model)
    left = np.hypot(found["bunkers_left_u"], found["bunkers_left_v"])
    assert np.all(found["bunkers_right_v"] < found["bunkers_left_v"])
    assert np.all(left > 10)
