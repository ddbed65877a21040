"""Levels and layers of a forecast's profiles, all profiles at once: arrays (profile, level).

Heights above ground count from the lowest level.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from batchio.soundings.profiles import Values
from transforms.soundings import thermodynamics as moist
from transforms.soundings.columns import at_height, at_pressure
from transforms.soundings.thermodynamics import DRY_DEWPOINT, ZERO_C
from transforms.soundings.wind import speed_and_direction, wind_components

KEY_LEVELS_HPA = (1000, 925, 850, 700, 500, 400, 300, 250, 200, 150, 100)

_INVERSION_TOP_M = 5000.0  # above ground: where inversions are looked for
_WET_BULB_TOP_HPA = 200.0  # no wet-bulb temperature is 0 °C above


def key_levels(levels: Mapping[str, Values]) -> dict[str, Values]:
    """Returns each level column at ``KEY_LEVELS_HPA``, (profile, key level), linear in ln(p).

    The wind is interpolated by its components. NaN below the ground.
    """
    pressure = levels["PRES"]
    found = {
        name: _at_all(values, pressure)
        for name, values in levels.items()
        if name not in ("PRES", "DRCT", "SKNT")
    }
    if {"DRCT", "SKNT"} <= levels.keys():
        u, v = (_at_all(part, pressure) for part in wind_components(levels))
        found["SKNT"], found["DRCT"] = speed_and_direction(u, v)
    return {name: found[name] for name in levels if name != "PRES"}


def _at_all(values: Values, pressure: Values) -> Values:
    return np.stack([at_pressure(values, pressure, hpa) for hpa in KEY_LEVELS_HPA], axis=1)


def height_above_ground(levels: Mapping[str, Values], pressure: Values) -> Values:
    """Returns the height above ground of a pressure of each profile, m."""
    height = levels["HGHT"]
    return at_pressure(height, levels["PRES"], pressure) - height[:, 0]


def lapse_rate_heights(levels: Mapping[str, Values], bottom_m: float, top_m: float) -> Values:
    """Returns the fall of temperature between two heights above ground, K/km."""
    height = levels["HGHT"]
    low, high = (
        at_height(levels["TMPC"], height, height[:, 0] + above) for above in (bottom_m, top_m)
    )
    return (low - high) / (top_m - bottom_m) * 1000


def lapse_rate_pressures(levels: Mapping[str, Values], low_hpa: float, high_hpa: float) -> Values:
    """Returns the fall of temperature between two pressures, K/km."""
    warm, cold, below, above = (
        at_pressure(levels[name], levels["PRES"], hpa)
        for name in ("TMPC", "HGHT")
        for hpa in (low_hpa, high_hpa)
    )
    return (warm - cold) / (above - below) * 1000


def freezing_level(levels: Mapping[str, Values]) -> Values:
    """Returns the height above ground, m, at which the temperature first falls to 0 °C.

    0 where it is there already at the lowest level.
    """
    return _first_fall(levels["TMPC"], levels["HGHT"])


def wet_bulb_zero(levels: Mapping[str, Values]) -> Values:
    """Returns the height above ground, m, at which the wet-bulb temperature first falls to 0 °C."""
    low = np.where(levels["PRES"] < _WET_BULB_TOP_HPA, np.nan, levels["PRES"])
    return _first_fall(wet_bulb({**levels, "PRES": low}), levels["HGHT"])


def wet_bulb(levels: Mapping[str, Values]) -> Values:
    """Returns the wet-bulb temperature, °C.

    By Normand's rule: the pseudo-adiabat through the level's lifting condensation level, back at
    the level's pressure. Air without a dewpoint is dry.
    """
    pressure, temperature = levels["PRES"], levels["TMPC"] + ZERO_C
    dewpoint = np.where(np.isnan(levels["DWPC"]), DRY_DEWPOINT, levels["DWPC"] + ZERO_C)
    theta_e = moist.equivalent_potential_temperature(pressure, temperature, dewpoint)
    return moist.moist_temperature(pressure, theta_e) - ZERO_C


def _first_fall(celsius: Values, height: Values) -> Values:
    rows = np.arange(len(celsius))
    with np.errstate(invalid="ignore", divide="ignore"):
        upper = np.argmax(celsius <= 0, axis=1)
        lower = np.maximum(upper - 1, 0)
        warm, cold = celsius[rows, lower], celsius[rows, upper]
        weight = np.where(upper > 0, warm / (warm - cold), 0.0)
        above = height[rows, lower] - height[:, 0]
        found: Values = above + weight * (height[rows, upper] - height[rows, lower])
    found[~(celsius <= 0).any(axis=1)] = np.nan
    return found


def inversions(levels: Mapping[str, Values]) -> dict[str, Values]:
    """Returns the layers below 5 km in which temperature rises with height.

    ``inversion_count`` of each profile; ``inversion_base`` and ``inversion_depth``, m above ground,
    and ``inversion_strength``, K, of the one with the greatest rise: NaN where there is none.
    """
    above = levels["HGHT"] - levels["HGHT"][:, :1]
    rise = np.diff(levels["TMPC"], axis=1)
    rising = (rise > 0) & (above[:, :-1] < _INVERSION_TOP_M)
    begins = rising & ~np.pad(rising, ((0, 0), (1, 0)))[:, :-1]
    layer = np.cumsum(begins, axis=1) * rising
    most = max(1, int(layer.max(initial=0)))
    strength, depth, base = (np.zeros((len(layer), most)) for _ in range(3))
    thick = np.diff(above, axis=1)
    for number in range(most):
        inside = layer == number + 1
        strength[:, number] = np.where(inside, rise, 0.0).sum(axis=1)
        depth[:, number] = np.where(inside, thick, 0.0).sum(axis=1)
        base[:, number] = np.where(inside & begins, above[:, :-1], 0.0).sum(axis=1)
    rows, best = np.arange(len(layer)), strength.argmax(axis=1)
    some = layer.any(axis=1)
    count = np.where(np.isfinite(above[:, 0]), layer.max(axis=1, initial=0), np.nan)
    values = {"base": base, "depth": depth, "strength": strength}
    return {
        "inversion_count": count,
        **{f"inversion_{k}": np.where(some, v[rows, best], np.nan) for k, v in values.items()},
    }
