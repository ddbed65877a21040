"""CF/Radial 1.4 NetCDF: one radar volume a file, one chunk a sweep.

Equal volumes give equal bytes: nothing of the clock, the host or the path enters the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from batchio.cfradial_model import (
    STRING_LENGTH,
    Variable,
    field_attributes,
    geometry_variables,
    global_attributes,
)
from batchio.errors import InputError
from batchio.netcdf import DEFAULT_COMPRESSION, FILL_VALUE, NETCDF_LOCK, deflate, filled
from batchio.radar_volume import RangeShift, SourceFile, Sweep, Volume


def write_cfradial(
    volume: Volume, path: Path | str, *, compression: int = DEFAULT_COMPRESSION
) -> None:
    """Writes the volume to a new file at ``path``.

    Args:
        volume: What to write.
        path: A local file; one that exists is replaced.
        compression: Deflate level, 0 (none) to 9.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as dataset:
        dataset.setncatts(global_attributes(volume))
        dataset.createDimension("time", len(volume.time_s))
        dataset.createDimension("range", volume.n_gates)
        dataset.createDimension("sweep", len(volume.sweeps))
        dataset.createDimension("string_length", STRING_LENGTH)
        for name, variable in geometry_variables(volume).items():
            _write_geometry(dataset, name, variable, compression)
        for name in volume.fields:
            _write_field(dataset, volume, name, compression)


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


def _write_field(dataset: netCDF4.Dataset, volume: Volume, name: str, compression: int) -> None:
    rays_a_sweep = max(sweep.last_ray - sweep.first_ray + 1 for sweep in volume.sweeps)
    target = dataset.createVariable(
        name,
        np.float32,
        ("time", "range"),
        chunksizes=(rays_a_sweep, volume.n_gates),
        fill_value=FILL_VALUE,
        **deflate(compression),
    )
    target.set_auto_maskandscale(False)
    target.setncatts(field_attributes(volume, name))
    target[:] = filled(volume.fields[name])


def read_cfradial(path: Path | str) -> Volume:
    """Returns the volume of a file that ``write_cfradial`` wrote.

    Raises:
        InputError: Something else wrote the file.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path) as dataset:
        dataset.set_auto_mask(False)
        about = {name: dataset.getncattr(name) for name in dataset.ncattrs()}
        if "volume_id" not in about:
            cause = "Headrace did not write this file"
            raise InputError(cause, path=str(path), step="read CF/Radial", action="use xradar")
        fields = {name: dataset[name] for name in about["field_names"].split(", ")}
        files = zip(_listed(about, "input_files"), _listed(about, "input_sha256"), strict=True)
        return Volume(
            volume_id=about["volume_id"],
            radar=about["instrument_name"],
            strategy=about["scan_name"],
            volume_number=about["volume_id"].split("_")[2],
            latitude_deg=float(dataset["latitude"][...]),
            longitude_deg=float(dataset["longitude"][...]),
            altitude_m=float(dataset["altitude"][...]),
            sweeps=_read_sweeps(dataset),
            time_s=dataset["time"][:],
            azimuth_deg=dataset["azimuth"][:],
            elevation_deg=dataset["elevation"][:],
            not_radiated=dataset["ray_not_radiated"][:].astype(np.bool_),
            bin_size_m=int(dataset["range"].meters_between_gates),
            bin_offset_m=int(dataset["range"].meters_to_start_of_first_gate),
            n_gates=len(dataset["range"]),
            reference=about["range_reference_field"],
            fields={name: _read_values(variable) for name, variable in fields.items()},
            shifts=_read_shifts(fields),
            inputs=tuple(SourceFile(*each) for each in files),
            missing_fields=_listed(about, "missing_fields"),
            notes=_listed(about, "notes", "\n"),
        )


def _read_sweeps(dataset: netCDF4.Dataset) -> tuple[Sweep, ...]:
    start = datetime.fromisoformat(dataset["time"].units.split()[-1].replace("Z", "+00:00"))
    times = (
        [start + timedelta(seconds=seconds) for seconds in dataset[name][:].tolist()]
        for name in ("sweep_start_time", "sweep_end_time")
    )
    # The BUFR files state angles in hundredths of a degree; here they are float32.
    angles_deg = [round(angle_deg, 2) for angle_deg in dataset["fixed_angle"][:].tolist()]
    rays = (dataset[f"sweep_{which}_ray_index"][:].tolist() for which in ("start", "end"))
    return tuple(Sweep(*each) for each in zip(*times, angles_deg, *rays, strict=True))


def _read_values(variable: netCDF4.Variable[Any]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = variable[:]
    values[values == FILL_VALUE] = np.nan
    return values


def _read_shifts(fields: Mapping[str, netCDF4.Variable[Any]]) -> dict[str, RangeShift]:
    names = ("range_shift_gates", "range_shift_residual_m")
    shifts = {}
    for field, variable in fields.items():
        if names[0] in variable.ncattrs():
            lists = (np.atleast_1d(variable.getncattr(name)).tolist() for name in names)
            shifts[field] = RangeShift(*map(tuple, lists))
    return shifts


def _listed(about: Mapping[str, str], name: str, separator: str = ", ") -> tuple[str, ...]:
    return tuple(about[name].split(separator)) if name in about else ()
