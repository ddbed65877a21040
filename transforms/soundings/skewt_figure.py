"""Draws the picture of a profile: skew-T diagram, barbs, hodograph and panel of indices.

Only matplotlib's objects are used, not pyplot, so there is no state that pictures share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from batchio.soundings.profiles import StationForecast
from transforms.pictures import (
    FIXED_FONT,
    FONT,
    GRID,
    INK,
    LARGE,
    ON_WHITE,
    PLAIN,
    write,
    write_png,
)
from transforms.soundings import hodograph
from transforms.soundings.hodograph import View
from transforms.soundings.skewt_diagram import draw_barbs, draw_skewt
from transforms.soundings.skewt_panel import Block, Text

_SIZE_INCHES, _DPI = (12, 9), 100
_SKEWT_PLACE = (0.05, 0.085, 0.53, 0.825)
_BARBS_PLACE = (0.585, 0.085, 0.06, 0.825)
_HODOGRAPH_PLACE = (0.672, 0.502, 0.306, 0.408)
_PANEL_LEFT, _PANEL_TOP = 0.655, 0.48
_LINE_STEP, _BLOCK_STEP = 0.0166, 0.006  # of the figure's height
_PANEL_SIZE = 8.4

# Of Okabe and Ito's colours.
_BANDS = ("#d55e00", "#e69f00", "#009e73", "#0072b2")
_STORM_COLOURS = {"RM": "#b2182b", "LM": "#2166ac"}


def draw_picture(
    one: StationForecast, indices: Mapping[str, float], text: Text, path: Path
) -> None:
    """Writes the PNG of a forecast of one profile.

    Args:
        one: It has levels, with pressure, height and temperature.
        indices: Ours.
        text: What is written above and beside the diagram.
        path: The file to write.
    """
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor="white")
    draw_skewt(figure.add_axes(_SKEWT_PLACE), one, indices)
    draw_barbs(figure.add_axes(_BARBS_PLACE), one)
    _draw_hodograph(figure.add_axes(_HODOGRAPH_PLACE), one, indices)
    _write_text(figure, text)
    write_png(figure, path)


def _write_text(figure: Figure, text: Text) -> None:
    for words, y, size in zip(text.title, (0.968, 0.945), (LARGE, PLAIN), strict=True):
        write(figure, _SKEWT_PLACE[0], y, words, size=size, weight="bold" if y > 0.95 else "normal")
    y = _PANEL_TOP
    for block in (*text.ours, text.bufkit):
        y = _write_block(figure, block, y) - _BLOCK_STEP


def _write_block(figure: Figure, block: Block, y: float) -> float:
    write(figure, _PANEL_LEFT, y, block.title, size=PLAIN, weight="bold", va="top")
    for line in block.lines:
        y -= _LINE_STEP
        write(figure, _PANEL_LEFT, y, line, size=_PANEL_SIZE, family=FIXED_FONT, va="top")
    return y - _LINE_STEP


def _draw_hodograph(ax: Axes, one: StationForecast, indices: Mapping[str, float]) -> None:
    shown = hodograph.traces(one.levels)
    storms = hodograph.storm_motions(indices)
    points = hodograph.all_points(shown, storms)
    view = hodograph.view(points)
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set(xlim=(view.u - view.reach, view.u + view.reach), autoscale_on=False)
    ax.set_ylim(view.v - view.reach, view.v + view.reach)
    ax.set_title("Hodograph, kn", loc="left", family=FONT, size=PLAIN, weight="bold", pad=5)
    _draw_rings(ax, view, hodograph.ring_labels(view, points))
    for band, colour in zip(hodograph.BANDS_KM, _BANDS, strict=True):
        ax.plot(*shown[band], color=colour, linewidth=2.4, solid_capstyle="round", zorder=3)
        u, v = (float(part[-1]) if part.size else math.nan for part in shown[band])
        ax.plot(u, v, marker="o", markersize=4, color=INK, zorder=4)
    _write_bands(ax)
    if len(points) == 1:  # calm, which is always there
        write(
            ax, 0.5, 0.4, "no wind below 9 km", ha="center", transform=ax.transAxes, bbox=ON_WHITE
        )
    for side, motion in storms.items():
        style: Any = {"color": _STORM_COLOURS[side], "markersize": 7, "markeredgewidth": 2}
        ax.plot(*motion, marker="o", markerfacecolor="white", zorder=4, **style)
    for words, (u, v) in hodograph.name_places(
        view, hodograph.named(shown, storms), points
    ).items():
        colour = _STORM_COLOURS.get(words, INK)
        how = {"ha": "center", "va": "center_baseline", "weight": "bold", "zorder": 5}
        write(ax, u, v, words, color=colour, **how)


def _draw_rings(ax: Axes, view: View, labels: Mapping[int, tuple[float, float]]) -> None:
    for speed in view.rings:
        ax.add_patch(Circle((0, 0), speed, fill=False, edgecolor=GRID, linewidth=0.8))
    ax.axhline(0, color=GRID, linewidth=0.8)
    ax.axvline(0, color=GRID, linewidth=0.8)
    for speed, (u, v) in labels.items():
        how = {"ha": "center", "va": "center_baseline", "bbox": ON_WHITE}
        write(ax, u, v, str(speed), color="#777777", **how)


def _write_bands(ax: Axes) -> None:
    for number, ((low, high), colour) in enumerate(zip(hodograph.BANDS_KM, _BANDS, strict=True)):
        how: Any = {"transform": ax.transAxes}
        at, up = 0.39 + 0.165 * number, 1.028
        ax.plot([at - 0.035, at], [up, up], color=colour, linewidth=3, clip_on=False, **how)
        write(ax, at + 0.01, up, f"{low}-{high} km", va="center_baseline", **how)
