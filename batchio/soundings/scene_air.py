"""What follows from pressure, temperature and dewpoint in the columns of an invented scene.

Arrays are (hour, level), pressure in hPa, temperatures in degrees Celsius; a dewpoint that is NaN
stands for air without moisture. Source of the formulas: D. Bolton, "The computation of equivalent
potential temperature", Monthly Weather Review 108 (1980), 1046-1053.
"""

from __future__ import annotations

import numpy as np

from batchio.soundings.profiles import Values

GRAVITY = 9.80616  # m s-2, with which the heights of real files agree
GAS_CONSTANT = 287.04  # of dry air, J kg-1 K-1
ZERO_C = 273.15  # K
ADIABAT_C_M = 0.0098  # fall of temperature in dry air that rises

_EPSILON = 0.622  # gas constant of dry air over that of water vapour
_HEAT_K = 2488.0  # latent heat of evaporation over the specific heat of air
_PSEUDO_KAPPA = 0.2854
_WET_BULB_STEPS = 30  # of halving: 60 K become less than 1e-6


def saturated_ratio(pressure: Values, celsius: Values) -> Values:
    """Returns the mixing ratio of saturated air, kg/kg; with a dewpoint, that of the air."""
    vapour = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    ratio: Values = _EPSILON * vapour / (pressure - vapour)
    return ratio


def mixing_ratio(pressure: Values, dewpoint: Values) -> Values:
    """Returns the mixing ratio, kg/kg, 0 where there is no moisture."""
    return np.nan_to_num(saturated_ratio(pressure, dewpoint), nan=0.0)


def dewpoint_of(pressure: Values, ratio: Values) -> Values:
    """Returns the dewpoint of a mixing ratio above 0."""
    power = np.log(pressure * ratio / (_EPSILON + ratio) / 6.112)
    celsius: Values = 243.5 * power / (17.67 - power)
    return celsius


def virtual_kelvin(celsius: Values, ratio: Values) -> Values:
    """Returns the virtual temperature, K."""
    return (celsius + ZERO_C) * (1 + ratio / _EPSILON) / (1 + ratio)


def lcl_kelvin(celsius: Values, dewpoint: Values) -> Values:
    """Returns the temperature at the lifting condensation level, K."""
    kelvin, dew = celsius + ZERO_C, dewpoint + ZERO_C
    lcl: Values = 1 / (1 / (dew - 56) + np.log(kelvin / dew) / 800) + 56
    return lcl


def equivalent_kelvin(pressure: Values, celsius: Values, dewpoint: Values) -> Values:
    """Returns the equivalent potential temperature, K; NaN where there is no moisture."""
    ratio = saturated_ratio(pressure, dewpoint)
    exponent = _PSEUDO_KAPPA * (1 - 0.28 * ratio)
    heat = (3376 / lcl_kelvin(celsius, dewpoint) - 2.54) * ratio * (1 + 0.81 * ratio)
    theta: Values = (celsius + ZERO_C) * (1000 / pressure) ** exponent * np.exp(heat)
    return theta


def wet_bulb(pressure: Values, celsius: Values, dewpoint: Values) -> Values:
    """Returns the temperature to which water cools the air by evaporating at one pressure."""
    ratio = saturated_ratio(pressure, dewpoint)
    low, high = dewpoint, celsius
    for _ in range(_WET_BULB_STEPS):
        middle = (low + high) / 2
        wetter = _HEAT_K * (saturated_ratio(pressure, middle) - ratio) > celsius - middle
        low, high = np.where(wetter, low, middle), np.where(wetter, middle, high)
    return np.where(np.isnan(dewpoint), np.nan, (low + high) / 2)


def thicknesses(pressure: Values, virtual: Values) -> Values:
    """Returns the depths of the layers between levels, m (hypsometric equation)."""
    mean = (virtual[..., 1:] + virtual[..., :-1]) / 2
    depths: Values = GAS_CONSTANT / GRAVITY * mean * -np.diff(np.log(pressure), axis=-1)
    return depths


def at_pressure(values: Values, pressure: Values, wanted: float) -> Values:
    """Returns the values of each column at a pressure, NaN where it is below the ground."""
    found = [
        np.interp(-np.log(wanted), -np.log(levels), column, left=np.nan)
        for column, levels in zip(values, pressure, strict=True)
    ]
    return np.array(found)


def simple_indices(pressure: Values, celsius: Values, dewpoint: Values) -> dict[str, Values]:
    """Returns those of BUFKIT's indices, each (hour), that need no parcel lifted beyond its LCL."""
    (t850, t700, t500), (d850, d700) = (
        [at_pressure(column, pressure, level) for level in levels]
        for column, levels in ((celsius, (850, 700, 500)), (dewpoint, (850, 700)))
    )
    lcl = lcl_kelvin(celsius[:, 0], dewpoint[:, 0])
    ratio = mixing_ratio(pressure, dewpoint)
    layers = (ratio[:, 1:] + ratio[:, :-1]) / 2 * -np.diff(pressure, axis=1)
    return {
        "KINX": t850 - t500 + d850 - (t700 - d700),
        "TOTL": t850 + d850 - 2 * t500,
        "LCLT": lcl,
        "LCLP": pressure[:, 0] * (lcl / (celsius[:, 0] + ZERO_C)) ** 3.5,
        "PWAT": layers.sum(axis=1) * 100 / GRAVITY,
    }
