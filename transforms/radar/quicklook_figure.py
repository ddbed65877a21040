"""Draws a sweep of a field as seen from above: the picture of `--quicklook`.

Only matplotlib's objects are used, not pyplot, so there is no state that pictures share.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from batchio.radar.cfradial_model import cell_variable
from batchio.radar.volume import Sweep, Volume
from transforms.pictures import FONT, INK, LARGE, ON_WHITE, PLAIN, SMALL, write, write_png
from transforms.radar.field_colours import Colours, colours_of
from transforms.radar.plan_view import cells_of_grid, reach_m, take_cells

# In pixels, so that each pixel of the field is one of the picture: nothing is resampled twice.
_WIDTH, _HEIGHT, _DPI = 980, 900, 100
_MAP_LEFT, _MAP_BOTTOM, _MAP_PIXELS = 20, 26, 810
_BAR_PLACE = (848, 76, 24, 710)
_MARGIN = 1.08  # of the reach: room for the degrees around

_NOT_SEEN = (232, 232, 228)
_SEEN = (255, 255, 255)
_LINE = "#6b6b6b"
_RING_STEPS_KM = (5, 10, 20, 25, 50, 100)
_RINGS = 6  # at most
_LABEL_AZIMUTH = np.radians(45.0)  # of the rings' labels: between two lines
_UNITS = {"1": "", "degrees": "°", "degrees/km": "°/km"}


def draw_sweep(volume: Volume, name: str, number: int, path: Path) -> None:
    """Writes the picture of a field in one sweep, 980 x 900 pixels; equal input, equal bytes.

    Args:
        volume: It has the sweep and the field.
        name: Of a field, observed or derived.
        number: Of the sweep.
        path: The PNG to write.
    """
    sweep = volume.sweeps[number]
    field = cell_variable(volume, name)
    attributes = field.attributes
    values, colours = colours_of(name, field.data, attributes)
    mapping = _mapping(colours)
    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor="white")
    reach_km = reach_m(volume, sweep) / 1000
    half_km = reach_km * _MARGIN
    ax = _add_map(figure, half_km)
    image, shown = _colour_map(volume, values, sweep, mapping)
    ax.imshow(image, extent=(-half_km, half_km, -half_km, half_km), interpolation="nearest")
    _draw_rings(ax, reach_km)
    _draw_azimuths(ax, reach_km)
    unit = attributes.get("units", "")
    _draw_bar(figure, mapping, colours, _UNITS.get(unit, unit))
    _write_title(figure, volume, sweep, f"{name}, {attributes.get('long_name', '')}", number)
    if not shown:
        how = {"size": LARGE, "ha": "center", "bbox": ON_WHITE}
        write(ax, 0, -reach_km / 4, "no values in this sweep", **how)
    write_png(figure, path)


def _mapping(colours: Colours) -> ScalarMappable:
    steps = len(colours.bounds) - 1
    cmap = LinearSegmentedColormap.from_list("field", _stops(colours), N=steps)
    norm = BoundaryNorm(colours.bounds, steps)
    return ScalarMappable(norm, cmap)


def _stops(colours: Colours) -> list[str]:
    stops = list(colours.stops)
    return stops if len(stops) > 1 else stops * 2  # a map needs two


def _colour_map(
    volume: Volume, values: NDArray[Any], sweep: Sweep, mapping: ScalarMappable
) -> tuple[NDArray[np.uint8], bool]:
    """Returns the map's pixels (row, column, RGB), and whether there is any value in them."""
    pixel_m = 2 * _MARGIN * reach_m(volume, sweep) / _MAP_PIXELS
    cells = cells_of_grid(volume, sweep, pixel_m, _MAP_PIXELS)
    found = take_cells(values, cells)
    there = np.isfinite(found)
    image = np.empty((*found.shape, 3), np.uint8)
    image[:] = _NOT_SEEN
    image[cells.seen] = _SEEN
    rgba: Any = mapping.to_rgba(found[there], bytes=True)
    image[there] = rgba[..., :3]
    return image, bool(there.any())


def _add_map(figure: Figure, half_km: float) -> Axes:
    ax = figure.add_axes(_place(_MAP_LEFT, _MAP_BOTTOM, _MAP_PIXELS, _MAP_PIXELS))
    ax.set(xlim=(-half_km, half_km), ylim=(-half_km, half_km), aspect="equal", autoscale_on=False)
    ax.set_axis_off()
    return ax


def _place(left: int, bottom: int, width: int, height: int) -> tuple[float, float, float, float]:
    return left / _WIDTH, bottom / _HEIGHT, width / _WIDTH, height / _HEIGHT


def _draw_rings(ax: Axes, reach_km: float) -> None:
    step = next((each for each in _RING_STEPS_KM if reach_km / each <= _RINGS), _RING_STEPS_KM[-1])
    for km in range(step, int(reach_km) + 1, step):
        ax.add_patch(Circle((0, 0), km, fill=False, edgecolor=_LINE, linewidth=0.6))
        east, north = km * np.sin(_LABEL_AZIMUTH), km * np.cos(_LABEL_AZIMUTH)
        write(ax, east, north, f"{km} km", ha="center", va="center_baseline", bbox=ON_WHITE)
    ax.add_patch(Circle((0, 0), reach_km, fill=False, edgecolor=INK, linewidth=0.8))


def _draw_azimuths(ax: Axes, reach_km: float) -> None:
    for degrees in range(0, 360, 30):
        east, north = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        ends = np.array([0.02, 1.0]) * reach_km
        ax.plot(ends * east, ends * north, color=_LINE, linewidth=0.5)
        away = 1.04 * reach_km
        words = "N" if degrees == 0 else f"{degrees}°"
        write(ax, away * east, away * north, words, ha="center", va="center_baseline")


def _draw_bar(figure: Figure, mapping: ScalarMappable, colours: Colours, unit: str) -> None:
    place = figure.add_axes(_place(*_BAR_PLACE))
    how: Any = {"spacing": "uniform", "extend": colours.beyond, "extendfrac": 0.03}
    bar = figure.colorbar(mapping, cax=place, **how)
    middles = (np.array(colours.bounds[1:]) + np.array(colours.bounds[:-1])) / 2
    bar.set_ticks(list(middles if colours.labels else colours.bounds))
    texts = colours.labels or [_number(bound) for bound in colours.bounds]
    place.set_yticklabels(texts)
    place.tick_params(labelsize=PLAIN, labelfontfamily=FONT, length=3, which="both")
    write(place, 0.0, 1.05, unit, transform=place.transAxes, size=PLAIN, weight="bold")


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _write_title(figure: Figure, volume: Volume, sweep: Sweep, field: str, number: int) -> None:
    lines = (
        f"{volume.radar}   {field}",
        f"{sweep.start:%Y-%m-%d %H:%M:%S} to {sweep.end:%H:%M:%S} UTC   "
        f"strategy {volume.strategy}, volume {volume.volume_number}   "
        f"sweep {number}, elevation {sweep.fixed_angle_deg:.2f}°",
    )
    left = _MAP_LEFT / _WIDTH
    write(figure, left, 0.967, lines[0], size=LARGE, weight="bold")
    write(figure, left, 0.944, lines[1], size=PLAIN)
    latitude, longitude = abs(volume.latitude_deg), abs(volume.longitude_deg)
    south, west = "SN"[volume.latitude_deg >= 0], "WE"[volume.longitude_deg >= 0]
    site = f"radar at {latitude:.3f}° {south}, {longitude:.3f}° {west}, {volume.altitude_m:.0f} m"
    note = "distances on the ground; grey: not seen; white: no value"
    write(figure, left, 0.012, f"{site}   {note}", size=SMALL)
