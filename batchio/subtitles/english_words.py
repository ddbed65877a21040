"""The English words that a correction must not touch.

The list is pyspellchecker's: 160,572 words with their inflected forms, contractions and common
names, MIT, still maintained. Of 3,374 different words in twelve lectures on mathematics it lacks
74, and those are names and terms. `english-words` lacks 1,082 of them, all plurals among
these, and wordfreq is not updated any more.
"""

from __future__ import annotations

from functools import lru_cache

from spellchecker import SpellChecker


@lru_cache(1)
def english_words() -> frozenset[str]:
    """Returns the words in lower case, contractions with a straight apostrophe."""
    return frozenset(SpellChecker(language="en").word_frequency.keys())
