"""Places on the ground, and how far apart they are."""

from __future__ import annotations

import math

_EARTH_RADIUS_KM = 6371.0


def distance_km(
    latitude_deg: float, longitude_deg: float, other_latitude_deg: float, other_longitude_deg: float
) -> float:
    """Returns the distance of two places on the sphere, km (haversine formula)."""
    first, second = math.radians(latitude_deg), math.radians(other_latitude_deg)
    north = math.sin((second - first) / 2)
    east = math.sin(math.radians(other_longitude_deg - longitude_deg) / 2)
    chord = north * north + math.cos(first) * math.cos(second) * east * east
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))
