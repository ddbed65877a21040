"""Puts radar volumes on a Cartesian grid with Py-ART, one radar after the other.

Py-ART is an extra that takes seconds to import: this module is imported by who makes a grid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchio.errors import InputError
from batchio.radar.cfradial_model import cell_variable
from batchio.radar.grid_netcdf import (
    HAS_VALUE,
    NO_VALUE,
    NOT_OBSERVED,
    GridField,
    GridRadar,
    RadarGrid,
)
from batchio.radar.volume import Volume
from transforms.radar.grid_choice import GridChoice, slot_time
from transforms.radar.pyart import pyart, to_pyart

_MAX_CELLS = 20_000_000  # up to 60 bytes each while a grid is made
_LEAST_SHARE = 0.5
_SHARE = "share"
_OF_A_VOLUME = ("coordinates", "range_shift_gates", "range_shift_residual_m")
_AEQD = {"proj": "aeqd", "ellps": "WGS84"}
_HOW = {
    "gridding": "Py-ART map_gates_to_grid, one radar after the other",
    "weighting_function": "Barnes2: exp(-4 d^2 / r^2) + 1e-5 of gates at distance d within the"
    " radius of influence r; gates without a value do not count",
    "radius_of_influence": "1 degree of the beam: distance from the radar x tan(1 degree), at least"
    " min_radius_of_influence_m",
    "least_share": "a cell has a value where gates with a value have half of the weight of all"
    " gates that the radar has observed, those in which nothing was detected among them",
    "overlap": "mean of the radars that have a value, weighted by 1 / r^2",
    "averaged_as": "the values as they are: reflectivities in dBZ",
}


def grid_volumes(volumes: Sequence[Volume], slot: str, choice: GridChoice) -> RadarGrid:
    """Returns the volumes of one time slot on one grid.

    Args:
        volumes: One a radar; their order does not matter.
        slot: The start of the slot, as in the name of its unit.
        choice: Fields, spacing and extent. What no volume has is left out.

    Raises:
        InputError: The grid would have too many cells.
    """
    ordered = sorted(volumes, key=lambda volume: volume.radar)
    axes = _lay_axes(ordered, choice)
    status = {each.radar: np.full(axes.shape[1:], NOT_OBSERVED, np.int8) for each in ordered}
    fields = {}
    for name in choice.fields:
        having = [volume for volume in ordered if name in (*volume.fields, *volume.derived)]
        if having:
            values = _merge(name, having, axes, status)
            fields[name] = GridField(values, _attributes(having[0], name))
    longitude_deg, latitude_deg = _geographic(axes)
    return RadarGrid(
        slot=slot_time(slot),
        slot_minutes=choice.minutes,
        origin_deg=axes.origin_deg,
        x_m=axes.x_m,
        y_m=axes.y_m,
        z_m=axes.z_m,
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        radars=tuple(map(_grid_radar, ordered)),
        fields=fields,
        status=np.stack([*status.values()]),
        how={**_HOW, "min_radius_of_influence_m": choice.spacing_m},
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Axes:
    """The grid's axes; columns lie at multiples of the spacing from the origin."""

    origin_deg: tuple[float, float]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    z_m: NDArray[np.float64]
    spacing_m: float
    sites_m: Mapping[str, tuple[float, float]]  # x and y of each radar
    radius_m: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.z_m), len(self.y_m), len(self.x_m)

    @property
    def projection(self) -> dict[str, Any]:
        latitude_deg, longitude_deg = self.origin_deg
        return {**_AEQD, "lat_0": latitude_deg, "lon_0": longitude_deg}


def _lay_axes(volumes: Sequence[Volume], choice: GridChoice) -> _Axes:
    origin_deg = choice.origin_deg or middle_deg(volumes)
    projection = {**_AEQD, "lat_0": origin_deg[0], "lon_0": origin_deg[1]}
    sites_m = {each.radar: _site_m(each, projection) for each in volumes}
    radius_m, step_m = choice.radius_km * 1000, choice.spacing_m
    x_m, y_m = (
        np.arange(
            math.floor(round((min(sites) - radius_m) / step_m, 6)),
            math.ceil(round((max(sites) + radius_m) / step_m, 6)) + 1,
        )
        * step_m
        for sites in zip(*sites_m.values(), strict=True)
    )
    cells = len(x_m) * len(y_m) * choice.levels
    if cells > _MAX_CELLS:
        raise InputError(
            f"the grid would have {cells:,} cells, and {_MAX_CELLS:,} are the most",
            step="grid",
            action="give a larger --grid_spacing_m, or fewer --grid_levels",
        )
    z_m = np.linspace(0, choice.top_km * 1000, choice.levels + 1)[1:]
    return _Axes(origin_deg, x_m, y_m, z_m, step_m, sites_m, radius_m)


def middle_deg(volumes: Sequence[Volume]) -> tuple[float, float]:
    """Returns the latitude and longitude half way between the outermost radars."""
    latitudes, longitudes = zip(*((v.latitude_deg, v.longitude_deg) for v in volumes), strict=True)
    return (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2


def _site_m(volume: Volume, projection: Mapping[str, Any]) -> tuple[float, float]:
    x_m, y_m = pyart.core.geographic_to_cartesian(
        np.array([volume.longitude_deg]), np.array([volume.latitude_deg]), projection
    )
    return round(float(x_m[0]), 3), round(float(y_m[0]), 3)


def _geographic(axes: _Axes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x_m, y_m = np.meshgrid(axes.x_m, axes.y_m)
    longitude_deg, latitude_deg = pyart.core.cartesian_to_geographic(x_m, y_m, axes.projection)
    return longitude_deg.astype(np.float32), latitude_deg.astype(np.float32)


def _merge(
    name: str,
    volumes: Sequence[Volume],
    axes: _Axes,
    status: Mapping[str, NDArray[np.int8]],
) -> NDArray[np.float32]:
    """Returns a field of all volumes on the grid, (z, y, x), and notes each radar's status."""
    total = np.zeros(axes.shape, np.float32)
    weights = np.zeros(axes.shape, np.float32)
    for volume in volumes:
        window, rows, columns = _window(volume, axes)
        mapped = _map_gates(volume, name, window)
        there = np.isfinite(mapped.values)
        weight = np.where(there, np.float32(1e6) / mapped.radius_m**2, 0)
        total[:, rows, columns] += np.where(there, mapped.values, 0) * weight
        weights[:, rows, columns] += weight
        seen = np.where(mapped.observed.any(axis=0), np.int8(NO_VALUE), np.int8(NOT_OBSERVED))
        seen[there.any(axis=0)] = HAS_VALUE
        of_radar = status[volume.radar][rows, columns]
        np.maximum(of_radar, seen, out=of_radar)
    with np.errstate(invalid="ignore"):  # no weight: no value
        return np.divide(total, weights, out=total)


def _window(volume: Volume, axes: _Axes) -> tuple[_Axes, slice, slice]:
    """Returns the part of the grid that the radar reaches, and where it lies in the grid."""
    x_m, y_m = axes.sites_m[volume.radar]
    columns, rows = _reach(axes.x_m, x_m, axes.radius_m), _reach(axes.y_m, y_m, axes.radius_m)
    return replace(axes, x_m=axes.x_m[columns], y_m=axes.y_m[rows]), rows, columns


def _reach(axis_m: NDArray[np.float64], site_m: float, radius_m: float) -> slice:
    first, last = np.flatnonzero(np.abs(axis_m - site_m) <= radius_m)[[0, -1]]
    return slice(int(first), int(last) + 1)


class _Mapped(NamedTuple):
    """A field of one radar on the grid, (z, y, x)."""

    values: NDArray[np.float32]  # NaN where there is none
    observed: NDArray[np.bool_]
    radius_m: NDArray[np.float32]  # of influence


def _map_gates(volume: Volume, name: str, axes: _Axes) -> _Mapped:
    """Lets Py-ART put a field on the grid, and beside it 1 where it has a value and 0 elsewhere."""
    radar = to_pyart(_only(volume, name))
    radar.projection = {**_AEQD, "_include_lon_0_lat_0": True}
    data = radar.fields[name]["data"]
    has_value = ~np.ma.getmaskarray(data)
    # A ray counts as observed to the end of the range axis: shorter sweeps end above the weather.
    unseen = np.broadcast_to(volume.not_radiated[:, None], data.shape)
    share = np.ma.array(has_value.astype(np.float32), mask=unseen & ~has_value)
    radar.add_field(_SHARE, {"data": share})
    limits = tuple((axis[0], axis[-1]) for axis in (axes.z_m, axes.y_m, axes.x_m))
    mapped = pyart.map.map_gates_to_grid(
        (radar,),
        axes.shape,
        limits,
        grid_origin=axes.origin_deg,
        grid_origin_alt=0.0,
        grid_projection=axes.projection,
        fields=[name, _SHARE],
        weighting_function="Barnes2",
        roi_func="dist_beam",
        min_radius=axes.spacing_m,
    )
    shares = mapped[_SHARE].filled(-1)
    values = np.where(shares >= _LEAST_SHARE, mapped[name].filled(np.nan), np.float32(np.nan))
    return _Mapped(values, shares >= 0, mapped["ROI"])


def _only(volume: Volume, name: str) -> Volume:
    """Returns the volume with one field alone."""
    return replace(
        volume,
        fields={each: values for each, values in volume.fields.items() if each == name},
        derived={each: field for each, field in volume.derived.items() if each == name},
    )


def _attributes(volume: Volume, name: str) -> dict[str, Any]:
    about = cell_variable(volume, name).attributes
    return {each: value for each, value in about.items() if each not in _OF_A_VOLUME}


def _grid_radar(volume: Volume) -> GridRadar:
    return GridRadar(
        volume.radar,
        volume.volume_id,
        volume.latitude_deg,
        volume.longitude_deg,
        volume.altitude_m,
        volume.start,
        volume.end,
    )
