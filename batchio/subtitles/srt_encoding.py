"""The encoding of a subtitle file: by its mark, as UTF-8, or as a guess that is named."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from batchio.errors import InputError, UsageError

# That of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without a mark these would read what they do not write, or write a mark that was not there.
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_ESCAPED = re.compile("[\udc80-\udcff]")
_GOOD_PER_BAD = 10  # letters beyond ASCII that are UTF-8, for each byte that is not
NAME_IT = "name its encoding with --encoding"


class SubtitleError(InputError):
    """A file is no SubRip file, or nothing of it can be read."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes are read and written."""

    name: str
    source: str  # mark, utf-8, named, guess
    mark: bytes = b""
    confidence: float = 1.0
    rivals: tuple[str, ...] = ()  # other encodings that would make sense of the bytes

    def encode(self, text: str) -> bytes:
        """Returns the bytes of a text, with the mark; bytes that were no letters as they were."""
        return self.mark + text.encode(self.name, _errors(self.name))


def check_encoding(name: str) -> str:
    """Returns the name of an encoding as Python has it; refuses what is none."""
    try:
        found = codecs.lookup(name).name
        "1\n".encode(found)
    except (LookupError, UnicodeError, ValueError) as error:
        cause = f"{name!r} is no encoding of text"
        raise UsageError(cause, action="take one such as utf-8 or cp1252") from error
    return _WITHOUT_MARK.get(found, found)


def decode(data: bytes, encoding: str = "") -> tuple[str, Encoding]:
    """Returns the text, and how it was read.

    Bytes that are no letters become lone surrogates, which `Encoding.encode` turns back; in UTF-16
    and UTF-32 they become U+FFFD.

    Args:
        data: The whole file.
        encoding: Instead of a guess; a mark in the file is believed before it.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], name), Encoding(name, "mark", mark)
    if encoding:
        name = check_encoding(encoding)
        return _decode(data, name), Encoding(name, "named")
    try:
        text, found = data.decode("utf-8"), Encoding("utf-8", "utf-8")
    except UnicodeDecodeError:
        text, found = _guess(data)
    if "\0" in text:
        raise SubtitleError("NUL bytes: no text, or UTF-16 without a mark", action=NAME_IT)
    return text, found


def is_escaped(text: str) -> bool:
    """Returns whether the text holds bytes that were no letters."""
    return _ESCAPED.search(text) is not None or "\ufffd" in text


def _errors(name: str) -> str:
    return "replace" if name.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode(name, _errors(name))
    except UnicodeError as error:
        raise SubtitleError(f"the bytes are not {name}", action=NAME_IT) from error
    if "\0" in text:
        raise SubtitleError("NUL bytes: no text", action=NAME_IT)
    return text


def _guess(data: bytes) -> tuple[str, Encoding]:
    if b"\0" in data:
        raise SubtitleError("NUL bytes: no text, or UTF-16 without a mark", action=NAME_IT)
    text = data.decode("utf-8", "surrogateescape")
    bad = len(_ESCAPED.findall(text))
    good = sum(letter > "\x7f" for letter in text) - bad
    if good >= bad * _GOOD_PER_BAD:
        return text, Encoding("utf-8", "guess", confidence=good / (good + bad))
    return _detect(data)


def _detect(data: bytes) -> tuple[str, Encoding]:
    # Takes 80 ms to import, and most files are UTF-8.
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data))
    if not matches:
        raise SubtitleError("no text in any encoding known", action=NAME_IT)
    best = matches[0]
    name = check_encoding(best.encoding)
    rivals = tuple(match.encoding for match in matches[1:])
    return _decode(data, name), Encoding(name, "guess", confidence=1.0 - best.chaos, rivals=rivals)
