"""Which files a changed lexicon can affect, told from the words that are recorded of each.

A file comes out as before if nothing that is asked about its words has another answer: the rules
that begin with a word, the term that a misheard word is near to, the term that two words are
together, and which words are known. Both sets of entries are asked, and what differs is kept as
words: a file that has all of one such group is worked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import NamedTuple

from batchio.fileset import read_bytes
from batchio.output import OutputRoot
from batchio.subtitles.english_words import english_words
from batchio.subtitles.lexicon import Entry
from batchio.subtitles.lexicon_choice import Key
from batchio.subtitles.word_keys import GENITIVES, bare_key
from transforms.subtitles.correct_files import LEXICON
from transforms.subtitles.file_words import hash_of, words_of
from transforms.subtitles.lexicons import kept_entries, kept_path
from transforms.subtitles.near_words import Near, NearWords
from transforms.subtitles.rules import Rule, RuleBook, make_rules
from transforms.subtitles.settings import Settings
from transforms.units import Unit


class _Said(NamedTuple):
    """All that a rule does, and the name of its entry."""

    key: Key
    does: tuple[object, ...]


class Book:
    """What a set of entries says, ready to be asked; the entries with their names for places."""

    def __init__(self, entries: Iterable[Entry], settings: Settings) -> None:
        steps = set(settings.steps)
        self.rules: RuleBook = make_rules(entries, settings.style, settings.styles)
        self.near = NearWords(self.rules, settings.fuzzy_threshold) if "fuzzy" in steps else None
        self.first = {
            word: [_said(rule) for rule in rules if rule.step in steps]
            for word, rules in self.rules.first.items()
        }


class Difference:
    """What two sets of entries say otherwise."""

    def __init__(self, old: Book, new: Book) -> None:
        self._near = (old.near, new.near) if old.near and new.near else None
        groups = {*_rules_apart(old, new), *_known_apart(old, new)}
        if self._near:
            groups |= {*_heard_apart(*self._near, old.rules.known ^ new.rules.known)}
        hashed = {frozenset(map(hash_of, group)) for group in groups}
        self._single = frozenset(word for group in hashed if len(group) == 1 for word in group)
        self._several = [group for group in hashed if len(group) != 1]
        self._is_misheard_otherwise = cache(self._asks_near)

    def reaches(self, words: frozenset[int], misheard: Iterable[str]) -> bool:
        """Tells whether a file may come out otherwise.

        Args:
            words: The hashes of its words.
            misheard: Those that may be near to a term.
        """
        return (
            not self._single.isdisjoint(words)
            or any(group <= words for group in self._several)
            or any(map(self._is_misheard_otherwise, misheard))
        )

    def _asks_near(self, word: str) -> bool:
        return self._near is not None and _is_heard_apart(*self._near, word)


def _said(rule: Rule) -> _Said:
    entry = rule.entry
    does = (rule.words, rule.gaps, rule.marked, rule.right, rule.written, rule.clues)
    return _Said(rule.key, (*does, entry.proper, entry.as_written, entry.place))


def _rules_apart(old: Book, new: Book) -> Iterator[tuple[str, ...]]:
    """Yields the words of each rule that is not the same in both."""
    for word in old.first.keys() | new.first.keys():
        before, after = old.first.get(word, []), new.first.get(word, [])
        if before == after:
            continue
        both = {*before} & {*after}
        kept = [[rule for rule in rules if rule in both] for rules in (before, after)]
        in_order = kept[0] == kept[1]
        for rule in {*before, *after}:
            if rule in both and in_order:
                continue
            # Rules of a genitive, where there are any, hide those of the word itself.
            key = (word,) if word.endswith(GENITIVES) else rule.key
            yield tuple(each for each in key if not each.isdecimal())


def _known_apart(old: Book, new: Book) -> Iterator[tuple[str, ...]]:
    """Yields the words that only one knows for right, but those that are English anyway."""
    english = english_words()
    for word in old.rules.right ^ new.rules.right:
        if "'" in word or bare_key(word) not in english:
            yield (word,)


def _heard_apart(old: NearWords, new: NearWords, known: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yields words of the lexicons that are now near to another term, and halves of terms."""
    for word in known:
        if _is_heard_apart(old, new, word):
            yield (word,)
    for term in old.wholes | new.wholes:
        for end in range(1, len(term)):
            halves = term[:end], term[end:]
            before, after = old.whole(*halves), new.whole(*halves)
            if (before and _said(before)) != (after and _said(after)):
                yield halves


def _is_heard_apart(old: NearWords, new: NearWords, word: str) -> bool:
    return _heard(old.find(word)) != _heard(new.find(word))


def _heard(near: Near | None) -> tuple[_Said, float] | None:
    return near and (_said(near[0]), near[1])


@dataclass(frozen=True)
class Reach:
    """Tells whether a file would come out as it did with earlier lexicons.

    Attributes:
        output: The root of all outputs, which keeps the entries of earlier runs.
        entries: Those of this run, with their names for places.
        settings: How files are corrected, then and now.
    """

    output: OutputRoot
    entries: Sequence[Entry]
    settings: Settings
    _known: dict[str, Difference | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __call__(self, unit: Unit, before: str, details: Mapping[str, object]) -> bool:
        """Tells whether a unit's record holds although its settings differ.

        Args:
            unit: The unit.
            before: The settings of its record.
            details: The details of its record.
        """
        digest, words = str(details.get(LEXICON, "")), words_of(details)
        now = f"{LEXICON}={unit.details[LEXICON]}"
        if words is None or before != unit.settings.replace(now, f"{LEXICON}={digest}"):
            return False
        if digest not in self._known:
            self._known[digest] = self._difference(digest)
        difference = self._known[digest]
        return difference is not None and not difference.reaches(*words)

    def _difference(self, digest: str) -> Difference | None:
        """Returns what differs from an earlier set of entries; None if that is not kept."""
        path = replace(self.output, suffix="").path(kept_path(digest))
        try:
            old = kept_entries(json.loads(read_bytes(path, retries=self.output.retries)), digest)
        except (OSError, ValueError):
            return None
        return None if old is None else Difference(Book(old, self.settings), self._book)

    @cached_property
    def _book(self) -> Book:
        return Book(self.entries, self.settings)
