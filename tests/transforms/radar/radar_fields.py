"""Small fields of one radar volume, as objects and as files of the project's own encoder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from batchio.fileset import FileRef
from batchio.sinarame import FIELDS, FieldSweep, FieldVolume, RadarName, SweepHeader
from batchio.sinarame_encode import encode_field

START = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)
RAYS, BINS = 12, 10


def a_sweep(field: str, number: int, base: float) -> FieldSweep:
    start = START + timedelta(seconds=24 * number)
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
    values = np.full((RAYS, BINS), base + number, np.float32)
    values[:, -1] = np.nan
    return FieldSweep(header, values, RAYS, 0, 0, np.zeros(RAYS, np.bool_))


def a_field(field: str, base: float = 1.0) -> FieldVolume:
    return FieldVolume(
        field,
        radar="RMA1",
        time=START,
        latitude_deg=-31.44133,
        longitude_deg=-64.19192,
        altitude_m=484.0,
        sweeps=tuple(a_sweep(field, number, base) for number in range(2)),
    )


def turned(field: FieldVolume, by_deg: float = 5.0) -> FieldVolume:
    """The field as a scan at other elevations would give it."""
    sweeps = [
        replace(s, header=replace(s.header, elevation_deg=s.header.elevation_deg + by_deg))
        for s in field.sweeps
    ]
    return replace(field, sweeps=tuple(sweeps))


def a_name(field: str) -> RadarName:
    return RadarName("RMA1", "0301", "02", field, "20181111T000457Z")


def encoded(field: FieldVolume) -> bytes:
    return encode_field(field, name=a_name(field.field))


def put(folder: Path, field: str, data: bytes, *, extension: str = "") -> FileRef:
    """Writes a file under the name of the field."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"RMA1_0301_02_{field}_20181111T000457Z.BUFR{extension}"
    path.write_bytes(data)
    return FileRef(str(path), len(data), path.stat().st_mtime)


def put_field(folder: Path, field: str, base: float = 1.0) -> FileRef:
    return put(folder, field, encoded(a_field(field, base)))
