"""CfRadial2 NetCDF: one radar volume a file, one group a sweep, each with gates of its own.

The names are those of CfRadial 2.0, on which WMO's FM 301 is built. Rays lie by azimuth, as in
``batchio.radar.cfradial``, and equal volumes give equal bytes too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from batchio.netcdf import DEFAULT_COMPRESSION, NETCDF_LOCK
from batchio.radar.cfradial import write_cells
from batchio.radar.cfradial_model import (
    CELLS,
    SHIFT_ATTRIBUTES,
    Variable,
    cell_variables,
    geometry_variables,
    global_attributes,
)
from batchio.radar.cfradial_volume import read_attributes, read_variables, to_volume
from batchio.radar.volume import Sweep, Volume

_NAMES = {"fixed_angle": "sweep_fixed_angle", "ray_angle_res": "rays_angle_resolution"}
_NAMES_OF_1 = {new: old for old, new in _NAMES.items()}
_SIZES = {"sweep_start_ray_index", "sweep_end_ray_index", "sweep_n_gates"}  # a group has its own
_TEXTS = {
    "platform_type": ("fixed", "type of the platform"),
    "instrument_type": ("radar", "type of the instrument"),
}


def write_cfradial2(
    volume: Volume, path: Path | str, *, compression: int = DEFAULT_COMPRESSION
) -> None:
    """Writes the volume to a new file at ``path``; cells beyond a sweep's own gates are left out.

    Args:
        volume: What to write.
        path: A local file; one that exists is replaced.
        compression: Deflate level, 0 (none) to 9.
    """
    geometry = geometry_variables(volume)
    with NETCDF_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4") as dataset:
        dataset.setncatts(global_attributes(volume, "2.0"))
        dataset.createDimension("sweep", len(volume.sweeps))
        for name, variable in _root_variables(geometry).items():
            _write(dataset, name, variable)
        for number, sweep in enumerate(volume.sweeps):
            group = dataset.createGroup(f"sweep_{number}")
            shape = sweep.last_ray - sweep.first_ray + 1, sweep.n_gates
            for dimension, size in zip(CELLS, shape, strict=True):
                group.createDimension(dimension, size)
            for name, variable in _sweep_variables(geometry, number, sweep).items():
                _write(group, name, variable)
            for name, variable in cell_variables(volume):
                write_cells(group, name, _cut(variable, number, sweep), shape, compression)


def _root_variables(geometry: Mapping[str, Variable]) -> dict[str, Variable]:
    n_sweeps = len(geometry["sweep_number"].data)
    groups = np.array([f"sweep_{number}" for number in range(n_sweeps)])
    return {
        **{name: variable for name, variable in geometry.items() if not variable.dimensions},
        **{name: _text(*each) for name, each in _TEXTS.items()},
        "sweep_group_name": Variable(("sweep",), groups, {"long_name": "group of the sweep"}),
        "sweep_fixed_angle": geometry["fixed_angle"],
    }


def _text(text: str, long_name: str) -> Variable:
    return Variable((), np.array(text), {"long_name": long_name})


def _sweep_variables(
    geometry: Mapping[str, Variable], number: int, sweep: Sweep
) -> dict[str, Variable]:
    own = {
        _NAMES.get(name, name): _cut(variable, number, sweep)
        for name, variable in geometry.items()
        if variable.dimensions and name not in _SIZES
    }
    return {**own, "follow_mode": _text("none", "what the antenna follows")}


def _cut(variable: Variable, number: int, sweep: Sweep) -> Variable:
    """Returns the part of a variable of the volume that is the sweep's."""
    parts: dict[str, Any] = {
        "time": slice(sweep.first_ray, sweep.last_ray + 1),
        "range": slice(sweep.n_gates),
        "sweep": number,
    }
    place = tuple(parts[dimension] for dimension in variable.dimensions)
    attributes = {
        name: value[number] if name in SHIFT_ATTRIBUTES else value
        for name, value in variable.attributes.items()
    }
    dimensions = tuple(each for each in variable.dimensions if each != "sweep")
    return Variable(dimensions, np.asarray(variable.data[place]), attributes)


def _write(group: netCDF4.Dataset, name: str, variable: Variable) -> None:
    text = variable.data.dtype.kind == "U"
    kind = str if text else variable.data.dtype
    # Not deflated: what has no more than a value a ray would take more room in chunks.
    target = group.createVariable(name, kind, variable.dimensions)
    target.setncatts(variable.attributes)
    target[...] = variable.data.astype(object) if text else variable.data


def read_cfradial2(path: Path | str) -> Volume:
    """Returns the volume of a file that ``write_cfradial2`` wrote.

    Gates that a sweep does not have are NaN in its fields, and 0 in flags.

    Raises:
        InputError: Something else wrote the file.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path) as dataset:
        about, root = read_attributes(dataset), read_variables(dataset)
        sweeps = [read_variables(dataset[name]) for name in root["sweep_group_name"].data]
    return to_volume(about, {**root, **_sizes(sweeps), **dict(_join_all(sweeps))})


def _sizes(sweeps: Sequence[Mapping[str, Variable]]) -> dict[str, Variable]:
    n_rays = np.array([len(sweep["time"].data) for sweep in sweeps])
    n_gates = np.array([len(sweep["range"].data) for sweep in sweeps])
    ends = np.cumsum(n_rays)
    sizes = {
        "sweep_start_ray_index": ends - n_rays,
        "sweep_end_ray_index": ends - 1,
        "sweep_n_gates": n_gates,
    }
    return {name: Variable(("sweep",), values, {}) for name, values in sizes.items()}


def _join_all(sweeps: Sequence[Mapping[str, Variable]]) -> Iterator[tuple[str, Variable]]:
    n_gates = max(len(sweep["range"].data) for sweep in sweeps)
    for name in sweeps[0]:
        yield _NAMES_OF_1.get(name, name), _join([sweep[name] for sweep in sweeps], n_gates)


def _join(parts: Sequence[Variable], n_gates: int) -> Variable:
    dimensions, first = parts[0].dimensions, parts[0].attributes
    values = [part.data for part in parts]
    if dimensions == CELLS:
        shifts = {
            name: [part.attributes[name] for part in parts]
            for name in SHIFT_ATTRIBUTES
            if name in first
        }
        whole = np.concatenate([_lengthen(each, n_gates) for each in values])
        return Variable(CELLS, whole, {**first, **shifts})
    if dimensions == ("range",):
        return Variable(dimensions, max(values, key=len), first)
    if dimensions == ("time",):
        return Variable(dimensions, np.concatenate(values), first)
    return Variable(("sweep",), np.stack(values), first)


def _lengthen(values: NDArray[Any], n_gates: int) -> NDArray[Any]:
    missing = np.nan if values.dtype == np.float32 else 0
    added = n_gates - values.shape[1]
    return np.pad(values, ((0, 0), (0, added)), constant_values=missing)
