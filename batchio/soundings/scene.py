"""Computes what a model would forecast at a place of an invented kind of weather.

The day warms the ground: a layer as deep as the dry adiabat from there reaches is mixed, and cools
from below at night; above it nothing changes. Heights follow from the numbers as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from batchio.soundings import scene_air as air
from batchio.soundings.profiles import Station, StationForecast, SurfaceTable, Times, Values

_INDICES = (
    *("SHOW", "LIFT", "SWET", "KINX", "LCLP", "PWAT", "TOTL", "CAPE", "LCLT", "CINS", "EQLV"),
    *("LFCT", "BRCH"),
)
_LEVELS = ("PRES", "TMPC", "TMWC", "DWPC", "THTE", "DRCT", "SKNT", "OMEG", "CFRL", "HGHT")
_SURFACE = (
    *("PMSL", "PRES", "SKTC", "STC1", "SNFL", "WTNS", "P01M", "C01M", "STC2", "LCLD", "MCLD"),
    *("HCLD", "SNRA", "UWND", "VWND", "R01M", "BFGR", "T2MS", "Q2MS", "WXTS", "WXTP", "WXTZ"),
    *("WXTR", "USTM", "VSTM", "HLCY", "SLLH", "WSYM", "CDBP", "VSBK", "TD2M"),
)
_GFS_SURFACE = (
    *("PMSL", "PRES", "SKTC", "STC1", "EVAP", "P01M", "C01M", "SWEM", "LCLD", "MCLD", "HCLD"),
    *("UWND", "VWND", "T2MS", "Q2MS", "WXTS", "WXTP", "WXTZ", "WXTR", "S01M", "TD2M"),
)

_KNOT = 0.514444  # m s-1
_COLDEST_CLOCK = 3.0  # h, by the sun
_DEEPEST_M, _FINE_M = 6000.0, 20.0  # mixed layer, and the steps in which it is found
_NIGHT_DEPTH_M = 150.0  # of the air that the ground cools
_JET_M, _JET_DEPTH_M = 600.0, 400.0  # of the wind that blows at night
_DRY_RATIO = 2e-6  # kg/kg: with less, files state no moisture
_MOST_HUMID = 0.98  # of saturation
_CLOUD_FROM = 0.75  # of saturation
_LOW_M, _MIDDLE_M = 2000.0, 6000.0  # tops of low and middle cloud, above ground
_TOP_HPA = 100.0  # no air rises beyond

Knots = Sequence[tuple[float, float]]  # height above ground, m; value there


@dataclass(frozen=True, slots=True)
class Weather:
    """The air that is there in the morning, and what the day does with it."""

    sea_level_hpa: float
    change_hpa: float  # of that, an hour
    ground_c: tuple[float, float]  # coldest and warmest of the day
    celsius: Knots
    humidity: Knots  # percent of saturation
    east: Knots  # wind, m s-1
    north: Knots
    jet_m_s: float = 0.0  # more wind to the north at night
    ascent_pa_s: float = 0.0  # in the afternoon
    rain_mm: float = 0.0  # an hour, in the afternoon


@dataclass(frozen=True, slots=True)
class Model:
    """How a model sees the world, and writes it."""

    name: str  # of its folder
    prefix: str  # of its files
    hours: Sequence[int]
    n_levels: int
    lowest_m: float  # above ground
    top_m: float
    terrain_m: float  # above the catalogue's elevation
    warmer_c: float  # than others
    is_gfs: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """The air above a place; arrays (hour, level), rounded as they are written."""

    hours: Values
    sun: Values  # (hour): -1 at the coldest time, 1 at the warmest
    ground_c: Values  # (hour)
    ground_hpa: Values  # (hour)
    sea_level_hpa: Values  # (hour)
    pressure: Values
    celsius: Values
    dewpoint: Values  # NaN where the air is dry
    height: Values  # above the ground
    east: Values
    north: Values

    @property
    def cloud(self) -> Values:
        """Percent of the sky."""
        saturated = air.saturated_ratio(self.pressure, self.celsius)
        humid = air.mixing_ratio(self.pressure, self.dewpoint) / saturated
        share = np.clip((humid - _CLOUD_FROM) / (1 - _CLOUD_FROM), 0, 1)
        return _rounded(100 * share**2, 0)


def forecast_at(
    station: Station, weather: Weather, model: Model, cycle: datetime
) -> StationForecast:
    """Returns the forecast of a model run, every number with the decimals that files have.

    Indices that need a parcel lifted beyond its condensation level are missing.
    """
    own = replace(
        station,
        id="" if model.is_gfs else station.id,
        elevation_m=station.elevation_m + model.terrain_m,
    )
    column = _make_column(own, weather, model, cycle)
    hours = np.array(model.hours, np.int64)
    time = np.datetime64(cycle.replace(tzinfo=None), "s") + hours * np.timedelta64(3600, "s")
    return StationForecast(
        station=own,
        cycle=cycle,
        member="",
        time=time,
        forecast_hour=hours,
        n_levels=np.full(len(hours), model.n_levels, np.int64),
        levels=_levels(column, own, weather, model),
        indices=_indices(column),
        surface=_surface(column, weather, model, time),
    )


def _make_column(station: Station, weather: Weather, model: Model, cycle: datetime) -> _Column:
    hours = np.array(model.hours, np.float64)
    clock = cycle.hour + hours + station.longitude_deg / 15
    sun = -np.cos((clock - _COLDEST_CLOCK) * np.pi / 12)
    coldest, warmest = weather.ground_c
    ground_c = (coldest + warmest) / 2 + (warmest - coldest) / 2 * sun + model.warmer_c
    sea_level = _rounded(weather.sea_level_hpa + weather.change_hpa * hours, 1)
    mean_k = (coldest + warmest) / 2 + air.ZERO_C
    fall = air.GRAVITY * station.elevation_m / (air.GAS_CONSTANT * mean_k)
    ground_hpa = _rounded(sea_level * np.exp(-fall), 1)
    share = np.linspace(0, 1, model.n_levels)
    height = np.tile(model.lowest_m + (model.top_m - model.lowest_m) * share**2, (len(hours), 1))
    depth, mixed_ratio = _mixed_layer(weather, ground_c, ground_hpa)
    celsius = _temperature(weather, ground_c, height, depth)
    pressure = _pressure(ground_hpa, celsius, height)
    morning = air.saturated_ratio(pressure, _at(weather.celsius, height))
    morning = morning * _at(weather.humidity, height) / 100
    ratio = np.where(height < depth, mixed_ratio, morning)
    jet = weather.jet_m_s * np.clip(-sun, 0, 1)[:, None]
    jet = jet * np.exp(-(((height - _JET_M) / _JET_DEPTH_M) ** 2))
    dewpoint = _dewpoint(pressure, celsius, ratio)
    return _Column(
        *(hours, sun, _rounded(ground_c), ground_hpa, sea_level, pressure, celsius, dewpoint),
        height=_heights(ground_hpa, pressure, celsius, dewpoint),
        east=_at(weather.east, height),
        north=_at(weather.north, height) + jet,
    )


def _rounded(values: Values, decimals: int = 2) -> Values:
    return np.asarray(np.round(values, decimals) + 0.0)  # never -0.0


def _at(knots: Knots, height: Values) -> Values:
    heights, values = zip(*knots, strict=True)
    return np.asarray(np.interp(height, heights, values))


def _mixed_layer(weather: Weather, ground_c: Values, ground_hpa: Values) -> tuple[Values, Values]:
    """Returns how deep the air is mixed, and its mixing ratio, each (hour, 1)."""
    fine = np.arange(0.0, _DEEPEST_M, _FINE_M)  # the grid's levels would make it jump
    morning = _at(weather.celsius, fine)
    falls = air.GRAVITY * fine / (air.GAS_CONSTANT * (morning.mean() + air.ZERO_C))
    pressure = ground_hpa[:, None] * np.exp(-falls)
    ratio = air.saturated_ratio(pressure, morning) * _at(weather.humidity, fine) / 100
    mixed = ground_c[:, None] - air.ADIABAT_C_M * fine > morning
    n_mixed = mixed.sum(axis=1, keepdims=True)
    mean = (ratio * mixed).sum(axis=1, keepdims=True) / np.maximum(n_mixed, 1)
    return n_mixed * _FINE_M, mean


def _temperature(weather: Weather, ground_c: Values, height: Values, depth: Values) -> Values:
    morning = _at(weather.celsius, height)
    adiabat = ground_c[:, None] - air.ADIABAT_C_M * height
    cooling = np.minimum(ground_c - weather.celsius[0][1], 0)[:, None]
    return _rounded(
        np.where(height < depth, adiabat, morning) + cooling * np.exp(-height / _NIGHT_DEPTH_M)
    )


def _pressure(ground_hpa: Values, celsius: Values, height: Values) -> Values:
    """Returns the pressure about these heights, of dry air."""
    depths = np.diff(height, axis=1, prepend=0.0)
    means = (celsius + np.column_stack([celsius[:, 0], celsius[:, :-1]])) / 2 + air.ZERO_C
    falls = np.cumsum(air.GRAVITY / air.GAS_CONSTANT * depths / means, axis=1)
    return _rounded(ground_hpa[:, None] * np.exp(-falls), 1)


def _dewpoint(pressure: Values, celsius: Values, ratio: Values) -> Values:
    ratio = np.minimum(ratio, _MOST_HUMID * air.saturated_ratio(pressure, celsius))
    dewpoint = air.dewpoint_of(pressure, np.maximum(ratio, _DRY_RATIO))
    return _rounded(np.where(ratio > _DRY_RATIO, dewpoint, np.nan))


def _heights(ground_hpa: Values, pressure: Values, celsius: Values, dewpoint: Values) -> Values:
    virtual = air.virtual_kelvin(celsius, air.mixing_ratio(pressure, dewpoint))
    to_ground = np.column_stack([ground_hpa, pressure])
    return np.cumsum(air.thicknesses(to_ground, np.column_stack([virtual[:, 0], virtual])), axis=1)


def _levels(column: _Column, station: Station, weather: Weather, model: Model) -> dict[str, Values]:
    moist = (column.pressure, column.celsius, column.dewpoint)
    depth = (column.pressure[:, :1] - column.pressure) / (column.pressure[:, :1] - _TOP_HPA)
    rise = np.clip(column.sun, 0, 1)[:, None] * np.sin(np.pi * np.clip(depth, 0, 1))
    found = {
        "PRES": column.pressure,
        "TMPC": column.celsius,
        "TMWC": air.wet_bulb(*moist),
        "DWPC": column.dewpoint,
        "THTE": air.equivalent_kelvin(*moist),
        "DRCT": np.degrees(np.arctan2(-column.east, -column.north)) % 360,
        "SKNT": np.hypot(column.east, column.north) / _KNOT,
        "OMEG": _rounded(-weather.ascent_pa_s * rise, 1),
        "CFRL": column.cloud,
        "HGHT": station.elevation_m + column.height,
    }
    names = [name for name in _LEVELS if not (model.is_gfs and name == "CFRL")]
    return {name: _rounded(found[name]) for name in names}


def _indices(column: _Column) -> dict[str, Values]:
    found = air.simple_indices(column.pressure, column.celsius, column.dewpoint)
    unknown = np.full(len(column.hours), np.nan)
    return {name: _rounded(found.get(name, unknown)) for name in _INDICES}


def _surface(column: _Column, weather: Weather, model: Model, time: Times) -> SurfaceTable:
    interval_s = np.diff(column.hours * 3600, prepend=np.nan)
    stated = {**_near_ground(column), **_clouds(column), **_water(column, weather)}
    names = _GFS_SURFACE if model.is_gfs else _SURFACE
    unknown = np.full(len(column.hours), np.nan)
    columns = {name: _rounded(stated.get(name, unknown)) for name in names}
    return SurfaceTable(time, interval_s, columns)


def _near_ground(column: _Column) -> Mapping[str, Values]:
    dewpoint = np.minimum(column.dewpoint[:, 0], column.ground_c)
    ratio = air.mixing_ratio(column.ground_hpa, dewpoint)
    soil_k = column.ground_c.mean() + air.ZERO_C
    return {
        "PMSL": column.sea_level_hpa,
        "PRES": column.ground_hpa,
        "SKTC": column.ground_c + 4 * column.sun,
        "STC1": _rounded(soil_k + 3 * column.sun, 1),
        "STC2": np.full(len(column.hours), round(soil_k - 1, 1)),
        "UWND": _rounded(0.8 * column.east[:, 0], 1),
        "VWND": _rounded(0.8 * column.north[:, 0], 1),
        "T2MS": column.ground_c,
        "TD2M": dewpoint,
        "Q2MS": 1000 * ratio / (1 + ratio),
    }


def _clouds(column: _Column) -> Mapping[str, Values]:
    cloud, height = column.cloud, column.height
    low, high = height < _LOW_M, height >= _MIDDLE_M
    first = np.argmax(cloud > 50, axis=1)
    base = column.pressure[np.arange(len(first)), first]
    return {
        "LCLD": np.where(low, cloud, 0).max(axis=1),
        "MCLD": np.where(low | high, 0, cloud).max(axis=1),
        "HCLD": np.where(high, cloud, 0).max(axis=1),
        "CDBP": np.where((cloud > 50).any(axis=1), base, np.nan),
    }


def _water(column: _Column, weather: Weather) -> Mapping[str, Values]:
    """Returns what falls as rain, since the row before; none is stated for the start of the run."""
    hours = np.diff(column.hours, prepend=np.nan)
    rain = weather.rain_mm * np.clip(column.sun, 0, 1) ** 2 * hours
    none = np.zeros(len(rain))
    return {
        **dict.fromkeys(("P01M", "C01M"), rain),
        "R01M": 0.1 * rain,
        **dict.fromkeys(("SNFL", "BFGR", "SLLH", "S01M"), 0 * hours),
        **dict.fromkeys(("WXTS", "WXTP", "WXTZ", "SWEM"), none),
        "WTNS": none + 40,
        "WXTR": (np.nan_to_num(rain) > 0.1).astype(np.float64),
    }
