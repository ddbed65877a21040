"""Forecasts made of arrays, for tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from batchio.soundings.profiles import Station, StationForecast, SurfaceTable
from transforms.soundings.skewt_lines import ParcelPath
from transforms.soundings.thermodynamics import GAS_CONSTANT

CYCLE = datetime(2022, 5, 1, 12, tzinfo=timezone.utc)
NO_SURFACE = SurfaceTable(np.empty(0, "datetime64[s]"), np.empty(0), {})


def forecast(levels: Mapping[str, Sequence[Sequence[float]]]) -> StationForecast:
    columns = {name: np.array(values, np.float64) for name, values in levels.items()}
    n_profiles = len(columns["PRES"])
    hours = np.arange(n_profiles)
    start = np.datetime64(CYCLE.replace(tzinfo=None), "s")
    return StationForecast(
        station=Station("KOUN", "723570", 35.2, -97.4, 345.0),
        cycle=CYCLE,
        member="",
        time=start + hours * np.timedelta64(3600, "s"),
        forecast_hour=hours,
        n_levels=np.isfinite(columns["PRES"]).sum(axis=1),
        levels=columns,
        indices={},
        surface=NO_SURFACE,
    )


def shaded(path: ParcelPath, where: NDArray[np.bool_]) -> float:
    """The energy, J/kg, that an area between a parcel and the air around it stands for."""
    excess = np.where(where, path.lifted - path.around, 0.0)
    means = (excess[1:] + excess[:-1]) / 2
    return float(GAS_CONSTANT * (means * -np.diff(np.log(path.hpa))).sum())


def warm_day(**changed: Sequence[float]) -> StationForecast:
    """An unstable column: 8 K/km below 12 km, moist below 1.5 km, wind that turns and grows."""
    height = np.array([0.0, 100, 250, 500, 750, 1000, 1500, 2000, 3000, 4000, 5000, 6000])
    height = np.concatenate([height, np.arange(7000.0, 17000, 1000)])
    celsius = np.maximum(32 - 0.008 * height, -60.0)
    dewpoint = np.where(height <= 1500, celsius - 6 - 0.002 * height, celsius - 25)
    depth = np.diff(height, prepend=0.0)
    pressure = 960 * np.exp(-9.80665 / 287.04 * np.cumsum(depth / (celsius + 273.15)))
    levels = {
        "PRES": pressure,
        "TMPC": celsius,
        "TMWC": (celsius + dewpoint) / 2,
        "DWPC": dewpoint,
        "DRCT": 150 + np.minimum(height / 60, 100),
        "SKNT": 12 + np.minimum(height / 200, 50),
        "HGHT": height + 345,
        **{name: np.asarray(values, np.float64) for name, values in changed.items()},
    }
    return forecast({name: [values.tolist()] for name, values in levels.items()})
