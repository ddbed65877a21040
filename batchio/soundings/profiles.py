"""Soundings that a model forecasts at a station: what readers give and writers take.

Values keep the names and units of BUFKIT, see ``batchio.soundings.bufkit_columns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]  # UTC, whole seconds
Values = NDArray[np.float64]  # NaN where there is none


@dataclass(frozen=True, slots=True)
class Station:
    """A place, as the file describes it."""

    id: str  # empty where the file names none
    number: str  # as written; compare it as an integer
    latitude_deg: float
    longitude_deg: float  # east positive
    elevation_m: float  # of the model's terrain, not of the station


@dataclass(frozen=True, eq=False, slots=True)
class SurfaceTable:
    """Values at and near the ground, a row a valid time, in the order of time."""

    time: Times
    interval_s: Values  # since the row before; NaN for the first
    columns: Mapping[str, Values]


@dataclass(frozen=True, eq=False, slots=True)
class StationForecast:
    """All profiles of one station, one cycle and one member, in the order of time.

    A profile has ``n_levels`` levels, bottom to top; what lies beyond them in ``levels`` is NaN.
    """

    station: Station
    cycle: datetime  # start of the model run, UTC
    member: str  # of an ensemble; else empty
    time: Times  # (profile): valid time
    forecast_hour: NDArray[np.int64]  # (profile)
    n_levels: NDArray[np.int64]  # (profile); 0: the file has indices only
    levels: Mapping[str, Values]  # (profile, level)
    indices: Mapping[str, Values]  # (profile): as the file states them
    surface: SurfaceTable

    def __len__(self) -> int:
        """The number of profiles."""
        return len(self.time)
