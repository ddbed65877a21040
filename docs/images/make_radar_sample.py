"""Draws radar-sample.png from what the radar pipeline makes of its samples.

Run::

    python -m pipelines samples radar
    python -m pipelines.radar --input 'samples/radar/**/*' --output out
    python docs/images/make_radar_sample.py out
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import netCDF4
import numpy as np
from matplotlib.axes import Axes
from PIL import Image

POLARIMETRIC = "RMA1_0315_01_20000101T120000Z.nc"
DOPPLER = "RMA1_0315_02_20000101T120430Z.nc"
PICTURE = Path(__file__).with_name("radar-sample.png")
REACH_KM = 140


@dataclass(frozen=True)
class Panel:
    """One field of one sweep, and its colours."""

    file: str
    field: str
    title: str
    sweep: int
    limits: tuple[float, float]
    steps: int
    colours: str
    only_where: str = ""  # this field has a value too


PANELS = (
    Panel(POLARIMETRIC, "DBZH", "reflectivity", 0, (-5, 60), 26, "turbo"),
    Panel(POLARIMETRIC, "ZDR", "differential reflectivity", 2, (-1, 4), 20, "viridis"),
    Panel(POLARIMETRIC, "RHOHV", "copolar correlation", 2, (0.85, 1), 15, "magma", "DBZH"),
    Panel(DOPPLER, "VRAD", "radial velocity", 2, (-14, 14), 28, "RdBu_r"),
)


def draw(folder: Path) -> None:
    """Draws the panels in a row and writes them as an image of 256 colours."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(16, 3.9), layout="constrained")
    for ax, panel in zip(axes, PANELS, strict=True):
        draw_panel(ax, panel, folder / panel.file)
    axes[0].set_ylabel("km north of the radar")
    figure.supxlabel(
        "Synthetic sample: an invented scene, written as radar files and converted by Headrace. "
        "Axes in km.",
        fontsize=10,
    )
    figure.savefig(PICTURE, dpi=100)
    image = Image.open(PICTURE).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def draw_panel(ax: Axes, panel: Panel, file: Path) -> None:
    """Draws one sweep as seen from above, north up."""
    with netCDF4.Dataset(file) as data:
        first = int(data["sweep_start_ray_index"][panel.sweep])
        rays = slice(first, int(data["sweep_end_ray_index"][panel.sweep]) + 1)
        values = data[panel.field][rays]
        if panel.only_where:
            hidden = np.ma.getmaskarray(data[panel.only_where][rays])
            values = np.ma.masked_where(hidden, values)
        unit = data[panel.field].units
        elevation_deg = float(data["fixed_angle"][panel.sweep])
        range_km = np.asarray(data["range"][:], float) / 1000
    half_km = (range_km[1] - range_km[0]) / 2
    edges_km = np.append(range_km - half_km, range_km[-1] + half_km)
    azimuth = np.linspace(0, 2 * np.pi, len(values) + 1)[:, None]
    low, high = panel.limits
    mesh = ax.pcolormesh(
        edges_km * np.sin(azimuth),
        edges_km * np.cos(azimuth),
        values,
        cmap=mpl.colormaps[panel.colours].resampled(panel.steps),
        vmin=low,
        vmax=high,
    )
    ax.set(xlim=(-REACH_KM, REACH_KM), ylim=(-REACH_KM, REACH_KM), aspect="equal")
    ax.set_facecolor("0.96")
    ax.set_title(f"{panel.field}, {panel.title}, {elevation_deg:.1f}°", fontsize=11)
    ax.tick_params(labelsize=8)
    bar = ax.figure.colorbar(mesh, ax=ax, shrink=0.8, pad=0.02)
    bar.set_label("" if unit == "1" else unit, fontsize=9)
    bar.ax.tick_params(labelsize=8)


def main() -> None:
    """Parses the command line and draws."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="output folder of the radar pipeline")
    draw(parser.parse_args().folder)


if __name__ == "__main__":
    main()
