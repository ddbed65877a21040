"""Small radar volumes as files, made by the project's own encoder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from batchio.radar.sinarame import FIELDS, FieldSweep, FieldVolume, RadarName, SweepHeader
from batchio.radar.sinarame_encode import encode_field

START = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)
SIX_FIELDS = ("DBZH", "DBZV", "ZDR", "RHOHV", "PHIDP", "KDP")
RAYS, BINS = 12, 10
_SWEEPS = 2
_SITES = {"RMA1": (-31.44133, -64.19192), "RMA2": (-31.44133, -64.12)}  # 7 km from each other


def write_volume(
    folder: Path,
    fields: Iterable[str] = ("DBZH", "VRAD"),
    *,
    time: datetime = START,
    strategy: str = "0301",
    number: str = "02",
    base: float = 1.0,
    radar: str = "RMA1",
) -> str:
    """Writes a file a field of a volume whose cells begin at ``base``; returns its volume key."""
    folder.mkdir(parents=True, exist_ok=True)
    volume_id = ""
    for field in fields:
        name = RadarName(radar, strategy, number, field, time.strftime("%Y%m%dT%H%M%SZ"))
        volume_id = name.volume_id
        content = a_field(field, base, time=time, ramp=True, radar=radar)
        data = encode_field(content, name=name)
        (folder / file_name(volume_id, field)).write_bytes(data)
    return volume_id


def file_name(volume_id: str, field: str) -> str:
    head, _, timestamp = volume_id.rpartition("_")
    return f"{head}_{field}_{timestamp}.BUFR"


def a_field(
    field: str,
    base: float = 1.0,
    *,
    time: datetime = START,
    ramp: bool = False,
    radar: str = "RMA1",
) -> FieldVolume:
    """A field of two sweeps whose cells begin at ``base``, one more in each sweep.

    With ``ramp`` the cells of a sweep all differ.
    """
    sweeps = (_sweep(field, time, number, base + number, ramp) for number in range(_SWEEPS))
    return FieldVolume(
        field,
        radar=radar,
        time=time,
        latitude_deg=_SITES[radar][0],
        longitude_deg=_SITES[radar][1],
        altitude_m=484.0,
        sweeps=tuple(sweeps),
    )


def _sweep(field: str, time: datetime, number: int, first: float, ramp: bool) -> FieldSweep:
    start = time + timedelta(seconds=24 * number)
    header = SweepHeader(
        start=start,
        end=start + timedelta(seconds=20),
        elevation_deg=0.5 + number,
        n_bins=BINS,
        bin_size_m=450,
        bin_offset_m=1800,
        n_rays=RAYS,
        first_ray=3.0,
        product=FIELDS[field].codes[0],
    )
    steps = np.arange(RAYS * BINS, dtype=np.float32).reshape(RAYS, BINS) / 256
    values = (first + steps * ramp).astype(np.float32)
    values[:, -1] = np.nan
    return FieldSweep(header, values, np.isnan(values), 0, 0, np.zeros(RAYS, np.bool_))
