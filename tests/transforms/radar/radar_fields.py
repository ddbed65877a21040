"""Small fields of one radar volume, as objects and as files of the project's own encoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from radar_files import a_field

from batchio.fileset import FileRef
from batchio.radar.sinarame import FieldVolume, RadarName
from batchio.radar.sinarame_encode import encode_field


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
