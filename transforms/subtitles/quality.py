"""How readable and how clean subtitles are: measures of each cue, and a score with its parts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from batchio.subtitles.srt_issues import KINDS
from batchio.subtitles.srt_model import Cue, Subtitles
from transforms.subtitles.profiles import Profile
from transforms.subtitles.seen_text import find_words, seen_texts
from transforms.subtitles.suspects import Known, suspect

# Of the parts of the score.
STRUCTURE, READABILITY, TEXT = 0.4, 0.3, 0.3


class Measures(NamedTuple):
    """Measures of one cue. Characters are those seen: without tags and line breaks."""

    characters: int
    duration: int  # ms
    cps: float  # infinite for a text that is shown for no time
    line_chars: int  # of the longest line
    lines: int
    gap: int | None  # ms to the start of the next cue, below 0 if they overlap
    words: int

    @property
    def overlap(self) -> int:
        """Milliseconds for which the next cue is shown too."""
        return max(0, -(self.gap or 0))

    @property
    def wpm(self) -> float:
        """Words a minute."""
        return rate(self.words, self.duration) * 60


@dataclass(frozen=True, slots=True)
class Quality:
    """What is said of a file; shares are from 0 to 1."""

    cues: int
    lost: int
    structure: float
    readability: float
    text: float
    cps_median: float
    cps_p95: float
    over: Mapping[str, int]  # cues beyond each limit that the profile has
    overlaps: int
    words: int
    suspects: int
    vocabulary: Set[str] = frozenset()  # the different words

    @property
    def score(self) -> float:
        """The parts together, from 0 to 100."""
        parts = STRUCTURE * self.structure, READABILITY * self.readability, TEXT * self.text
        return 100 * sum(parts)


class Suspects:
    """Remembers the verdict on each word."""

    def __init__(self, known: Known | None) -> None:
        self._known = known
        self._verdicts: dict[str, bool] = {}

    def count(self, words: Mapping[str, int]) -> int:
        """Returns how many of the words, counted, are suspect."""
        verdicts, found = self._verdicts, 0
        for word, times in words.items():
            if word not in verdicts:
                verdicts[word] = bool(suspect(word, self._known))
            if verdicts[word]:
                found += times
        return found


def assess(
    subtitles: Subtitles,
    profile: Profile,
    suspects: Suspects,
    texts: Mapping[int, Sequence[str]] | None = None,
) -> Quality:
    """Returns the quality of a file.

    Args:
        subtitles: The file as it was read.
        profile: What is readable.
        suspects: What is no word.
        texts: New lines of cues, by their place, instead of those of the file.
    """
    cues = subtitles.cues
    texts = texts or {}
    lines = [texts.get(place, cue.lines) for place, cue in enumerate(cues)]
    seen = seen_texts(lines) if lines else []
    measures = measure(cues, seen)
    over, readable = count_over(measures, profile)
    speeds = sorted(each.cps for each in measures if each.characters and each.duration > 0)
    words = find_words("\n".join(seen))
    counted = Counter(words)
    wrong = suspects.count(counted)
    return Quality(
        cues=len(cues),
        lost=subtitles.lost,
        structure=_structure(subtitles),
        readability=_share(readable, len(cues)),
        text=_share(len(words) - wrong, len(words)),
        cps_median=quantile(speeds, 0.5),
        cps_p95=quantile(speeds, 0.95),
        over=over,
        overlaps=sum(each.gap is not None and each.gap < 0 for each in measures),
        words=len(words),
        suspects=wrong,
        vocabulary=counted.keys(),
    )


def measure(cues: Sequence[Cue], seen: Sequence[str]) -> list[Measures]:
    """Returns the measures of cues with the texts that are seen of them."""
    starts: list[int | None] = [cue.start for cue in cues[1:]]
    found = []
    for cue, text, following in zip(cues, seen, [*starts, None], strict=True):
        characters = longest = len(text)
        lines = 1 if text else 0
        if "\n" in text:
            lengths = [len(line) for line in text.split("\n") if line]
            characters, longest, lines = sum(lengths), max(lengths, default=0), len(lengths)
        duration = cue.end - cue.start
        gap = None if following is None else following - cue.end
        # Half the time of a call by name, and there are hundreds in a file.
        speed, words = rate(characters, duration), len(text.split())
        found.append(Measures._make((characters, duration, speed, longest, lines, gap, words)))
    return found


def count_over(measures: Sequence[Measures], profile: Profile) -> tuple[dict[str, int], int]:
    """Returns how many cues are beyond each limit of the profile, and how many beyond none."""
    over: dict[str, int] = {}
    beyond: set[int] = set()
    for name, column in _UPPER.items():
        limit = getattr(profile, name)
        if limit is not None:
            hits = [place for place, value in enumerate(map(column, measures)) if value > limit]
            over[name] = len(hits)
            beyond.update(hits)
    for name, column in _LOWER.items():
        limit = getattr(profile, name)
        if limit is not None:
            hits = [place for place, value in enumerate(map(column, measures)) if value < limit]
            over[name] = len(hits)
            beyond.update(hits)
    return over, len(measures) - len(beyond)


_Column = Callable[[Measures], float]
_UPPER: dict[str, _Column] = {
    "cps": attrgetter("cps"),
    "line_chars": attrgetter("line_chars"),
    "cue_chars": attrgetter("characters"),
    "lines": attrgetter("lines"),
    "max_ms": attrgetter("duration"),
    "wpm": attrgetter("wpm"),
}
_LOWER: dict[str, _Column] = {
    "min_ms": attrgetter("duration"),
    "min_gap_ms": lambda cue: math.inf if cue.gap is None else cue.gap,
}


def rate(count: int, duration: int) -> float:
    """Returns how many of something there are in a second; infinite for some in no time."""
    if duration > 0:
        return count * 1_000 / duration
    return math.inf if count else 0.0


def quantile(rising: Sequence[float], share: float) -> float:
    """Returns a quantile of sorted values, between two of them by their distance; 0 for none."""
    if not rising:
        return 0.0
    place = share * (len(rising) - 1)
    below = math.floor(place)
    above = min(below + 1, len(rising) - 1)
    return rising[below] + (rising[above] - rising[below]) * (place - below)


def _structure(subtitles: Subtitles) -> float:
    """Returns the share of cues without a fault; those that were lost have one."""
    faulty = {issue.cue for issue in subtitles.issues if KINDS[issue.kind].fault}
    cues = len(subtitles.cues)
    return _share(cues - len(faulty - {-1}), cues + subtitles.lost)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
