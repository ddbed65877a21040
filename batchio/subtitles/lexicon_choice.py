"""Which entry a spelling stands for, when several want it.

A term's own spelling is never taken for another term. Among the rest, and among entries of one
term, the higher confidence decides, then an entry that states the spelling in the style that is
asked for, then a proper noun, then one that leaves blanks and hyphens as they are, then the first
in the order of files and lines.

Some spellings are used only where the entry has ``force: true``, or where one of its context clues
stands in the same cue. They are words of English, but for those that sound as the target does
(``sutra``, ``vishnu``), and other names of the thing that nobody can have misheard (``shri`` for
Lakshmi, ``vi`` for six).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from batchio.subtitles.english_words import english_words
from batchio.subtitles.lexicon import Entry, Style
from batchio.subtitles.word_keys import (
    WORD,
    bare_key,
    exact_key,
    plain_spelling,
    sound_key,
    words_of,
)

Key = tuple[str, ...]
Foreign = Literal["", "english", "unlike"]

_LEAST_LIKE = 50.0  # rapidfuzz ratio of the sounds of a spelling and its target
_GAP = re.compile(r"[ \u00a0]+|-")


@dataclass(frozen=True)
class Spelling:
    """One way to write an entry's term."""

    text: str
    line: int
    key: Key  # bare keys of its words; empty if no text can match it
    entry: Entry
    target: str
    own: bool  # the term itself, in one of the styles
    foreign: Foreign  # why it is likely to mean something else

    @property
    def usable(self) -> bool:
        """Tells whether it can ever be corrected."""
        return bool(self.key) and (not self.foreign or self.entry.force or bool(self.entry.clues))


def target_of(entry: Entry, style: Style) -> str:
    """Returns the wanted spelling of an entry's term."""
    if style == "iast":
        return entry.transliteration or entry.term
    if entry.kind == "asr":
        return plain_spelling(entry.transliteration)
    return plain_spelling(entry.term)


def spellings_of(entry: Entry, style: Style) -> Iterator[Spelling]:
    """Yields the ways to write the entry's term, its own ones first."""
    target = target_of(entry, style)
    seen: set[str] = set()
    own = [target_of(entry, "plain"), target_of(entry, "iast")]
    if entry.kind == "entry" and sound_key(own[0]) != sound_key(own[1]):
        own = [target]  # a translation: "first chapter", "chapter 1"
    others = [(text, entry.line) for text in (*own, entry.term)]
    for text, line in (*others, *entry.variations):
        written = exact_key(text)
        if written not in seen:
            seen.add(written)
            key = key_of(text)
            is_own = text in own
            foreign = foreign_to(key, target, is_own)
            yield Spelling(text, line, key, entry, target, is_own, foreign)


def key_of(text: str) -> Key:
    """Returns the key of a spelling; none if it has no letters, or marks between its words."""
    words = words_of(text)
    gaps = WORD.sub("\0", text).strip().strip("\0").split("\0")
    if not any(word[0].isalpha() for word in words):
        return ()
    if any(not _GAP.fullmatch(gap) for gap in gaps) and len(words) > 1:
        return ()
    if WORD.sub("", text).strip(" -\u00a0"):
        return ()
    return tuple(map(bare_key, words))


def foreign_to(key: Key, target: str, own: bool) -> Foreign:
    """Returns why a spelling is likely to mean something else than its target."""
    sounds, target_sounds = (tuple(map(sound_key, words)) for words in (key, words_of(target)))
    if not key or sounds == target_sounds:
        return ""
    known = english_words()
    if all(word in known or word.isdigit() for word in key):
        return "english"
    like = own or fuzz.ratio("".join(sounds), "".join(target_sounds)) >= _LEAST_LIKE
    return "" if like else "unlike"


def rank(spelling: Spelling, style: Style) -> tuple[object, ...]:
    """Returns what sorts the spelling that decides to the front, but for the order of files."""
    entry = spelling.entry
    if style == "iast":
        unknown = not entry.transliteration and entry.term.isascii()
    else:
        unknown = entry.kind == "asr"
    proper = entry.proper and not spelling.target.islower()
    other_gaps = _gaps(spelling.text) != _gaps(spelling.target)
    return (not spelling.own, -entry.confidence, unknown, not proper, other_gaps)


def _gaps(text: str) -> list[str]:
    return WORD.sub("\0", text).split("\0")


def collect(
    entries: Iterable[Entry], style: Style, styles: Mapping[str, Style] | None = None
) -> dict[Key, list[Spelling]]:
    """Returns the spellings by key, the one that decides first.

    Args:
        entries: In the order of files and lines.
        style: Of the targets.
        styles: Of the targets of a category, where another.
    """
    found: dict[Key, list[Spelling]] = defaultdict(list)
    chosen: dict[int, Style] = {}
    for entry in entries:
        its = (styles or {}).get(entry.category, style)
        chosen[id(entry)] = its
        for spelling in spellings_of(entry, its):
            if spelling.key:
                found[spelling.key].append(spelling)
    for spellings in found.values():
        # One that may not be used does not keep another from it.
        spellings.sort(key=lambda each: (not each.usable, *rank(each, chosen[id(each.entry)])))
    return dict(found)
