"""Puts the words of a target where those of a text stood: capitals, line breaks, tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from transforms.subtitles.rules import Rule

TAG = r"</?[A-Za-z][^<>\n]*>|\{[^{}\n]*\}"
_TAGS = re.compile(TAG)
_GAP = re.compile(r"[ \u00a0]|-| ?\n ?")


class Token(NamedTuple):
    """A word or number of a text, and where it stands."""

    start: int
    end: int
    word: str


class Placed(NamedTuple):
    """A target as it has to stand in the text, and the span it takes."""

    start: int
    end: int
    text: str


def joins(gap: str) -> bool:
    """Tells whether words with this between them can be one term: a blank, hyphen or line break."""
    if gap == " ":
        return True
    return bool(_GAP.fullmatch(_TAGS.sub("", gap)))


def place(text: str, tokens: Sequence[Token], rule: Rule) -> Placed | None:
    """Returns the rule's target for some tokens; none if a tag or break would lose its place."""
    words = _in_case([token.word for token in tokens], rule)
    return place_words(text, tokens, words, rule.gaps)


def place_words(
    text: str, tokens: Sequence[Token], words: Sequence[str], gaps: Sequence[str]
) -> Placed | None:
    """Returns words in the place of tokens, with the tags and the line break between these.

    Args:
        text: Of the cue.
        tokens: What is replaced.
        words: What replaces them.
        gaps: What stands between the words where the text has no tag or break.
    """
    start, end = tokens[0].start, tokens[-1].end
    if len(tokens) == len(words) == 1:
        return Placed(start, end, words[0])
    between = [text[a.end : b.start] for a, b in pairwise(tokens)]
    kept = {i: gap for i, gap in enumerate(between) if gap not in " -"}
    if len(words) == len(tokens):
        gaps = [kept.get(i, gap) for i, gap in enumerate(gaps)]
    elif any(_TAGS.search(gap) for gap in between) or len(kept) > 1:
        return None
    elif kept:
        (at, gap), *_ = kept.items()
        if len(words) == 1:
            return _beside_break(text, start, end, words[0], gap)
        gaps = [*gaps]
        gaps[min(at, len(gaps) - 1)] = gap
    parts = [part for pair in zip(words, [*gaps, ""], strict=True) for part in pair]
    return Placed(start, end, "".join(parts))


def _beside_break(text: str, start: int, end: int, word: str, gap: str) -> Placed | None:
    """Returns a word that stood on two lines on the first, or on the second if that is all of it.

    Neither line may come out empty.
    """
    if text[end : end + 1] == " " and text[end + 1 : end + 2] not in ("", "\n"):
        return Placed(start, end + 1, word + gap)
    if text[start - 1 : start] == " " and start > 1 and text[start - 2] != "\n":
        return Placed(start - 1, end, gap + word)
    return None


def _in_case(written: Sequence[str], rule: Rule) -> Sequence[str]:
    entry = rule.entry
    if entry.proper and any(word != word.lower() for word in rule.words):
        return rule.words
    joined = "".join(written)
    if len(joined) > 1 and joined.isupper():
        return rule.words if entry.as_written else [word.upper() for word in rule.words]
    if len(written) == len(rule.words):
        return [
            _capital(word) if old[0].isupper() else word
            for old, word in zip(written, rule.words, strict=True)
        ]
    if written[0][0].isupper():
        return [_capital(rule.words[0]), *rule.words[1:]]
    return rule.words


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]
