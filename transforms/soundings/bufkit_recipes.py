"""BUFKIT's own indices, computed from the levels the way its producers do.

They show what the numbers in the files are, and that the levels were read right; what users want
is in ``transforms.soundings.indices``. Each recipe was found by comparing with real files. All take
and give what BUFKIT has: hPa, degrees Celsius, knots.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from batchio.soundings.profiles import StationForecast, Values
from transforms.soundings import thermodynamics as moist
from transforms.soundings.columns import at_height, at_pressure, layer_mean
from transforms.soundings.thermodynamics import ZERO_C
from transforms.soundings.wind import speed_and_direction, wind_components

_MEAN_LAYER_M = 500.0  # of the parcel of CAPE
_MEAN_LAYER_HPA = 100.0  # of the parcel of LIFT
_TOP_HPA = 20.0  # no parcel gets there


def reproduce_indices(forecast: StationForecast) -> dict[str, Values]:
    """Returns SHOW, LIFT, SWET, KINX, LCLP, PWAT, TOTL, CAPE and LCLT of all profiles.

    NaN where they need a pressure below the lowest level, or a dewpoint that is missing.
    """
    levels = forecast.levels
    if not forecast.n_levels.any() or "DWPC" not in levels:
        return {}
    lcl_hpa, lcl_k = surface_lcl(levels)
    return {
        "SHOW": showalter(levels),
        "LIFT": lifted_index(levels),
        "SWET": sweat(levels),
        "KINX": k_index(levels),
        "LCLP": lcl_hpa,
        "PWAT": precipitable_water(levels),
        "TOTL": total_totals(levels),
        "CAPE": mean_parcel_cape(levels, forecast.station.elevation_m),
        "LCLT": lcl_k,
    }


def k_index(levels: Mapping[str, Values]) -> Values:
    """Returns KINX: T850 - T500 + Td850 - (T700 - Td700)."""
    t850, t700, t500 = (_at(levels, "TMPC", hpa) for hpa in (850, 700, 500))
    return t850 - t500 + _at(levels, "DWPC", 850) - (t700 - _at(levels, "DWPC", 700))


def total_totals(levels: Mapping[str, Values]) -> Values:
    """Returns TOTL: T850 + Td850 - 2 T500."""
    return _at(levels, "TMPC", 850) + _at(levels, "DWPC", 850) - 2 * _at(levels, "TMPC", 500)


def sweat(levels: Mapping[str, Values]) -> Values:
    """Returns SWET, the SWEAT index of Miller (1972); winds in knots, from u and v."""
    (speed850, from850), (speed500, from500) = (_wind(levels, hpa) for hpa in (850, 500))
    veering = (
        ((from850 >= 130) & (from850 <= 250))
        & ((from500 >= 210) & (from500 <= 310))
        & (from500 > from850)
        & ((speed850 >= 15) & (speed500 >= 15))
    )
    turn = np.sin(np.radians(from500 - from850)) + 0.2
    value: Values = (
        12 * np.maximum(_at(levels, "DWPC", 850), 0)
        + 20 * np.maximum(total_totals(levels) - 49, 0)
        + 2 * speed850
        + speed500
        + np.where(veering, 125 * turn, 0)
    )
    return value


def showalter(levels: Mapping[str, Values]) -> Values:
    """Returns SHOW: T500 less the temperature there of a parcel lifted from 850 hPa."""
    parcel = (_at(levels, "TMPC", 850) + ZERO_C, _at(levels, "DWPC", 850) + ZERO_C)
    return _lifted_to_500(levels, np.full(len(parcel[0]), 850.0), *parcel)


def lifted_index(levels: Mapping[str, Values]) -> Values:
    """Returns LIFT: as SHOW, the parcel having the mean p, T and Td of the lowest 100 hPa."""
    top = levels["PRES"][:, 0] - _MEAN_LAYER_HPA
    return _lifted_to_500(levels, *_mean_parcel(levels, top))


def surface_lcl(levels: Mapping[str, Values]) -> tuple[Values, Values]:
    """Returns LCLP, hPa, and LCLT, K: of a parcel that starts at the lowest level."""
    temperature, dewpoint = (levels[name][:, 0] + ZERO_C for name in ("TMPC", "DWPC"))
    lcl = moist.lcl_temperature(temperature, dewpoint)
    return moist.lcl_pressure(levels["PRES"][:, 0], temperature, lcl), lcl


def precipitable_water(levels: Mapping[str, Values]) -> Values:
    """Returns PWAT, mm: the mixing ratio over the whole column, by trapezoids.

    A level without a dewpoint has no water, and does not end the column.
    """
    pressure = levels["PRES"]
    ratio = moist.mixing_ratio(pressure, levels["DWPC"] + ZERO_C)
    areas = (ratio[:, :-1] + ratio[:, 1:]) / 2 * -np.diff(pressure, axis=1)
    water: Values = 100 / moist.GRAVITY * np.nansum(areas, axis=1)
    return np.where(np.isfinite(pressure[:, 0]), water, np.nan)


def mean_parcel_cape(levels: Mapping[str, Values], ground_m: float) -> Values:
    """Returns CAPE, J/kg: all buoyancy above the LCL of a parcel with the mean p, T and Td of the
    lowest 500 m, without virtual temperature.

    Args:
        levels: Of a forecast.
        ground_m: Height of the model's terrain.
    """
    pressure, temperature = levels["PRES"], levels["TMPC"] + ZERO_C
    heights = np.full(len(pressure), ground_m + _MEAN_LAYER_M)
    top = np.exp(at_height(np.log(pressure), levels["HGHT"], heights))
    start, warmth, dewpoint = _mean_parcel(levels, top)
    theta_e = moist.equivalent_potential_temperature(start, warmth, dewpoint)
    lcl = moist.lcl_pressure(start, warmth, moist.lcl_temperature(warmth, dewpoint))
    # Levels below the LCL are moved up to it: layers without depth hold no energy.
    below = pressure >= lcl[:, None]
    grid = np.maximum(np.where(below, lcl[:, None], pressure), _TOP_HPA)
    around = np.where(below, at_pressure(temperature, pressure, lcl)[:, None], temperature)
    excess = moist.moist_temperature(grid, theta_e[:, None]) - around
    cape = moist.GAS_CONSTANT * _positive_area(excess, np.log(grid))
    return np.where(np.isfinite(theta_e), cape, np.nan)


def _positive_area(values: Values, logs: Values) -> Values:
    """Returns the area of positive values over falling ``logs``, linear between levels."""
    low, high = values[:, :-1], values[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = np.maximum(low, high) ** 2 / np.abs(high - low)
        mean = np.where((low >= 0) & (high >= 0), low + high, np.where(low * high < 0, cut, 0.0))
    area: Values = np.nansum(mean / 2 * -np.diff(logs, axis=1), axis=1)
    return area


def _mean_parcel(levels: Mapping[str, Values], top: Values) -> tuple[Values, Values, Values]:
    pressure = levels["PRES"]
    start = layer_mean(pressure, pressure, top)
    warmth, dewpoint = (
        layer_mean(levels[name], pressure, top) + ZERO_C for name in ("TMPC", "DWPC")
    )
    return start, warmth, dewpoint


def _lifted_to_500(
    levels: Mapping[str, Values], pressure: Values, temperature: Values, dewpoint: Values
) -> Values:
    theta_e = moist.equivalent_potential_temperature(pressure, temperature, dewpoint)
    lifted = moist.moist_temperature(np.full(len(pressure), 500.0), theta_e)
    return _at(levels, "TMPC", 500) + ZERO_C - lifted


def _wind(levels: Mapping[str, Values], hpa: float) -> tuple[Values, Values]:
    u, v = (at_pressure(part, levels["PRES"], hpa) for part in wind_components(levels))
    return speed_and_direction(u, v)


def _at(levels: Mapping[str, Values], name: str, hpa: float) -> Values:
    return at_pressure(levels[name], levels["PRES"], hpa)
