"""Words that are right as they stand: of English and of the lexicons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchio.english_words import english_words
from batchio.srt_model import Cue
from batchio.word_keys import GENITIVES, bare_key, exact_key
from transforms.subtitles.seen_text import find_words

_SAMPLE_CUES = 40
_LEAST_SHARE = 0.5  # of words that are known, different ones, in a file to which the list applies


class KnownWords:
    """Tells of a word whether it is known."""

    def __init__(self, terms: Iterable[str]) -> None:
        """Takes the exact keys of the words of terms."""
        self._terms = frozenset(terms)
        self._english = english_words()

    def __call__(self, token: str) -> bool:
        """Tells whether a word is English or of the lexicons, in a genitive too."""
        key = exact_key(token)
        if key in self._english or key in self._terms:
            return True
        key = key[:-2] if key.endswith(GENITIVES) else key
        return key in self._terms or bare_key(key) in self._english

    def suits(self, cues: Sequence[Cue]) -> bool:
        """Tells whether cues are in English, by those at the beginning."""
        text = "\n".join(line for cue in cues[:_SAMPLE_CUES] for line in cue.lines)
        words = set(find_words(text))
        return sum(map(self, words)) >= _LEAST_SHARE * len(words)
