"""Verses by their sounds: which verse has a run of letters, and where.

What is compared are letters without blanks: recognised speech and scripture cut words at other
places (``karmany eva adhikaras te``, ``karmaṇyevādhikāraste``). The key of a word is coarser than
that of lexicons, for a verse has many more letters to tell it by than a term.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from batchio.subtitles.english_words import english_words
from batchio.subtitles.verses import Verse, load_verses
from batchio.subtitles.word_keys import APOSTROPHE, bare_key, exact_key, sound_key, words_of

GRAM = 5  # letters of a run that is looked up
MIN_SEED_LETTERS = 5  # of the key of a word that tells of a quotation
_MAX_PLACES = 30  # of a run of letters; one that most verses have ("anana") tells nothing
MAX_REMEMBERED = 1 << 16
_SEED_SHARE = 0.5  # of its runs of letters that some verse has

# One letter for those that speech recognition takes for each other.
_FOLDED = str.maketrans({"b": "v", "m": "n", "y": "i", "'": None, APOSTROPHE: None})
_TWICE = re.compile(r"(.)\1+")
_SPEAKER = re.compile(r"(?:\S+ ){0,2}\S*uvāca")


@lru_cache(1 << 16)
def verse_key(word: str) -> str:
    """Returns the sounds of a word: as ``sound_key``, and nasals, v and b, y and i, ṛ as one."""
    key = exact_key(word).replace("śh", "ś").replace("ṣh", "ṣ")
    key = sound_key(key).replace("gn", "jn").replace("x", "ks").translate(_FOLDED)
    return _TWICE.sub(r"\1", key.replace("ri", "r").rstrip("h"))


@dataclass(frozen=True)
class Stream:
    """The sounds of words without blanks; each letter knows its word."""

    letters: str
    words: Sequence[int]

    @classmethod
    def of(cls, words: Iterable[str]) -> Stream:
        """Returns the stream of words as written."""
        letters: list[str] = []
        owners: list[int] = []
        for at, word in enumerate(words):
            for letter in verse_key(word):
                if not letters or letters[-1] != letter:
                    letters.append(letter)
                    owners.append(at)
        return cls("".join(letters), owners)

    def between(self, first: int, last: int) -> str:
        """Returns the letters of some words, the last one included."""
        return self.letters[bisect_left(self.words, first) : bisect_right(self.words, last)]


@dataclass(frozen=True)
class Known:
    """A verse that can be found: its words but for who speaks, and their sounds."""

    verse: Verse
    words: tuple[str, ...]
    stream: Stream

    def part(self, first: int, last: int) -> Stream:
        """Returns the sounds of some words, the last one included."""
        return Stream.of(map("".join, map(words_of, self.words[first : last + 1])))


class VerseIndex:
    """Where each run of letters stands in verses."""

    def __init__(self, verses: Iterable[Verse]) -> None:
        self.verses = [_known(verse) for verse in verses]
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, known in enumerate(self.verses):
            letters = known.stream.letters
            for at in range(len(letters) - GRAM + 1):
                places[letters[at : at + GRAM]].append((number, at))
        self.places = {gram: each for gram, each in places.items() if len(each) <= _MAX_PLACES}
        self.dull: set[str] = set()  # runs of a text between blanks, in lower case
        self._seeds: dict[str, bool] = {}
        self._english = english_words()

    def is_seed(self, word: str) -> bool:
        """Tells whether a word is no English one and sounds as if it were of some verse."""
        seed = self._seeds.get(word)
        if seed is None:
            if len(self._seeds) > MAX_REMEMBERED:
                self._seeds.clear()
            seed = self._seeds[word] = self._sounds_so(word)
        return seed

    def _sounds_so(self, word: str) -> bool:
        key = verse_key(word)
        if len(key) < MIN_SEED_LETTERS or not key.isascii() or bare_key(word) in self._english:
            return False
        grams = [key[at : at + GRAM] for at in range(len(key) - GRAM + 1)]
        return sum(gram in self.places for gram in grams) >= _SEED_SHARE * len(grams)


@lru_cache(1)
def verse_index(paths: tuple[str, ...]) -> VerseIndex:
    """Returns the index of files of verses, made once a process."""
    return VerseIndex(load_verses(paths))


def _known(verse: Verse) -> Known:
    lines = [line for line in verse.text.split("\n") if not _SPEAKER.fullmatch(line)]
    words = tuple(word for line in lines for word in line.split())
    return Known(verse, words, Stream.of(map("".join, map(words_of, words))))
