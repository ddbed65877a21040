"""Draws a skew-T log-p diagram and the wind barbs beside it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from batchio.soundings.profiles import StationForecast
from transforms.pictures import FONT, GRID, INK, ON_WHITE, SMALL, write
from transforms.soundings import skewt_lines as lines
from transforms.soundings.skewt_lines import TOP_HPA, Line, ParcelPath, rise, skewed
from transforms.soundings.wind import wind_components

logger = logging.getLogger(__name__)

# Of Okabe and Ito's colours, some darker: they are told apart with every kind of colour vision.
_TEMPERATURE, _DEWPOINT, _WET_BULB, _LAYER = "#c8102e", "#008f5a", "#0072b2", "#8a2f8a"
_CAPE, _CIN = "#fbc4a4", "#aed4ea"
_DRY, _MOIST, _MIXING = "#dcc1a0", "#a5d3bf", "#9ab36b"

_STYLES: Mapping[str, Mapping[str, Any]] = {
    "temperature": {"color": _TEMPERATURE, "linewidth": 2.4},
    "dewpoint": {"color": _DEWPOINT, "linewidth": 2.4},
    "wet-bulb temperature": {"color": _WET_BULB, "linewidth": 0.9},
    "virtual temperature": {"color": _TEMPERATURE, "linewidth": 1.0, "linestyle": (0, (2, 2))},
    "parcel": {"color": INK, "linewidth": 1.6, "linestyle": (0, (6, 3))},
    "0 °C": {"color": _WET_BULB, "linewidth": 1.2, "linestyle": (0, (8, 4))},
}
_PARCEL_NAMES = {"ml": "mixed parcel of 100 hPa", "mu": "most unstable parcel"}
_PRESSURES = (1000, 900, 800, 700, 600, 500, 400, 300, 250, 200, 150, 100)
_HEIGHTS_KM = (0, 1, 2, 3, 4, 6, 9, 12, 15)
_PARCEL_LEVELS = ("lcl", "lfc", "el")
_LABEL_RISE = 0.036  # of ln(p): the height of a label
_BARB_RISE = 0.06


def draw_skewt(ax: Axes, one: StationForecast, indices: Mapping[str, float]) -> None:
    """Draws the diagram of a forecast of one profile."""
    levels = one.levels
    temperature = Line(levels["TMPC"][0], levels["PRES"][0])
    low, high = lines.temperature_range(temperature)
    ax.set(xlim=(low, high), ylim=(0, rise(TOP_HPA)), autoscale_on=False)
    _draw_axes(ax, low, high)
    _draw_background(ax, low, high)
    path = _path_of(one)
    if path is not None:
        _draw_parcel(ax, path)
    dewpoint = Line(levels["DWPC"][0], levels["PRES"][0])
    _draw_line(ax, lines.wet_bulb_line(levels), "wet-bulb temperature")
    _draw_line(ax, dewpoint, "dewpoint")
    _draw_line(ax, lines.lone_values(dewpoint), "dewpoint", linestyle="none", marker=".")
    _draw_line(ax, temperature, "temperature")
    _mark_heights(ax, one)
    _mark_effective_layer(ax, indices)
    if path is not None:
        _mark_parcel_levels(ax, path.parcel, indices)
    _draw_legend(ax, path)


def draw_barbs(ax: Axes, one: StationForecast) -> None:
    """Draws the wind of one profile in knots, as many barbs as have room."""
    ax.set(xlim=(0, 1), ylim=(0, rise(TOP_HPA)), autoscale_on=False)
    ax.set_axis_off()
    u, v = (part[0] for part in wind_components(one.levels))
    hpa = np.where(np.isfinite(u + v), one.levels["PRES"][0], np.nan)
    shown = lines.thinned(hpa, _BARB_RISE)
    up = rise(hpa[shown])
    style: dict[str, Any] = {"length": 6.2, "linewidth": 0.8, "color": INK, "clip_on": False}
    ax.plot([0.5, 0.5], ax.get_ylim(), color=GRID, linewidth=0.6)
    ax.barbs(np.full(len(shown), 0.5), up, u[shown], v[shown], **style)
    write(ax, 0.5, -0.02, "kn", ha="center", va="top")


def _path_of(one: StationForecast) -> ParcelPath | None:
    try:
        return lines.parcel_path(one)
    except ValueError as error:  # SHARPlib's word for a profile that it cannot work with
        logger.warning("no parcel for station %s: %s", one.station.number, error)
        return None


def _draw_axes(ax: Axes, low: float, high: float) -> None:
    bottom = np.arange(low, high + 1, 10)
    labels = [_celsius(celsius) for celsius in bottom]
    ax.set_xticks(bottom, [*labels[:-1], f"{labels[-1]} °C"])
    ax.set_yticks(rise(np.array(_PRESSURES)), [str(hpa) for hpa in _PRESSURES])
    ax.tick_params(labelsize=SMALL, labelfontfamily=FONT, length=3)
    ax.set_ylabel("hPa  (inside: km above ground)", family=FONT, size=SMALL, labelpad=1)
    up = float(rise(TOP_HPA))
    for celsius in lines.isotherms():
        at = float(skewed(celsius, TOP_HPA))
        if low < at < high:
            write(ax, at, up + 0.012, _celsius(celsius), ha="center", va="bottom", color="#777777")


def _celsius(celsius: float) -> str:
    return f"{celsius:.0f}".replace("-", "\N{MINUS SIGN}")


def _draw_background(ax: Axes, low: float, high: float) -> None:
    isotherms, mixing = lines.isotherms(), lines.mixing_ratio_lines()
    _draw_lines(ax, lines.dry_adiabats().values(), colors=_DRY)
    _draw_lines(ax, lines.pseudo_adiabats().values(), colors=_MOIST)
    _draw_lines(ax, mixing.values(), colors=_MIXING, linestyles=[(0, (5, 4))])
    _draw_lines(ax, isotherms.values(), colors=GRID)
    ax.hlines(rise(np.array(_PRESSURES)), low, high, colors=GRID, linewidths=0.7, zorder=1)
    _draw_line(ax, isotherms[0], "0 °C", zorder=1.5)
    at = min(high, float(skewed(0, TOP_HPA))) - 0.02 * (high - low)
    how = {"ha": "right", "va": "center_baseline", "color": _WET_BULB, "bbox": ON_WHITE}
    write(ax, at - 1, at / lines.SKEW, "0 °C", **how)
    units = {max(mixing): " g/kg"}
    for grams, line in mixing.items():
        at = float(skewed(line.celsius[-1], line.hpa[-1]))
        if low < at < high:
            up = float(rise(line.hpa[-1])) + 0.005
            write(
                ax, at, up, f"{grams:g}{units.get(grams, '')}", ha="center", size=7, color="#6d8a3a"
            )


def _draw_lines(ax: Axes, some: Iterable[Line], **how: Any) -> None:
    paths = [np.column_stack([skewed(*line), rise(line.hpa)]) for line in some]
    ax.add_collection(LineCollection(paths, linewidths=0.7, zorder=1, **how), autolim=False)


def _draw_line(ax: Axes, line: Line, style: str, **how: Any) -> None:
    ax.plot(skewed(*line), rise(line.hpa), **{"zorder": 3, **_STYLES[style], **how})


def _draw_parcel(ax: Axes, path: ParcelPath) -> None:
    up = rise(path.hpa)
    lifted, around = skewed(path.lifted, path.hpa), skewed(path.around, path.hpa)
    for where, colour in ((path.buoyant, _CAPE), (path.inhibited, _CIN)):
        ax.fill_betweenx(up, lifted, around, where=where, color=colour, linewidth=0, zorder=1.2)
    _draw_line(ax, Line(path.around, path.hpa), "virtual temperature", zorder=2.8)
    _draw_line(ax, Line(path.lifted, path.hpa), "parcel", zorder=3.5)


def _mark_heights(ax: Axes, one: StationForecast) -> None:
    low, high = ax.get_xlim()
    found = lines.pressures_at(one.levels, np.array(_HEIGHTS_KM) * 1000.0)
    for km, hpa in zip(_HEIGHTS_KM, found, strict=True):
        if hpa > TOP_HPA:
            up = float(rise(hpa))
            ax.plot([low, low + 0.012 * (high - low)], [up, up], color=INK, linewidth=1.2)
            at = low + 0.017 * (high - low)
            write(ax, at, up, f"{km} km", va="center_baseline", bbox=ON_WHITE, zorder=4)


def _mark_effective_layer(ax: Axes, indices: Mapping[str, float]) -> None:
    bottom, top = (indices.get(f"effective_{end}", math.nan) for end in ("bottom", "top"))
    if not math.isfinite(bottom + top):
        return
    low, high = ax.get_xlim()
    at = low + 0.1 * (high - low)
    ends = rise(np.array([bottom, top]))
    ax.plot([at, at], ends, color=_LAYER, linewidth=2, zorder=4)
    ax.hlines(ends, at - 0.8, at + 0.8, colors=_LAYER, linewidths=2, zorder=4)


def _mark_parcel_levels(ax: Axes, parcel: str, indices: Mapping[str, float]) -> None:
    """Marks the levels of a parcel at the right edge, those at one place side by side."""
    found = {name: indices.get(f"{parcel}_{name}", math.nan) for name in _PARCEL_LEVELS}
    found = {name: hpa for name, hpa in found.items() if hpa >= TOP_HPA}
    right = ax.get_xlim()[1]
    ups = rise(np.array(list(found.values())))
    for name, up, label in zip(found, ups, lines.spread(ups, _LABEL_RISE), strict=True):
        ax.plot([right - 7, right], [up, up], color=_LAYER, linewidth=1.6, zorder=4)
        words = f"{parcel.upper()} {name.upper()} {found[name]:.0f}"
        how = {"ha": "right", "va": "center_baseline", "bbox": ON_WHITE, "zorder": 4}
        write(ax, right - 7.5, label, words, color=_LAYER, weight="bold", **how)


def _draw_legend(ax: Axes, path: ParcelPath | None) -> None:
    """Writes below the diagram what its lines and areas are."""
    handles: list[Artist] = [
        Line2D([], [], **_STYLES[name], label=name)
        for name in ("temperature", "dewpoint", "wet-bulb temperature")
    ]
    if path is not None:
        names = {"virtual temperature": "virtual temperature"}
        names["parcel"] = f"{_PARCEL_NAMES[path.parcel]}, virtual"
        handles += [Line2D([], [], **_STYLES[name], label=label) for name, label in names.items()]
        handles += [Patch(color=_CAPE, label="its CAPE"), Patch(color=_CIN, label="its CIN")]
    handles.append(Line2D([], [], color=_LAYER, linewidth=2, label="effective inflow layer"))
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, -0.028),
        ncols=4,
        prop={"family": FONT, "size": SMALL},
        frameon=False,
        borderaxespad=0.0,
        columnspacing=1.6,
    )
