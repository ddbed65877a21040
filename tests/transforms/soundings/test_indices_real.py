"""Our indices of real profiles against MetPy's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from batchio.soundings.bufkit import decode_bufkit
from transforms.soundings.indices import compute_indices

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import metpy.calc as mpcalc
    from metpy.units import units

PROFILES_A_FILE = 2
DRY_C = -128.0


class Pair(NamedTuple):
    ours: dict[str, float]
    metpy: dict[str, float]


@pytest.fixture(scope="module")
def pairs(sounding_data: Path) -> list[Pair]:
    pick = np.random.default_rng(2022)
    found = []
    for path in sorted(sounding_data.rglob("*.buf")):
        (forecast,) = decode_bufkit(path.read_bytes(), str(path)).forecasts
        indices = compute_indices(forecast)
        full = np.flatnonzero(forecast.n_levels)
        for number in pick.choice(full, PROFILES_A_FILE, replace=False):
            ours = {name: float(values[number]) for name, values in indices.items()}
            levels = {name: values[number] for name, values in forecast.levels.items()}
            found.append(Pair(ours, of_metpy(levels, ours)))
    return found


def of_metpy(levels, ours):
    used = levels["PRES"] >= 50
    pressure, celsius, dewpoint, angle, speed, height = (
        levels[name][used] for name in ("PRES", "TMPC", "DWPC", "DRCT", "SKNT", "HGHT")
    )
    dewpoint = np.minimum(np.where(np.isnan(dewpoint), DRY_C, dewpoint), celsius)
    p, t, td = pressure * units.hPa, celsius * units.degC, dewpoint * units.degC
    z = (height - height[0]) * units.m
    motion = ours["bunkers_right_u"] * units("m/s"), ours["bunkers_right_v"] * units("m/s")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        u, v = mpcalc.wind_components(speed * 0.514444 * units("m/s"), angle * units.deg)
        found = {
            "sb_cape": mpcalc.surface_based_cape_cin(p, t, td)[0],
            "ml_cape": mpcalc.mixed_layer_cape_cin(p, t, td)[0],
            "mu_cape": mpcalc.most_unstable_cape_cin(p, t, td)[0],
            "sb_lcl": mpcalc.lcl(p[0], t[0], td[0])[0],
            "precipitable_water": mpcalc.precipitable_water(p, td),
        }
        for top in (1, 3, 6):
            shear = mpcalc.bulk_shear(p, u, v, height=z, depth=top * units.km)
            found[f"shear_0_{top}km"] = np.hypot(*shear)
        for top in (1, 3):
            kwargs = {"storm_u": motion[0], "storm_v": motion[1]}
            srh = mpcalc.storm_relative_helicity(z, u, v, depth=top * units.km, **kwargs)
            found[f"srh_0_{top}km"] = srh[2]
    return {name: float(value.magnitude) for name, value in found.items()}


def differences(pairs, name):
    ours, theirs = (np.array([getattr(pair, who)[name] for pair in pairs]) for who in Pair._fields)
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 100
    return np.abs(ours - theirs)[both], np.abs(theirs[both])


@pytest.mark.parametrize("name", ["sb_cape", "ml_cape", "mu_cape"])
def test_cape_is_that_of_metpy(pairs, name):
    found, theirs = differences(pairs, name)
    assert np.mean(found <= np.maximum(50, 0.1 * theirs)) >= 0.9


@pytest.mark.parametrize(
    ("name", "limit", "part"),
    [
        ("sb_lcl", 3.0, 0.0),
        ("precipitable_water", 0.3, 0.01),
        ("shear_0_1km", 0.3, 0.03),
        ("shear_0_3km", 0.3, 0.03),
        ("shear_0_6km", 0.3, 0.03),
        ("srh_0_1km", 5.0, 0.05),
        ("srh_0_3km", 5.0, 0.05),
    ],
)
def test_an_index_is_that_of_metpy(pairs, name, limit, part):
    found, theirs = differences(pairs, name)
    assert np.mean(found <= limit + part * theirs) >= 0.9, np.percentile(found, [50, 90, 99])
