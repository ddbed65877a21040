"""The trees that count: which rows of which parts, in one order whatever the parts are.

A part outlives the files it was made of: what has changed since was read again into another part,
what is gone is gone. The order is that of the trees' paths, so that the same trees give the same
tables in any run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batchio.syntax.parts import read_part
from transforms.syntax.arrow_lists import Numbers, lengths

_CHUNK_ROWS = 65_536
_DEAD = -1


class Part(NamedTuple):
    """A part: a local path or the rows themselves, and which input files still count in it."""

    source: str | pa.RecordBatch
    live: pa.StringArray | Sequence[str] | None = None  # by column `input`; None for all

    def read(self, *columns: str) -> pa.RecordBatch:
        """Returns columns of the part, rows that no longer count among them."""
        rows = read_part(self.source) if isinstance(self.source, str) else self.source
        return rows.select(list(columns))


class Chunk(NamedTuple):
    """Some trees on end: the number of the first in path order, and their columns."""

    first: int
    trees: pa.RecordBatch


@dataclass(frozen=True)
class LiveTrees:
    """Trees in path order: of each the number of its part, and of its row there."""

    parts: Sequence[Part]
    part: NDArray[np.int32]
    row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.part)

    def where(self, chosen: NDArray[np.bool_]) -> LiveTrees:
        """Returns some of the trees, in the same order."""
        return LiveTrees(self.parts, self.part[chosen], self.row[chosen])

    def by_part(self, *columns: str) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int32]]]:
        """Yields each part's columns and its rows' places in path order, -1 where not live.

        Parts without a live row are left out.
        """
        trees = np.argsort(self.part, kind="stable").astype(np.int32)
        ends = np.searchsorted(self.part[trees], np.arange(len(self.parts) + 1))
        for part, start, end in zip(self.parts, ends, ends[1:], strict=False):
            if start < end:
                batch = part.read(*columns)
                places = np.full(batch.num_rows, _DEAD, np.int32)
                places[self.row[trees[start:end]]] = trees[start:end]
                yield batch, places

    def each(
        self, column: str, kind: type[np.generic], measure: Callable[[pa.Array], Any]
    ) -> Numbers:
        """Returns one number a tree, in path order, as a function of a column gives them."""
        values = np.zeros(len(self), kind)
        for batch, places in self.by_part(column):
            live = places != _DEAD
            values[places[live]] = np.asarray(measure(batch.column(0)))[live]
        return values

    def chunks(self, lists: Sequence[str], columns: Sequence[str] = ()) -> Iterator[Chunk]:
        """Yields the trees in path order, cut where their lists have some 64,000 rows together.

        Args:
            lists: Columns to yield, the lengths of which decide where to cut.
            columns: More columns to yield.
        """
        opened: dict[int, pa.RecordBatch] = {}
        bounds = self._bounds(lists)
        for start, end in pairwise(bounds):
            needed = np.unique(self.part[start:end]).tolist()
            opened = {  # what the next chunk does not need is let go
                nth: opened[nth] if nth in opened else self.parts[nth].read(*columns, *lists)
                for nth in needed
            }
            yield Chunk(start, _gather(opened, self.part[start:end], self.row[start:end]))

    def _bounds(self, lists: Sequence[str]) -> list[int]:
        weights = np.ones(len(self), np.int64)  # a tree's own row
        for name in lists:
            weights += self.each(name, np.int64, lengths)
        cuts = np.flatnonzero(np.diff(np.cumsum(weights) // _CHUNK_ROWS)) + 1
        return [0, *cuts.tolist(), len(self)] if len(self) else [0]


def live_trees(parts: Sequence[Part]) -> LiveTrees:
    """Returns the trees of the parts that still count, by path."""
    named = [_live_names(number, part) for number, part in enumerate(parts)]
    if not named:
        return LiveTrees(parts, np.zeros(0, np.int32), np.zeros(0, np.int32))
    trees = pa.Table.from_batches(named)
    order = pc.sort_indices(trees, sort_keys=[("path", "ascending"), ("input", "ascending")])
    return LiveTrees(
        parts,
        trees["part"].to_numpy()[order.to_numpy()],
        trees["row"].to_numpy()[order.to_numpy()],
    )


def _live_names(number: int, part: Part) -> pa.RecordBatch:
    names = part.read("input", "path")
    rows = np.arange(names.num_rows, dtype=np.int32)
    names = pa.RecordBatch.from_pydict(
        {
            "input": names.column("input"),
            "path": names.column("path"),
            "part": np.full_like(rows, number),
            "row": rows,
        }
    )
    if part.live is None:
        return names
    return names.filter(pc.is_in(names.column("input"), pa.array(part.live, pa.string())))


def _gather(
    opened: dict[int, pa.RecordBatch], part: NDArray[np.int32], row: NDArray[np.int32]
) -> pa.RecordBatch:
    """Returns rows out of several parts in the order that is asked for."""
    order = np.argsort(part, kind="stable")
    ends = np.append(0, np.cumsum(np.unique(part, return_counts=True)[1]))
    taken = [
        batch.take(pa.array(row[order[start:end]]))
        for batch, start, end in zip(opened.values(), ends, ends[1:], strict=False)
    ]
    if len(taken) == 1:
        return taken[0]
    together = pa.Table.from_batches(taken).take(pa.array(np.argsort(order)))
    return together.combine_chunks().to_batches()[0]
