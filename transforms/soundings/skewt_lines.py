"""What a skew-T log-p diagram shows, as lines of temperature over pressure; nothing is drawn here.

The diagram's axes are linear: temperature plus ``SKEW`` times ``rise``, over ``rise``, which is
ln(1050 hPa / p).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from nwsspc.sharp.calc.constants import MISSING
from nwsspc.sharp.calc.parcel import lifter_lut_cm1

from batchio.soundings.profiles import StationForecast, Values
from transforms.soundings import parcels
from transforms.soundings import thermodynamics as moist
from transforms.soundings.air import Air, profiles
from transforms.soundings.layers import wet_bulb
from transforms.soundings.parcels import Lifted
from transforms.soundings.thermodynamics import EPSILON, KAPPA, ZERO_C

BOTTOM_HPA = 1050.0
TOP_HPA = 100.0
SKEW = 40.0  # K to the right for a pressure that is less by the factor e

_COLDEST, _WIDTH = -40.0, 90.0  # °C at the bottom left, and K to the right of it
_MIXING_TOP_HPA = 600.0  # lines of mixing ratio end here
_LINE_HPA = np.geomspace(BOTTOM_HPA, TOP_HPA, 60)
_WET_BULB_TOP_HPA = 50.0  # beyond the diagram, so that the line leaves it
_PATH_STEP = 0.01  # of ln(p), 1 % of the pressure: three pixels


class Line(NamedTuple):
    """Temperature over pressure; NaN where it is interrupted."""

    celsius: Values
    hpa: Values


@dataclass(frozen=True, eq=False, slots=True)
class ParcelPath:
    """A lifted parcel beside the air around it, both as virtual temperature, °C, over hPa."""

    parcel: str  # one of index_names.PARCELS
    hpa: Values  # from where the parcel starts, upwards
    lifted: Values
    around: Values
    buoyant: NDArray[np.bool_]  # where its CAPE is
    inhibited: NDArray[np.bool_]  # where its CIN is


def rise(hpa: Values | float) -> Values:
    """Returns how far up the diagram a pressure is."""
    up: Values = np.log(BOTTOM_HPA / np.asarray(hpa, np.float64))
    return up


def skewed(celsius: Values | float, hpa: Values | float) -> Values:
    """Returns how far to the right a temperature is, in K, at a pressure."""
    return np.asarray(celsius, np.float64) + SKEW * rise(hpa)


def isotherms() -> dict[int, Line]:
    """Returns the lines of equal temperature, by it in °C."""
    ends = np.array([BOTTOM_HPA, TOP_HPA])
    return {celsius: Line(np.full(2, float(celsius)), ends) for celsius in range(-180, 61, 10)}


def dry_adiabats() -> dict[int, Line]:
    """Returns the lines of equal potential temperature, by it in K."""
    exner = (_LINE_HPA / 1000) ** KAPPA
    return {theta: Line(theta * exner - ZERO_C, _LINE_HPA) for theta in range(230, 481, 10)}


def pseudo_adiabats() -> dict[int, Line]:
    """Returns the lines of rising saturated air, by its temperature at 1000 hPa in °C."""
    starts = np.arange(-20.0, 41.0, 5.0)
    kelvin = starts + ZERO_C
    theta_e = moist.equivalent_potential_temperature(np.full_like(kelvin, 1000.0), kelvin, kelvin)
    hpa, wanted = np.meshgrid(_LINE_HPA, theta_e)
    celsius = moist.moist_temperature(hpa, wanted) - ZERO_C
    return {int(start): Line(row, _LINE_HPA) for start, row in zip(starts, celsius, strict=True)}


def mixing_ratio_lines() -> dict[float, Line]:
    """Returns the dewpoints of equal mixing ratio, by it in g/kg."""
    hpa = np.geomspace(BOTTOM_HPA, _MIXING_TOP_HPA, 12)
    lines = {}
    for grams in (0.4, 1.0, 2.0, 4.0, 7.0, 10.0, 16.0, 24.0, 32.0):
        ratio = grams / 1000
        vapour = hpa * ratio / (EPSILON + ratio)
        lines[grams] = Line(moist.saturation_temperature(vapour) - ZERO_C, hpa)
    return lines


def single(forecast: StationForecast, number: int) -> StationForecast:
    """Returns the forecast with one of its profiles alone, cut to the levels it has.

    Humidity and wind that the file has no columns for are missing at each level.
    """
    row, n_levels = slice(number, number + 1), int(forecast.n_levels[number])
    return replace(
        forecast,
        time=forecast.time[row],
        forecast_hour=forecast.forecast_hour[row],
        n_levels=forecast.n_levels[row],
        levels={
            **{name: np.full((1, n_levels), np.nan) for name in ("DWPC", "DRCT", "SKNT")},
            **{name: values[row, :n_levels] for name, values in forecast.levels.items()},
        },
        indices={name: values[row] for name, values in forecast.indices.items()},
    )


def wet_bulb_line(levels: Mapping[str, Values]) -> Line:
    """Returns the wet-bulb temperature of one profile; none where the dewpoint is missing.

    Args:
        levels: Of a forecast of one profile.
    """
    shown = levels["PRES"] >= _WET_BULB_TOP_HPA
    usable = {name: np.where(shown, levels[name], np.nan) for name in ("PRES", "TMPC", "DWPC")}
    celsius = np.where(np.isfinite(usable["DWPC"]), wet_bulb(usable), np.nan)
    return Line(celsius[0], levels["PRES"][0])


def parcel_path(one: StationForecast) -> ParcelPath | None:
    """Returns the path of the mixed parcel, or of the most unstable one if that alone has CAPE.

    None where the profile is too shallow, or the parcel too dry, for either.

    Args:
        one: A forecast of one profile.

    Raises:
        ValueError: SHARPlib cannot work with the profile.
    """
    for _, air in profiles(one):
        lifter = parcels.make_lifter()
        mixed = parcels.lift(parcels.mixed_parcel(air), air, lifter)
        unstable = parcels.lift(parcels.most_unstable_parcel(air), air, lifter)
        if not mixed.parcel.cape > 0 and unstable.parcel.cape > 0:
            return _path("mu", unstable, air, lifter)
        if mixed.parcel.lcl_pressure != MISSING:
            return _path("ml", mixed, air, lifter)
    return None


def _path(name: str, lifted: Lifted, air: Air, lifter: lifter_lut_cm1) -> ParcelPath:
    parcel = lifted.parcel
    start, end = float(parcel.pres), max(TOP_HPA * 100, float(air.pressure[-1]))
    levels = [parcel.lcl_pressure, parcel.lfc_pressure, parcel.eql_pressure]
    steps = np.exp(np.arange(np.log(end), np.log(start), _PATH_STEP))
    marks = [pascal for pascal in levels if pascal != MISSING and end <= pascal <= start]
    pressure = np.unique(np.concatenate([steps, marks, [start]]).astype(np.float32))[::-1]
    rising = np.ascontiguousarray(pressure)
    path = parcel.lift_parcel(lifter, rising).astype(np.float64)
    around = np.interp(-np.log(pressure), -np.log(air.pressure), air.virtual)
    lfc, el = parcel.lfc_pressure, parcel.eql_pressure
    free = (pressure <= lfc) & (pressure >= el) if lfc != MISSING else np.zeros(len(path), bool)
    below = pressure >= lfc if lfc != MISSING else np.zeros(len(path), bool)
    return ParcelPath(
        parcel=name,
        hpa=pressure.astype(np.float64) / 100,
        lifted=path - ZERO_C,
        around=around - ZERO_C,
        buoyant=free & (path >= around),
        inhibited=below & (path <= around),
    )


def pressures_at(levels: Mapping[str, Values], above_ground_m: Values) -> Values:
    """Returns the pressures, hPa, at heights above the lowest level of one profile; NaN beyond."""
    height, logs = levels["HGHT"][0], np.log(levels["PRES"][0])
    there = np.isfinite(height + logs)
    if not there.any():
        return np.full(len(above_ground_m), np.nan)
    height, logs = height[there], logs[there]
    found: Values = np.exp(
        np.interp(above_ground_m, height - height[0], logs, left=np.nan, right=np.nan)
    )
    return found


def thinned(hpa: Values, least_rise: float) -> NDArray[np.intp]:
    """Returns the levels, from the bottom, that are so far apart on the diagram and lie on it."""
    kept: list[int] = []
    for level, up in enumerate(rise(hpa)):
        if 0 <= up <= rise(TOP_HPA) and (not kept or up >= rise(hpa[kept[-1]]) + least_rise):
            kept.append(level)
    return np.array(kept, np.intp)


def temperature_range(line: Line) -> tuple[float, float]:
    """Returns the temperatures, °C, at the diagram's bottom corners.

    From -40 to 50, shifted by tens for air that would not fit; the warm end goes first.
    """
    shown = skewed(*line)[(line.hpa >= TOP_HPA) & np.isfinite(line.celsius)]
    low, margin = _COLDEST, 2.0
    if shown.size:
        low -= 10 * max(0, math.ceil((low + margin - shown.min()) / 10))
        low += 10 * max(0, math.ceil((shown.max() + margin - low - _WIDTH) / 10))
    return low, low + _WIDTH


def lone_values(line: Line) -> Line:
    """Returns the values that have none beside them: no line reaches them."""
    there = np.pad(np.isfinite(line.celsius), 1)
    lone = there[1:-1] & ~there[:-2] & ~there[2:]
    return Line(line.celsius[lone], line.hpa[lone])


def spread(places: Values, least: float) -> Values:
    """Returns places for labels, in the order given, so far apart at least, upwards if need be."""
    order = np.argsort(places, kind="stable")
    found = np.array(places, np.float64)
    for lower, upper in pairwise(order):
        found[upper] = max(found[upper], found[lower] + least)
    return found
