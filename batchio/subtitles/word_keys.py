"""What words are compared by: keys without case, without marks, by sound.

==========  =========================================  ==========================
key         of ``Kṛṣṇa``                                 meets
==========  =========================================  ==========================
exact       ``kṛṣṇa`` (NFC, casefolded)                  ``KṚṢṆA``
bare        ``krsna`` (without marks)                    ``Krsna``
sound       ``krisna`` (ṛ as ri, no aspirates, …)        ``krishna``, ``krishnaa``
==========  =========================================  ==========================
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SOUNDS = re.compile(r"c+h*|sh|([bdgjkpt])\1?h|ee|ii|oo|uu|gy|ai|au|w|q|(.)\2")
_SOUND_OF = {"sh": "s", "ee": "i", "oo": "u", "gy": "jn", "ai": "e", "au": "o", "w": "v", "q": "k"}
_VOWEL_R = str.maketrans({"ṛ": "ri", "ṝ": "ri", "ḷ": "li"})
_PLAIN = str.maketrans(
    {"ṛ": "ri", "ṝ": "ri", "ḷ": "li", "ś": "sh", "ṣ": "sh"}
    | {"Ṛ": "Ri", "Ṝ": "Ri", "Ḷ": "Li", "Ś": "Sh", "Ṣ": "Sh"}
)
_PLAIN_C = re.compile("c(?!h)|C(?!h)")
_PLAINEST = "Śrī", "śrī"  # spelled Sri by nearly everybody


def _marks() -> str:
    """Returns the combining marks as the inside of a character class."""
    spans: list[list[int]] = []
    for code in range(0x300, 0x20000):
        if unicodedata.category(chr(code))[0] == "M":
            if spans and spans[-1][1] == code - 1:
                spans[-1][1] = code
            else:
                spans.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)


APOSTROPHE = "\u2019"
GENITIVES = ("'s", f"{APOSTROPHE}s")
MARKS = _marks()
LETTER = re.compile(rf"[^\W\d_][{MARKS}]*")
LETTERS = rf"[^\W\d_]+(?:[{MARKS}]+[^\W\d_]*)*"
WORD = re.compile(rf"{LETTERS}(?:['{APOSTROPHE}]{LETTERS})*|\d+")

_ASCII_WORD = "[A-Za-z]+(?:'[A-Za-z]+)*|[0-9]+"  # the same, four times as fast


def word_patterns(before: str = "") -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns patterns of words, for a text in ASCII and for any text.

    Args:
        before: A pattern that is tried first; the word is group 1 then.
    """
    patterns = (_ASCII_WORD, WORD.pattern)
    ascii_word, any_word = (f"{before}|({each})" if before else each for each in patterns)
    return re.compile(ascii_word), re.compile(any_word)


def nfc(text: str) -> str:
    """Returns the text with its marks joined to their letters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@lru_cache(1 << 16)
def exact_key(text: str) -> str:
    """Returns the text in NFC and without case."""
    return nfc(nfc(text.replace(APOSTROPHE, "'")).casefold())


@lru_cache(1 << 16)
def bare_key(text: str) -> str:
    """Returns the text without case and marks."""
    key = exact_key(text)
    return key if key.isascii() else without_marks(key)


def without_marks(text: str) -> str:
    """Returns the text without combining marks."""
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


@lru_cache(1 << 16)
def sound_key(text: str) -> str:
    """Returns how a word sounds to who writes it down: long vowels, aspirates, sibilants as one."""
    key = without_marks(exact_key(text).translate(_VOWEL_R).replace("ś", "sh").replace("ṣ", "sh"))
    return _SOUNDS.sub(lambda found: _SOUND_OF.get(found[0], found[0][0]), key)


def marked_letters(text: str) -> list[str]:
    """Returns the letters of a text that are not plain ones, without case."""
    return [letter for letter in LETTER.findall(exact_key(text)) if not letter.isascii()]


def words_of(text: str) -> tuple[str, ...]:
    """Returns the words of a text as written."""
    return tuple(WORD.findall(text))


def plain_spelling(text: str) -> str:
    """Returns IAST in plain letters as they are mostly written: ``Mokṣa`` as ``Moksha``."""
    if text.isascii():
        return text
    text = nfc(text)
    for word in _PLAINEST:
        text = text.replace(word, without_marks(word))
    text = _PLAIN_C.sub(lambda found: f"{found[0]}h", text)
    return without_marks(text.translate(_PLAIN))
