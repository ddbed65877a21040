"""The colours and limits with which each field of a radar is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Beyond = Literal["neither", "min", "max", "both"]


class Colours(NamedTuple):
    """How values become colours.

    Attributes:
        stops: Colours spread evenly over the steps from lowest to highest, `#rrggbb`.
        bounds: Where a step ends and the next begins, in the field's unit.
        beyond: Where values may lie outside of the bounds; they have the colour of the last step.
        labels: What each step means, if it is not a number.
    """

    stops: tuple[str, ...]
    bounds: tuple[float, ...]
    beyond: Beyond = "both"
    labels: tuple[str, ...] = ()


class Shown(NamedTuple):
    """Values and how they become colours."""

    values: NDArray[Any]
    colours: Colours


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    count = round((high - low) / step)
    return tuple(round(low + step * number, 6) for number in range(count + 1))


# In the order that weather services use: blue, green, yellow, red, violet; 5 dBZ a step. What is
# below 5 dBZ, mostly no rain, is pale.
_REFLECTIVITY = Colours(
    (
        *("#e4dced", "#cfc3df", "#b3a8cd"),
        *("#7fd3e6", "#2ba3e0", "#1a5fd0"),
        *("#4fd04f", "#22a722", "#0f7a1f"),
        *("#f7e641", "#e6b91e", "#f28c1c"),
        *("#f0402c", "#cc1a1a", "#99000d"),
        *("#e832d8", "#8a45c2"),
    ),
    _steps(-10, 75, 5),
)
# Blue below nought, grey for round drops, then from green to violet.
_DIFFERENTIAL = Colours(
    (
        *("#1b3f94", "#4a7fc8", "#9cc0e4"),
        *("#d5d5d5", "#86d58a", "#2fa64a", "#f4e23d"),
        *("#f39c1f", "#e2332a", "#9c0f1e", "#c23bb4", "#6d3a9c"),
    ),
    _steps(-2, 6, 0.5),
)
# Fine near 1, where rain, hail, melting snow and what is no weather are told apart.
_CORRELATION = Colours(
    (
        *("#d9d9d9", "#b9b4c4", "#9088a8", "#5e5a96"),
        *("#2f6fb7", "#35a7c9", "#3fc28a", "#8fd046", "#f4e23d"),
        *("#f7a823", "#ea5a25", "#c11c23", "#7d0a3a"),
    ),
    (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.97, 0.98, 0.99, 1.0),
    "max",
)
# 0 and 360 degrees are the same: the first and the last colour are alike.
_PHASE = Colours(
    ("#5b3a94", "#2f6fb7", "#35b3c9", "#3fb56a", "#f4e23d", "#f28c1c", "#d8342c", "#a0318c"),
    _steps(0, 360, 20),
    "neither",
)
_SPECIFIC_PHASE = Colours(
    (
        *("#5a5a5a", "#a0a0a0", "#dadada"),
        *("#9fd8ec", "#2ba3e0", "#4fd04f", "#0f7a1f"),
        *("#f4e23d", "#f28c1c", "#e2332a", "#99000d", "#c23bb4"),
    ),
    (-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
)
# Blue towards the radar, red away from it, grey across: told apart with every kind of sight.
_VELOCITY_BOUNDS = (1.0, 3.0, 6.0, 9.0, 12.0, 16.0, 20.0, 25.0, 30.0)
_VELOCITY = Colours(
    (
        *("#0b1f5c", "#1747a6", "#3f86d6", "#8cc3ee"),
        "#cfcfcf",
        *("#f6b48f", "#e0603f", "#b2182b", "#5c0015"),
    ),
    (*(-bound for bound in reversed(_VELOCITY_BOUNDS)), *_VELOCITY_BOUNDS),
)
_WIDTH = Colours(
    ("#dfe3ea", "#9cc0e4", "#3f86d6", "#2fa64a", "#f4e23d", "#f28c1c", "#d8342c", "#7d0a3a"),
    (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0),
    "max",
)
_CLUTTER = Colours(("#8c510a",), (0.5, 1.5), "neither", ("clutter",))

FIELD_COLOURS: Mapping[str, Colours] = {
    "DBZH": _REFLECTIVITY,
    "DBZV": _REFLECTIVITY,
    "TH": _REFLECTIVITY,
    "TV": _REFLECTIVITY,
    "ZDR": _DIFFERENTIAL,
    "TDR": _DIFFERENTIAL,
    "RHOHV": _CORRELATION,
    "PHIDP": _PHASE,
    "KDP": _SPECIFIC_PHASE,
    "VRAD": _VELOCITY,
    "WRAD": _WIDTH,
    "CM": _CLUTTER,
    # What quality control adds.
    "DBZH_QC": _REFLECTIVITY,
    "VRAD_DEALIASED": _VELOCITY,
    "PHIDP_UNFOLDED": _PHASE._replace(beyond="both"),
    "KDP_RETRIEVED": _SPECIFIC_PHASE,
}
FLAGS = "QC_FLAGS"
PICTURED = (*FIELD_COLOURS, FLAGS)
"""The fields that can be drawn, if a volume has them."""

_NO_FLAG = "#8fd0a0"
_FLAG_STOPS = ("#d9d9d9", "#d55e00", "#0072b2", "#f0e442", "#e69f00", "#56b4e9", "#cc79a7")


def colours_of(name: str, values: NDArray[Any], attributes: Mapping[str, Any]) -> Shown:
    """Returns the values of a field as they are shown, and how.

    Flags are shown as numbers: 0 where none is set, else 1 + the place of the first that is.
    """
    if name in FIELD_COLOURS:
        return Shown(values, FIELD_COLOURS[name])
    masks = np.atleast_1d(attributes["flag_masks"])
    is_set = [(values & mask) != 0 for mask in masks]
    first = np.select(is_set, list(range(1, len(masks) + 1)), 0)
    stops = (_NO_FLAG, *(_FLAG_STOPS[place % len(_FLAG_STOPS)] for place in range(len(masks))))
    bounds = tuple(number - 0.5 for number in range(len(stops) + 1))
    labels = ("none", *attributes["flag_meanings"].split())
    return Shown(first, Colours(stops, bounds, "neither", labels))
