"""The nearest rows of a reference by cosine, in blocks, on a CPU or a GPU.

Both routes only tell which rows may be among the first: on a CPU a product of a sparse and a dense
block (measured at 3 to 8 times the speed of the dense one), on a GPU the dense product. The cosines
that rank are computed once more, the same way for both, so that both give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from transforms.addresses.trigrams import DIMENSIONS, Vectors

DECIMALS = 5  # of what is ranked: beyond, order would depend on the order of additions
# Rounding moves a score by half of the last decimal, and the k-th by as much; the rest is for
# float32, whose products may be sums in any order (and too little for TF32, which CuPy leaves off).
_MARGIN = 1.5e-5
_BLOCK_REFERENCES = 8192
_BLOCK_QUERIES = 512
_GROUP_ROWS = 128  # fewer make a closer bound, and one that costs more
_BLOCK_PAIRS = 1 << 17

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Near:
    """Pairs of a query and a row of the reference, best first within each query."""

    query: Ints
    reference: Ints
    cosine: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What counts as near: the first ``top_k`` that share a trigram and reach ``min_cosine``.

    With ``earlier_only``, queries and references are the same rows, and each row is compared with
    those before it.
    """

    top_k: int
    min_cosine: float = 0.0
    earlier_only: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Index:
    """Rows to look in, in blocks as an array module multiplies them: on a GPU, in its memory."""

    vectors: Vectors
    xp: Any
    starts: range
    blocks: list[Any]


def make_index(vectors: Vectors, xp: Any = np) -> Index:
    """Returns rows to look in: by NumPy and SciPy on the CPU, by CuPy as ``xp`` on a GPU."""
    starts = range(0, len(vectors), _BLOCK_REFERENCES)
    stops = [min(start + _BLOCK_REFERENCES, len(vectors)) for start in starts]
    rows = [vectors.rows(start, stop) for start, stop in zip(starts, stops, strict=True)]
    return Index(
        vectors, xp, starts, [_sparse(each) if xp is np else each.dense(xp) for each in rows]
    )


def nearest(queries: Vectors, index: Index, wanted: Wanted) -> Near:
    """Returns the rows nearest to each query, equal cosines in the order of the index."""
    found = [
        _rank(queries, index.vectors, pairs, wanted)
        for pairs in _candidates(queries, index, wanted)
    ]
    return Near(
        np.concatenate([np.zeros(0, np.int64), *(each.query for each in found)]),
        np.concatenate([np.zeros(0, np.int64), *(each.reference for each in found)]),
        np.concatenate([np.zeros(0), *(each.cosine for each in found)]),
    )


def _sparse(rows: Vectors) -> Any:
    parts = (rows.data, rows.indices, rows.indptr.astype(np.int32))
    return csr_array(parts, shape=(len(rows), DIMENSIONS))


def _candidates(queries: Vectors, index: Index, wanted: Wanted) -> Iterator[tuple[Ints, Ints]]:
    """Yields for blocks of queries the pairs that may be among the wanted."""
    xp = index.xp
    for first in range(0, len(queries), _BLOCK_QUERIES):
        last = min(first + _BLOCK_QUERIES, len(queries))
        dense = xp.ascontiguousarray(queries.rows(first, last).dense(xp).T)
        floor = np.float32(max(wanted.min_cosine - _MARGIN, _MARGIN))
        best = xp.full((wanted.top_k, last - first), -1, dtype=np.float32)
        kept = []
        for number, start in enumerate(index.starts):
            if wanted.earlier_only and start >= last:
                break
            scores = index.blocks[number] @ dense
            if wanted.earlier_only and start + len(scores) > first:
                later = xp.arange(start, start + len(scores))[:, None] >= xp.arange(first, last)
                scores = xp.where(later, np.float32(-1), scores)
            best = _best_of_groups(best, scores, xp)
            inside = scores >= xp.maximum(best[-1] - _MARGIN, floor)
            place = xp.flatnonzero(inside)  # of one dimension: several times as fast as of two
            row, query = place // (last - first), place % (last - first)
            kept.append((query, row + start, scores[row, query]))
        if kept:
            yield _over_the_bound(kept, best[-1] - _MARGIN, first, xp)


def _best_of_groups(best: Any, scores: Any, xp: Any) -> Any:
    """Returns the best of the groups of rows met so far, best first, as many as ``best`` has.

    The k-th of them is no more than the k-th best of all rows.
    """
    rows = max(1, min(_GROUP_ROWS, len(scores) // (4 * len(best))))
    whole = len(scores) // rows * rows
    groups = scores[:whole].reshape(-1, rows, scores.shape[1]).max(axis=1)
    return xp.sort(xp.concatenate([best, groups]), axis=0)[::-1][: len(best)]


def _over_the_bound(
    kept: list[tuple[Any, Any, Any]], bound: Any, first: int, xp: Any
) -> tuple[Ints, Ints]:
    """Returns the pairs that the bound of all blocks leaves, on the host."""
    query, row, score = (xp.concatenate(each) for each in zip(*kept, strict=True))
    inside = score >= bound[query]
    pairs = (query[inside] + first, row[inside])
    if xp is np:
        return pairs
    return xp.asnumpy(pairs[0]), xp.asnumpy(pairs[1])


def _rank(queries: Vectors, references: Vectors, pairs: tuple[Ints, Ints], wanted: Wanted) -> Near:
    query, row = pairs
    cosine = np.round(pair_cosines(queries, references, query, row), DECIMALS)
    reached = cosine >= wanted.min_cosine
    query, row, cosine = query[reached], row[reached], cosine[reached]
    order = np.lexsort((row, -cosine, query))
    query, row, cosine = query[order], row[order], cosine[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)
    kept = rank < wanted.top_k
    return Near(query[kept], row[kept], cosine[kept])


def pair_cosines(
    queries: Vectors, references: Vectors, query: Ints, row: Ints
) -> NDArray[np.float64]:
    """Returns the cosine of each pair, added up in the order of the dimensions."""
    blocks = [
        _block_cosines(queries, references, query[each], row[each])
        for start in range(0, len(query), _BLOCK_PAIRS)
        for each in [slice(start, start + _BLOCK_PAIRS)]
    ]
    return np.concatenate([np.zeros(0), *blocks])


def _block_cosines(
    queries: Vectors, references: Vectors, query: Ints, row: Ints
) -> NDArray[np.float64]:
    first = int(query.min())
    dense = queries.rows(first, int(query.max()) + 1).dense()
    lengths = np.diff(references.indptr)[row]
    ends = np.cumsum(lengths)
    places = np.arange(ends[-1]) + np.repeat(references.indptr[row] - ends + lengths, lengths)
    products = dense[np.repeat(query - first, lengths), references.indices[places]].astype(float)
    products *= references.data[places]
    return np.add.reduceat(products, ends - lengths)
