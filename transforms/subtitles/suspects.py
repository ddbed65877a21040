"""Words that are probably none: unknown, or of a shape that no word has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Known = Callable[[str], bool]

_SAME_LETTERS = re.compile(r"(\w)\1{3}")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]{5}")
_VOWEL_MARKS = str.maketrans("ṛṝḷḹ", "aaaa")  # vowels of Sanskrit, in IAST
_LONG_CAPITALS = 6  # letters; most abbreviations are shorter
# Letters of these look alike, so a word in two of them is misread or mistyped.
_ALIKE = ("LATIN", "CYRILLIC", "GREEK")


def suspect(token: str, known: Known | None) -> str:
    """Returns why a word is suspect, or nothing.

    A word that is known is not suspect, whatever its shape.

    Args:
        token: The word as written.
        known: Says of a word whether a word list or a lexicon has it; None if there is no list for
            the language: then shapes alone are judged.
    """
    if known is not None and known(token):
        return ""
    folded = token.casefold()
    if _SAME_LETTERS.search(folded):
        return "letters"
    if not token.isascii() and _is_mixed(token):
        return "scripts"
    if _CONSONANTS.search(_plain(folded)):
        return "consonants"
    if len(token) >= _LONG_CAPITALS and token.isupper():
        return "capitals"
    return "" if known is None else "unknown"


def _is_mixed(token: str) -> bool:
    scripts = {unicodedata.name(letter, "").split(" ", 1)[0] for letter in token}
    return len(scripts.intersection(_ALIKE)) > 1


def _plain(folded: str) -> str:
    """Returns the word without marks, with vowels that are written as consonants as vowels."""
    if folded.isascii():
        return folded
    composed = unicodedata.normalize("NFC", folded).translate(_VOWEL_MARKS)
    decomposed = unicodedata.normalize("NFD", composed)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
