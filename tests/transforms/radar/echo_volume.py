"""A volume of two sweeps with one echo, and where that lies on the ground."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import numpy as np

from batchio.radar.volume import DerivedField, Sweep, Volume
from transforms.radar.volume import ray_azimuths_deg

ELEVATIONS_DEG = (0.5, 20.0)
RAYS, GATES, GATE_M = 360, 200, 500
RAYS_OF_ECHO = slice(88, 92)  # 90 degrees in their middle
GATES_OF_ECHO = slice(98, 102)  # 50 km in their middle
ECHO_DBZ = 52.0
NOT_RADIATED = 200  # a ray of each sweep
START = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)


def echo_volume() -> Volume:
    """DBZH holds the echo; VRAD nothing in the second sweep; QC_FLAGS a spike in the north."""
    echo = np.full((2 * RAYS, GATES), np.nan, np.float32)
    for first in (0, RAYS):
        echo[first : first + RAYS][RAYS_OF_ECHO, GATES_OF_ECHO] = ECHO_DBZ
    speed = np.where(np.isnan(echo), np.nan, np.float32(-7.0))
    speed[RAYS:] = np.nan
    radiated = np.arange(2 * RAYS) % RAYS != NOT_RADIATED
    flags = np.isnan(echo).astype(np.int8)
    flags[0] |= 2
    flags[1] = 2
    about = {"flag_masks": np.array([1, 2], np.int8), "flag_meanings": "no_echo spike"}
    return Volume(
        volume_id="RMA1_0301_02_20181111T000457Z",
        radar="RMA1",
        strategy="0301",
        volume_number="02",
        latitude_deg=-31.44133,
        longitude_deg=-64.19192,
        altitude_m=484.0,
        sweeps=tuple(_sweep(number) for number in range(2)),
        time_s=np.arange(2.0 * RAYS),
        azimuth_deg=np.tile(ray_azimuths_deg(RAYS), 2),
        elevation_deg=np.repeat(np.array(ELEVATIONS_DEG, np.float32), RAYS),
        not_radiated=~radiated,
        bin_size_m=GATE_M,
        bin_offset_m=0,
        n_gates=GATES,
        reference="DBZH",
        fields={"DBZH": echo, "VRAD": speed},
        derived={"QC_FLAGS": DerivedField(flags, about)},
    )


def ground_km(slant_km: float, sweep: int) -> float:
    """The ground range by the angle at the centre of an earth of 4/3 of its radius."""
    radius_km, elevation = 4 / 3 * 6371, math.radians(ELEVATIONS_DEG[sweep])
    across, up = slant_km * math.cos(elevation), radius_km + slant_km * math.sin(elevation)
    return radius_km * math.atan2(across, up)


def _sweep(number: int) -> Sweep:
    start = START + timedelta(seconds=24 * number)
    first = RAYS * number
    end = start + timedelta(seconds=20)
    return Sweep(start, end, ELEVATIONS_DEG[number], first, first + RAYS - 1, GATES)
