"""Tells in few characters which words a file has, for when a lexicon changes (`reach`)."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from operator import sub
from typing import TypeVar

from batchio.subtitles.srt_model import Cue
from batchio.subtitles.word_keys import GENITIVES, WORD, bare_key
from transforms.subtitles.seen_text import find_words

WORDS = "words"  # of a unit's details: the hashes of all words
MISHEARD = "misheard"  # and the words that may be near to a term
_HASHES = 1 << 15  # of 800 words, one in 40 others has a hash of theirs
_MOST = 2000  # characters of misheard words; a file with more is worked whatever has changed
_MAX_REMEMBERED = 1 << 16
_STEP = 255

V = TypeVar("V")


def plain_key(word: str) -> str:
    """Returns the bare key of a word without genitives: what words are looked up by here."""
    key = bare_key(word)
    while key.endswith(GENITIVES):
        key = key[:-2]
    return key


def hash_of(word: str) -> int:
    """Returns the hash of a word, the same on every machine."""
    return zlib.crc32(plain_key(word).encode("utf-8", "surrogatepass")) % _HASHES


class FileWords:
    """Tells of words what is recorded of them; remembers each."""

    def __init__(self, is_misheard: Callable[[str], bool]) -> None:
        """Takes what tells of a key whether it may be near to a term."""
        self._is_misheard = is_misheard
        self._hashes = _Remembered(self._learn)
        self._in_runs = _Remembered(_words_in)
        self._misheard: set[str] = set()

    def details(self, words: frozenset[str], texts: Iterable[str]) -> dict[str, str]:
        """Returns what a file's record keeps of its words; nothing if that is too much.

        Args:
            words: Words as written.
            texts: Texts with more of them.
        """
        runs = {run for text in texts for run in text.split()}
        every = words.union(*map(self._in_runs.__getitem__, runs))
        hashes = set(map(self._hashes.__getitem__, every))
        misheard = " ".join(sorted(set(map(plain_key, every & self._misheard))))
        self._forget()
        return {} if len(misheard) > _MOST else {WORDS: pack(hashes), MISHEARD: misheard}

    def _learn(self, word: str) -> int:
        if self._is_misheard(plain_key(word)):
            self._misheard.add(word)
        return hash_of(word)

    def _forget(self) -> None:
        if max(len(self._hashes), len(self._in_runs)) > _MAX_REMEMBERED:
            for each in (self._hashes, self._in_runs, self._misheard):
                each.clear()


class _Remembered(dict[str, V]):
    """Values that are made when they are first asked for."""

    def __init__(self, make: Callable[[str], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> V:
        value = self[key] = self._make(key)
        return value


def _words_in(run: str) -> frozenset[str]:
    """Returns the words of a run of letters and marks, in every way a text is read."""
    return frozenset((*WORD.findall(run), *find_words(run)))


def odd_texts(cues: Iterable[Cue]) -> list[str]:
    """Returns the texts whose words depend on who reads them: those with tags or marks."""
    texts = map("\n".join, (cue.lines for cue in cues))
    return [text for text in texts if not text.isascii() or "<" in text or "{" in text]


def pack(hashes: Iterable[int]) -> str:
    """Returns hashes as text: the steps from one to the next, a byte each or a few."""
    rising = sorted(hashes)
    steps: list[int] = []
    for step in map(sub, rising, [0, *rising]):
        while step >= _STEP:
            steps.append(_STEP)
            step -= _STEP
        steps.append(step)
    return b64encode(bytes(steps)).decode("ascii")


def unpack(text: str) -> frozenset[int]:
    """Returns the hashes that were packed."""
    steps = b64decode(text)
    ends = (at for at, step in zip(accumulate(steps), steps, strict=True) if step != _STEP)
    return frozenset(ends)


def words_of(details: Mapping[str, object]) -> tuple[frozenset[int], list[str]] | None:
    """Returns the hashes and misheard words that a record keeps; None if it keeps none."""
    words, misheard = details.get(WORDS), details.get(MISHEARD)
    if not isinstance(words, str) or not isinstance(misheard, str):
        return None
    return unpack(words), misheard.split()
