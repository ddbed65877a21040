"""Plans how a CSV is read: finds how it is written and cuts it into blocks of whole rows."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from batchio.addresses.csv_dialect import (
    Dialect,
    Encoding,
    as_units,
    as_utf8,
    count_fields,
    distinct_names,
    find_delimiter,
    find_mark,
    unit_bytes,
)
from batchio.addresses.csv_read import STEP, Block, parse_rows
from batchio.addresses.csv_scan import CR, LF, Positions, RowScanner
from batchio.errors import InputError, doing
from batchio.file_ranges import file_size, read_chunks, read_range

_SAMPLE_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20  # what fits into a processor's cache is scanned twice as fast
_NO_UNIT = -1
_LARGEST_BLOCK = 1 << 29  # Arrow counts to 2 GiB, and cp1252 can grow threefold in UTF-8


@dataclass(frozen=True)
class Plan:
    """The blocks of a CSV in order, and the SHA-256 of the whole file.

    There is one block at least: a file that has a header only has one without rows.
    """

    blocks: list[Block]
    sha256: str


def plan_blocks(path: str, block_bytes: int, *, header: bool = True, delimiter: str = "") -> Plan:
    """Returns how a CSV is read; each of its bytes is looked at once.

    The header is the first row that is not blank. After it, or where there is none, a blank row
    is a row of empty texts.

    Args:
        path: Path or URL.
        block_bytes: A block ends with the row that makes it this large.
        header: Whether there is one.
        delimiter: The delimiter; found if not given.

    Raises:
        InputError: The file has no rows, not even a header, or the first does not end.
    """
    with doing(STEP, path):
        text = _look_at(path, header=header, delimiter=delimiter)
        begins = _skip_blank(text)
        first_row = read_range(path, begins, _first_end(text, begins))
        body = begins + len(first_row) if header else text.start
        content = _Content()
        content.feed(0, read_range(path, 0, body))
        cuts = list(_cut(text, body, block_bytes, content))
        content.feed(text.end, read_range(path, text.end, text.size))
        encoding = text.marked or ("utf-8" if content.is_utf8() else "cp1252")
        dialect = Dialect(encoding, text.delimiter, _columns(text, first_row, encoding, header))
        return Plan([Block(dialect, *cut) for cut in cuts], content.sha256())


@dataclass(frozen=True)
class _Text:
    """What the beginning of a file tells."""

    path: str
    size: int
    start: int  # after the byte order mark
    end: int
    marked: Encoding | None
    delimiter: str


@dataclass
class _Content:
    """What all bytes of a file tell together; they come in order, some of them again."""

    _seen: int = 0
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    _is_utf8: bool = True
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8")
    )

    def feed(self, at: int, chunk: bytes) -> None:
        new = chunk[self._seen - at :]
        self._seen += len(new)
        self._digest.update(new)
        if self._is_utf8 and not (new.isascii() and not self._decoder.getstate()[0]):
            self._decode(new)

    def is_utf8(self) -> bool:
        """Tells it when all was fed."""
        self._decode(b"", final=True)
        return self._is_utf8

    def sha256(self) -> str:
        return self._digest.hexdigest()

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self._is_utf8 = False


def _look_at(path: str, *, header: bool, delimiter: str) -> _Text:
    size = file_size(path)
    sample = read_range(path, 0, min(size, _SAMPLE_BYTES))
    marked, start = find_mark(sample)
    if not delimiter:
        units = as_units(sample[start:], marked)
        delimiter = find_delimiter(units, header=header, whole=size <= _SAMPLE_BYTES)
    end = size - (size - start) % unit_bytes(marked)  # half a unit is no row
    return _Text(path, size, start, end, marked, delimiter)


def _skip_blank(text: _Text) -> int:
    """Returns where the first row begins that is not blank."""
    at = text.start
    for chunk in _chunks(text, text.start):
        units = as_units(chunk, text.marked)
        written = np.flatnonzero((units != LF) & (units != CR))
        if len(written):
            return at + int(written[0]) * unit_bytes(text.marked)
        at += len(chunk)
    raise InputError("is empty", action="leave it out, or send it again")


def _first_end(text: _Text, start: int) -> int:
    scanner = RowScanner(ord(text.delimiter))
    for ends in _row_ends(text, start, scanner, _chunks(text, start)):
        if len(ends):
            return int(ends[0])
    if scanner.quoted:
        raise InputError(
            "has a quote in its first row that never closes",
            action="mend the row, or leave the file out",
        )
    return text.end


def _chunks(text: _Text, start: int) -> Iterator[bytes]:
    return read_chunks(text.path, start, text.end, _CHUNK_BYTES)


def _row_ends(
    text: _Text, start: int, scanner: RowScanner, chunks: Iterable[bytes]
) -> Iterator[Positions]:
    """Yields the bytes after rows, for each chunk; the last row may end with the file untold."""
    at = start
    for chunk in chunks:
        yield scanner.feed(as_units(chunk, text.marked)) * unit_bytes(text.marked) + at
        at += len(chunk)


def _cut(
    text: _Text, start: int, block_bytes: int, content: _Content, before: int = 0
) -> Iterator[tuple[int, int, int, int, bool]]:
    """Yields start, end, rows before, rows and open quote of each block."""
    scanner = RowScanner(ord(text.delimiter))
    rows, last = 0, start
    for ends in _row_ends(text, start, scanner, _fed(text, start, content)):
        last = int(ends[-1]) if len(ends) else last
        while len(ends) and ends[-1] >= start + block_bytes:
            cut = int(np.searchsorted(ends, start + block_bytes))
            end = int(ends[cut])
            rows += cut + 1
            yield start, _arrow_can(start, end), before, rows, False
            start, before, rows, ends = end, before + rows, 0, ends[cut + 1 :]
        rows += len(ends)
    if scanner.quoted:
        if rows:
            yield start, last, before, rows, False
        yield from _cut_open(text, last, block_bytes, content, before + rows)
        return
    rows += last < text.end
    if rows or not before:
        yield start, _arrow_can(start, text.end), before, rows, False


def _cut_open(
    text: _Text, start: int, block_bytes: int, content: _Content, before: int
) -> Iterator[tuple[int, int, int, int, bool]]:
    """Cuts from a row on with a quote that never closes: its first line is set apart.

    That comes once in a file at most: all quotes behind the open one are doubled.
    """
    end = _line_end(text, start)
    yield start, _arrow_can(start, end), before, 1, True
    if end < text.end:
        yield from _cut(text, end, block_bytes, content, before + 1)


def _line_end(text: _Text, start: int) -> int:
    """Returns where the line ends that begins at `start`, quotes or not."""
    no_quotes = RowScanner(ord(text.delimiter), quote=_NO_UNIT)
    for ends in _row_ends(text, start, no_quotes, _chunks(text, start)):
        if len(ends):
            return int(ends[0])
    return text.end


def _fed(text: _Text, start: int, content: _Content) -> Iterator[bytes]:
    at = start
    for chunk in _chunks(text, start):
        content.feed(at, chunk)
        at += len(chunk)
        yield chunk


def _arrow_can(start: int, end: int) -> int:
    if end - start <= _LARGEST_BLOCK:
        return end
    raise InputError(
        f"has a row of {(end - start) >> 20} MiB from about byte {start}",
        action="a quote may open there that never closes: mend it",
    )


def _columns(text: _Text, first_row: bytes, encoding: Encoding, header: bool) -> tuple[str, ...]:
    row = as_utf8(first_row, encoding)
    width = count_fields(np.frombuffer(row, np.uint8), text.delimiter)
    names = tuple(str(number) for number in range(width))
    fields = parse_rows(row, Dialect("utf-8", text.delimiter, names)).table
    return distinct_names([column[0].as_py() if header else "" for column in fields.columns])
