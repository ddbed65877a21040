"""Reads a file of a radar volume to its last cell, and tells what it was made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import netCDF4

from batchio.errors import InputError
from batchio.netcdf import NETCDF_LOCK
from batchio.radar.volume import SourceFile


class Provenance(NamedTuple):
    """Which volume a file holds, and the files that went into it."""

    volume_id: str
    inputs: frozenset[SourceFile]


def read_provenance(path: Path | str) -> Provenance:
    """Returns the provenance of a CF/Radial file, of either version, if all of it can be read.

    Raises:
        InputError: The file is damaged, or Headrace did not write it; does not name the file.
    """
    try:
        with NETCDF_LOCK, netCDF4.Dataset(path) as dataset:
            for group in _groups(dataset):
                group.set_auto_maskandscale(False)
                for variable in group.variables.values():
                    variable[...]
            names, digests = (
                dataset.getncattr(name).split(", ") for name in ("input_files", "input_sha256")
            )
            inputs = frozenset(map(SourceFile, names, digests))
            return Provenance(dataset.getncattr("volume_id"), inputs)
    except (OSError, RuntimeError) as error:  # a chunk does not inflate, say
        raise InputError(f"cannot be read: {error}") from error
    except AttributeError as error:
        raise InputError(f"does not say what it was made of: {error}") from error


def _groups(group: netCDF4.Dataset) -> Iterator[netCDF4.Dataset]:
    yield group
    for each in group.groups.values():
        yield from _groups(each)
