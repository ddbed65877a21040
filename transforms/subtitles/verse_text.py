"""Writes quoted verses as the table has them, where the cues and lines of the quotation break."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from rapidfuzz.distance import LCSseq

from batchio.subtitles.lexicon import Style
from batchio.subtitles.word_keys import APOSTROPHE, exact_key, plain_spelling, sound_key, words_of
from transforms.subtitles.edits import Change, Edit, apply_edits, changes_of, follow
from transforms.subtitles.placing import TAG
from transforms.subtitles.verse_index import Stream, VerseIndex
from transforms.subtitles.verses import Quotation, Spoken, find_verses

MIN_SCORE = 90.0  # below, it may be another reading, or another text
_MAX_ROUNDS = 4
_TAGS = re.compile(TAG)
_APOSTROPHES = ("'", APOSTROPHE)


def write_verses(
    texts: Sequence[str], index: VerseIndex, style: Style, min_score: float = MIN_SCORE
) -> tuple[list[str], dict[int, tuple[Change, ...]]]:
    """Returns the texts of cues with their quotations as in the table, and the changes by cue.

    What is right but for capitals stays; in plain style also what sounds right, and what has marks:
    these are never taken away. A quotation is left if a line of it would get no word, or
    if a tag would lose its place. What does not come to rest is left too: a second run changes
    nothing.

    Args:
        texts: Of a file's cues in their order, the lines of each divided by line ends.
        index: Of the verses.
        style: How the verses are spelled.
        min_score: What a quotation must reach.
    """
    edits: dict[int, list[Edit]] = {}
    done = list(texts)
    for _ in range(_MAX_ROUNDS):
        later = _edits(done, index, style, min_score)
        if not later:
            return done, {cue: changes_of(texts[cue], some) for cue, some in edits.items() if some}
        for cue, some in later.items():
            edits[cue] = follow(texts[cue], edits.get(cue, []), some)
            done[cue] = apply_edits(texts[cue], edits[cue])
    return list(texts), {}


def _edits(
    texts: Sequence[str], index: VerseIndex, style: Style, min_score: float
) -> dict[int, list[Edit]]:
    edits: dict[int, list[Edit]] = {}
    for quotation in find_verses(texts, index):
        if quotation.score >= min_score:
            for cue, edit in _edits_of(quotation, texts, style):
                edits.setdefault(cue, []).append(edit)
    return edits


def _edits_of(quotation: Quotation, texts: Sequence[str], style: Style) -> list[tuple[int, Edit]]:
    """Returns the edits of a quotation's lines with the cue of each; none if one cannot be made."""
    lines = _lines(quotation.spoken, texts)
    words = quotation.text.split()
    if style == "plain":
        words = list(map(plain_spelling, words))
    found = []
    for line, (first, last) in zip(lines, _shares(lines, quotation), strict=True):
        if first >= last:
            return []
        cue = line[0].cue
        if style == "plain" and _is_fine(line, words[first:last]):
            continue
        edit = _edit(texts[cue], line, words[first:last])
        if edit is None:
            return []
        if edit.replacement != texts[cue][edit.start : edit.end]:
            found.append((cue, edit._replace(entry=quotation.reference, score=quotation.score)))
    return found


def _is_fine(line: Sequence[Spoken], words: Sequence[str]) -> bool:
    """Tells whether a line sounds as it should, or has marks, which plain spelling has not."""
    spoken = [each.token.word for each in line]
    return not "".join(spoken).isascii() or _sound(spoken) == _sound(words)


def _sound(words: Iterable[str]) -> str:
    letters = "".join(sound_key(part) for word in words for part in words_of(word))
    return "".join(letter for letter, _ in groupby(letters))  # eva adhi-, evādhi-


def _lines(spoken: Sequence[Spoken], texts: Sequence[str]) -> list[list[Spoken]]:
    """Returns the words of each line."""

    def line(each: Spoken) -> tuple[int, int]:
        return each.cue, texts[each.cue].count("\n", 0, each.token.start)

    return [list(words) for _, words in groupby(spoken, key=line)]


def _shares(lines: Sequence[Sequence[Spoken]], quotation: Quotation) -> Iterator[tuple[int, int]]:
    """Yields the words of the verse that each line gets: the first, and that behind the last.

    A line ends at the word of the verse that begins nearest to where its own words end.
    """
    spoken = Stream.of(each.token.word for each in quotation.spoken)
    verse = quotation.stream
    count = len(quotation.text.split())
    starts = [bisect_left(verse.words, word) for word in range(count)]
    cuts = [0]
    behind = 0
    for line in lines[:-1]:
        behind += len(line)
        place = _placed(spoken, verse, bisect_left(spoken.words, behind))
        apart = [abs(start - place) for start in starts]
        cuts.append(apart.index(min(apart)))
    return pairwise([*cuts, count])


def _placed(spoken: Stream, verse: Stream, at: int) -> int:
    """Returns where in the verse's letters a place in those of the cues is."""
    for step in LCSseq.opcodes(spoken.letters, verse.letters):
        if step.src_start <= at < step.src_end:
            return min(step.dest_start + at - step.src_start, step.dest_end)
    return len(verse.letters)


def _edit(text: str, line: Sequence[Spoken], words: Sequence[str]) -> Edit | None:
    """Returns the edit that puts words in the place of a line's."""
    tokens = [each.token for each in line]
    start, end = tokens[0].start, tokens[-1].end
    if words[0][0] in _APOSTROPHES and text[max(0, start - 1) : start] in _APOSTROPHES:
        start -= 1
    gaps = [text[a.end : b.start] for a, b in pairwise(tokens)]
    if len(words) == len(tokens):
        gaps = [
            gap.rstrip("".join(_APOSTROPHES)) if word[0] in _APOSTROPHES else gap
            for gap, word in zip(gaps, words[1:], strict=True)
        ]
        words = [_as(each.word, word) for each, word in zip(tokens, words, strict=True)]
    elif any(map(_TAGS.search, gaps)):
        return None
    else:
        gaps = [" "] * (len(words) - 1)
        words = [_as(tokens[0].word, words[0]), *words[1:]]
    parts = [part for pair in zip(words, [*gaps, ""], strict=True) for part in pair]
    return Edit(start, end, "".join(parts), "verse")


def _as(old: str, word: str) -> str:
    """Returns a word with the capital of another; if that is the same word, as it is written."""
    bare = word.lstrip("".join(_APOSTROPHES))
    if exact_key(old) == exact_key(bare):
        return word[: len(word) - len(bare)] + old
    return word[: len(word) - len(bare)] + bare[:1].upper() + bare[1:] if old[0].isupper() else word
