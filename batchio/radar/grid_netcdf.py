"""CF-1.10 NetCDF of radar fields on a Cartesian grid, one time a file.

Equal grids give equal bytes: nothing of the clock, the host or the path enters the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
from batchio.version import __version__

NOT_OBSERVED, NO_VALUE, HAS_VALUE = 0, 1, 2  # what a radar has to say of a column

_MAPPING = "azimuthal_equidistant"
_COORDINATES = "latitude longitude time"
# Of the standard names of CF/Radial, those that are CF's as well.
_CF_NAMES = ("equivalent_reflectivity_factor",)
_COMMENT = (
    "Cells between and below the beams, and cells in which nothing was detected, hold _FillValue;"
    " radar_status tells whether a radar has seen any of a column. Volumes of one radar are scanned"
    " in some minutes: time_bounds has the first and the last."
)


@dataclass(frozen=True, slots=True)
class GridRadar:
    """A radar of a grid: its site, and the volume that is used."""

    name: str
    volume_id: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    start: datetime
    end: datetime


@dataclass(frozen=True, eq=False, slots=True)
class GridField:
    """A field on the grid.

    Attributes:
        values: (z, y, x), NaN where there is no value.
        attributes: What its variable says: `long_name`, `units` and so on.
    """

    values: NDArray[np.float32]
    attributes: Mapping[str, Any]

    @property
    def is_reflectivity(self) -> bool:
        """Whether the highest value of a column is worth a variable of its own."""
        return self.attributes.get("units") == "dBZ"

    @property
    def composite(self) -> NDArray[np.float32]:
        """The highest value of each column, (y, x)."""
        return np.asarray(np.fmax.reduce(self.values, axis=0))


@dataclass(frozen=True, eq=False, slots=True)
class RadarGrid:
    """Fields of the radars of one time slot on one grid.

    Attributes:
        slot: The start of the time slot, UTC.
        slot_minutes: Its length.
        origin_deg: Latitude and longitude of x = y = 0: the centre of the projection, azimuthal
            equidistant on WGS 84.
        x_m, y_m: Distances east and north of the origin.
        z_m: Heights above mean sea level.
        latitude_deg, longitude_deg: Of each column, (y, x).
        radars: By name.
        status: What each radar has to say of each column, (radar, y, x): `NOT_OBSERVED` and so on.
        how: How gates became cells, and which settings were used: global attributes.
    """

    slot: datetime
    slot_minutes: int
    origin_deg: tuple[float, float]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    z_m: NDArray[np.float64]
    latitude_deg: NDArray[np.float32]
    longitude_deg: NDArray[np.float32]
    radars: tuple[GridRadar, ...]
    fields: Mapping[str, GridField]
    status: NDArray[np.int8]
    how: Mapping[str, str | float]


def write_radar_grid(
    grid: RadarGrid, path: Path | str, *, compression: int = DEFAULT_COMPRESSION
) -> None:
    """Writes the grid to a new file at ``path``.

    Args:
        grid: What to write.
        path: A local file; one that exists is replaced.
        compression: Deflate level, 0 (none) to 9.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as dataset:
        dataset.setncatts(_global_attributes(grid))
        writer = _Writer(dataset, grid, compression)
        writer.write_axes()
        writer.write_radars()
        writer.write_fields()


class _Writer:
    """Writes the variables of one file."""

    def __init__(self, dataset: netCDF4.Dataset, grid: RadarGrid, compression: int) -> None:
        self._dataset = dataset
        self._grid = grid
        self._deflate = deflate(compression)

    def write_axes(self) -> None:
        """Writes the dimensions, the coordinates and the projection."""
        grid = self._grid
        for axis, about in _AXES.items():
            values = getattr(grid, f"{axis}_m")
            self._dataset.createDimension(axis, len(values))
            self._write(axis, (axis,), values, {**about, "axis": axis.upper(), "units": "m"})
        for name in ("latitude", "longitude"):
            unit = "degrees_north" if name == "latitude" else "degrees_east"
            about = {"standard_name": name, "long_name": f"{name} of the column", "units": unit}
            self._write(name, ("y", "x"), getattr(grid, f"{name}_deg"), about)
        self._write(_MAPPING, (), np.array(0, np.int32), _projection(grid))
        self._write_time()

    def _write_time(self) -> None:
        start = min(radar.start for radar in self._grid.radars)
        end = max(radar.end for radar in self._grid.radars)
        about = {
            "standard_name": "time",
            "long_name": "start of the earliest volume",
            "units": f"seconds since {start:%Y-%m-%d %H:%M:%S}",
            "calendar": "standard",
            "axis": "T",
            "bounds": "time_bounds",
        }
        self._write("time", (), np.array(0.0), about)
        self._dataset.createDimension("bound", 2)
        self._write("time_bounds", ("bound",), np.array([0.0, (end - start).total_seconds()]), {})

    def write_radars(self) -> None:
        """Writes which radars there are, and what each has to say of each column."""
        grid = self._grid
        self._dataset.createDimension("radar", len(grid.radars))
        self._write_text("radar_name", [each.name for each in grid.radars], "name of the radar")
        volumes = [each.volume_id for each in grid.radars]
        self._write_text("volume_id", volumes, "volume of the radar that is used")
        for name, unit in _SITE.items():
            values = np.array([getattr(each, name) for each in grid.radars])
            standard_name = name.rpartition("_")[0]
            about = {"standard_name": standard_name, "units": unit}
            about["long_name"] = f"{standard_name} of the radar"
            if standard_name == "altitude":
                about["positive"] = "up"
            self._write(f"radar_{standard_name}", ("radar",), values, about)
        status = {
            "long_name": "what the radar has to say of the column",
            "flag_values": np.array([NOT_OBSERVED, NO_VALUE, HAS_VALUE], np.int8),
            "flag_meanings": "not_observed observed_without_value observed_with_value",
            "coordinates": f"{_COORDINATES} radar_name",
            "grid_mapping": _MAPPING,
        }
        self._write("radar_status", ("radar", "y", "x"), grid.status, status)
        count = {
            "long_name": "number of radars that have observed any of the column",
            "units": "1",
            "coordinates": _COORDINATES,
            "grid_mapping": _MAPPING,
        }
        observed = (grid.status != NOT_OBSERVED).sum(axis=0).astype(np.int16)
        self._write("radar_count", ("y", "x"), observed, count)

    def write_fields(self) -> None:
        """Writes the fields, and the highest value of each column of reflectivities."""
        for name, field in self._grid.fields.items():
            about = dict(field.attributes)
            if about.get("standard_name") not in _CF_NAMES:
                about.pop("standard_name", None)
            about |= {"coordinates": _COORDINATES, "grid_mapping": _MAPPING}
            self._write(name, ("z", "y", "x"), field.values, about)
            if field.is_reflectivity:
                about |= {
                    "long_name": f"highest {about.get('long_name', name)} of the column",
                    "cell_methods": "altitude: maximum",
                }
                self._write(f"{name}_composite", ("y", "x"), field.composite, about)

    def _write_text(self, name: str, texts: list[str], long_name: str) -> None:
        dimension, values = f"{name}_length", characters(texts)
        self._dataset.createDimension(dimension, values.shape[1])
        self._write(name, ("radar", dimension), values, {"long_name": long_name})

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
            values = filled(values)
        if "x" in dimensions[1:]:
            shape = (1,) * (len(dimensions) - 2) + values.shape[-2:]  # a level is read together
            options |= {**self._deflate, "chunksizes": shape}
        target = self._dataset.createVariable(name, values.dtype, dimensions, **options)
        target.set_auto_maskandscale(False)
        target.setncatts(about)
        target[...] = values


_AXES = {
    "x": {
        "standard_name": "projection_x_coordinate",
        "long_name": "distance east of the origin",
    },
    "y": {
        "standard_name": "projection_y_coordinate",
        "long_name": "distance north of the origin",
    },
    "z": {
        "standard_name": "altitude",
        "long_name": "height above mean sea level",
        "positive": "up",
    },
}
_SITE = {"latitude_deg": "degrees_north", "longitude_deg": "degrees_east", "altitude_m": "m"}


def _projection(grid: RadarGrid) -> dict[str, Any]:
    latitude_deg, longitude_deg = grid.origin_deg
    return {
        "grid_mapping_name": _MAPPING,
        "latitude_of_projection_origin": latitude_deg,
        "longitude_of_projection_origin": longitude_deg,
        "false_easting": 0.0,
        "false_northing": 0.0,
        "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563,
    }


def _global_attributes(grid: RadarGrid) -> dict[str, Any]:
    names = ", ".join(radar.name for radar in grid.radars)
    return {
        "Conventions": "CF-1.10",
        "title": f"Weather radar on a grid, {grid.slot:%Y-%m-%d %H:%M} UTC: {names}",
        "institution": "SINARAME, the Argentine national weather-radar network",
        "source": f"weather radars {names}, SINARAME BUFR",
        "history": f"Headrace {__version__}: volumes decoded from SINARAME BUFR, put on a grid by"
        " Py-ART",
        "references": "https://cfconventions.org; Helmus and Collis 2016, doi:10.5334/jors.119",
        "comment": _COMMENT,
        "slot_start": f"{grid.slot:%Y-%m-%dT%H:%M:%SZ}",
        "slot_minutes": np.int32(grid.slot_minutes),
        **grid.how,
    }
