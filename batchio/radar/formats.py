"""The formats in which a radar volume is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import netCDF4

from batchio.netcdf import NETCDF_LOCK
from batchio.radar.cfradial import read_cfradial, write_cfradial
from batchio.radar.cfradial2 import read_cfradial2, write_cfradial2
from batchio.radar.volume import Volume

RadarFormat = Literal["cfradial1", "cfradial2"]

WRITERS: dict[RadarFormat, Callable[..., None]] = {
    "cfradial1": write_cfradial,
    "cfradial2": write_cfradial2,
}
"""Each takes a volume, a local path and ``compression``."""


def read_volume(path: Path | str) -> Volume:
    """Returns the volume of a file in any of these formats.

    Raises:
        InputError: Something else than Headrace wrote the file.
    """
    with NETCDF_LOCK, netCDF4.Dataset(path) as dataset:
        in_groups = bool(dataset.groups)
    return (read_cfradial2 if in_groups else read_cfradial)(path)
