"""Reads JSON text (RFC 8259) nested to any depth, and tells where it breaks off or goes wrong."""

from __future__ import annotations

import json
import re
from typing import Any

EMPTY = "empty"
TRUNCATED = "truncated"
INVALID_JSON = "invalid_json"

VALUE = "a value"
KEY = "a key in double quotes"

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_CUT_NUMBER = re.compile(r"(?<![\w.+-])-?(?:0|[1-9][0-9]*)(?:\.|(?:\.[0-9]+)?[eE][-+]?)\Z")
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_LONG_NUMBER = 64  # characters; a longer one that is cut counts as wrong
_FOUND = re.compile(r"[^\s,:\[\]{}\"]{1,24}|\S", re.ASCII)
_CLOSERS = {"{": "}", "[": "]"}
_NEAR = 16  # characters from the end of a text: longer than any mark, word or escape

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class Fault(Exception):
    """The first fault of a text: its kind, in words, and the character it is at, from 0."""

    def __init__(self, kind: str, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.position = position

    def moved(self, characters: int) -> Fault:
        """Returns the fault as it is in a text with so many characters more in front."""
        position = None if self.position is None else self.position + characters
        return Fault(self.kind, self.message, position)


def decode(text: str, position: int, *, goes_on: bool = False) -> tuple[Any, int]:
    """Returns the value at a position, and where it ends.

    NaN, Infinity and -Infinity are numbers. Half a surrogate pair, which no UTF-8 can hold, becomes
    U+FFFD. Of equal keys the last one counts.

    Args:
        text: Without lone surrogates.
        position: Where the value begins, behind any white space.
        goes_on: Whether more of the text may follow; saves looking closely at a value that the end
            of the text seems to cut.

    Raises:
        Fault: If there is no whole value.
    """
    try:
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        if goes_on and (error.pos > len(text) - _NEAR or error.msg.startswith("Unterminated")):
            raise Fault(TRUNCATED, error.msg, error.pos) from None
        value, end = parse(text, position)
    except (ValueError, RecursionError):  # thousands of digits, or nested deeply
        value, end = parse(text, position)
    if _SURROGATE.search(text, position, end):
        return decode_mended(text[position:end]), end
    return value, end


def decode_mended(text: str) -> Any:
    """Returns the value of a JSON text, each half of a surrogate pair in it as U+FFFD."""
    mended = _ESCAPE.sub(lambda escape: r"\ufffd" if escape[1] else escape[0], text)
    try:
        return _DECODER.raw_decode(mended)[0]
    except (ValueError, RecursionError):
        return parse(mended, 0)[0]


def parse(text: str, position: int) -> tuple[Any, int]:
    """Returns the value at a position, and where it ends, without a limit to its depth.

    Raises:
        Fault: If there is no whole value.
    """
    root: list[Any] = []
    box: Any = root
    outer: list[Any] = []
    key = ""
    while True:
        position = skip_space(text, position)
        opener = text[position : position + 1]
        value, position = _begin(text, position, opener)
        if type(box) is dict:
            box[key] = value
        else:
            box.append(value)
        if opener in _CLOSERS:
            if not text.startswith(_CLOSERS[opener], position):
                outer.append(box)
                box = value
                if opener == "{":
                    key, position = _read_key(text, position, f"{KEY} or '}}'")
                continue
            position += 1
        while outer:
            is_dict = type(box) is dict
            position = skip_space(text, position)
            mark = text[position : position + 1]
            if mark == ",":
                key, position = _read_key(text, position + 1) if is_dict else ("", position + 1)
                break
            if mark != ("}" if is_dict else "]"):
                raise fault_at(text, position, after_value("}" if is_dict else "]"))
            position += 1
            box = outer.pop()
        else:
            return root[0], position


def skip_space(text: str, position: int) -> int:
    """Returns where the white space at a position ends."""
    return _end(_SPACE, text, position)


def after_value(closer: str) -> str:
    """Returns what may stand behind a value in a list or an object, in words."""
    return f"',' or '{closer}'"


def fault_at(text: str, position: int, expected: str) -> Fault:
    """Returns the fault of a text that has something else than expected at a position."""
    if position >= len(text) or _is_cut(text, position, expected):
        return Fault(TRUNCATED, f"the data end where {expected} was expected", len(text))
    found = _FOUND.match(text, position)
    what = ascii(found[0] if found else text[position])
    return Fault(INVALID_JSON, f"expected {expected}, found {what}", position)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _is_cut(text: str, position: int, expected: str) -> bool:
    """Tells whether the end of the text is the beginning of a number or a word."""
    rest = text[position : position + _NEAR]
    if position + len(rest) < len(text):
        return False
    if expected.startswith(VALUE):
        return any(word.startswith(rest) for word in _WORDS)
    return _CUT_NUMBER.search(text[max(0, position - _LONG_NUMBER) :]) is not None


def _begin(text: str, position: int, opener: str) -> tuple[Any, int]:
    """Returns a text, number or word, or an empty object or list, and where its inside begins."""
    if opener in _CLOSERS:
        return ({} if opener == "{" else []), skip_space(text, position + 1)
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError:
        if opener == '"':
            raise _text_fault(text, position) from None
        raise fault_at(text, position, VALUE) from None
    except ValueError:  # more digits than Python makes a whole number of
        end = _end(_WHOLE_NUMBER, text, position)
        return float(text[position:end]), end


def _read_key(text: str, position: int, expected: str = KEY) -> tuple[str, int]:
    """Returns a key, and where its value may begin."""
    position = skip_space(text, position)
    if not text.startswith('"', position):
        raise fault_at(text, position, expected)
    key, position = _begin(text, position, '"')
    position = skip_space(text, position)
    if not text.startswith(":", position):
        raise fault_at(text, position, "':'")
    return key, position + 1


def _text_fault(text: str, position: int) -> Fault:
    """Returns the fault of a text in quotes that begins at a position."""
    end = _end(_TEXT, text, position)
    if end == len(text) or _CUT_ESCAPE.match(text, end):
        return Fault(TRUNCATED, "the data end within a text in quotes", len(text))
    if text[end] == "\\":
        return Fault(INVALID_JSON, f"{ascii(text[end : end + 2])[1:-1]} begins no escape", end)
    return Fault(INVALID_JSON, f"{text[end]!a} stands unescaped in a text in quotes", end)
