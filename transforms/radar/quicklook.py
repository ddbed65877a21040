"""Pictures of a volume: fields of a sweep as PNG, and as GeoTIFF where that is asked for.

Matplotlib and rasterio are extras (``headrace[plots]``, ``headrace[geotiff]``): each is imported
for the first picture of its kind, and matplotlib never with its global state (pyplot).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from batchio.errors import CannotRun, UsageError, doing
from batchio.output import Output, OutputRoot
from batchio.radar.cfradial_model import cell_variable
from batchio.radar.volume import Volume
from transforms.radar.field_colours import PICTURED
from transforms.radar.plan_view import cells_of_grid, reach_m, take_cells

USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Quicklook:
    """Which pictures are made of each volume.

    Attributes:
        fields: Their names; `usual` is the volume's first, DBZH if it is there.
        sweep: Number of the sweep, from 0, the lowest.
        geotiff: Whether each is also made as a GeoTIFF.
    """

    fields: tuple[str, ...]
    sweep: int = 0
    geotiff: bool = False

    def __post_init__(self) -> None:
        for name in self.fields:
            if name != USUAL and name not in PICTURED:
                raise _unknown(name)

    @property
    def setting(self) -> str:
        """What tells these pictures from others: words without `;` and `=`."""
        names = "+".join(sorted(set(self.fields)))
        return f"{names}@{self.sweep}{' geotiff' if self.geotiff else ''}"

    def wanted(self, volume: Volume) -> tuple[list[str], list[str]]:
        """Returns the fields to draw, each once, and those that the volume has not.

        A volume that has not got the sweep has none of the fields.
        """
        there = [*volume.fields, *volume.derived]
        names = list(dict.fromkeys(there[0] if name == USUAL else name for name in self.fields))
        drawn = there if self.sweep < len(volume.sweeps) else []
        return [n for n in names if n in drawn], [n for n in names if n not in drawn]

    def draw(self, volume: Volume, names: Iterable[str], output: OutputRoot) -> list[Output]:
        """Writes the pictures of these fields, all of which the volume has."""
        from transforms.radar.quicklook_figure import draw_sweep

        outputs = []
        for name in names:
            file = f"{volume.volume_id}_{name}"
            with doing("draw", output.path(f"{file}.png")):
                picture = partial(draw_sweep, volume, name, self.sweep)
                outputs.append(output.write(f"{file}.png", picture))
                if self.geotiff:
                    raster = partial(_write_raster, volume, name, self.sweep)
                    outputs.append(output.write(f"{file}.tif", raster))
        return outputs


def require_drawing(quicklook: Quicklook) -> None:
    """Raises CannotRun if there is nothing to make these pictures with."""
    needs = {"plots": ("matplotlib", "transforms.radar.quicklook_figure")}
    if quicklook.geotiff:
        needs["geotiff"] = ("rasterio", "batchio.radar.geotiff")
    for extra, (package, module) in needs.items():
        try:
            import_module(module)
        except ImportError as error:
            raise CannotRun(
                f"pictures need {package}",
                step="preflight",
                action=f"pip install 'headrace[{extra}]'",
            ) from error


def _write_raster(volume: Volume, name: str, number: int, path: Path) -> None:
    """Writes a sweep of a field as a GeoTIFF whose pixels are as wide as a gate is long."""
    from batchio.radar.geotiff import Raster, write_geotiff

    sweep = volume.sweeps[number]
    pixels = 2 * int(np.ceil(reach_m(volume, sweep) / volume.bin_size_m))
    cells = cells_of_grid(volume, sweep, volume.bin_size_m, pixels)
    field = cell_variable(volume, name)
    attributes = field.attributes
    raster = Raster(
        take_cells(field.data, cells),
        float(volume.bin_size_m),
        volume.latitude_deg,
        volume.longitude_deg,
        name,
        attributes.get("units", ""),
        {
            "volume": volume.volume_id,
            "sweep": str(number),
            "elevation_degrees": f"{sweep.fixed_angle_deg:g}",
            "start": f"{sweep.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{sweep.end:%Y-%m-%dT%H:%M:%SZ}",
        },
    )
    write_geotiff(raster, path)


def _unknown(name: str) -> UsageError:
    close = difflib.get_close_matches(name.upper(), PICTURED, n=1, cutoff=0.4)
    action = f"did you mean {close[0]}?" if close else f"fields are {', '.join(PICTURED)}"
    return UsageError(f"--quicklook: the field {name} is unknown", action=action)
