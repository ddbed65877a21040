"""The characters of a standard line: which stay, which go."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[A-Z0-9#&/,()-]+(?: [A-Z0-9#&/,()-]+)*")
_TIDY = re.compile(r"[A-Z0-9#&/.-]+(?: [A-Z0-9#&/.-]+)*")
_BETWEEN_WORDS = str.maketrans("", "", " &,")
_FULL_STOP = re.compile(r"\.(?!\d)")  # the one before a digit is a decimal point
_DOUBLE_DIRECTION = re.compile("(NORTH|SOUTH)-(EAST|WEST)")
_KEPT = frozenset("#&/,.")
_KEPT_BEFORE_TAGGING = _KEPT | frozenset("()")
_DROPPED = frozenset("MSCP")  # marks, symbols, controls, punctuation


def clean(text: str) -> str:
    """Returns an address in capitals without the characters that Publication 28 leaves out.

    This is the text that usaddress-scourgify tags. Where it differs from the raw text in more
    than capitals, the tags may differ, and with them the lines.
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    text = _FULL_STOP.sub("", text).upper()
    if "-" in text:
        text = _DOUBLE_DIRECTION.sub(lambda two: two[1][0] + two[2][0], text)
    return text if _PLAIN.fullmatch(text) else _drop(text, _KEPT_BEFORE_TAGGING)


def tidy(line: str) -> str:
    """Returns a finished line without parentheses and, but for lists of words, commas."""
    if _TIDY.fullmatch(line):
        return line
    return _drop(line, _KEPT if is_list(line) else _KEPT - {","})


def is_list(line: str) -> bool:
    """Returns whether there are words, and nothing but commas and ``&`` between them."""
    return unicodedata.normalize("NFKD", line).translate(_BETWEEN_WORDS).isalnum()


def _drop(text: str, kept: frozenset[str]) -> str:
    characters = []
    for character in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(character)
        if category == "Pd":
            characters.append("-")
        elif character == "\u2044":  # the stroke of one half, and its like
            characters.append("/")
        elif category[0] == "Z":
            characters.append(" ")
        elif character in kept or category[0] not in _DROPPED:
            characters.append(character)
    return " ".join("".join(characters).upper().split())
