"""Matches addresses with those of a reference list, and finds the same ones within a list.

The nearest by trigrams are ranked again by what trigrams hardly see: the house number, the postal
code, and the order of letters. All scores are rounded, equal ones stand in the reference's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import cpdist
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from batchio.errors import UsageError
from transforms.addresses.device import CPU, Device
from transforms.addresses.nearest import DECIMALS, Index, Ints, Near, Wanted, make_index, nearest
from transforms.addresses.place_keys import PlaceKeys, agree_on_code, agree_on_number, find_keys
from transforms.addresses.trigrams import count_trigrams, fold, inverse_frequency, weigh

_RANKED_AGAIN = 20  # the right row is always among them on the labelled pairs
# Shares of a score. On the labelled pairs, recall changes little around them.
_COSINE, _EDIT, _NUMBER, _CODE = 0.35, 0.25, 0.25, 0.15

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How many rows of the reference an address gets at most, and from which score on."""

    top_k: int = 1
    min_score: float = 0.0

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise UsageError(f"top_k is {self.top_k}", action="give 1 or more")
        if not 0 <= self.min_score <= 1:
            raise UsageError(f"min_score is {self.min_score}", action="give a score from 0 to 1")


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """A list to match against. Rows whose folded texts and keys are equal are compared once."""

    folded: list[str]
    keys: PlaceKeys
    index: Index
    weights: NDArray[np.float32]
    rows: Ints  # of the list, those of the first distinct text first
    starts: Ints  # where those of each distinct text begin


@dataclass(frozen=True, eq=False, slots=True)
class Matches:
    """Rows of the input with rows of the reference, best first within each row of the input."""

    row: Ints
    reference: Ints
    score: Floats
    cosine: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Duplicates:
    """The group of each row, named by its first row, and the earlier row it is most like.

    A row like none before it has -1 for ``like`` and a score of 0. A group holds all that links
    join: its ends may be less alike than any two neighbours in it.
    """

    group: Ints
    like: Ints
    score: Floats


def make_reference(texts: Sequence[str], device: Device = CPU) -> Reference:
    """Returns the list in the form that is matched against, once for all blocks of an input.

    Args:
        texts: The addresses.
        device: What searches.
    """
    folded = [fold(text) for text in texts]
    keys = find_keys(folded)
    first: dict[tuple[str, str, str], int] = {}
    parts = zip(folded, keys.house_number.tolist(), keys.postal_code.tolist(), strict=True)
    distinct = np.array([first.setdefault(each, len(first)) for each in parts], dtype=np.int64)
    rows = np.argsort(distinct, kind="stable")
    starts = np.searchsorted(distinct[rows], np.arange(len(first) + 1))
    counted = count_trigrams([text for text, _, _ in first])
    weights = inverse_frequency(counted)
    return Reference(
        [text for text, _, _ in first],
        keys.take(rows[starts[:-1]]),
        make_index(weigh(counted, weights), device),
        weights,
        rows,
        starts,
    )


def match(texts: Sequence[str], reference: Reference, settings: MatchSettings) -> Matches:
    """Returns the rows of the reference that each text may stand for."""
    folded = [fold(text) for text in texts]
    vectors = weigh(count_trigrams(folded), reference.weights)
    wanted = Wanted(max(settings.top_k, _RANKED_AGAIN), _least_cosine(settings.min_score))
    near = nearest(vectors, reference.index, wanted)
    scores = _score(near, folded, find_keys(folded), reference)
    return _rank_rows(near, scores, reference, settings)


def dedupe(texts: Sequence[str], min_score: float, device: Device = CPU) -> Duplicates:
    """Returns which rows are the same place, each compared with the nearest before it.

    Rows without a letter or a digit are like none.
    """
    own = make_reference(texts, device)
    wanted = Wanted(_RANKED_AGAIN, _least_cosine(min_score), earlier_only=True)
    near = nearest(own.index.vectors, own.index, wanted)
    scores = _score(near, own.folded, own.keys, own)
    alike = _rank_distinct(near, scores, min_score)
    count = len(own.folded)
    links = coo_array((np.ones(len(alike.row)), (alike.row, alike.reference)), (count, count))
    _, component = connected_components(links, directed=False)
    _, first = np.unique(component, return_index=True)
    return _by_row(own, first[component], alike)


def _least_cosine(min_score: float) -> float:
    """Returns the cosine below which no pair reaches a score, all else being equal in it."""
    return max(0.0, (min_score - (1 - _COSINE)) / _COSINE - 0.1**DECIMALS)


def _score(near: Near, folded: Sequence[str], keys: PlaceKeys, reference: Reference) -> Floats:
    """Returns the score of each pair, from 0 to 1."""
    ours, theirs = keys.take(near.query), reference.keys.take(near.reference)
    left = [folded[row] for row in near.query.tolist()]
    right = [reference.folded[row] for row in near.reference.tolist()]
    edit = cpdist(left, right, scorer=ratio, dtype=np.float64) / 100
    score = _COSINE * near.cosine + _EDIT * edit
    score += _NUMBER * agree_on_number(ours, theirs) + _CODE * agree_on_code(ours, theirs)
    return np.round(score, DECIMALS)


def _rank_rows(
    near: Near, scores: Floats, reference: Reference, settings: MatchSettings
) -> Matches:
    """Returns rows of the list for the distinct texts found, ranked and cut."""
    begin = reference.starts[near.reference]
    count = np.minimum(reference.starts[near.reference + 1] - begin, settings.top_k)
    pair = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    found = reference.rows[begin[pair] + nth]
    ranked = _sorted(Matches(near.query[pair], found, scores[pair], near.cosine[pair]))
    rank = np.arange(len(ranked.row)) - np.searchsorted(ranked.row, ranked.row)
    return _take(ranked, (rank < settings.top_k) & (ranked.score >= settings.min_score))


def _rank_distinct(near: Near, scores: Floats, min_score: float) -> Matches:
    ranked = _sorted(Matches(near.query, near.reference, scores, near.cosine))
    return _take(ranked, ranked.score >= min_score)


def _sorted(matches: Matches) -> Matches:
    return _take(matches, np.lexsort((matches.reference, -matches.score, matches.row)))


def _take(matches: Matches, chosen: NDArray[Any]) -> Matches:
    return Matches(
        matches.row[chosen],
        matches.reference[chosen],
        matches.score[chosen],
        matches.cosine[chosen],
    )


def _by_row(own: Reference, group: Ints, alike: Matches) -> Duplicates:
    """Returns for the rows of the list what was found for their distinct texts."""
    head = own.rows[own.starts[:-1]]
    like, score = np.full(len(head), -1, dtype=np.int64), np.zeros(len(head))
    best_of, best = np.unique(alike.row, return_index=True)
    like[best_of], score[best_of] = head[alike.reference[best]], alike.score[best]
    distinct = np.empty(len(own.rows), dtype=np.int64)
    distinct[own.rows] = np.repeat(np.arange(len(head)), np.diff(own.starts))
    row = np.arange(len(distinct))
    blank = np.array([not text for text in own.folded], dtype=bool)[distinct]
    again = (row != head[distinct]) & ~blank
    return Duplicates(
        np.where(blank, row, head[group][distinct]),
        np.where(again, head[distinct], np.where(blank, -1, like[distinct])),
        np.where(again, 1.0, np.where(blank, 0.0, score[distinct])),
    )
