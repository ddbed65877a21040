"""Subtitles beside a reference: error rates before and after, and which corrections were right.

The distances are RapidFuzz's, which matching needs as well; jiwer computes word error rates with
the same, but knows nothing of what a text was before it was corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from batchio.subtitles.srt_model import Cue
from transforms.subtitles.seen_text import find_tokens, seen_texts

Words = Sequence[str]


class Triple(NamedTuple):
    """What is shown at one time: before and after the run, and in the reference."""

    before: Words
    after: Words
    reference: Words


@dataclass(slots=True)
class Comparison:
    """Errors against a reference. Case and punctuation do not count; diacritics do."""

    words: int = 0  # of the reference
    characters: int = 0
    word_errors_before: int = 0
    word_errors_after: int = 0
    character_errors_before: int = 0
    character_errors_after: int = 0
    right: int = 0  # words changed to what the reference has
    wrong: int = 0  # words changed to something else
    missed: int = 0  # words that differ from the reference and were not changed

    @property
    def wer_before(self) -> float:
        """The word error rate before the run."""
        return _rate(self.word_errors_before, self.words)

    @property
    def wer_after(self) -> float:
        """The word error rate after the run."""
        return _rate(self.word_errors_after, self.words)

    @property
    def cer_before(self) -> float:
        """The character error rate before the run; a blank between words is a character."""
        return _rate(self.character_errors_before, self.characters)

    @property
    def cer_after(self) -> float:
        """The character error rate after the run."""
        return _rate(self.character_errors_after, self.characters)


def compare(
    cues: Sequence[Cue], after: Sequence[Sequence[str]], reference: Sequence[Cue]
) -> Comparison:
    """Returns the errors of cues before and after a run.

    Args:
        cues: As they were.
        after: Their lines after the run.
        reference: The cues of the reference; they may divide the time in another way.
    """
    before_words = _words(cue.lines for cue in cues)
    after_words = _words(after)
    reference_words = _words(cue.lines for cue in reference)
    found = Comparison()
    for ours, theirs in align(cues, reference):
        _add(
            found,
            Triple(
                [word for place in ours for word in before_words[place]],
                [word for place in ours for word in after_words[place]],
                [word for place in theirs for word in reference_words[place]],
            ),
        )
    return found


def align(
    cues: Sequence[Cue], reference: Sequence[Cue]
) -> list[tuple[Sequence[int], Sequence[int]]]:
    """Returns groups of cues that are shown at the same time, by their places, in order of time.

    A cue joins a group whose last cue of the other side is shown for half of the time of the
    shorter of the two. All cues of both sides are in one group each.
    """
    left, right = _by_time(cues), _by_time(reference)
    groups: list[tuple[Sequence[int], Sequence[int]]] = []
    i = j = 0
    while i < len(left) or j < len(right):
        ours, theirs = _Side(cues, left, i), _Side(reference, right, j)
        if j == len(right) or (i < len(left) and ours.start <= theirs.start):
            ours.take()
        else:
            theirs.take()
        while ours.take_shown_with(theirs) or theirs.take_shown_with(ours):
            pass
        groups.append((left[i : ours.stop], right[j : theirs.stop]))
        i, j = ours.stop, theirs.stop
    return groups


class _Side:
    """The cues of one side in the group that is being made."""

    def __init__(self, cues: Sequence[Cue], order: Sequence[int], first: int) -> None:
        self._cues, self._order = cues, order
        self.stop = first
        self.start = cues[order[first]].start if first < len(order) else 0
        self._last: Cue | None = None  # of those taken, the one that ends last

    def take(self) -> None:
        """Takes the next cue into the group."""
        cue = self._cues[self._order[self.stop]]
        if self._last is None or cue.end > self._last.end:
            self._last = cue
        self.stop += 1

    def take_shown_with(self, other: _Side) -> bool:
        """Takes cues that are shown with the last of the other side; returns whether any."""
        first = self.stop
        while self.stop < len(self._order) and other._last is not None:
            if not _are_shown_together(self._cues[self._order[self.stop]], other._last):
                break
            self.take()
        return self.stop > first


def _are_shown_together(one: Cue, other: Cue) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return 2 * shared > min(one.end - one.start, other.end - other.start) and shared > 0


def _by_time(cues: Sequence[Cue]) -> list[int]:
    return sorted(range(len(cues)), key=lambda place: cues[place].start)


def _words(texts: Iterable[Sequence[str]]) -> list[list[str]]:
    return [find_tokens(text.casefold()) for text in seen_texts(list(texts))]


def _add(found: Comparison, triple: Triple) -> None:
    """Adds the errors of a group."""
    before, after, reference = triple
    found.words += len(reference)
    found.characters += len(" ".join(reference))
    if before == after == reference:
        return
    found.word_errors_before += Levenshtein.distance(before, reference)
    found.word_errors_after += Levenshtein.distance(after, reference)
    expected = " ".join(reference)
    found.character_errors_before += Levenshtein.distance(" ".join(before), expected)
    found.character_errors_after += Levenshtein.distance(" ".join(after), expected)
    for segment in split_at_agreement(triple):
        _judge(found, segment)


def split_at_agreement(triple: Triple) -> list[Triple]:
    """Returns the parts between words that all three have."""
    before, after, reference = triple
    in_after = _matches(before, after)
    in_reference = _matches(before, reference)
    parts, last = [], (0, 0, 0)
    shared = [(at, in_after[at], in_reference[at]) for at in in_after if at in in_reference]
    for b, a, r in [*shared, (len(before), len(after), len(reference))]:
        if last != (b, a, r):
            parts.append(Triple(before[last[0] : b], after[last[1] : a], reference[last[2] : r]))
        last = (b + 1, a + 1, r + 1)
    return parts


def _matches(words: Words, others: Words) -> dict[int, int]:
    """Returns which words are the same in an alignment, place by place."""
    found: dict[int, int] = {}
    for block in Levenshtein.opcodes(words, others).as_matching_blocks():
        found.update((block.a + step, block.b + step) for step in range(block.size))
    return found


def _judge(found: Comparison, part: Triple) -> None:
    """Counts the words of a part without agreement as right, wrong or missed."""
    before, after, reference = part
    if len(before) == len(after) == len(reference):
        for was, now, wanted in zip(before, after, reference, strict=True):
            found.right += was != now == wanted
            found.wrong += was != now != wanted
            found.missed += was == now != wanted
        return
    errors = Levenshtein.distance(before, reference)
    changed = Levenshtein.distance(before, after)
    right = (
        changed if after == reference else max(0, errors - Levenshtein.distance(after, reference))
    )
    found.right += min(right, changed)
    found.wrong += max(0, changed - right)
    found.missed += max(0, errors - changed)


def _rate(errors: int, whole: int) -> float:
    return errors / whole if whole else float(errors > 0)
