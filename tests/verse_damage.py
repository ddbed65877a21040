"""Quotes verses as speech recognition writes them, cut over cues, and scores what is found."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from subtitle_damage import misheard

from batchio.subtitles.verses import Verse
from batchio.subtitles.word_keys import WORD, without_marks
from transforms.subtitles.verse_index import VerseIndex, verse_key
from transforms.subtitles.verses import find_verses


@dataclass
class Found:
    """What became of quotations."""

    made: int = 0
    right: int = 0
    false: int = 0  # of a verse that has no such words

    @property
    def recall(self) -> float:
        """Share of the quotations that were found."""
        return self.right / max(1, self.made)

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / max(1, self.right + self.false)


def quoted(verse: Verse, chance: random.Random, *, half: bool, times: int) -> tuple[list[str], str]:
    """The cues that quote a verse or a half of it, and what they quote.

    Args:
        verse: Of a table.
        chance: Decides.
        half: Whether to quote one of its halves.
        times: How often to change a sound of each word.
    """
    lines = [line for line in verse.text.split("\n") if not line.endswith("uvāca")]
    said = chance.choice(lines) if half else " ".join(lines)
    words = []
    for word in WORD.findall(said):
        heard = word.lower()
        for _ in range(times):
            heard = misheard(heard, chance) or heard
        words += without_marks(heard).split()
    places = range(1, len(words))
    cuts = sorted(chance.sample(places, min(len(places), chance.randint(1, 3))))
    spans = zip([0, *cuts], [*cuts, len(words)], strict=True)
    return [" ".join(words[first:last]) for first, last in spans], said


def damaged_quotations(
    index: VerseIndex, around: Sequence[str], *, half: bool, times: int, seed: int
) -> Iterator[tuple[Verse, str, list[str]]]:
    """Each verse, what is quoted of it, and the cues: between two of a text that has no verses."""
    chance = random.Random(seed)
    for known in index.verses:
        cues, said = quoted(known.verse, chance, half=half, times=times)
        at = chance.randrange(len(around) - 1)
        yield known.verse, said, [around[at], *cues, around[at + 1]]


def score_quotations(
    index: VerseIndex, around: Sequence[str], *, half: bool, times: int, seed: int
) -> Found:
    """What is found of each verse of the table; one that has the same words is as right."""
    score = Found()
    for verse, said, cues in damaged_quotations(index, around, half=half, times=times, seed=seed):
        score.made += 1
        found = find_verses(cues, index)
        right = [
            each for each in found if each.known.verse is verse or _has(each.known.words, said)
        ]
        score.right += bool(right)
        score.false += len(found) - bool(right)
    return score


def _has(words: Sequence[str], said: str) -> bool:
    return _sounds(said.split()) in _sounds(words)


def _sounds(words: Sequence[str]) -> str:
    return "".join(map(verse_key, words))
