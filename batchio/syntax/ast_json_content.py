"""The content of a JSON file as bytes, text or lines, a part at a time and as often as needed."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from batchio.syntax.ast_json_parse import TRUNCATED, Fault

INVALID_ENCODING = "invalid_encoding"
BAD_GZIP = "bad_gzip"

GZIP = b"\x1f\x8b"
_GZIP_WBITS = 31  # zlib's word for: with the header and checksum of gzip
_PART_BYTES = 1 << 20
_ENDS_EARLY = ("unexpected end of data", "truncated data")  # as Python's decoders say it


class Place(NamedTuple):
    """A place in a file's content: byte from 0, line and column (in characters) from 1."""

    byte: int
    line: int
    column: int


class Line(NamedTuple):
    """A line in UTF-8 without its end: its number from 1, the byte of the file it begins at."""

    number: int
    start: int
    data: bytes


class Content:
    """The content of a file, decompressed, of which any number of passes can be made.

    Args:
        chunks: Starts a pass: returns the bytes in order, part by part.
        encoding: As Python names it; by default UTF-8, UTF-16 or UTF-32 as the first bytes show.
    """

    def __init__(self, chunks: Callable[[], Iterable[bytes]], encoding: str = "") -> None:
        self.chunks = chunks
        self._encoding = encoding

    @property
    def encoding(self) -> str:
        """The encoding as Python names it."""
        if not self._encoding:
            head = b""
            for chunk in self.chunks():
                head += chunk[:4]
                if len(head) >= 4:
                    break
            self._encoding = json.detect_encoding(head)
        return self._encoding

    def texts(self) -> Iterator[str]:
        """Yields the text part by part, without the byte order mark.

        Raises:
            Fault: Behind the last good character, if a byte does not fit the encoding.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)()
        characters = 0
        for chunk in chain(self.chunks(), [b""]):
            before = decoder.getstate()
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.start - (len(error.object) - len(chunk))
                decoder.setstate(before)
                text = decoder.decode(chunk[: max(good, 0)])
                yield text
                raise self._encoding_fault(error, characters + len(text)) from None
            characters += len(text)
            yield text

    def lines(self) -> Iterator[Line]:
        """Yields the lines."""
        codec = self.encoding.removesuffix("-sig")
        chunks = self.chunks() if codec == "utf-8" else (text.encode() for text in self.texts())
        start = len("".encode(self.encoding))
        for number, data in enumerate(_split_lines(chunks), 1):
            if number == 1 and self.encoding == "utf-8-sig":
                data = data[start:]
            yield Line(number, start, data)
            start += len(data) + 1 if codec == "utf-8" else self.size_of(data + b"\n")

    def size_of(self, data: bytes) -> int:
        """Returns how many bytes of the file a part in UTF-8 takes."""
        return len(data.decode().encode(self.encoding)) - len("".encode(self.encoding))

    def place(self, position: int) -> Place:
        """Returns the place of a character of the text, counted from 0."""
        encoder = codecs.getincrementalencoder(self.encoding)()
        texts = self.texts()
        byte = len(encoder.encode(""))
        line, column, left = 1, 1, position
        while left > 0:
            text = next(texts)[:left]
            left -= len(text)
            byte += len(encoder.encode(text))
            line += text.count("\n")
            newline = text.rfind("\n")
            column = len(text) - newline if newline >= 0 else column + len(text)
        return Place(byte, line, column)

    def _encoding_fault(self, error: UnicodeDecodeError, position: int) -> Fault:
        name = self.encoding.removesuffix("-sig").upper()
        if error.reason in _ENDS_EARLY:
            return Fault(TRUNCATED, f"the data end within a character of {name}", position)
        byte = error.object[error.start]
        return Fault(INVALID_ENCODING, f"the byte 0x{byte:02x} is not {name} here", position)


def inflate(stored: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the content of a gzip file, whatever the number of its members, part by part.

    Zeros behind a member are padding, as for gzip itself.

    Raises:
        Fault: If it ends early, is damaged, or has anything else behind a member.
    """
    inflater = zlib.decompressobj(_GZIP_WBITS)
    for data in stored:
        while data:
            if inflater.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                inflater = zlib.decompressobj(_GZIP_WBITS)
            try:
                part = inflater.decompress(data, _PART_BYTES)
            except zlib.error as error:
                raise Fault(BAD_GZIP, f"the gzip data are damaged ({error})") from None
            if part:
                yield part
            data = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise Fault(TRUNCATED, "the gzip data end before their own end")


def _split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            begun = [others.pop()]
            yield from others
    yield b"".join(begun)
