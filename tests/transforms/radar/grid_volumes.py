"""Volumes of a radar that sees no echo, or one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from batchio.radar.volume import Sweep, Volume

RAYS, GATES, GATE_M = 360, 90, 1000
ANGLES_DEG = (0.5, 1.5, 2.5)
START = datetime(2025, 10, 20, 15, 28, 28, tzinfo=timezone.utc)
ALTITUDE_M = 300.0


def nothing() -> NDArray[np.float32]:
    """Cells (ray, gate) of three sweeps in which nothing was detected."""
    return np.full((len(ANGLES_DEG) * RAYS, GATES), np.nan, np.float32)


def echo(dbz: float, *, sweep: int, ray: int, gate: int, half: int = 2) -> NDArray[np.float32]:
    """The same with one echo around a cell of a sweep."""
    values, row = nothing(), sweep * RAYS + ray
    values[row - half : row + half + 1, gate - half : gate + half + 1] = dbz
    return values


def a_volume(
    fields: Mapping[str, NDArray[np.float32]],
    *,
    radar: str = "RMA1",
    latitude_deg: float = -31.44,
    longitude_deg: float = -64.19,
) -> Volume:
    n_rays = len(ANGLES_DEG) * RAYS
    minutes = [timedelta(minutes=number) for number in range(len(ANGLES_DEG) + 1)]
    return Volume(
        volume_id=f"{radar}_0315_01_{START:%Y%m%dT%H%M%SZ}",
        radar=radar,
        strategy="0315",
        volume_number="01",
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        altitude_m=ALTITUDE_M,
        sweeps=tuple(
            Sweep(
                START + minutes[n],
                START + minutes[n + 1],
                angle,
                n * RAYS,
                (n + 1) * RAYS - 1,
                GATES,
            )
            for n, angle in enumerate(ANGLES_DEG)
        ),
        time_s=np.arange(n_rays) * 60.0 / RAYS,
        azimuth_deg=np.tile(np.arange(RAYS, dtype=np.float32) + 0.5, len(ANGLES_DEG)),
        elevation_deg=np.repeat(np.float32(ANGLES_DEG), RAYS),
        not_radiated=np.zeros(n_rays, np.bool_),
        bin_size_m=GATE_M,
        bin_offset_m=0,
        n_gates=GATES,
        reference=next(iter(fields)),
        fields=fields,
    )
