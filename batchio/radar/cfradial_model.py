"""What CF/Radial calls each part of a radar volume: the names of 1.4, which CfRadial2 shares.

Format: https://github.com/NCAR/CfRadial, document CfRadialDoc.v1.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchio.radar.sinarame import FIELDS, UNDETECT_BITS
from batchio.radar.volume import Volume
from batchio.version import __version__

STRING_LENGTH = 32
CELLS = ("time", "range")  # the dimensions of fields
SHIFT_ATTRIBUTES = ("range_shift_gates", "range_shift_residual_m")  # a value a sweep
_COORDINATES = "elevation azimuth range"
_COMMENT = (
    "Rays lie by azimuth, clockwise from north: ray i of a sweep covers [i, i + 1) x 360 / rays"
    " degrees, and azimuth holds its centre. range holds the centre of each bin: offset"
    " + (j + 0.5) x size, offset being the start of the first bin as the input states it."
    " Ray times are inferred from the start and end of the sweep and the ray radiated first."
    " Cells that were not radiated or in which nothing was detected hold _FillValue; the bits of"
    " undetect tell in which nothing was detected."
)
_UNDETECT_COMMENT = (
    "A bit is set where the radar radiated and detected nothing in that field. A missing value of a"
    " field without its bit is nodata: not radiated, outside the gates of the field, or not a"
    " number in the input."
)
# The variables of a file beside its fields: dimensions, and the attributes all volumes share.
_GEOMETRY: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "volume_number": ((), {"long_name": "volume number"}),
    "time_coverage_start": (
        (),
        {"long_name": "UTC time of the start of the first sweep"},
    ),
    "time_coverage_end": (
        (),
        {"long_name": "UTC time of the end of the last sweep"},
    ),
    "latitude": (
        (),
        {
            "standard_name": "latitude",
            "long_name": "latitude of the radar",
            "units": "degrees_north",
        },
    ),
    "longitude": (
        (),
        {
            "standard_name": "longitude",
            "long_name": "longitude of the radar",
            "units": "degrees_east",
        },
    ),
    "altitude": (
        (),
        {
            "standard_name": "altitude",
            "long_name": "altitude of the radar above mean sea level",
            "units": "meters",
            "positive": "up",
        },
    ),
    "time": (
        ("time",),
        {"standard_name": "time", "long_name": "time of the ray since the start of the volume"},
    ),
    "range": (
        ("range",),
        {
            "standard_name": "projection_range_coordinate",
            "long_name": "range to the centre of the bin",
            "units": "meters",
            "axis": "radial_range_coordinate",
            "spacing_is_constant": "true",
        },
    ),
    "azimuth": (
        ("time",),
        {
            "standard_name": "ray_azimuth_angle",
            "long_name": "azimuth of the centre of the ray, clockwise from true north",
            "units": "degrees",
            "axis": "radial_azimuth_coordinate",
        },
    ),
    "elevation": (
        ("time",),
        {
            "standard_name": "ray_elevation_angle",
            "long_name": "elevation of the ray above the horizontal",
            "units": "degrees",
            "axis": "radial_elevation_coordinate",
            "positive": "up",
        },
    ),
    "antenna_transition": (
        ("time",),
        {"long_name": "1 if the antenna is between two sweeps, 0 if not"},
    ),
    "ray_not_radiated": (
        ("time",),
        {"long_name": "1 if the radar did not radiate the ray, 0 if it did"},
    ),
    "sweep_number": (("sweep",), {"long_name": "number of the sweep, from 0"}),
    "sweep_mode": (("sweep",), {"long_name": "scan mode of the sweep"}),
    "fixed_angle": (
        ("sweep",),
        {"long_name": "target elevation of the sweep", "units": "degrees"},
    ),
    "sweep_start_ray_index": (
        ("sweep",),
        {"long_name": "index of the first ray of the sweep, from 0"},
    ),
    "sweep_end_ray_index": (
        ("sweep",),
        {"long_name": "index of the last ray of the sweep, inclusive"},
    ),
    "sweep_n_gates": (
        ("sweep",),
        {"long_name": "number of gates up to the last one that a field of the sweep has"},
    ),
    "sweep_start_time": (("sweep",), {"long_name": "start of the sweep"}),
    "sweep_end_time": (("sweep",), {"long_name": "end of the sweep"}),
    "rays_are_indexed": (
        ("sweep",),
        {"long_name": "whether the rays lie at regular angles"},
    ),
    "ray_angle_res": (("sweep",), {"long_name": "angle between rays", "units": "degrees"}),
}


class Variable(NamedTuple):
    """A variable of a file, apart from the file: text is `str`, a value that is missing NaN."""

    dimensions: tuple[str, ...]
    data: NDArray[Any]
    attributes: dict[str, Any]


def global_attributes(volume: Volume, version: str) -> dict[str, Any]:
    """Returns the global attributes of the volume's file in that version of CF/Radial."""
    label = f"strategy {volume.strategy}, volume {volume.volume_number}"
    attributes: dict[str, Any] = {
        "Conventions": "CF/Radial CF-1.7",
        "version": version,
        "title": f"Weather radar {volume.radar}, {label}, {_iso(volume.start)}",
        "institution": "SINARAME, the Argentine national weather-radar network",
        "references": f"CF/Radial {version}: https://github.com/NCAR/CfRadial",
        "source": f"weather radar {volume.radar}, SINARAME BUFR, one file a field",
        "history": f"Headrace {__version__}: fields decoded from SINARAME BUFR,"
        f" put on one range axis, written as CF/Radial {version}",
        "comment": _COMMENT,
        "instrument_name": volume.radar,
        "site_name": volume.radar,
        "scan_name": volume.strategy,
        "scan_id": np.int32(volume.strategy),
        "platform_is_mobile": "false",
        "n_gates_vary": "false" if version == "1.4" else "",
        "ray_times_increase": "false",
        "field_names": ", ".join((*volume.fields, *volume.derived)),
        "derived_fields": ", ".join(volume.derived),
        "volume_id": volume.volume_id,
        "range_reference_field": volume.reference,
        "input_files": ", ".join(source.name for source in volume.inputs),
        "input_sha256": ", ".join(source.sha256 for source in volume.inputs),
        "missing_fields": ", ".join(volume.missing_fields),
        "notes": "\n".join(volume.notes),
    }
    return {name: value for name, value in attributes.items() if value != ""}


def geometry_variables(volume: Volume) -> dict[str, Variable]:
    """Returns the variables of the volume's file that are along one dimension, or none."""
    data = {**_volume_data(volume), **_ray_data(volume), **_sweep_data(volume)}
    since = {"units": f"seconds since {_iso(volume.start)}", "calendar": "standard"}
    spacing = {
        "meters_to_center_of_first_gate": volume.range_m[0],
        "meters_between_gates": np.float32(volume.bin_size_m),
        "meters_to_start_of_first_gate": np.float32(volume.bin_offset_m),
    }
    own: dict[str, dict[str, Any]] = {
        **dict.fromkeys(("time", "sweep_start_time", "sweep_end_time"), since),
        "range": spacing,
    }
    return {
        name: Variable(dimensions, data[name], {**attributes, **own.get(name, {})})
        for name, (dimensions, attributes) in _GEOMETRY.items()
    }


def _volume_data(volume: Volume) -> dict[str, NDArray[Any]]:
    return {
        "volume_number": np.array(int(volume.volume_number), np.int32),
        "time_coverage_start": np.array(_iso(volume.start)),
        "time_coverage_end": np.array(_iso(volume.end)),
        "latitude": np.array(volume.latitude_deg),
        "longitude": np.array(volume.longitude_deg),
        "altitude": np.array(float(volume.altitude_m)),
        "range": volume.range_m,
    }


def _ray_data(volume: Volume) -> dict[str, NDArray[Any]]:
    return {
        "time": volume.time_s,
        "azimuth": volume.azimuth_deg,
        "elevation": volume.elevation_deg,
        "antenna_transition": np.zeros(len(volume.time_s), np.int8),
        "ray_not_radiated": volume.not_radiated.astype(np.int8),
    }


def _sweep_data(volume: Volume) -> dict[str, NDArray[Any]]:
    sweeps, start = volume.sweeps, volume.start
    first = np.array([sweep.first_ray for sweep in sweeps], np.int32)
    last = np.array([sweep.last_ray for sweep in sweeps], np.int32)
    n_rays = last - first + 1
    return {
        "sweep_number": np.arange(len(sweeps), dtype=np.int32),
        "sweep_mode": np.full(len(sweeps), "azimuth_surveillance"),
        "fixed_angle": np.array([sweep.fixed_angle_deg for sweep in sweeps], np.float32),
        "sweep_start_ray_index": first,
        "sweep_end_ray_index": last,
        "sweep_n_gates": np.array([sweep.n_gates for sweep in sweeps], np.int32),
        "sweep_start_time": np.array([(s.start - start).total_seconds() for s in sweeps]),
        "sweep_end_time": np.array([(s.end - start).total_seconds() for s in sweeps]),
        "rays_are_indexed": np.full(len(sweeps), "true"),
        "ray_angle_res": (360.0 / n_rays).astype(np.float32),
    }


def cell_variables(volume: Volume) -> Iterator[tuple[str, Variable]]:
    """Yields the variables (time, range) by name: fields, derived fields, `undetect`."""
    for name, values in volume.fields.items():
        yield name, Variable(CELLS, values, _field_attributes(volume, name))
    for name, field in volume.derived.items():
        yield name, _cells(field.values, field.attributes)
    if volume.undetect is not None:
        yield "undetect", _cells(volume.undetect, _undetect_attributes(volume))


def cell_variable(volume: Volume, name: str) -> Variable:
    """Returns one of them."""
    return dict(cell_variables(volume))[name]


def _cells(values: NDArray[Any], attributes: Mapping[str, Any]) -> Variable:
    return Variable(CELLS, values, {**attributes, "coordinates": _COORDINATES})


def _undetect_attributes(volume: Volume) -> dict[str, Any]:
    return {
        "long_name": "fields in which nothing was detected",
        "standard_name": "status_flag",
        "flag_masks": np.array([UNDETECT_BITS[field] for field in volume.fields], np.int16),
        "flag_meanings": " ".join(volume.fields),
        "comment": _UNDETECT_COMMENT,
    }


def _field_attributes(volume: Volume, name: str) -> dict[str, Any]:
    info = FIELDS[name]
    attributes: dict[str, Any] = {"long_name": info.long_name, "units": info.unit}
    if info.standard_name:
        attributes["standard_name"] = info.standard_name
    attributes["coordinates"] = _COORDINATES
    if info.fold_limits is not None:
        lower, upper = info.fold_limits
        attributes["field_folds"] = "true"
        attributes["fold_limit_lower"] = np.float32(lower)
        attributes["fold_limit_upper"] = np.float32(upper)
    if name in volume.shifts:
        shift = volume.shifts[name]
        gates, residual_m = SHIFT_ATTRIBUTES
        attributes[gates] = np.array(shift.gates, np.int32)
        attributes[residual_m] = np.array(shift.residual_m, np.float32)
    return attributes


def as_characters(variable: Variable) -> Variable:
    """Returns a variable of text as one of characters, as CF/Radial 1.4 has it; others as is."""
    if variable.data.dtype.kind != "U":
        return variable
    texts = variable.data.astype(f"S{STRING_LENGTH}")
    characters = texts.reshape(-1).view("S1").reshape(*texts.shape, STRING_LENGTH)
    return Variable((*variable.dimensions, "string_length"), characters, variable.attributes)


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
