"""Corrects the text lines of cues by lexicons: one pass, longest match first, nothing twice.

A cue that was changed is read again until nothing more follows: ``karma yog`` is ``karma yoga``,
and that one term. What follows from a change is told as one change with it.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from batchio.subtitles.lexicon import Entry
from batchio.subtitles.word_keys import (
    GENITIVES,
    WORD,
    bare_key,
    exact_key,
    marked_letters,
    nfc,
    word_patterns,
)
from transforms.subtitles.edits import Change, Edit, apply_edits, changes_of, follow
from transforms.subtitles.near_words import NearWords
from transforms.subtitles.placing import TAG, Token, place
from transforms.subtitles.rules import Rule, make_rules, written_key
from transforms.subtitles.settings import Settings
from transforms.subtitles.spoken import (
    FILLERS,
    REFERENCES,
    TWICE,
    Cue,
    find_filler,
    find_numbers,
    find_repeat,
    find_spaces,
)

_MAX_ROUNDS = 4
_MAX_REMEMBERED = 1 << 16
_ASCII_TOKEN, _TOKEN = word_patterns(before=TAG)


class _Match(NamedTuple):
    edit: Edit | None  # none: it is right
    next: int


class Corrector:
    """Corrects cues by the entries of lexicons, given in the order of files and lines."""

    def __init__(self, entries: Iterable[Entry], settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self._steps = frozenset(settings.steps)
        self._never = frozenset(map(written_key, settings.never))
        self._rules = make_rules(entries, settings.style, settings.styles)
        self._first = {
            word: [rule for rule in rules if rule.step in self._steps]
            for word, rules in self._rules.first.items()
        }
        self._near = NearWords(self._rules, settings.fuzzy_threshold)
        self._starts = frozenset(
            word
            for step, words in (("references", REFERENCES), ("fillers", FILLERS))
            if step in self._steps
            for word in words
        )
        self._dull: set[str] = set()  # runs of a text between blanks, in lower case
        self._dull_words: dict[str, bool] = {}
        self._passed: list[str] = []

    def correct(self, lines: Sequence[str]) -> tuple[list[str], tuple[Change, ...]]:
        """Returns the text lines of a cue as they should be, as many as before, and the changes."""
        text = "\n".join(lines)
        if not text or self._is_dull(text):
            return list(lines), ()
        edits = self._find(text)
        for _ in range(_MAX_ROUNDS if edits else 0):
            after = apply_edits(text, edits)
            self._passed.append(after)
            later = self._find(after)
            if not later:
                return after.split("\n"), changes_of(text, edits)
            edits = follow(text, edits, later)
        return list(lines), ()  # right, or what does not come to rest

    @property
    def right_words(self) -> frozenset[str]:
        """The words of the lexicons' terms as they should be, by their exact keys."""
        return self._rules.right

    def may_be_misheard(self, key: str) -> bool:
        """Tells whether a term near to a word is looked for."""
        return "fuzzy" in self._steps and self._near.may_be_near(key)

    def take_passed(self) -> list[str]:
        """Returns the texts that changed cues have become since the last time, in between too."""
        passed, self._passed = self._passed, []
        return passed

    def _is_dull(self, text: str) -> bool:
        """Tells whether no step can change the text, at the speed of set operations."""
        chunks = text.lower().split()
        if not self._dull.issuperset(chunks):
            if len(self._dull) > _MAX_REMEMBERED:
                self._dull.clear()
            self._dull.update(filter(self._is_dull_chunk, {*chunks} - self._dull))
            if not self._dull.issuperset(chunks):
                return False
        return "repeats" not in self._steps or not any(map(operator.eq, chunks, chunks[1:]))

    def _is_dull_chunk(self, chunk: str) -> bool:
        if chunk[0] in ",." and "spaces" in self._steps:
            return False
        return all(map(self._is_dull_word, WORD.findall(chunk)))

    def _is_dull_word(self, word: str) -> bool:
        """Tells whether nothing can begin or be found at a word in lower case."""
        dull = self._dull_words.get(word)
        if dull is None:
            if len(self._dull_words) > _MAX_REMEMBERED:
                self._dull_words.clear()
            dull = self._dull_words[word] = not self._may_begin(word)
        return dull

    def _may_begin(self, word: str) -> bool:
        key = bare_key(word)
        base = _base(key)
        if self._first.get(key) or self._first.get(base) or base in self._starts:
            return True
        if "fuzzy" not in self._steps:
            return False
        return self._near.find(_base(word)) is not None or self._near.may_be_half(base)

    def _find(self, text: str) -> list[Edit]:
        pattern = _ASCII_TOKEN if text.isascii() else _TOKEN
        tokens = [Token(*found.span(1), found[1]) for found in pattern.finditer(text) if found[1]]
        edits = list(self._walk(Cue.of(text, tokens)))
        if "spaces" in self._steps:
            taken = [(edit.start, edit.end) for edit in edits]
            edits += (
                each
                for each in find_spaces(text)
                if not any(each.start <= end and start <= each.end for start, end in taken)
            )
            edits.sort()
        return edits

    def _walk(self, cue: Cue) -> Iterator[Edit]:
        behind = 0
        for at in self._places(cue):
            if at < behind:
                continue
            match = self._match_rule(cue, at)
            if match is None:
                edits, end = self._match_spoken(cue, at)
                if edits:
                    yield from edits
                    behind = end
                    continue
                match = self._match_near(cue, at)
            if match is not None:
                behind = match.next
                if match.edit is not None:
                    yield match.edit

    def _places(self, cue: Cue) -> Iterator[int]:
        """Yields the indices of words at which something may begin."""
        before = -1
        dull = self._dull_words
        for at, token in enumerate(cue.tokens):
            if dull.get(token.word.lower()) and not self._is_twice(cue.keys[at]):
                continue
            if before < at - 1 and self._near.may_be_half(cue.keys[at]):
                yield at - 1  # the first half may be a word of its own
            yield at
            before = at

    def _is_twice(self, key: str) -> bool:
        return "repeats" in self._steps and key in TWICE

    def _match_rule(self, cue: Cue, at: int) -> _Match | None:
        key = cue.keys[at]
        following = cue.keys[at + 1 : at + 2]
        for rule in self._first.get(key) or self._first.get(_base(key)) or ():
            if len(rule.key) > 1 and (not following or rule.key[1] not in following[0]):
                continue  # most rules that begin with this word end here
            if tokens := self._tokens_of(cue, at, rule):
                match = self._apply(cue, tokens, rule, rule.step, 100.0)
                if match:
                    return match._replace(next=at + len(tokens))
        return None

    def _tokens_of(self, cue: Cue, at: int, rule: Rule) -> list[Token]:
        """Returns the words that a rule matches, the last one without a genitive's ending."""
        end = at + len(rule.key)
        keys = cue.keys[at:end]
        if len(keys) < len(rule.key):
            return []
        tokens = list(cue.tokens[at:end])
        if keys[-1] != rule.key[-1]:
            tokens[-1] = _without_suffix(tokens[-1])
            keys = [*keys[:-1], _base(keys[-1])]
        if tuple(keys) != rule.key or not all(map(cue.joined, range(at, end - 1))):
            return []
        words = " ".join(token.word for token in tokens)
        if not words.isascii() and not _marks_fit(words, rule):
            return []
        return tokens if self._has_clue(cue, at, end, rule) else []

    def _has_clue(self, cue: Cue, at: int, end: int, rule: Rule) -> bool:
        if not rule.clues:
            return True
        around = {*cue.keys[:at], *cue.keys[end:]}
        return any(clue <= around for clue in rule.clues)

    def _apply(
        self, cue: Cue, tokens: list[Token], rule: Rule, name: str, score: float
    ) -> _Match | None:
        """Returns what a rule does to words; nothing if they are right or may not be changed."""
        words = written_key(" ".join(token.word for token in tokens))
        behind = _Match(None, 0)
        if words in self._never or (words == rule.right and rule.right != rule.written):
            return behind
        placed = place(cue.text, tokens, rule)
        if placed is None:
            return None
        old = cue.text[placed.start : placed.end]
        if nfc(old) == nfc(placed.text):
            return behind
        if exact_key(old) == exact_key(placed.text):
            if "case" not in self._steps:
                return behind
            name = "case"
        return _Match(Edit(*placed, name, rule.entry.place, score), 0)

    def _match_spoken(self, cue: Cue, at: int) -> tuple[list[Edit], int]:
        if "references" in self._steps:
            edits, behind = find_numbers(cue, at)
            if edits:
                return edits, behind
        found = None
        if "fillers" in self._steps and cue.keys[at] in FILLERS:
            found = find_filler(cue, at)
        if found is None and "repeats" in self._steps and cue.keys[at] in TWICE:
            found = find_repeat(cue, at)
        return ([found[0]], found[1]) if found else ([], at)

    def _match_near(self, cue: Cue, at: int) -> _Match | None:
        if "fuzzy" not in self._steps:
            return None
        if cue.joined(at):
            rule = self._near.whole(cue.keys[at], cue.keys[at + 1])
            if rule and (match := self._apply(cue, [*cue.tokens[at : at + 2]], rule, "fuzzy", 100)):
                return match._replace(next=at + 2)
        token = cue.tokens[at]
        if cue.keys[at] != _base(cue.keys[at]):
            token = _without_suffix(token)
        near = self._near.find(token.word)
        if near is None:
            return None
        match = self._apply(cue, [token], near[0], "fuzzy", round(near[1], 1))
        return match and match._replace(next=at + 1)


def _base(key: str) -> str:
    return key[:-2] if key.endswith(GENITIVES) else key


def _without_suffix(token: Token) -> Token:
    if not token.word.lower().endswith(GENITIVES):
        return token
    return Token(token.start, token.end - 2, token.word[:-2])


def _marks_fit(words: str, rule: Rule) -> bool:
    """Tells whether a text with marks can be the target: it has none that this has not.

    A word with another mark is another word, and marks are never taken away.
    """
    return not Counter(marked_letters(words)) - Counter(rule.marked)
