"""Text as every database takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Returns the text with what databases refuse written out: lone surrogates, NUL.

    File names need not be UTF-8, and messages may quote anything.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
