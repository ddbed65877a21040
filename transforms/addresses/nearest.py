"""The nearest rows of a reference by cosine, in blocks, on a CPU or a GPU.

Both routes only tell which rows may be among the first: on a CPU a product of a sparse and a dense
block (measured at 3 to 8 times the speed of the dense one), on a GPU the dense product. The cosines
that rank are computed once more, the same way for both, so that both give the same rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from transforms.addresses.device import CPU, Device
from transforms.addresses.trigrams import DIMENSIONS, Vectors

logger = logging.getLogger(__name__)

DECIMALS = 5  # of what is ranked: beyond, order would depend on the order of additions
# Rounding moves a score by half of the last decimal, and the k-th by as much; the rest is for
# float32, whose products may be sums in any order (and too little for TF32, which CuPy leaves off).
_MARGIN = 1.5e-5
_BLOCK_REFERENCES = 8192
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
    """Rows to look in, in blocks as a device multiplies them.

    On a GPU they are in its memory, but for those that found no room: these are still vectors.
    """

    vectors: Vectors
    device: Device
    starts: range
    blocks: list[Any]


def make_index(vectors: Vectors, device: Device = CPU) -> Index:
    """Returns rows to look in: by NumPy and SciPy on the CPU, by CuPy on a GPU."""
    starts = range(0, len(vectors), _BLOCK_REFERENCES)
    stops = [min(start + _BLOCK_REFERENCES, len(vectors)) for start in starts]
    rows = [vectors.rows(start, stop) for start, stop in zip(starts, stops, strict=True)]
    blocks = list(map(_sparse, rows)) if device.xp is np else _brought_over(rows, device)
    return Index(vectors, device, starts, blocks)


def _brought_over(rows: Sequence[Vectors], device: Device) -> list[Any]:
    """Returns dense blocks on the device, and vectors where its memory would be too full."""
    blocks: list[Any] = []
    try:
        for each in rows:
            blocks.append(each.dense(device.xp))
    except MemoryError:
        room = len(blocks) // 2  # the other half is for what is worked
        blocks[room:] = rows[room:]
        logger.info(
            "%s has room for %d of %d blocks of the reference", device.name, room, len(rows)
        )
    return blocks


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
    """Yields for batches of queries the pairs that may be among the wanted."""
    work = partial(_batch_candidates, queries, index, wanted)
    yield from index.device.batches(len(queries), work)


def _batch_candidates(
    queries: Vectors, index: Index, wanted: Wanted, first: int, last: int
) -> tuple[Ints, Ints]:
    xp = index.device.xp
    dense = xp.ascontiguousarray(queries.rows(first, last).dense(xp).T)
    floor = np.float32(max(wanted.min_cosine - _MARGIN, _MARGIN))
    best = xp.full((wanted.top_k, last - first), -1, dtype=np.float32)
    kept = []
    for number, start in enumerate(index.starts):
        if wanted.earlier_only and start >= last:
            break
        with index.device.working():
            block = index.blocks[number]
            scores = (block.dense(xp) if isinstance(block, Vectors) else block) @ dense
            if wanted.earlier_only and start + len(scores) > first:
                later = xp.arange(start, start + len(scores))[:, None] >= xp.arange(first, last)
                scores = xp.where(later, np.float32(-1), scores)
            best = _best_of_groups(best, scores, xp)
            inside = scores >= xp.maximum(best[-1] - _MARGIN, floor)
        place = xp.flatnonzero(inside)  # of one dimension: several times as fast as of two
        row, query = place // (last - first), place % (last - first)
        kept.append((query, row + start, scores[row, query]))
    if not kept:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return _over_the_bound(kept, best[-1] - _MARGIN, first, index.device)


def _best_of_groups(best: Any, scores: Any, xp: Any) -> Any:
    """Returns the best of the groups of rows met so far, best first, as many as ``best`` has.

    The k-th of them is no more than the k-th best of all rows.
    """
    rows = max(1, min(_GROUP_ROWS, len(scores) // (4 * len(best))))
    whole = len(scores) // rows * rows
    groups = scores[:whole].reshape(-1, rows, scores.shape[1]).max(axis=1)
    return xp.sort(xp.concatenate([best, groups]), axis=0)[::-1][: len(best)]


def _over_the_bound(
    kept: list[tuple[Any, Any, Any]], bound: Any, first: int, device: Device
) -> tuple[Ints, Ints]:
    """Returns the pairs that the bound of all blocks leaves, on the host."""
    query, row, score = (device.xp.concatenate(each) for each in zip(*kept, strict=True))
    inside = score >= bound[query]
    return device.on_host(query[inside] + first), device.on_host(row[inside])


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
