"""Moist air by Bolton's formulas, for arrays of any shape.

Source: D. Bolton, "The computation of equivalent potential temperature", Monthly Weather Review
108 (1980), 1046-1053. Pressure is in hPa, temperature in K, mixing ratio in kg/kg.
"""

from __future__ import annotations

import numpy as np

from batchio.soundings.profiles import Values

ZERO_C = 273.15  # K
DRY_DEWPOINT = 145.15  # K, -128 °C: what producers write who do not leave that of dry air out
KAPPA = 2 / 7  # of dry air: what reproduces LCLP to its last digit
BOLTON_KAPPA = 0.2854  # in the equivalent potential temperature
EPSILON = 0.622  # gas constant of dry air over that of water vapour
GRAVITY = 9.80616  # m s-2, the producers' value: heights fit it to 0.01 m a layer
GAS_CONSTANT = 287.04  # of dry air, J kg-1 K-1

_ITERATIONS = 8  # the ninth changes no temperature by 0.0001 K
_WARMEST = 320.0  # K: no parcel is warmer once it is saturated


def vapour_pressure(dewpoint: Values) -> Values:
    """Returns the vapour pressure, hPa: Bolton's equation 10."""
    celsius = dewpoint - ZERO_C
    pressure: Values = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    return pressure


def saturation_temperature(vapour: Values) -> Values:
    """Returns the temperature, K, at which the vapour pressure is that of saturation."""
    log = np.log(vapour / 6.112)
    temperature: Values = 243.5 * log / (17.67 - log) + ZERO_C
    return temperature


def mixing_ratio(pressure: Values, dewpoint: Values) -> Values:
    """Returns the mixing ratio; 0 where the dewpoint is missing: there is no moisture."""
    vapour = np.nan_to_num(vapour_pressure(dewpoint), nan=0.0)
    ratio: Values = EPSILON * vapour / (pressure - vapour)
    return ratio


def virtual_temperature(temperature: Values, ratio: Values) -> Values:
    """Returns the virtual temperature, K."""
    return temperature * (1 + ratio / EPSILON) / (1 + ratio)


def lcl_temperature(temperature: Values, dewpoint: Values) -> Values:
    """Returns the temperature at the lifting condensation level: Bolton's equation 15."""
    return 1 / (1 / (dewpoint - 56) + np.log(temperature / dewpoint) / 800) + 56


def lcl_pressure(pressure: Values, temperature: Values, lcl: Values) -> Values:
    """Returns the pressure at the lifting condensation level, whose temperature is ``lcl``."""
    level: Values = pressure * (lcl / temperature) ** (1 / KAPPA)
    return level


def equivalent_potential_temperature(
    pressure: Values, temperature: Values, dewpoint: Values
) -> Values:
    """Returns the equivalent potential temperature, K: Bolton's equation 43."""
    ratio = mixing_ratio(pressure, dewpoint)
    lcl = lcl_temperature(temperature, dewpoint)
    theta = temperature * (1000 / pressure) ** (BOLTON_KAPPA * (1 - 0.28 * ratio))
    return theta * np.exp((3376 / lcl - 2.54) * ratio * (1 + 0.81 * ratio))


def moist_temperature(pressure: Values, theta_e: Values) -> Values:
    """Returns the temperature of saturated air of this equivalent potential temperature.

    The pseudo-adiabat without ice; found by Newton's method on Bolton's equation 43.
    """
    exner = np.log(1000 / pressure)
    wanted = np.log(theta_e)
    temperature = np.minimum(np.exp(wanted - BOLTON_KAPPA * exner), _WARMEST)
    for _ in range(_ITERATIONS):
        celsius = temperature - ZERO_C
        vapour = np.minimum(vapour_pressure(temperature), 0.5 * pressure)
        ratio = EPSILON * vapour / (pressure - vapour)
        heat = 3376 / temperature - 2.54
        value = (
            np.log(temperature)
            + exner * BOLTON_KAPPA * (1 - 0.28 * ratio)
            + heat * ratio * (1 + 0.81 * ratio)
        )
        growth = ratio * (17.67 * 243.5 / (celsius + 243.5) ** 2) * (1 + ratio / EPSILON)
        slope = 1 / temperature + heat * (1 + 1.62 * ratio) * growth - 3376 / temperature**2 * ratio
        slope -= exner * BOLTON_KAPPA * 0.28 * growth
        temperature = temperature - (value - wanted) / slope
    return temperature
