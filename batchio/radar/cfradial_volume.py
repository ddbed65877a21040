"""Makes a radar volume again of what was read from a CF/Radial file of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from batchio.errors import InputError
from batchio.netcdf import FILL_VALUE
from batchio.radar.cfradial_model import SHIFT_ATTRIBUTES, Variable
from batchio.radar.volume import DerivedField, RangeShift, SourceFile, Sweep, Volume


def read_attributes(dataset: netCDF4.Dataset) -> dict[str, Any]:
    """Returns the global attributes of a file.

    Raises:
        InputError: Something else than Headrace wrote the file.
    """
    about = {name: dataset.getncattr(name) for name in dataset.ncattrs()}
    if "volume_id" not in about:
        cause, path = "Headrace did not write this file", dataset.filepath()
        raise InputError(cause, path=path, step="read CF/Radial", action="use xradar")
    return about


def read_variables(group: netCDF4.Dataset) -> dict[str, Variable]:
    """Returns the variables of a file or of one of its groups."""
    return {name: _read(variable) for name, variable in group.variables.items()}


def _read(variable: netCDF4.Variable[Any]) -> Variable:
    variable.set_auto_mask(False)
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    values: NDArray[Any] = np.asarray(variable[...])
    if attributes.pop("_FillValue", None) is not None:
        values[values == FILL_VALUE] = np.nan
    return Variable(variable.dimensions, values, attributes)


def to_volume(about: Mapping[str, Any], variables: Mapping[str, Variable]) -> Volume:
    """Returns the volume that these attributes and variables, named as in 1.4, describe."""
    derived = _listed(about, "derived_fields")
    fields = [name for name in _listed(about, "field_names") if name not in derived]
    files = zip(_listed(about, "input_files"), _listed(about, "input_sha256"), strict=True)
    spacing = variables["range"].attributes
    return Volume(
        volume_id=about["volume_id"],
        radar=about["instrument_name"],
        strategy=about["scan_name"],
        volume_number=about["volume_id"].split("_")[2],
        latitude_deg=float(variables["latitude"].data),
        longitude_deg=float(variables["longitude"].data),
        altitude_m=float(variables["altitude"].data),
        sweeps=_to_sweeps(variables),
        time_s=variables["time"].data,
        azimuth_deg=variables["azimuth"].data,
        elevation_deg=variables["elevation"].data,
        not_radiated=variables["ray_not_radiated"].data.astype(np.bool_),
        bin_size_m=int(spacing["meters_between_gates"]),
        bin_offset_m=int(spacing["meters_to_start_of_first_gate"]),
        n_gates=len(variables["range"].data),
        reference=about["range_reference_field"],
        fields={name: variables[name].data for name in fields},
        shifts=_to_shifts({name: variables[name].attributes for name in fields}),
        derived={name: _to_derived(variables[name]) for name in derived},
        undetect=variables["undetect"].data if "undetect" in variables else None,
        inputs=tuple(SourceFile(*each) for each in files),
        missing_fields=_listed(about, "missing_fields"),
        notes=_listed(about, "notes", "\n"),
    )


def _to_sweeps(variables: Mapping[str, Variable]) -> tuple[Sweep, ...]:
    since = variables["time"].attributes["units"].split()[-1]
    start = datetime.fromisoformat(since.replace("Z", "+00:00"))
    times = (
        [start + timedelta(seconds=seconds) for seconds in variables[name].data.tolist()]
        for name in ("sweep_start_time", "sweep_end_time")
    )
    # The BUFR files state angles in hundredths of a degree; here they are float32.
    angles_deg = [round(angle_deg, 2) for angle_deg in variables["fixed_angle"].data.tolist()]
    names = ("sweep_start_ray_index", "sweep_end_ray_index", "sweep_n_gates")
    numbers = (variables[name].data.tolist() for name in names)
    return tuple(Sweep(*each) for each in zip(*times, angles_deg, *numbers, strict=True))


def _to_derived(variable: Variable) -> DerivedField:
    attributes = {k: v for k, v in variable.attributes.items() if k != "coordinates"}
    return DerivedField(variable.data, attributes)


def _to_shifts(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, RangeShift]:
    shifts = {}
    for field, about in attributes.items():
        if SHIFT_ATTRIBUTES[0] in about:
            lists = (np.atleast_1d(about[name]).tolist() for name in SHIFT_ATTRIBUTES)
            shifts[field] = RangeShift(*map(tuple, lists))
    return shifts


def _listed(about: Mapping[str, str], name: str, separator: str = ", ") -> tuple[str, ...]:
    return tuple(about[name].split(separator)) if name in about else ()
