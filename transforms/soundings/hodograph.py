"""A hodograph as arrays: wind over height in knots, and the part of the plane that shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from batchio.soundings.profiles import Values
from transforms.soundings.wind import KNOT, wind_components

BANDS_KM = ((0, 1), (1, 3), (3, 6), (6, 9))
STORMS = {"RM": "right", "LM": "left"}  # Bunkers' movers

_SMALLEST_REACH_KN = 20.0
_STEP_M = 100.0  # of height: labels keep off the line, not its corners alone
_NAME_DISTANCE = 0.11  # of the reach: from a point to the middle of its name
_WIDE_REACH_KN = 45.0  # from the middle of the view to its edge: beyond it there are fewer rings


class Trace(NamedTuple):
    """Wind to the east and to the north, knots; NaN where it is missing."""

    u: Values
    v: Values


Points = Values  # (point, 2): knots to the east and to the north
Places = dict[str, tuple[float, float]]


class View(NamedTuple):
    """A square around all that is shown, and the speeds of its rings, knots."""

    u: float  # of its middle
    v: float
    reach: float  # from the middle to each edge
    rings: tuple[int, ...]


def traces(levels: Mapping[str, Values]) -> dict[tuple[int, int], Trace]:
    """Returns the wind in each of ``BANDS_KM`` above the lowest level, by band.

    It is interpolated to the bands' ends, and interrupted beside a level without wind.

    Args:
        levels: Of a forecast of one profile.
    """
    height = (levels["HGHT"] - levels["HGHT"][:, :1])[0]
    there = np.isfinite(height)
    height = height[there]
    if not height.size:
        return {band: Trace(np.empty(0), np.empty(0)) for band in BANDS_KM}
    wind = [part[0][there] for part in wind_components(levels)]
    found = {}
    for low, high in BANDS_KM:
        ends = np.array([low, high]) * 1000.0
        inside = height[(height > ends[0]) & (height < ends[1])]
        wanted = np.union1d(np.arange(ends[0], ends[1] + 1, _STEP_M), inside)
        u, v = (np.interp(wanted, height, part, right=np.nan) for part in wind)
        found[low, high] = Trace(u, v)
    return found


def storm_motions(indices: Mapping[str, float]) -> Places:
    """Returns the motion of Bunkers' right and left mover, knots, of those that there are."""
    found: Places = {}
    for name, side in STORMS.items():
        u, v = (indices.get(f"bunkers_{side}_{part}", math.nan) / KNOT for part in "uv")
        if math.isfinite(u + v):
            found[name] = (u, v)
    return found


def all_points(shown: Mapping[tuple[int, int], Trace], storms: Places) -> Points:
    """Returns the wind, the storms' motions and calm."""
    points = [np.stack(trace, axis=1) for trace in shown.values()]
    together = np.concatenate([*points, [(0.0, 0.0), *storms.values()]])
    found: Points = together[np.isfinite(together).all(axis=1)]
    return found


def view(points: Points) -> View:
    """Returns the square that holds the points, with some room."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    reach = max(_SMALLEST_REACH_KN, 1.15 * float((high - low).max()) / 2)
    step = 10 if reach <= _WIDE_REACH_KN else 20
    farthest = math.hypot(*(np.abs(middle) + reach))
    rings = tuple(range(step, math.floor(farthest) + 1, step))
    return View(float(middle[0]), float(middle[1]), reach, rings)


def ring_labels(view: View, taken: Points) -> dict[int, tuple[float, float]]:
    """Returns a place on each ring, all on the ray that keeps farthest off what is shown.

    Rings that the ray meets outside the view have none.
    """
    best: dict[int, tuple[float, float]] = {}
    best_worth = (-1, 0.0)
    for angle in np.radians(np.arange(22.5, 360, 45)):
        ray = {speed: (speed * math.sin(angle), speed * math.cos(angle)) for speed in view.rings}
        inside = {speed: at for speed, at in ray.items() if _is_inside(view, at)}
        nearest = min((_nearest(at, taken) for at in inside.values()), default=0.0)
        worth = (min(len(inside), 2), nearest)
        if worth > best_worth:
            best, best_worth = inside, worth
    return best


def name_places(view: View, names: Places, taken: Points) -> Places:
    """Returns a place beside each point for its name, where most room is.

    Args:
        view: The names are kept inside it.
        names: The points, by name.
        taken: What is shown, beside the names themselves.
    """
    away = _NAME_DISTANCE * view.reach
    around = [(math.sin(angle), math.cos(angle)) for angle in np.radians(np.arange(0, 360, 45))]
    found: Places = {}
    for name, (u, v) in names.items():
        places = [(u + away * east, v + away * north) for east, north in around]
        free = [place for place in places if _is_inside(view, place)] or places
        found[name] = max(free, key=lambda place: _nearest(place, taken))
        taken = np.vstack([taken, found[name]])
    return found


def named(shown: Mapping[tuple[int, int], Trace], storms: Places) -> Places:
    """Returns the points that have a name: storms, and the tops of the bands, in km."""
    tops = {str(high): shown[low, high] for low, high in BANDS_KM if shown[low, high].u.size}
    ends = {name: (float(trace.u[-1]), float(trace.v[-1])) for name, trace in tops.items()}
    return {**storms, **{name: end for name, end in ends.items() if math.isfinite(sum(end))}}


def _nearest(point: tuple[float, float], taken: Points) -> float:
    return float(np.hypot(taken[:, 0] - point[0], taken[:, 1] - point[1]).min())


def _is_inside(view: View, point: tuple[float, float]) -> bool:
    return max(abs(point[0] - view.u), abs(point[1] - view.v)) < 0.95 * view.reach
