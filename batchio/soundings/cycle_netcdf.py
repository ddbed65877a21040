"""CF-1.10 NetCDF of forecast soundings: all stations of one cycle and model a file.

Feature type timeSeriesProfile, https://cfconventions.org/cf-conventions/cf-conventions.html,
appendix H.5: (station, time, level), the times being the same for all stations. Equal soundings
give equal bytes: nothing of the clock, the host or the path enters the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from batchio.netcdf import (
    DEFAULT_COMPRESSION,
    FILL_VALUE,
    NETCDF_LOCK,
    characters,
    deflate,
    filled,
)
from batchio.soundings.bufkit_columns import INDEX_COLUMNS, LEVEL_COLUMNS, SURFACE_COLUMNS, Column
from batchio.soundings.cycle import SoundingCycle, key_of
from batchio.soundings.profiles import StationForecast, Values
from batchio.version import __version__

_COORDINATES = "latitude longitude HGHT station_id forecast_period forecast_reference_time"
_FLAT_COORDINATES = _COORDINATES.replace(" HGHT", "")
_UNKNOWN = Column("", "a column of the files that is not described")
_COMMENT = (
    "Levels go from the lowest model level up; a profile has n_levels of them. A level without DWPC"
    " is one whose air holds practically no moisture. Variables named surface_ are the files'"
    " near-ground table, those named bufkit_ the indices that the files state; all other indices"
    " were computed from the levels, see their long_name, heights above ground being heights above"
    " the lowest level. station_altitude is the height of the model's terrain."
)


def write_soundings(
    cycle: SoundingCycle, path: Path | str, *, compression: int = DEFAULT_COMPRESSION
) -> None:
    """Writes the forecasts to a new file at ``path``.

    Args:
        cycle: What to write; the order of its forecasts does not matter.
        path: A local file; one that exists is replaced.
        compression: Deflate level, 0 (none) to 9.

    Raises:
        InputError: The forecasts are not of one run, or two are of the same station and member.
    """
    cycle.check(str(path), "write soundings")
    cycle = cycle.in_order()
    with NETCDF_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as dataset:
        writer = _Writer(dataset, cycle, compression)
        writer.write_axes()
        writer.write_levels()
        writer.write_flat("surface_", SURFACE_COLUMNS, _surfaces(cycle.forecasts))
        writer.write_flat("bufkit_", INDEX_COLUMNS, _stated(cycle.forecasts))
        if cycle.indices:
            times = (forecast.time for forecast in cycle.forecasts)
            computed = list(zip(times, cycle.indices, strict=True))
            writer.write_flat("", cycle.meanings or {}, computed)


_Table = Sequence[tuple[NDArray[np.datetime64], Mapping[str, Values]]]


def _surfaces(forecasts: Iterable[StationForecast]) -> _Table:
    return [(each.surface.time, each.surface.columns) for each in forecasts]


def _stated(forecasts: Iterable[StationForecast]) -> _Table:
    return [(each.time, each.indices) for each in forecasts]


class _Writer:
    """Writes the variables of one file."""

    def __init__(self, dataset: netCDF4.Dataset, cycle: SoundingCycle, compression: int) -> None:
        self._dataset = dataset
        self._cycle = cycle
        self._deflate = deflate(compression)
        self._forecasts = cycle.forecasts
        stamps = [stamps for each in self._forecasts for stamps in (each.time, each.surface.time)]
        self._times = np.unique(np.concatenate(stamps))
        self._n_levels = max(1, *(int(each.n_levels.max()) for each in self._forecasts))
        self._flat_shape = len(self._forecasts), len(self._times)

    def write_axes(self) -> None:
        """Writes the global attributes, the dimensions and the coordinates."""
        self._dataset.setncatts(self._global_attributes())
        self._dataset.createDimension("station", self._flat_shape[0])
        self._dataset.createDimension("time", self._flat_shape[1])
        self._dataset.createDimension("level", self._n_levels)
        self._write_times()
        self._write_stations()

    def write_levels(self) -> None:
        """Writes the columns of the levels, and how many levels a profile has."""
        counts = np.zeros(self._flat_shape, np.int32)
        for number, each in enumerate(self._forecasts):
            counts[number, np.searchsorted(self._times, each.time)] = each.n_levels
        about = {"long_name": "number of levels of the profile", "units": "1"}
        about["coordinates"] = _FLAT_COORDINATES
        self._write("n_levels", ("station", "time"), counts, about)
        places = [np.searchsorted(self._times, each.time) for each in self._forecasts]
        for name in dict.fromkeys(name for each in self._forecasts for name in each.levels):
            values = np.full((*self._flat_shape, self._n_levels), FILL_VALUE, np.float32)
            for number, each in enumerate(self._forecasts):
                if name in each.levels:
                    width = each.levels[name].shape[1]
                    values[number, places[number], :width] = filled(each.levels[name])
            about = _attributes(LEVEL_COLUMNS.get(name, _UNKNOWN))
            if name == "HGHT":
                about |= {"axis": "Z", "positive": "up"}
            else:
                about["coordinates"] = _COORDINATES
            self._write(name, ("station", "time", "level"), values, about)

    def write_flat(self, prefix: str, meanings: Mapping[str, Column], tables: _Table) -> None:
        """Writes columns with one value a station and time."""
        places = [np.searchsorted(self._times, time) for time, _ in tables]
        for name in dict.fromkeys(name for _, columns in tables for name in columns):
            values = np.full(self._flat_shape, np.nan)
            for number, (_, columns) in enumerate(tables):
                if name in columns:
                    values[number, places[number]] = columns[name]
            about = _attributes(meanings.get(name, _UNKNOWN))
            about["coordinates"] = _FLAT_COORDINATES
            self._write(f"{prefix}{name}", ("station", "time"), filled(values), about)

    def _global_attributes(self) -> dict[str, str]:
        first = self._forecasts[0]
        return {
            "Conventions": "CF-1.10",
            "featureType": "timeSeriesProfile",
            "title": f"{self._cycle.model} forecast soundings, run of {first.cycle:%Y-%m-%d %H:%M}"
            " UTC",
            "institution": "soundings: US National Weather Service models, as BUFKIT files",
            "source": f"{self._cycle.model} model soundings in BUFKIT format",
            "history": f"Headrace {__version__}: read from BUFKIT, written as CF-1.10",
            "references": "https://cfconventions.org",
            "comment": _COMMENT,
            "model": self._cycle.model,
        }

    def _write_times(self) -> None:
        cycle = self._forecasts[0].cycle
        run = np.datetime64(cycle.replace(tzinfo=None), "s")
        seconds = (self._times - run).astype(np.float64)
        since = {"units": f"seconds since {cycle:%Y-%m-%d %H:%M:%S}", "calendar": "standard"}
        time = {"standard_name": "time", "long_name": "valid time", "axis": "T", **since}
        self._write("time", ("time",), seconds, time)
        period = {"standard_name": "forecast_period", "long_name": "time since the run's start"}
        self._write("forecast_period", ("time",), seconds / 3600, {**period, "units": "hours"})
        reference = {"standard_name": "forecast_reference_time", "long_name": "start of the run"}
        self._write("forecast_reference_time", (), np.array(0.0), {**reference, **since})

    def _write_stations(self) -> None:
        stations = [each.station for each in self._forecasts]
        members = [each.member for each in self._forecasts]
        ids = [" ".join(key_of(each)).strip() for each in self._forecasts]
        self._write_text("station_id", ids, {"long_name": "station", "cf_role": "timeseries_id"})
        numbers = [station.number for station in stations]
        self._write_text("station_number", numbers, {"long_name": "number of the station"})
        if any(members):
            self._write_text("member", members, {"long_name": "member of the ensemble"})
        places: dict[str, tuple[list[float], dict[str, str]]] = {
            "latitude": ([each.latitude_deg for each in stations], {"units": "degrees_north"}),
            "longitude": ([each.longitude_deg for each in stations], {"units": "degrees_east"}),
        }
        for name, (values, about) in places.items():
            about |= {"standard_name": name, "long_name": f"{name} of the station"}
            self._write(name, ("station",), np.array(values), about)
        altitude = {
            "standard_name": "surface_altitude",
            "long_name": "height of the model's terrain",
        }
        heights = np.array([each.elevation_m for each in stations])
        self._write("station_altitude", ("station",), heights, {**altitude, "units": "m"})

    def _write_text(self, name: str, texts: Sequence[str], about: Mapping[str, str]) -> None:
        dimension, values = f"{name}_length", characters(texts)
        self._dataset.createDimension(dimension, values.shape[1])
        self._write(name, ("station", dimension), values, about)

    def _write(
        self,
        name: str,
        dimensions: tuple[str, ...],
        values: NDArray[Any],
        about: Mapping[str, Any],
    ) -> None:
        options: dict[str, Any] = {}
        if values.dtype == np.float32:
            options["fill_value"] = FILL_VALUE
        if len(dimensions) > 1 and values.dtype != "S1":
            # A station's levels are read together; what is flat is too small to be cut.
            chunks = values.shape if values.ndim < 3 else (1, *values.shape[1:])
            options |= {**self._deflate, "chunksizes": chunks}
        target = self._dataset.createVariable(name, values.dtype, dimensions, **options)
        target.set_auto_maskandscale(False)
        target.setncatts(about)
        target[...] = values


def _attributes(column: Column) -> dict[str, str]:
    about = {"long_name": column.long_name}
    if column.unit:
        about["units"] = column.unit
    if column.standard_name:
        about["standard_name"] = column.standard_name
    return about
