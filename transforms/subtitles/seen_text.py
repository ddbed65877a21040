"""What a viewer sees of a cue's text: no tags; and the words in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

# <i>, </font>, <font color="#fff">; {\an8}, {b}, {/b}. An inequality is none: a tag's name follows
# its bracket.
TAG = re.compile(r"</?[A-Za-z][^<>\r\n]*>|\{\\[^{}\r\n]*\}|\{/?[A-Za-z]\}")


def strip_tags(text: str) -> str:
    """Returns the text without tags."""
    return TAG.sub("", text) if "<" in text or "{" in text else text


def seen_texts(texts: Iterable[Sequence[str]]) -> list[str]:
    """Returns what is seen of the lines of each cue, in one string each.

    An accented letter is one character wherever Unicode has it as one.
    """
    # All at once: lines have no line ends in them, so a return can stand between cues.
    seen = strip_tags("\r".join(map("\n".join, texts)))
    return (seen if seen.isascii() else unicodedata.normalize("NFC", seen)).split("\r")


def _class_of_letters() -> str:
    """Returns letters and combining marks as ranges: `re` has no class of both.

    In one class of plain ranges `re` looks a letter up in a table; three times as fast as `\\w` and
    marks side by side. Beyond the first 65,536 code points whole blocks are taken for letters.
    """
    codes = [code for code in range(0x10000) if unicodedata.category(chr(code))[0] in "LM"]
    starts = [code for code, before in zip(codes, [-1, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -1], strict=True) if code != after - 1]
    ranges = [f"{chr(first)}-{chr(last)}" for first, last in zip(starts, ends, strict=True)]
    return "".join([*ranges, *_FAR_LETTERS])


_FAR_LETTERS = ("\U00010000-\U0001cfff", "\U00020000-\U0003ffff")  # scripts; Chinese
_LETTERS = _class_of_letters()
_APOSTROPHE = "['\N{RIGHT SINGLE QUOTATION MARK}]"
_WORD = re.compile(f"[{_LETTERS}]+(?:{_APOSTROPHE}[{_LETTERS}]+)*")
_ASCII_WORD = re.compile("[A-Za-z]+(?:'[A-Za-z]+)*")
_TOKEN = re.compile(rf"[{_LETTERS}\d]+(?:{_APOSTROPHE}[{_LETTERS}]+)*")


def find_words(text: str) -> list[str]:
    """Returns the words of a text: runs of letters and marks, with apostrophes inside."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def find_tokens(text: str) -> list[str]:
    """Returns the words and numbers of a text."""
    return _TOKEN.findall(text)
