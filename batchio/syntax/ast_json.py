"""Reads the documents of JSON files that hold syntax trees: any size, any depth, any damage.

A file holds one JSON document (RFC 8259), or one a line (NDJSON); it may be gzip. What other JSON
readers disagree on is read so:

* UTF-8, UTF-16 and UTF-32, with or without a byte order mark.
* `NaN`, `Infinity` and `-Infinity` are numbers; a number too big for a float is `inf`.
* Half a surrogate pair (`"\\ud800"`) becomes U+FFFD, so that any text can be written as UTF-8.
* A whole number of more than 64 bits is a float, or in a file that needs one of the slower ways of
  reading a whole number still. Only constants of the source are that big, and no table has them.
* Of equal keys the last one counts.
* A file is NDJSON if it is no document as a whole and of its first lines at least half are an
  object or a list each. A broken line costs only itself. Documents that follow one another in any
  other way are invalid, at the beginning of the second.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import orjson

from batchio.errors import InputError
from batchio.fileset import is_local, local_path, read_bytes
from batchio.fingerprint import sha256_of_file
from batchio.syntax.ast_json_content import GZIP, Content, Line, inflate
from batchio.syntax.ast_json_parse import Fault
from batchio.syntax.ast_json_stream import Outline, read_outline, read_pieces, read_whole

TOO_LARGE = "too_large"
UNREADABLE = "unreadable"

_SAMPLE_LINES = 20
_OPENERS = (b"{", b"[")
_CHUNK_BYTES = 1 << 16  # stored: a chunk is copied once a gzip member
_ACTIONS = {
    TOO_LARGE: "raise --max_file_mb, or leave it out",
    UNREADABLE: "check that it is there and may be read",
}
_DUMP_AGAIN = "dump or fetch it again"


FaultPlace: TypeAlias = tuple[int | None, int | None, int | None]
"""Byte, line and column; None what is not known."""

NO_PLACE: FaultPlace = (None, None, None)


class BadJson(InputError):
    """A file, or a line of one, that holds no readable JSON.

    Attributes:
        kind: `empty`, `truncated`, `invalid_json`, `invalid_encoding`, `too_large`, `bad_gzip` or
            `unreadable`.
        byte: Where the first fault is, from 0 in the decompressed content; None without a place.
        line: The line it is on, from 1.
        column: Its character on the line, from 1; a byte order mark is none.
    """

    def __init__(
        self,
        cause: str,
        *,
        kind: str = "invalid_json",
        path: str = "",
        place: FaultPlace = NO_PLACE,
    ) -> None:
        super().__init__(cause, path=path, step="read", action=_ACTIONS.get(kind, _DUMP_AGAIN))
        self.kind = kind
        self.byte, self.line, self.column = place


@dataclass(frozen=True)
class Document:
    """One JSON document.

    Attributes:
        pieces: Its value; of a big one the top again and again, each time with the next items of
            its longest list (see `ast_json_stream`). They can be gone through more than once.
        line: The line of an NDJSON file it is on, from 1; 0 if it is the file.
        sha256: Of its bytes, decompressed.
        frame: What each piece has once more: the top, its longest list empty; None of one piece.
    """

    pieces: Iterable[Any]
    line: int
    sha256: str
    frame: Any = None


class Contents(NamedTuple):
    """What is in a file.

    Attributes:
        sha256: Of the file's bytes as stored.
        size: Of its content in bytes, decompressed as far as that went.
        documents: Each document, or what is wrong with it.
    """

    sha256: str
    size: int
    documents: Iterator[Document | BadJson]


def read_documents(
    path: str, *, max_bytes: int, stream_bytes: int, size: int = 0, retries: int = 0
) -> Contents:
    """Returns the documents of a file on any storage.

    Of a local file no more is in memory than `stream_bytes` and the biggest item of a tree, or the
    longest line; a file from elsewhere is held as it is stored.

    Args:
        path: Path or URL.
        max_bytes: How big the file may be, as it is and decompressed.
        stream_bytes: From what size on a document comes in pieces.
        size: Of a file from elsewhere, as it was listed; 0 if unknown.
        retries: How often to read again when the storage falters.

    Raises:
        BadJson: If the file cannot be read, or is too large to be; all else is in the documents.
    """
    path = local_path(path)
    try:
        local = is_local(path)
        size = os.stat(path).st_size if local else size  # noqa: PTH116 - fast, once a file
        if size > max_bytes:
            raise _too_large(path, max_bytes)
        if local and size > stream_bytes:
            return _read_parts(path, max_bytes, stream_bytes, retries)
        data = read_bytes(path, size=size, retries=retries)
    except OSError as error:
        raise _unreadable(path, error) from error
    sha256 = hashlib.sha256(data).hexdigest()
    if len(data) > stream_bytes or len(data) > max_bytes or data.startswith(GZIP):
        stored = partial(_slices, data)
        return _unpacked(path, stored, sha256, max_bytes=max_bytes, stream_bytes=stream_bytes)
    return Contents(sha256, len(data), _read_document(path, data, sha256))


def _read_parts(path: str, max_bytes: int, stream_bytes: int, retries: int) -> Contents:
    stored = partial(_file_chunks, path)
    sha256 = sha256_of_file(path, retries=retries)
    return _unpacked(path, stored, sha256, max_bytes=max_bytes, stream_bytes=stream_bytes)


def _unpacked(
    path: str,
    stored: Callable[[], Iterator[bytes]],
    sha256: str,
    *,
    max_bytes: int,
    stream_bytes: int,
) -> Contents:
    """Returns the contents of a file that is compressed or big."""
    zipped = next(stored(), b"").startswith(GZIP)
    chunks = partial(_inflated, stored) if zipped else stored
    kept: list[bytes] = []
    size, hashed = 0, hashlib.sha256()
    try:
        for chunk in chunks():
            size += len(chunk)
            if size > max_bytes:
                return Contents(sha256, size, iter((_too_large(path, max_bytes),)))
            hashed.update(chunk)
            if size <= stream_bytes:
                kept.append(chunk)
            else:
                kept.clear()
    except Fault as fault:
        return Contents(sha256, size, iter((_bad(path, fault),)))
    digest = hashed.hexdigest()
    if size <= stream_bytes:
        return Contents(sha256, size, _read_document(path, b"".join(kept), digest))
    return Contents(sha256, size, _stream_document(path, Content(chunks), digest))


def _read_document(path: str, data: bytes, sha256: str) -> Iterator[Document | BadJson]:
    try:
        return iter((Document((orjson.loads(data),), 0, sha256),))
    except orjson.JSONDecodeError:
        return _recover(path, data, sha256)


def _recover(path: str, data: bytes, sha256: str) -> Iterator[Document | BadJson]:
    """Reads what orjson refuses."""
    content = Content(lambda: (data,))
    try:
        top = read_whole(content.texts())
    except Fault as fault:
        yield from _read_lines_or(fault, path, content)
    else:
        yield Document((top,), 0, sha256)


def _stream_document(path: str, content: Content, sha256: str) -> Iterator[Document | BadJson]:
    try:
        try:
            outline = read_outline(content.texts())
        except Fault as fault:
            yield from _read_lines_or(fault, path, content)
        else:
            frame = None if outline.path is None else outline.top
            yield Document(_Pieces(path, content, outline), 0, sha256, frame)
    except OSError as error:
        yield _unreadable(path, error)


@dataclass(frozen=True)
class _Pieces:
    path: str
    content: Content
    outline: Outline

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from read_pieces(self.content.texts(), self.outline)
        except Fault as fault:  # there was none before
            cause = f"has changed while it was read: {fault.message}"
            raise BadJson(cause, kind=fault.kind, path=self.path) from None
        except OSError as error:
            raise _unreadable(self.path, error) from error


def _read_lines_or(fault: Fault, path: str, content: Content) -> Iterator[Document | BadJson]:
    """Yields the document of each line, or the fault if the lines are no documents."""
    if not _is_ndjson(content):
        yield _bad(path, fault, content)
        return
    try:
        for line in content.lines():
            if line.data.strip():
                yield _read_line(path, content, line)
    except Fault as broken:
        yield _bad(path, broken, content)


def _is_ndjson(content: Content) -> bool:
    try:
        sample = list(
            islice((line for line in content.lines() if line.data.strip()), _SAMPLE_LINES)
        )
    except Fault:
        return False
    whole = sum(_is_document(line.data) for line in sample)
    if whole == 1:  # a comment above a tree, or a tree on one line and half a tree
        return len(sample) == 2 and sample[0].data.startswith(_OPENERS)
    return whole > 1 and whole * 2 >= len(sample)


def _is_document(line: bytes) -> bool:
    if not line.startswith(_OPENERS) or line.rstrip()[-1:] not in (b"}", b"]"):
        return False
    try:
        _read_top(line)
    except Fault:
        return False
    return True


def _read_line(path: str, content: Content, line: Line) -> Document | BadJson:
    try:
        top = _read_top(line.data)
    except Fault as fault:
        place = _line_content(line.data).place(fault.position or 0)
        byte = line.start + content.size_of(line.data[: place.byte])
        return _located(path, fault, byte, line.number, place.column)
    return Document((top,), line.number, hashlib.sha256(line.data.strip()).hexdigest())


def _read_top(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return read_whole(_line_content(line).texts())


def _line_content(line: bytes) -> Content:
    return Content(lambda: (line,), "utf-8")


def _bad(path: str, fault: Fault, content: Content | None = None) -> BadJson:
    if content is None or fault.position is None:
        return BadJson(fault.message, kind=fault.kind, path=path)
    return _located(path, fault, *content.place(fault.position))


def _located(path: str, fault: Fault, byte: int, line: int, column: int) -> BadJson:
    cause = f"{fault.message} at line {line}, column {column} (byte {byte})"
    return BadJson(cause, kind=fault.kind, path=path, place=(byte, line, column))


def _too_large(path: str, max_bytes: int) -> BadJson:
    return BadJson(f"is larger than {max_bytes:,} bytes", kind=TOO_LARGE, path=path)


def _unreadable(path: str, error: OSError) -> BadJson:
    cause = f"cannot be read: {error.strerror or error}"
    return BadJson(cause, kind=UNREADABLE, path=path)


def _inflated(stored: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    return inflate(stored())


def _file_chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123 - as read_bytes does
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
