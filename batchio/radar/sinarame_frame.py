"""The frame of a SINARAME message: one BUFR edition 4 message with the network's own template.

Structure and lengths are checked here before ecCodes sees the bytes, so that damaged files
cannot reach into the C library; section 4 is left to ``batchio.radar.sinarame``.
"""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone

# eccodes lets all libraries that it bundles be seen by those that are loaded later. pyproj has its
# own PROJ and psycopg its own LDAP: imported after eccodes the process dies at exit, of a double
# free or a segmentation fault. So they go first wherever they are installed.
with contextlib.suppress(ImportError):
    import pyproj  # noqa: F401
with contextlib.suppress(ImportError):
    import psycopg  # noqa: F401

import eccodes

from batchio.radar.sinarame_bits import FETCH_AGAIN, NOT_SUPPORTED, SinarameError

EDITION = 4
CENTRE = 41  # Buenos Aires, whose local tables define the template
DESCRIPTORS = (321204, 301031, 321203)  # identifiers, site and time, volume
END = b"7777"

_MAX_INFLATED_BYTES = 64 << 20  # of a .BUFR.gz; a message holds 16 MiB at most
_MAX_HEADING_BYTES = 1024  # before the message: a GTS heading has some 40
_GTS_TRAILER = b"\r\n\x03\0"  # what may follow a message
_GZIP_MAGIC = b"\x1f\x8b"
# section: the fewest bytes it can have
_SECTIONS = {1: 22, 3: 9, 4: 4}


@dataclass(frozen=True, slots=True)
class Frame:
    """A message whose sections fit, and where the bits of its section 4 lie."""

    message: bytes
    time: datetime  # of section 1, UTC
    data_start: int
    data_end: int


def read_frame(data: bytes) -> Frame:
    """Returns the one message of a file's bytes, gzipped or not, with its sections checked.

    A GTS heading before the message and its trailer after it are skipped; anything else around
    it, a second message included, is refused.

    Raises:
        SinarameError: the bytes are no whole message, or one of another template.
    """
    message = read_message(data)
    starts = _section_starts(message)
    _check_template(message)
    return Frame(message, _section_1_time(message), starts[4] + 4, len(message) - len(END))


def read_message(data: bytes) -> bytes:
    """Returns the one message of a file's bytes, gzipped or not, which has the length it states.

    Raises:
        SinarameError: They are no whole message; `FETCH_AGAIN` is its action where there may be
            one in another copy.
    """
    if not data:
        raise SinarameError("the file is empty", action=FETCH_AGAIN)
    return _only_message(_gunzip(data) if data.startswith(_GZIP_MAGIC) else data)


def _gunzip(data: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)  # 31: with the header and checksum of gzip
    try:
        inflated = inflater.decompress(data, _MAX_INFLATED_BYTES + 1)
    except zlib.error as error:
        raise SinarameError(f"cannot be gunzipped: {error}", action=FETCH_AGAIN) from error
    if len(inflated) > _MAX_INFLATED_BYTES:
        raise SinarameError(
            f"gunzips to more than {_MAX_INFLATED_BYTES} bytes", action=NOT_SUPPORTED
        )
    if not inflater.eof or inflater.unused_data:
        raise SinarameError("does not end with its gzip stream", action=FETCH_AGAIN)
    return inflated


def _only_message(data: bytes) -> bytes:
    start = data.find(b"BUFR", 0, _MAX_HEADING_BYTES)
    if start < 0:
        raise SinarameError("is not a BUFR file", action=NOT_SUPPORTED)
    held = len(data) - start
    stated = int.from_bytes(data[start + 4 : start + 7], "big")
    if held < 8 or held < stated:
        raise SinarameError(
            f"is cut short: {held} bytes of a message of {stated}", action=FETCH_AGAIN
        )
    if data[start + 7] != EDITION:
        raise SinarameError(
            f"is BUFR edition {data[start + 7]}, not {EDITION}", action=NOT_SUPPORTED
        )
    message = data[start : start + stated]
    if not message.endswith(END):
        raise SinarameError(
            f"does not close with 7777 after the {stated} bytes it states", action=FETCH_AGAIN
        )
    _check_rest(data[start + stated :])
    return message


def _check_rest(rest: bytes) -> None:
    if b"BUFR" in rest:
        raise SinarameError(
            "holds a second message", action="split the file: one message, one file"
        )
    if rest.strip(_GTS_TRAILER):
        raise SinarameError(f"goes on for {len(rest)} bytes after 7777", action=FETCH_AGAIN)


def _section_starts(message: bytes) -> dict[int, int]:
    starts = {}
    offset = 8
    for section, fewest in _SECTIONS.items():
        length = int.from_bytes(message[offset : offset + 3], "big")
        if length < fewest or offset + length > len(message) - len(END):
            raise SinarameError(
                f"section {section} cannot have {length} bytes at byte {offset} of {len(message)}",
                action=FETCH_AGAIN,
            )
        if section == 1 and message[offset + 9] & 0x80:
            raise SinarameError("has a section 2", action=NOT_SUPPORTED)
        starts[section] = offset
        offset += length
    if offset != len(message) - len(END):
        raise SinarameError(
            f"its sections end at byte {offset} of {len(message)}", action=FETCH_AGAIN
        )
    return starts


def _check_template(message: bytes) -> None:
    centre, subsets, compressed, descriptors = _template(message)
    found = ""
    if centre != CENTRE:
        found = f"comes from centre {centre}, not {CENTRE}"
    elif descriptors != DESCRIPTORS:
        shown = " ".join(f"{descriptor:06d}" for descriptor in descriptors[:8])
        found = f"has the descriptors {shown}, not {' '.join(map(str, DESCRIPTORS))}"
    elif compressed:
        found = "is a compressed message"
    elif subsets != 1:
        found = f"has {subsets} subsets, not 1"
    if found:
        raise SinarameError(found, action=NOT_SUPPORTED)


def _template(message: bytes) -> tuple[int, int, int, tuple[int, ...]]:
    handle = None
    try:
        handle = eccodes.codes_new_from_message(message)
        return (
            eccodes.codes_get_long(handle, "bufrHeaderCentre"),
            eccodes.codes_get_long(handle, "numberOfSubsets"),
            eccodes.codes_get_long(handle, "compressedData"),
            tuple(map(int, eccodes.codes_get_array(handle, "unexpandedDescriptors"))),
        )
    except eccodes.CodesInternalError as error:
        raise SinarameError(f"ecCodes cannot read it: {error}", action=FETCH_AGAIN) from error
    finally:
        if handle is not None:
            eccodes.codes_release(handle)


def _section_1_time(message: bytes) -> datetime:
    fields = (int.from_bytes(message[23:25], "big"), *message[25:30])
    return to_datetime(fields, "section 1")


def to_datetime(fields: tuple[int, ...], where: str) -> datetime:
    """Returns the UTC time of (year, month, day, hour, minute[, second]).

    Raises:
        SinarameError: there is no such time.
    """
    year, month, day, hour, minute, second = (*fields, 0)[:6]
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError as error:
        raise SinarameError(
            f"the time of {where} is none: {fields}: {error}", action=FETCH_AGAIN
        ) from error
