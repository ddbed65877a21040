"""Comparison of forecasts, which have no equality of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchio.soundings.profiles import StationForecast

ARRAYS = ("time", "forecast_hour", "n_levels")
COLUMNS = ("levels", "indices")


def assert_same_bits(one: NDArray[Any], other: NDArray[Any]) -> None:
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.tobytes() == other.tobytes()


def assert_same_columns(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        assert_same_bits(values, other[name])


def assert_same_forecast(one: StationForecast, other: StationForecast) -> None:
    assert (one.station, one.cycle, one.member) == (other.station, other.cycle, other.member)
    for name in ARRAYS:
        assert_same_bits(getattr(one, name), getattr(other, name))
    for name in COLUMNS:
        assert_same_columns(getattr(one, name), getattr(other, name))
    assert_same_bits(one.surface.time, other.surface.time)
    assert_same_bits(np.asarray(one.surface.interval_s), np.asarray(other.surface.interval_s))
    assert_same_columns(one.surface.columns, other.surface.columns)
