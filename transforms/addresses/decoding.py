"""The labels of sequences of kinds of tokens, each distinct sequence worked once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchio.crfsuite_model import CrfModel
from transforms.addresses.crf import Decoded, Steps, Weights, decode, sum_rows
from transforms.addresses.ragged import Ragged, offsets_of
from transforms.addresses.tokens import Kind

_MOST_SEQUENCES = 200_000
_TOKENS_AT_ONCE = 4_096  # their scores, 0.9 MB an array, stay in the cache of a core
_INT32_BYTES = 4


class KindWeights:
    """The weights of a model, by kinds of tokens, as they become known."""

    def __init__(self, model: CrfModel, xp: Any = np) -> None:
        self._xp = xp
        self._states = np.vstack([model.weights, np.zeros((1, len(model.labels)))])
        self._ends = {
            field: xp.asarray(self._weights_of(model, name))
            for field, name in {
                "start": b"address.start",
                "end": b"address.end",
                "previous_start": b"previous:address.start",
                "following_end": b"next:address.end",
            }.items()
        }
        self._transitions = xp.asarray(model.transitions)
        self._kinds = 0
        self._own = self._states[:0]

    def of(self, kinds: Sequence[Kind]) -> Weights:
        """Returns the weights for these kinds; they may only be more than at the last call."""
        new = kinds[self._kinds :]
        if new:
            rows = self._rows([own for own, _, _ in new])
            self._own = np.vstack([self._own, sum_rows(np, self._states, rows)])
            self._kinds = len(kinds)
            self._weights = Weights(
                states=self._xp.asarray(self._states),
                transitions=self._transitions,
                own=self._xp.asarray(self._own),
                previous=self._xp.asarray(self._rows([each for _, each, _ in kinds] + [()])),
                following=self._xp.asarray(self._rows([each for _, _, each in kinds] + [()])),
                **self._ends,
            )
        return self._weights

    def _weights_of(self, model: CrfModel, name: bytes) -> NDArray[np.float64]:
        known = name in model.attributes
        weights: NDArray[np.float64] = self._states[model.attributes.index(name) if known else -1]
        return weights

    def _rows(self, numbers: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        nothing = len(self._states) - 1
        columns = list(zip_longest(*numbers, fillvalue=nothing))
        return np.array(columns, np.int64).reshape(len(columns), len(numbers)).T


class Sequences:
    """The labels of all sequences met so far, and how sure they are."""

    def __init__(self, model: CrfModel, xp: Any = np) -> None:
        self._model = model
        self._xp = xp
        self._weights = KindWeights(model, xp)
        self._numbers: dict[bytes, int] = {}
        self.labels = Ragged(np.int8)
        self.probability = np.empty(0)
        self.min_marginal = np.empty(0)

    def numbers(
        self, kinds: NDArray[np.int32], offsets: NDArray[np.int64], known: Sequence[Kind]
    ) -> NDArray[np.int64]:
        """Returns the number of each row's sequence, which stays the same for these sequences.

        Args:
            kinds: The kinds of all tokens.
            offsets: Where each row's begin, and the end.
            known: All kinds there are.
        """
        ends = (offsets * _INT32_BYTES).astype(np.int32)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(kinds))]
        rows = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers).dictionary_encode()
        distinct = rows.dictionary.to_pylist()
        new = [each for each in distinct if each not in self._numbers]
        if new:
            self._learn(sorted(new, key=len, reverse=True), known)
        numbers = np.fromiter(map(self._numbers.__getitem__, distinct), np.int64, len(distinct))
        found: NDArray[np.int64] = numbers[rows.indices.to_numpy()]
        return found

    def is_full(self) -> bool:
        """Returns whether it is time to forget these, so that memory stays flat."""
        return len(self._numbers) > _MOST_SEQUENCES

    def _learn(self, new: Sequence[bytes], known: Sequence[Kind]) -> None:
        counts = np.fromiter(map(len, new), np.int64, len(new)) // _INT32_BYTES
        kinds = np.frombuffer(b"".join(new), np.int32)
        labels = np.empty(len(kinds), np.int8)
        probability, min_marginal = np.full((2, len(new)), np.nan)
        offsets = offsets_of(counts)
        for begin, end in _portions(offsets, int(np.count_nonzero(counts))):
            places, steps = _time_major(offsets[begin : end + 1])
            decoded = self._decode(kinds[places], steps, known)
            labels[places] = _on_host(decoded.labels)
            probability[begin:end] = _on_host(decoded.probability)
            min_marginal[begin:end] = _on_host(decoded.min_marginal)
        self._numbers.update((key, number) for number, key in enumerate(new, len(self._numbers)))
        self.labels.extend(labels, counts)
        self.probability = np.concatenate([self.probability, probability])
        self.min_marginal = np.concatenate([self.min_marginal, min_marginal])

    def _decode(self, kinds: NDArray[np.int32], steps: Steps, known: Sequence[Kind]) -> Decoded:
        weights = self._weights.of(known)
        return decode(self._xp, weights, self._xp.asarray(kinds), steps)


def _portions(offsets: NDArray[np.int64], rows: int) -> list[tuple[int, int]]:
    """Returns ranges of rows with about as many tokens as are worked at once."""
    portions = []
    begin = 0
    while begin < rows:
        end = int(np.searchsorted(offsets, offsets[begin] + _TOKENS_AT_ONCE, side="right")) - 1
        end = min(max(end, begin + 1), rows)
        portions.append((begin, end))
        begin = end
    return portions


def _time_major(offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], Steps]:
    """Returns where the first tokens of all rows are, then the second ones ..., and the steps."""
    counts = np.diff(offsets)
    going_on = np.searchsorted(-counts, -np.arange(counts[0]), side="left")
    places = [offsets[:rows] + step for step, rows in enumerate(going_on)]
    ends = np.cumsum(going_on).tolist()
    return np.concatenate(places), list(pairwise([0, *ends]))


def _on_host(array: Any) -> NDArray[Any]:
    return array if isinstance(array, np.ndarray) else array.get()
