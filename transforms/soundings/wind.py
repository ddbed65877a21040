"""Wind as components and as direction, for arrays of any shape."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from batchio.soundings.profiles import Values

KNOT = 0.514444  # m s-1


def wind_components(levels: Mapping[str, Values]) -> tuple[Values, Values]:
    """Returns the wind to the east and to the north, in the unit of the speed."""
    radians = np.radians(levels["DRCT"])
    return -levels["SKNT"] * np.sin(radians), -levels["SKNT"] * np.cos(radians)


def speed_and_direction(u: Values, v: Values) -> tuple[Values, Values]:
    """Returns the speed, and the direction the wind comes from in degrees."""
    return np.hypot(u, v), np.degrees(np.arctan2(-u, -v)) % 360
