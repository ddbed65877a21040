"""CF/Radial 1.4 NetCDF: one radar volume a file, one chunk a sweep.

Equal volumes give equal bytes: nothing of the clock, the host or the path enters the file.
"""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from batchio.netcdf import DEFAULT_COMPRESSION, FILL_VALUE, NETCDF_LOCK, deflate, filled
from batchio.radar.cfradial_model import (
    CELLS,
    STRING_LENGTH,
    Variable,
    as_characters,
    cell_variables,
    geometry_variables,
    global_attributes,
)
from batchio.radar.cfradial_volume import read_attributes, read_variables, to_volume
from batchio.radar.volume import Volume


def write_cfradial(
    volume: Volume, path: Path | str, *, compression: int = DEFAULT_COMPRESSION
) -> None:
    """Writes the volume to a new file at ``path``.

    Args:
        volume: What to write.
        path: A local file; one that exists is replaced.
        compression: Deflate level, 0 (none) to 9.
    """
    rays_a_sweep = max(sweep.last_ray - sweep.first_ray + 1 for sweep in volume.sweeps)
    with NETCDF_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as dataset:
        dataset.setncatts(global_attributes(volume, "1.4"))
        dataset.createDimension("time", len(volume.time_s))
        dataset.createDimension("range", volume.n_gates)
        dataset.createDimension("sweep", len(volume.sweeps))
        dataset.createDimension("string_length", STRING_LENGTH)
        for name, variable in geometry_variables(volume).items():
            _write_geometry(dataset, name, as_characters(variable), compression)
        for name, variable in cell_variables(volume):
            write_cells(dataset, name, variable, (rays_a_sweep, volume.n_gates), compression)


def _write_geometry(
    dataset: netCDF4.Dataset, name: str, variable: Variable, compression: int
) -> None:
    along_rays = variable.dimensions == ("time",)  # the rest is too short to gain
    target = dataset.createVariable(
        name,
        variable.data.dtype,
        variable.dimensions,
        **(deflate(compression) if along_rays else {}),
    )
    target.setncatts(variable.attributes)
    target[...] = variable.data


def write_cells(
    group: netCDF4.Dataset, name: str, variable: Variable, chunk: tuple[int, int], compression: int
) -> None:
    """Writes a field (time, range) to a file or a group of it that has these dimensions."""
    values = variable.data
    target = group.createVariable(
        name,
        values.dtype,
        CELLS,
        chunksizes=chunk,
        fill_value=FILL_VALUE if values.dtype == np.float32 else None,
        **deflate(compression),
    )
    target.set_auto_maskandscale(False)
    target.setncatts(variable.attributes)
    target[:] = filled(values) if values.dtype == np.float32 else values


def read_cfradial(path: Path | str) -> Volume:
    """Returns the volume of a file that ``write_cfradial`` wrote.

    Raises:
        InputError: Something else wrote the file.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path) as dataset:
        return to_volume(read_attributes(dataset), read_variables(dataset))
