"""Makes the grid of a time slot from the files of its volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from batchio.errors import doing
from batchio.fileset import local_copy
from batchio.output import OutputRoot
from batchio.radar.formats import read_volume
from batchio.radar.grid_netcdf import RadarGrid, write_radar_grid
from batchio.radar.volume import Volume
from transforms.radar.grid_choice import PREFIX, GridChoice
from transforms.radar.make_volume import MakeVolume
from transforms.units import Made, Unit


@dataclass(frozen=True, slots=True)
class MakeGrid:
    """Makes the NetCDF file of a time slot under the output root.

    Attributes:
        output: The root of all outputs.
        choice: What the grid shall be like.
        compression: Deflate level.
        retries: How often storage is asked again.
    """

    output: OutputRoot
    choice: GridChoice
    compression: int = 1
    retries: int = 3

    def __call__(self, unit: Unit) -> Made:
        """Returns what was made."""
        volumes = [self._read(path) for path in unit.details["volumes"].values()]
        with doing("grid"):
            slot = unit.unit_id.removeprefix(PREFIX)
            grid = _gridding()(volumes, slot, self.choice)
        write = partial(write_radar_grid, grid, compression=self.compression)
        output = self.output.write(f"{unit.unit_id}.nc", write)
        cells = next(iter(grid.fields.values())).values.size
        return Made(outputs=(output,), metrics={"radars": len(volumes), "cells": cells})

    def _read(self, path: str) -> Volume:
        """Returns what of a volume is put on the grid; the rest would only take memory."""
        with doing("read volume", path), TemporaryDirectory(prefix="headrace-grid-") as copies:
            volume = read_volume(local_copy(path, Path(copies), retries=self.retries))
        wanted = self.choice.fields
        return replace(
            volume,
            fields={each: volume.fields[each] for each in wanted if each in volume.fields},
            derived={each: volume.derived[each] for each in wanted if each in volume.derived},
            undetect=None,
        )


@dataclass(frozen=True, slots=True)
class RadarWork:
    """Works a volume, or a grid from volumes; one function, so that one pool does both."""

    make_volume: MakeVolume
    make_grid: MakeGrid

    def __call__(self, unit: Unit) -> Made:
        """Works a unit."""
        return self.make_volume(unit) if unit.files else self.make_grid(unit)


def _gridding() -> Callable[[Sequence[Volume], str, GridChoice], RadarGrid]:
    from transforms.radar.grid import grid_volumes  # imports Py-ART, which takes seconds

    return grid_volumes
