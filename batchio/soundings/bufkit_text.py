"""The text of a BUFKIT file: unpacked, and cut at its markers into members, blocks and surfaces."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from batchio.errors import InputError

FETCH_AGAIN = "fetch the file again"

_MAX_BYTES = 64 << 20  # of the text; the largest seen has 0.65 MB, an ensemble some 10
_GZIP_MAGIC, _ZIP_MAGIC = b"\x1f\x8b", b"PK"
_GZIP_WBITS = 31  # zlib's word for: with the header and checksum of gzip

# That an S begins its line is asked behind it: so `re` looks for the letter, not at every place.
_MARKER = re.compile(rb"S(?<![^\n]S)(?:(NPARM)\s*=|(TID)\s*=|TN[ \t]+YYMMDD/HHMM)")
_PARAMETERS = re.compile(rb"^[ \t]*(SNPARM|STNPRM)[ \t]*=([^\r\n]*)", re.M)
_DATA_LINE = re.compile(rb"[-+.\d\s/]*")
_EMPTY_LINE = re.compile(rb"(?:\A|\n)[ \t\r\n]*\n\Z|\A\Z")
_NAME_WINDOW = 400  # bytes before a section in which its member's name lies
_WHOLE_ROW_END = re.compile(rb"\A\s*[-+\d][^\n]*\.\d\d\s*\Z")
_FIRST_DIGIT = re.compile(rb"\s*[-+]?\d")


class BufkitError(InputError):
    """A file is no BUFKIT file, or nothing of it is whole."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A part of a file that is not whole and was left out."""

    line: int  # from 1
    part: str
    cause: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.part}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the text: where it begins and ends."""

    start: int
    end: int


@dataclass(slots=True)
class MemberText:
    """The parts of one member: of the whole file where it is no ensemble."""

    name: str
    columns: tuple[str, ...] = ()  # of the levels, by SNPARM
    blocks: list[Span] = field(default_factory=list)
    surfaces: list[Span] = field(default_factory=list)


class Text:
    """The text of a file, which knows its lines and remembers what is lost."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.losses: list[Loss] = []
        self._line_ends: NDArray[np.intp] | None = None

    def line(self, position: int) -> int:
        """Returns the number of the line, from 1, that ``position`` is in."""
        if self._line_ends is None:
            self._line_ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == ord("\n"))
        return int(np.searchsorted(self._line_ends, position)) + 1

    def lose(self, position: int, part: str, cause: str) -> None:
        """Remembers that the part at ``position`` is left out."""
        self.losses.append(Loss(self.line(position), part, cause))


def unpack(data: bytes) -> bytes:
    """Returns the text of a file that may be gzipped or zipped.

    Raises:
        BufkitError: It cannot be unpacked, or is too large.
    """
    if data.startswith(_GZIP_MAGIC):
        return _gunzip(data)
    if data.startswith(_ZIP_MAGIC):
        return _unzip(data)
    _check_size(len(data))
    return data


def _gunzip(data: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP_WBITS)
    try:
        text = inflater.decompress(data, _MAX_BYTES + 1)
    except zlib.error as error:
        raise BufkitError(f"cannot be gunzipped: {error}", action=FETCH_AGAIN) from error
    _check_size(len(text))
    if not inflater.eof:
        raise BufkitError("ends within its gzip stream", action=FETCH_AGAIN)
    return text


def _unzip(data: bytes) -> bytes:
    try:
        with TemporaryFile() as stored, zipfile.ZipFile(_filled(stored, data)) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(files) != 1:
                cause = f"the zip archive holds {len(files)} files, not one"
                raise BufkitError(cause, action="unpack it")
            with archive.open(files[0]) as file:
                text = file.read(_MAX_BYTES + 1)
    # zipfile lets these out: damage, what it does not know, and a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise BufkitError(f"cannot be unzipped: {error}", action=FETCH_AGAIN) from error
    _check_size(len(text))
    return text


def _filled(file: IO[bytes], data: bytes) -> IO[bytes]:
    file.write(data)
    return file


def _check_size(size: int) -> None:
    if size > _MAX_BYTES:
        raise BufkitError(f"is larger than {_MAX_BYTES} bytes", action="leave it out")


def drop_cut_end(data: bytes) -> bytes:
    """Returns the text without the last word or number that may have been cut.

    Numbers at a file's end have two decimals: one with fewer may stand for any value.
    """
    line = data[data.rfind(b"\n") + 1 :]
    if not line.strip() or _WHOLE_ROW_END.search(line):
        return data
    keep = line.rpartition(b" ")[0] if _FIRST_DIGIT.match(line) else b""
    return data[: len(data) - len(line)] + keep


def split_members(data: bytes) -> list[MemberText]:
    """Returns the members of a file, each with its parts in the order of the file.

    A ``SNPARM`` line with a name before it begins a new member; one without goes on with the
    member before. A file that is no ensemble is one member without a name.
    """
    members: dict[str, MemberText] = {}
    member = MemberText("")
    sections = 0
    for kind, span in _parts(data):
        if kind == b"NPARM":
            sections += 1
            name, columns = _name_before(data, span.start)[1], _level_columns(data, span)
            if name or not members:
                member = members.setdefault(name, MemberText(name))
            member.columns = columns
        elif kind == b"TID":
            member.blocks.append(span)
        else:
            member.surfaces.append(span)
    members.setdefault(member.name, member)
    if sections <= 1:
        member.name = ""
    return list(members.values())


def _parts(data: bytes) -> Iterator[tuple[bytes | None, Span]]:
    markers = list(_MARKER.finditer(data))
    ends = [
        _name_before(data, match.start())[0] if match[1] else match.start() for match in markers[1:]
    ]
    for match, end in zip(markers, [*ends, len(data)], strict=False):  # no marker, no end
        yield match[1] or match[2], Span(match.start(), max(match.end(), end))


def _name_before(data: bytes, section: int) -> tuple[int, str]:
    """Returns where the line before a section begins, and the member's name in it.

    The line is the section's own start where there is no name.
    """
    begin = max(0, section - _NAME_WINDOW)
    window = data[begin:section].rstrip()
    start = window.rfind(b"\n") + 1
    line = window[start:].strip()
    # A name of digits alone stands behind an empty line, which rows of numbers never do.
    is_data = _DATA_LINE.fullmatch(line) and not _EMPTY_LINE.search(window[:start])
    if is_data or line.startswith(b"#") or b"=" in line:
        return section, ""
    return begin + start, line.decode("latin-1")


def _level_columns(data: bytes, span: Span) -> tuple[str, ...]:
    for name, value in _PARAMETERS.findall(data[span.start : span.end]):
        if name == b"SNPARM":
            return tuple(word.strip().decode("latin-1") for word in value.split(b";"))
    return ()
