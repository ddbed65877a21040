"""Turns a radar volume into Py-ART's Radar object, for those who go on with Py-ART.

Py-ART is an extra (``headrace[pyart]``) that takes seconds to import; nothing else imports this
module.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from batchio.netcdf import FILL_VALUE
from batchio.radar.cfradial_model import (
    Variable,
    as_characters,
    cell_variables,
    geometry_variables,
    global_attributes,
)
from batchio.radar.volume import Volume

os.environ.setdefault("PYART_QUIET", "1")  # no banner on every import

import pyart as pyart

__all__ = ["pyart", "to_pyart"]

_ARGUMENTS = (
    "time",
    "azimuth",
    "elevation",
    "latitude",
    "longitude",
    "altitude",
    "sweep_number",
    "sweep_mode",
    "fixed_angle",
    "sweep_start_ray_index",
    "sweep_end_ray_index",
    "rays_are_indexed",
    "ray_angle_res",
    "antenna_transition",
)


def to_pyart(volume: Volume) -> pyart.core.Radar:
    """Returns the volume as Py-ART reads it from its CF/Radial file, fields copied."""
    variables = geometry_variables(volume)
    return pyart.core.Radar(
        _range=_to_dict(variables["range"]),
        fields={name: _field_to_dict(variable) for name, variable in cell_variables(volume)},
        metadata={
            **global_attributes(volume, "1.4"),
            "volume_number": int(volume.volume_number),
            "platform_type": "fixed",
            "instrument_type": "radar",
            "primary_axis": "axis_z",
        },
        scan_type="ppi",
        **{name: _to_dict(variables[name]) for name in _ARGUMENTS},
    )


def _to_dict(variable: Variable) -> dict[str, Any]:
    as_stored = as_characters(variable)
    return {**as_stored.attributes, "data": np.atleast_1d(as_stored.data)}


def _field_to_dict(variable: Variable) -> dict[str, Any]:
    values = variable.data.copy()
    if values.dtype != np.float32:  # flags
        return {**variable.attributes, "data": np.ma.array(values)}
    data = np.ma.array(values, mask=np.isnan(values), fill_value=FILL_VALUE)
    return {**variable.attributes, "_FillValue": FILL_VALUE, "data": data}
