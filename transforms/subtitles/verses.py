"""Finds the verses that cues quote.

Words that are not English and sound as if they were of a verse mark the places to look at. There,
runs of letters that a verse has too, in its order, make a candidate. It is a quotation if enough
of its letters are those of the verse: that of a half or a quarter of a verse counts, a formula or a
term does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from batchio.subtitles.word_keys import word_patterns
from transforms.subtitles.placing import TAG, Token
from transforms.subtitles.verse_index import (
    GRAM,
    MAX_REMEMBERED,
    Known,
    Stream,
    VerseIndex,
    verse_key,
)

MIN_GAIN = 14  # what a quotation must be worth, see _Fit: so many letters if all are right
MIN_SCORE = 75.0
MAX_PAUSE = 10  # words of a quotation that may stand together without one being marked
_MAX_CUES = 3  # from one marked cue of a quotation to the next
_MIN_MARKED = 10  # letters of the marked words of a quotation
_BORDER = 3  # unmarked words that may belong to its begin or end
_WINDOW = 200  # words that are searched at once
_OVERLAP = 60  # of windows; a quotation of so many words is found in one of them
_REACH = 2  # words by which its ends are moved to see whether it fits better
_MAX_JUMP = 24  # letters between two runs of letters that are the same
_DRIFT = 0.25  # what a letter more or less between them costs, in runs
_MIN_RUNS = 3
_MIN_CORE = 4  # letters from the first of them to the last
_CANDIDATES = 8  # verses, or places in one
_BAND = 16  # letters by which a quotation may be longer or shorter than its verse, or less

_ASCII_TOKEN, _TOKEN = word_patterns(before=TAG)
_WORD = word_patterns()[1]


class Spoken(NamedTuple):
    """A word of a cue."""

    cue: int
    token: Token


@dataclass(frozen=True)
class Quotation:
    """A verse, or a part of one, and the cues that quote it.

    Attributes:
        first: Index of its first cue.
        last: Index of its last cue.
        known: The verse.
        score: How far the sounds of both agree, 0-100.
        share: Share of the verse's letters that are met, 0-1.
        spoken: The words of the cues.
        words: First and last index of the words of the verse.
    """

    first: int
    last: int
    known: Known
    score: float
    share: float
    spoken: tuple[Spoken, ...]
    words: tuple[int, int]

    @property
    def reference(self) -> str:
        """Where the verse stands: Bhagavad Gita 2.47."""
        return self.known.verse.reference

    @property
    def stream(self) -> Stream:
        """The sounds of what is quoted."""
        return self.known.part(*self.words)

    @property
    def text(self) -> str:
        """What is quoted, as the table has it."""
        first, last = self.words
        return " ".join(self.known.words[first : last + 1])


class _Hit(NamedTuple):
    at: int  # in the letters of the cues
    place: int  # in the letters of the verse


_Pair = tuple[int, int]


class _Fit(NamedTuple):
    verse: int
    gain: int  # three for a letter that is the same, less one for each of both texts
    same: int  # letters
    score: float
    spoken: _Pair  # first and last word of the cues
    words: _Pair  # the same of the verse


def find_verses(texts: Sequence[str], index: VerseIndex) -> list[Quotation]:
    """Returns the quotations of verses in the order of the cues.

    Of verses that fit equally well the first of the table is told.

    Args:
        texts: Of a file's cues in their order, the lines of each divided by line ends.
        index: Of the verses.
    """
    alive = _alive_chunks("\n".join(texts).lower().split(), index)
    if not alive:
        return []
    marked = {
        at: sum(map(len, alive.intersection(chunks)))
        for at, text in enumerate(texts)
        if not alive.isdisjoint(chunks := text.lower().split())
    }
    found: list[Quotation] = []
    for first, last in _runs(marked, len(texts)):
        words = [Spoken(at, token) for at in range(first, last) for token in _tokens(texts[at])]
        seeds = {
            at: len(verse_key(spoken.token.word))
            for at, spoken in enumerate(words)
            if index.is_seed(spoken.token.word)
        }
        for start, end in _stretches(seeds, len(words)):
            fits = _search_long(words[start:end], index)
            found += [_quotation(fit, words[start:end], index) for fit in fits]
    return found


def _alive_chunks(chunks: Sequence[str], index: VerseIndex) -> set[str]:
    """Returns what of a text in lower case has a word that marks a quotation."""
    new = {*chunks} - index.dull
    if not new:
        return new
    alive = {chunk for chunk in new if any(map(index.is_seed, _WORD.findall(chunk)))}
    if len(index.dull) > MAX_REMEMBERED:
        index.dull.clear()
    index.dull |= new - alive
    return alive


def _runs(marked: Mapping[int, int], count: int) -> Iterator[tuple[int, int]]:
    """Yields the ranges of cues to look at: those marked near each other, and one on each side.

    Args:
        marked: The letters of marked words, by the index of the cue.
        count: Of all cues.
    """
    near: list[int] = []
    for at in [*marked, count + _MAX_CUES + 1]:
        if near and at - near[-1] > _MAX_CUES:
            if sum(marked[each] for each in near) >= _MIN_MARKED:
                yield max(0, near[0] - 1), min(count, near[-1] + 2)
            near = []
        near.append(at)


def _tokens(text: str) -> list[Token]:
    pattern = _ASCII_TOKEN if text.isascii() else _TOKEN
    return [Token(*found.span(1), found[1]) for found in pattern.finditer(text) if found[1]]


def _stretches(seeds: Mapping[int, int], count: int) -> Iterator[tuple[int, int]]:
    """Yields the ranges of words in which marked ones stand near each other.

    Args:
        seeds: The letters of each marked word, by its index.
        count: Of all words.
    """
    near: list[int] = []
    for at in [*seeds, count + MAX_PAUSE + 1]:
        if near and at - near[-1] > MAX_PAUSE:
            if sum(seeds[each] for each in near) >= _MIN_MARKED:
                yield max(0, near[0] - _BORDER), min(count, near[-1] + _BORDER + 1)
            near = []
        near.append(at)


def _search_long(words: Sequence[Spoken], index: VerseIndex) -> list[_Fit]:
    """Returns the quotations among any number of words: window by window.

    What touches the end of a window may go on behind it, and is searched from its begin again.
    """
    found: list[_Fit] = []
    start = 0
    while start + _WINDOW < len(words):
        fits = _search(words, index, start, start + _WINDOW)
        cut = [fit for fit in fits if fit.spoken[1] >= start + _WINDOW - _BORDER]
        whole = fits[: len(fits) - len(cut)]
        behind = start + _WINDOW - _OVERLAP
        if cut and cut[0].spoken[0] > start:
            behind = cut[0].spoken[0]
        found += whole
        start = max([behind, *(fit.spoken[1] + 1 for fit in whole)])
    return found + _search(words, index, start, len(words))


def _search(words: Sequence[Spoken], index: VerseIndex, start: int, end: int) -> list[_Fit]:
    """Returns the best quotation among words, and those before and after it."""
    stream = Stream.of(spoken.token.word for spoken in words[start:end])
    if len(stream.letters) < MIN_GAIN:
        return []
    fits = [
        _fit(stream, number, index.verses[number], *chain)
        for number, hits in _candidates(stream.letters, index)
        if (chain := _chain(hits))[1].at - chain[0].at >= _MIN_CORE
    ]
    best = max(fits, key=lambda fit: (fit.gain, -fit.verse), default=None)
    if best is None or best.gain < MIN_GAIN or best.score < MIN_SCORE:
        return []
    first, last = (start + at for at in best.spoken)
    before = _search(words, index, start, first)
    after = _search(words, index, last + 1, end)
    return [*before, best._replace(spoken=(first, last)), *after]


def _quotation(fit: _Fit, words: Sequence[Spoken], index: VerseIndex) -> Quotation:
    first, last = fit.spoken
    known = index.verses[fit.verse]
    return Quotation(
        first=words[first].cue,
        last=words[last].cue,
        known=known,
        score=round(fit.score, 1),
        share=round(fit.same / len(known.stream.letters), 3),
        spoken=tuple(words[first : last + 1]),
        words=fit.words,
    )


def _candidates(letters: str, index: VerseIndex) -> list[tuple[int, list[_Hit]]]:
    """Returns the verses that share most runs of letters with one part.

    As both go on letter by letter, the distance of a run in them stays nearly the same.
    """
    bands: dict[tuple[int, int], list[_Hit]] = defaultdict(list)
    for at in range(len(letters) - GRAM + 1):
        for number, place in index.places.get(letters[at : at + GRAM], ()):
            bands[number, (at - place) // _BAND].append(_Hit(at, place))
    likely = []
    for (number, band), hits in list(bands.items()):
        beside = bands.get((number, band - 1), [])
        if len(hits) + len(beside) >= _MIN_RUNS:
            likely.append((-len(hits) - len(beside), number, sorted([*beside, *hits])))
    return [(number, hits) for _, number, hits in sorted(likely)[:_CANDIDATES]]


def _chain(hits: Sequence[_Hit]) -> tuple[_Hit, _Hit]:
    """Returns the ends of the longest run of hits that go on in both texts alike."""
    best: list[tuple[float, int]] = []  # its worth up to each hit, and where it begins
    top = 0
    for at, hit in enumerate(hits):
        worth, start = 1.0, at
        for before in range(at - 1, -1, -1):
            across, along = hit.at - hits[before].at, hit.place - hits[before].place
            if across > _MAX_JUMP:
                break
            if across > 0 and 0 < along <= _MAX_JUMP:
                joined = best[before][0] + 1 - _DRIFT * abs(across - along)
                if joined > worth:
                    worth, start = joined, best[before][1]
        best.append((worth, start))
        if worth > best[top][0]:
            top = at
    return hits[best[top][1]], hits[top]


def _fit(stream: Stream, number: int, known: Known, first: _Hit, last: _Hit) -> _Fit:
    """Returns what of the cues and of a verse fits best, from the ends of a chain on.

    Args:
        stream: Of the cues.
        number: Of the verse.
        known: The verse.
        first: The chain's begin.
        last: The chain's last run of letters.
    """
    verse = known.stream
    begin = stream.words[first.at], verse.words[first.place]
    end = stream.words[last.at + GRAM - 1], verse.words[last.place + GRAM - 1]
    most = stream.words[-1], verse.words[-1]

    def gain(begin: _Pair, end: _Pair) -> int:
        letters = stream.between(begin[0], end[0]), verse.between(begin[1], end[1])
        return 3 * LCSseq.similarity(*letters) - len(letters[0]) - len(letters[1])

    before = None
    while before != (begin, end):
        before = begin, end
        ends = {each: gain(begin, each) for each in _around(end, begin, most)}
        end = max(ends, key=ends.__getitem__)
        begins = {each: gain(each, end) for each in _around(begin, (0, 0), end)}
        begin = max(begins, key=begins.__getitem__)
    spoken, words = (begin[0], end[0]), (begin[1], end[1])
    letters = stream.between(*spoken), verse.between(*words)
    same = LCSseq.similarity(*letters)
    both = len(letters[0]) + len(letters[1])
    return _Fit(number, 3 * same - both, same, 200 * same / max(1, both), spoken, words)


def _around(place: _Pair, least: _Pair, most: _Pair) -> Iterator[_Pair]:
    """Yields the pairs of words near a pair, between two others."""
    spans = [
        range(max(low, at - _REACH), min(high, at + _REACH) + 1)
        for at, low, high in zip(place, least, most, strict=True)
    ]
    for word in spans[0]:
        for other in spans[1]:
            yield word, other
