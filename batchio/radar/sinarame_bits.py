"""The bits of a SINARAME message's section 4: its elements, a reader and a writer.

Numbers are big-endian and follow one another without alignment; a stored number of all ones
means missing. The radar data among them are whole bytes at any bit phase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchio.errors import InputError

FETCH_AGAIN = "fetch the file again"
NOT_SUPPORTED = "leave the file out: its format is not one this reader knows"


class SinarameError(InputError):
    """A radar file is damaged, or is no SINARAME file this reader knows."""


@dataclass(frozen=True, slots=True)
class Element:
    """A number of the message: value = (stored + ``reference``) / 10 ** ``scale``."""

    name: str
    bits: int
    scale: int = 0
    reference: int = 0

    @property
    def missing(self) -> int:
        """The stored number that means "missing": all ones."""
        return (1 << self.bits) - 1

    def decode(self, stored: int) -> float:
        """Returns the value of a stored number; whole where the element has no decimals."""
        power = 10.0 ** abs(self.scale)
        number = stored + self.reference
        return number / power if self.scale > 0 else number * power

    def encode(self, value: float) -> int:
        """Returns the number to store for ``value``, rounded to the element's decimals.

        Raises:
            ValueError: the element cannot hold the value.
        """
        power = 10.0 ** abs(self.scale)
        stored = round(value * power if self.scale > 0 else value / power) - self.reference
        if not 0 <= stored < self.missing:
            raise ValueError(f"{self.name} {value} does not fit its {self.bits} bits")
        return stored


COUNT = Element("count", 8)  # 0 31 001
LONG_COUNT = Element("count", 16)  # 0 31 002
RADAR_TYPE_BYTES = 3  # 0 01 192
RADAR_ID_BYTES = 16  # 0 01 193
WMO_BLOCK = Element("WMO block", 7)  # 0 01 001
WMO_STATION = Element("WMO station", 10)  # 0 01 002
STATION_TYPE = Element("type of station", 2)  # 0 02 001
YEAR = Element("year", 12)  # 0 04 001 to 0 04 006
MONTH = Element("month", 4)
DAY = Element("day", 6)
HOUR = Element("hour", 5)
MINUTE = Element("minute", 6)
SECOND = Element("second", 6)
TO_THE_MINUTE = (YEAR, MONTH, DAY, HOUR, MINUTE)
TO_THE_SECOND = (*TO_THE_MINUTE, SECOND)
LATITUDE = Element("latitude", 25, 5, -9_000_000)  # 0 05 001, degrees
LONGITUDE = Element("longitude", 26, 5, -18_000_000)  # 0 06 001, degrees
HEIGHT = Element("height", 15, 0, -400)  # 0 07 001, m
PRODUCT = Element("product code", 8)  # 0 30 196
ELEVATION = Element("elevation", 15, 2, -9_000)  # 0 02 135, degrees
BINS = Element("number of bins", 12)  # 0 30 194
BIN_SIZE = Element("bin size", 14)  # 0 21 201, m
BIN_OFFSET = Element("bin offset", 14, -1)  # 0 21 203, m
RAYS = Element("number of rays", 11)  # 0 30 195
FIRST_RAY = Element("first ray", 16, 2)  # 0 02 134
COMPRESSION = Element("compression", 8)  # 0 30 197


class BitReader:
    """Reads numbers and bytes, one after the other, from ``data[start:end]``."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._position = start * 8
        self._end = end * 8

    @property
    def left(self) -> int:
        """The number of bits not read yet."""
        return self._end - self._position

    def stored(self, element: Element) -> int:
        """Reads a number as it is stored."""
        start = self._advance(element.bits, element.name)
        return self._number(start, element.bits)

    def integer(self, element: Element) -> int:
        """Reads a whole number that must not be missing."""
        return int(self.decimal(element))

    def decimal(self, element: Element) -> float:
        """Reads a number that must not be missing."""
        stored = self.stored(element)
        if stored == element.missing:
            raise SinarameError(f"the {element.name} is missing", action=FETCH_AGAIN)
        return element.decode(stored)

    def take(self, count: int) -> bytes:
        """Reads ``count`` bytes from where the reader stands, at any bit phase."""
        start = self._advance(count * 8, f"{count} bytes of data")
        first, shift = divmod(start, 8)
        if shift == 0 or count == 0:
            return self._data[first : first + count]
        source = np.frombuffer(self._data, np.uint8, count + 1, first)
        return ((source[:-1] << shift) | (source[1:] >> (8 - shift))).tobytes()

    def _advance(self, bits: int, what: str) -> int:
        start = self._position
        if bits > self._end - start:
            raise SinarameError(f"section 4 ends within the {what}", action=FETCH_AGAIN)
        self._position = start + bits
        return start

    def _number(self, start: int, bits: int) -> int:
        last = (start + bits + 7) // 8
        number = int.from_bytes(self._data[start // 8 : last], "big")
        return (number >> (last * 8 - start - bits)) & ((1 << bits) - 1)


class BitWriter:
    """Collects numbers and bytes, one after the other, as a BitReader reads them."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._pending = 0  # the bits after the last whole byte
        self._pending_bits = 0

    def number(self, element: Element, value: float) -> None:
        """Writes a value as its element stores it."""
        self._pending = self._pending << element.bits | element.encode(value)
        self._pending_bits += element.bits
        whole, self._pending_bits = divmod(self._pending_bits, 8)
        self._parts.append((self._pending >> self._pending_bits).to_bytes(whole, "big"))
        self._pending &= (1 << self._pending_bits) - 1

    def put(self, data: bytes) -> None:
        """Writes whole bytes at the bit phase reached."""
        shift = self._pending_bits
        if shift == 0 or not data:
            self._parts.append(data)
            return
        source = np.frombuffer(bytes((self._pending,)) + data, np.uint8)
        self._parts.append(((source[:-1] << (8 - shift)) | (source[1:] >> shift)).tobytes())
        self._pending = data[-1] & ((1 << shift) - 1)

    def finish(self) -> bytes:
        """Returns all that was written, padded with zero bits to an even number of bytes."""
        last = bytes((self._pending << (8 - self._pending_bits),)) if self._pending_bits else b""
        written = b"".join((*self._parts, last))
        return written + bytes(len(written) % 2)
