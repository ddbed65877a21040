"""Lexicon entries made ready for matching: rules by the first word of what they match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batchio.subtitles.lexicon import Entry, Style
from batchio.subtitles.lexicon_choice import Key, Spelling, collect, target_of
from batchio.subtitles.word_keys import (
    WORD,
    bare_key,
    exact_key,
    marked_letters,
    plain_spelling,
    words_of,
)


@dataclass(frozen=True)
class Rule:
    """A run of words, and what is to stand there."""

    key: Key
    words: tuple[str, ...]  # of the target
    gaps: tuple[str, ...]  # between them
    entry: Entry
    marked: tuple[str, ...]  # letters of the target that are not plain
    right: str  # the transliteration in plain letters, as good as the term; empty for style iast
    written: str  # key of the target
    clues: tuple[frozenset[str], ...]  # words that have to be in the cue; none: always used

    @property
    def step(self) -> str:
        """The step that it belongs to."""
        return "lexicon" if len(self.key) == 1 else "compound"


@dataclass(frozen=True)
class RuleBook:
    """All rules, the longest first under each first word."""

    first: Mapping[str, tuple[Rule, ...]]
    own: tuple[Rule, ...]  # of single words: the terms themselves
    known: frozenset[str]  # bare keys of every word of a spelling or target
    right: frozenset[str]  # exact keys of every word of a term in one of the styles


def make_rules(
    entries: Iterable[Entry], style: Style, styles: Mapping[str, Style] | None = None
) -> RuleBook:
    """Returns the rules of the entries, given in the order of files and lines.

    Args:
        entries: Of all lexicons.
        style: How targets are spelled.
        styles: The same for a category, where another.
    """
    found = collect(entries, style, styles)
    first: dict[str, list[Rule]] = {}
    own = []
    known: set[str] = set()
    right: set[str] = set()
    for key, spellings in found.items():
        texts = {text for each in spellings for text in (each.own and each.text, each.target)}
        right.update(exact_key(word) for text in texts if text for word in words_of(text))
        known.update(key)
        used = spellings[0]
        known.update(map(bare_key, words_of(used.target)))
        if not used.usable:
            continue
        rule = _make_rule(used, (styles or {}).get(used.entry.category, style))
        first.setdefault(key[0], []).append(rule)
        if used.own and len(key) == 1:
            own.append(rule)
    longest = {
        word: tuple(sorted(rules, key=lambda rule: -len(rule.key))) for word, rules in first.items()
    }
    return RuleBook(longest, tuple(own), frozenset(known), frozenset(right))


def written_key(text: str) -> str:
    """Returns words as written but for case, a blank between them."""
    return " ".join(words_of(exact_key(text)))


def _make_rule(used: Spelling, style: Style) -> Rule:
    entry = used.entry
    needs_clue = used.foreign and not entry.force
    words = words_of(used.target)
    return Rule(
        key=used.key,
        words=words,
        gaps=tuple(WORD.sub("\0", used.target).split("\0")[1:-1]),
        entry=entry,
        marked=tuple(marked_letters(used.target)),
        right=written_key(plain_spelling(target_of(entry, "iast"))) if style == "plain" else "",
        written=written_key(used.target),
        clues=tuple(frozenset(map(bare_key, words_of(clue))) for clue in entry.clues)
        if needs_clue
        else (),
    )
