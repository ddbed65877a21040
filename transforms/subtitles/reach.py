"""Tells by a file's words what of the lexicons can change it, so that other changes skip it.

A rule acts only where every word of its key stands in the file, or is written there by another rule
that acts. A word can be near to a term, or the half of one, whatever the term: so for words that
are neither English nor of the lexicons, what they are taken for counts. All of that makes the
digest; comments, the order of entries and rules for other words do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batchio.fingerprint import of_value
from batchio.word_keys import GENITIVES, WORD, bare_key
from transforms.subtitles.near_words import NearWords
from transforms.subtitles.rules import Rule, RuleBook


def rules_digest(rules: Iterable[Rule]) -> str:
    """Returns a digest of what rules do, in whatever order they come and wherever they stand."""
    return of_value(sorted(_told(rule) for rule in rules))


def reach_digest(texts: Iterable[str], rules: RuleBook, near: NearWords) -> str:
    """Returns a digest of all that rules can do in these texts."""
    words: set[str] = set()
    acting: dict[int, Rule] = {}
    new = {word for text in texts for word in WORD.findall(text.lower())}
    while new:
        words |= new | {word[:-2] for word in new if word.endswith(GENITIVES)}
        found = list(_acting(words, rules, near))
        acting |= {id(rule): rule for rule in found}
        new = {word.lower() for rule in found for word in rule.words} - words
    return rules_digest(acting.values())


def _acting(words: set[str], rules: RuleBook, near: NearWords) -> Iterator[Rule]:
    keys = {bare_key(word) for word in words}
    for key in keys:
        yield from (rule for rule in rules.first.get(key, ()) if keys.issuperset(rule.key))
    yield from (found[0] for found in map(near.find, words) if found)
    yield from near.wholes(keys)


def _told(rule: Rule) -> list[object]:
    entry = rule.entry
    clues = sorted(sorted(clue) for clue in rule.clues)
    how = [entry.proper, entry.as_written, entry.kind == "compound", rule.right]
    return [rule.key, rule.words, rule.gaps, clues, *how]
