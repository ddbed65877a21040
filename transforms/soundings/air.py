"""The air of a forecast as SHARPlib takes it: SI units, float32, one profile after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from nwsspc.sharp.calc import thermo

from batchio.soundings.profiles import StationForecast
from transforms.soundings.thermodynamics import DRY_DEWPOINT, ZERO_C
from transforms.soundings.wind import KNOT, wind_components

Floats = NDArray[np.float32]

TOP_PA = 5000.0  # SHARPlib's tables of moist adiabats end here; no equilibrium level is above

_FEWEST_LEVELS = 10
_MUST_REACH_PA = 30_000.0


@dataclass(frozen=True, eq=False, slots=True)
class Air:
    """The levels of one profile, bottom to top.

    Where the dewpoint is missing there is no moisture: the level is kept, has no mixing ratio and
    its own temperature as virtual temperature.
    """

    pressure: Floats  # Pa
    height: Floats  # m above mean sea level
    temperature: Floats  # K
    dewpoint: Floats  # K
    mixing_ratio: Floats  # kg/kg
    virtual: Floats  # K, virtual temperature
    theta: Floats  # K, potential temperature
    theta_e: Floats  # K, equivalent potential temperature
    u: Floats  # m s-1, to the east
    v: Floats  # m s-1, to the north


def profiles(forecast: StationForecast) -> Iterator[tuple[int, Air]]:
    """Yields the number and the air of each profile that is deep enough for convection.

    That is at least ten levels, up to 300 hPa. Levels above 50 hPa, and those without pressure,
    height or temperature, are left out.
    """
    levels = forecast.levels
    if not {"PRES", "TMPC", "HGHT", "DWPC", "DRCT", "SKNT"} <= levels.keys():
        return
    used = np.isfinite(levels["PRES"] + levels["HGHT"] + levels["TMPC"])
    used &= levels["PRES"] * 100 >= TOP_PA
    pressure, height, celsius, dewpoint, angle, speed = (
        levels[name][used] for name in ("PRES", "HGHT", "TMPC", "DWPC", "DRCT", "SKNT")
    )
    flat = _to_air(pressure * 100, height, celsius + ZERO_C, dewpoint + ZERO_C)
    air = (*flat, *map(_single, wind_components({"DRCT": angle, "SKNT": speed * KNOT})))
    ends = np.cumsum(used.sum(axis=1)).tolist()
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if end - start >= _FEWEST_LEVELS and flat[0][end - 1] <= _MUST_REACH_PA:
            yield number, Air(*(values[start:end] for values in air))


def _to_air(
    pressure_pa: NDArray[np.float64],
    height_m: NDArray[np.float64],
    temperature_k: NDArray[np.float64],
    dewpoint_k: NDArray[np.float64],
) -> tuple[Floats, ...]:
    pressure, height, temperature = map(_single, (pressure_pa, height_m, temperature_k))
    dry = np.isnan(dewpoint_k)
    dewpoint = _single(np.where(dry, np.minimum(DRY_DEWPOINT, temperature_k), dewpoint_k))
    ratio = np.where(dry, np.float32(0), thermo.mixratio(pressure, dewpoint))
    virtual = thermo.virtual_temperature(temperature, ratio)
    theta = thermo.theta(pressure, temperature)
    theta_e = thermo.thetae(pressure, temperature, dewpoint)
    return pressure, height, temperature, dewpoint, ratio, virtual, theta, theta_e


def _single(values: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(values, np.float32)
