"""What CF/Radial 1.4 calls each part of a radar volume.

Format: https://github.com/NCAR/CfRadial, document CfRadialDoc.v1.4.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchio.radar_volume import Volume
from batchio.sinarame import FIELDS
from batchio.version import __version__

STRING_LENGTH = 32
_COMMENT = (
    "Rays lie by azimuth, clockwise from north: ray i of a sweep covers [i, i + 1) x 360 / rays"
    " degrees, and azimuth holds its centre. range holds the centre of each bin: offset"
    " + (j + 0.5) x size, offset being the start of the first bin as the input states it."
    " Ray times are inferred from the start and end of the sweep and the ray radiated first."
    " Cells that were not radiated or in which nothing was detected hold _FillValue."
)
# The variables of a file beside its fields: dimensions, and the attributes all volumes share.
_GEOMETRY: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "volume_number": ((), {"long_name": "volume number"}),
    "time_coverage_start": (
        ("string_length",),
        {"long_name": "UTC time of the start of the first sweep"},
    ),
    "time_coverage_end": (
        ("string_length",),
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
    "sweep_mode": (("sweep", "string_length"), {"long_name": "scan mode of the sweep"}),
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
    "sweep_start_time": (("sweep",), {"long_name": "start of the sweep"}),
    "sweep_end_time": (("sweep",), {"long_name": "end of the sweep"}),
    "rays_are_indexed": (
        ("sweep", "string_length"),
        {"long_name": "whether the rays lie at regular angles"},
    ),
    "ray_angle_res": (("sweep",), {"long_name": "angle between rays", "units": "degrees"}),
}


class Variable(NamedTuple):
    """A variable of the file before it is written."""

    dimensions: tuple[str, ...]
    data: NDArray[Any]
    attributes: dict[str, Any]


def global_attributes(volume: Volume) -> dict[str, Any]:
    """Returns the global attributes of the volume's file."""
    label = f"strategy {volume.strategy}, volume {volume.volume_number}"
    attributes: dict[str, Any] = {
        "Conventions": "CF/Radial CF-1.7",
        "version": "1.4",
        "title": f"Weather radar {volume.radar}, {label}, {_iso(volume.start)}",
        "institution": "SINARAME, the Argentine national weather-radar network",
        "references": "CF/Radial 1.4: https://github.com/NCAR/CfRadial",
        "source": f"weather radar {volume.radar}, SINARAME BUFR, one file a field",
        "history": f"Headrace {__version__}: fields decoded from SINARAME BUFR,"
        " put on one range axis, written as CF/Radial 1.4",
        "comment": _COMMENT,
        "instrument_name": volume.radar,
        "site_name": volume.radar,
        "scan_name": volume.strategy,
        "scan_id": np.int32(volume.strategy),
        "platform_is_mobile": "false",
        "n_gates_vary": "false",
        "ray_times_increase": "false",
        "field_names": ", ".join(volume.fields),
        "volume_id": volume.volume_id,
        "range_reference_field": volume.reference,
        "input_files": ", ".join(source.name for source in volume.inputs),
        "input_sha256": ", ".join(source.sha256 for source in volume.inputs),
        "missing_fields": ", ".join(volume.missing_fields),
        "notes": "\n".join(volume.notes),
    }
    return {name: value for name, value in attributes.items() if value != ""}


def geometry_variables(volume: Volume) -> dict[str, Variable]:
    """Returns all variables of the volume's file but the fields."""
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
        "time_coverage_start": _characters(_iso(volume.start)),
        "time_coverage_end": _characters(_iso(volume.end)),
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
        "sweep_mode": np.tile(_characters("azimuth_surveillance"), (len(sweeps), 1)),
        "fixed_angle": np.array([sweep.fixed_angle_deg for sweep in sweeps], np.float32),
        "sweep_start_ray_index": first,
        "sweep_end_ray_index": last,
        "sweep_start_time": np.array([(s.start - start).total_seconds() for s in sweeps]),
        "sweep_end_time": np.array([(s.end - start).total_seconds() for s in sweeps]),
        "rays_are_indexed": np.tile(_characters("true"), (len(sweeps), 1)),
        "ray_angle_res": (360.0 / n_rays).astype(np.float32),
    }


def field_attributes(volume: Volume, name: str) -> dict[str, Any]:
    """Returns the attributes of one field's variable, ``_FillValue`` aside."""
    info = FIELDS[name]
    attributes: dict[str, Any] = {"long_name": info.long_name, "units": info.unit}
    if info.standard_name:
        attributes["standard_name"] = info.standard_name
    attributes["coordinates"] = "elevation azimuth range"
    if info.fold_limits is not None:
        lower, upper = info.fold_limits
        attributes["field_folds"] = "true"
        attributes["fold_limit_lower"] = np.float32(lower)
        attributes["fold_limit_upper"] = np.float32(upper)
    if name in volume.shifts:
        shift = volume.shifts[name]
        attributes["range_shift_gates"] = np.array(shift.gates, np.int32)
        attributes["range_shift_residual_m"] = np.array(shift.residual_m, np.float32)
    return attributes


def _characters(text: str) -> NDArray[np.bytes_]:
    return np.array([text], f"S{STRING_LENGTH}").view("S1")


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
