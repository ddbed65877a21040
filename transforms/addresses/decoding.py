"""The labels of sequences of kinds of tokens, each distinct sequence worked once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.addresses.decoders import Decoder
from transforms.addresses.ragged import Ragged, offsets_of
from transforms.addresses.tokens import Kind

_MOST_SEQUENCES = 200_000
_INT32_BYTES = 4


class Sequences:
    """The labels of all sequences met so far, and how sure they are."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode
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
        rows = int(np.count_nonzero(counts))
        missing = np.full(len(new) - rows, np.nan)
        labels = np.empty(0, np.int8)
        probability, min_marginal = np.empty((2, 0))
        if rows:
            decoded = self._decode(kinds, offsets_of(counts[:rows]), known)
            labels = decoded.labels
            probability, min_marginal = decoded.probability, decoded.min_marginal
        self._numbers.update((key, number) for number, key in enumerate(new, len(self._numbers)))
        self.labels.extend(labels, counts)
        self.probability = np.concatenate([self.probability, probability, missing])
        self.min_marginal = np.concatenate([self.min_marginal, min_marginal, missing])
