"""Finds the term that a misheard word is near to, behind guards against right words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set

from rapidfuzz import fuzz

from batchio.subtitles.english_words import english_words
from batchio.subtitles.word_keys import bare_key, sound_key
from transforms.subtitles.rules import Rule, RuleBook

MIN_LETTERS = 5
MAX_LENGTH_DIFFERENCE = 2
MIN_LETTERS_UNLIKE = 8  # shorter ones have to sound the same: "chakora" is no "chakra"
MIN_LETTERS_CUT = 6  # or do so but for the last "a", which Hindi drops
MIN_SPLIT_LETTERS = 6  # of a term that was heard as two words

_MAX_REMEMBERED = 1 << 16

Near = tuple[Rule, float]


class NearWords:
    """Terms by the class of their first sound and their length; what was asked is remembered."""

    def __init__(self, rules: RuleBook, threshold: float) -> None:
        self._threshold = threshold
        self._known = rules.known
        self._english = english_words()
        self._near: dict[str, Near | None] = {}
        self._terms: dict[tuple[str, int], list[tuple[str, str, Rule]]] = defaultdict(list)
        self._whole: dict[str, Rule] = {}
        halves: set[str] = set()
        for rule in rules.own:
            word = rule.key[0]
            if len(word) >= MIN_LETTERS - 1 and word.isascii():
                sound = sound_key(word)
                self._terms[sound[0], len(word)].append((word, sound, rule))
            if len(word) >= MIN_SPLIT_LETTERS:
                self._whole[word] = rule
                halves.update(word[:n] for n in range(2, len(word) - 1))
                halves.update(word[n:] for n in range(2, len(word) - 1))
        self._halves = frozenset(halves)

    def find(self, word: str) -> Near | None:
        """Returns the rule of the nearest term and how near it is, 0-100.

        Args:
            word: As written; with marks it is never near to anything: it was written with care.
        """
        if not _is_long_enough(word):
            return None
        key = bare_key(word)
        if key not in self._near:
            if len(self._near) > _MAX_REMEMBERED:
                self._near.clear()
            self._near[key] = None if self._guarded(key) else self._search(key)
        return self._near[key]

    def may_be_near(self, key: str) -> bool:
        """Tells whether a term near to a word is looked for."""
        return _is_long_enough(key) and not self._guarded(key)

    @property
    def wholes(self) -> Set[str]:
        """The terms that may be heard as two words."""
        return self._whole.keys()

    def whole(self, first: str, second: str) -> Rule | None:
        """Returns the rule of a term that was heard as two words, at least one unknown."""
        rule = self._whole.get(first + second)
        if rule is None or first in self._known or second in self._known:
            return None
        return None if first in self._english and second in self._english else rule

    def may_be_half(self, key: str) -> bool:
        """Tells whether a word can be the unknown part of a term heard as two."""
        return key in self._halves and key not in self._english

    def _guarded(self, key: str) -> bool:
        return key in self._known or key in self._english or "'" in key

    def _search(self, key: str) -> Near | None:
        sound = sound_key(key)
        best: list[Near] = []
        span = range(len(key) - MAX_LENGTH_DIFFERENCE, len(key) + MAX_LENGTH_DIFFERENCE + 1)
        for length in span:
            for term, term_sound, rule in self._terms.get((sound[0], length), ()):
                score = max(fuzz.ratio(key, term), fuzz.ratio(sound, term_sound))
                if score < self._threshold or (best and score < best[0][1]):
                    continue
                if _is_inflected(sound, term_sound):
                    return None
                if not _may_be_heard(key, sound, term_sound):
                    continue
                if best and score > best[0][1]:
                    best = []
                best.append((rule, score))
        targets = {rule.words for rule, _ in best}
        return best[0] if len(targets) == 1 else None


def _is_long_enough(word: str) -> bool:
    return len(word) >= MIN_LETTERS and word.isascii()


def _is_inflected(sound: str, term: str) -> bool:
    """Tells whether a word ends otherwise than a term: ``dharmas``, ``vaishnavi``.

    It may lack the last "a".
    """
    if sound.startswith(term):
        return sound != term
    return sound[-1] != term[-1] and not (term[-1] == "a" and sound[-1] == term[-2])


def _may_be_heard(key: str, sound: str, term: str) -> bool:
    """Tells whether a word is long enough to differ from a term as it does."""
    if sound == term or len(key) >= MIN_LETTERS_UNLIKE:
        return True
    return f"{sound}a" == term and len(key) >= MIN_LETTERS_CUT
