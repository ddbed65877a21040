"""Small SINARAME messages put together bit by bit from the description of the format."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from batchio.radar.sinarame import RadarName

RADAR_DIRECTORY = (
    Path(os.environ.get("HEADRACE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "radar"
)
NAME = RadarName("RMA1", "0301", "02", "DBZH", "20181111T000457Z")
PATH = "radar/RMA1_0301_02_DBZH_20181111T000457Z.BUFR"
RAYS, BINS = 4, 3
DBL_MAX = 1.7976931348623157e308
VALUES = [[1.5, -DBL_MAX, 3.0], [-DBL_MAX] * 3, [0.25, -12.5, 60.0], [DBL_MAX] * 3]

# name: (bits, number stored)
SITE = {
    "identifiers": (8, 1),
    "type": (24, int.from_bytes(b"RMA", "big")),
    "identifier": (128, int.from_bytes(b"1".ljust(16, b"\0"), "big")),
    "block": (7, 0),
    "station": (10, 0),
    "station_type": (2, 0),
    "year": (12, 2018),
    "month": (4, 11),
    "day": (6, 11),
    "hour": (5, 0),
    "minute": (6, 4),
    "latitude": (25, 9_000_000 - 3_144_133),
    "longitude": (26, 18_000_000 - 6_419_192),
    "height": (15, 400 + 484),
}
SWEEP = {
    "start_year": (12, 2018),
    "start_month": (4, 11),
    "start_day": (6, 11),
    "start_hour": (5, 0),
    "start_minute": (6, 4),
    "start_second": (6, 57),
    "end_year": (12, 2018),
    "end_month": (4, 11),
    "end_day": (6, 11),
    "end_hour": (5, 0),
    "end_minute": (6, 5),
    "end_second": (6, 21),
    "object": (8, 90),
    "elevation": (15, 9000 + 51),
    "bins": (12, BINS),
    "bin_size": (14, 120),
    "bin_offset": (14, 210),
    "rays": (11, RAYS),
    "first_ray": (16, 200),
    "fields": (8, 1),
    "product": (8, 0),
    "compression": (8, 0),
}
SECTION_1 = bytes.fromhex("000016 00 0029 0000 00 00 06 02 00 10 02 07e2 0b 0b 00 04 39")
SECTION_3 = bytes.fromhex("00000e 00 0001 80 d5cc c11f d5cb 00")


def stream_of(values: Sequence[Sequence[float]] = VALUES) -> bytes:
    return zlib.compress(np.array(values, "<f8").tobytes())


def message(
    chunks: Sequence[bytes] | None = None,
    *,
    copies: int = 1,
    section_1: bytes = SECTION_1,
    section_3: bytes = SECTION_3,
    **stored: int,
) -> bytes:
    """A message of ``copies`` equal sweeps, ``stored`` numbers changed."""
    chunks = (stream_of(),) if chunks is None else chunks
    digits = _digits(SITE, stored) + f"{stored.pop('sweeps', copies):08b}"
    sweep = _digits(SWEEP, stored) + f"{stored.pop('chunk_count', len(chunks)):016b}"
    for chunk in chunks:
        sweep += f"{stored.get('chunk_length', len(chunk)):016b}"
        sweep += "".join(f"{byte:08b}" for byte in chunk)
    stored.pop("chunk_length", None)
    if stored:
        raise ValueError(f"unknown: {stored}")
    return framed(packed(digits + sweep * copies), section_1=section_1, section_3=section_3)


def packed(digits: str) -> bytes:
    digits += "0" * (-len(digits) % 16)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def framed(data: bytes, *, section_1: bytes = SECTION_1, section_3: bytes = SECTION_3) -> bytes:
    section_4 = (4 + len(data)).to_bytes(3, "big") + b"\0" + data
    rest = section_1 + section_3 + section_4 + b"7777"
    return b"BUFR" + (8 + len(rest)).to_bytes(3, "big") + b"\4" + rest


def _digits(elements: dict[str, tuple[int, int]], stored: dict[str, int]) -> str:
    return "".join(
        f"{stored.pop(name, usual):0{bits}b}" for name, (bits, usual) in elements.items()
    )
