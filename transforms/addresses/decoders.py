"""Decoders of sequences of kinds of tokens: by arrays, or by one kernel on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise, zip_longest
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from batchio.addresses.crfsuite_model import CrfModel
from transforms.addresses.crf import Decoded, Steps, Weights, decode, sum_rows
from transforms.addresses.decode_source import LANES, MOST_LABELS, grid_of
from transforms.addresses.device import Device, Kernel
from transforms.addresses.tokens import Kind

_TOKENS_AT_ONCE = 4_096  # their scores, 0.9 MB an array, stay in the cache of a core


class Decoder(Protocol):
    """Decodes sequences that lie one after another, the longest first, none of them empty."""

    def __call__(
        self, kinds: NDArray[np.int32], offsets: NDArray[np.int64], known: Sequence[Kind]
    ) -> Decoded:
        """Returns labels by token and probabilities by sequence, in the given order, on the host.

        Args:
            kinds: The kinds of all tokens.
            offsets: Where each sequence begins, and the end.
            known: All kinds there are; they may only be more than at the last call.
        """
        ...


def make_decoder(model: CrfModel, device: Device) -> Decoder:
    """Returns the decoder for a model that is the fastest on a device."""
    labels = len(model.labels)
    if device.kernel is None or labels > MOST_LABELS:
        return ArrayDecoder(model, device)
    return KernelDecoder(model, device, device.kernel(labels))


class KindWeights:
    """The weights of a model, by kinds of tokens, as they become known."""

    def __init__(self, model: CrfModel, xp: Any = np) -> None:
        self._xp = xp
        self._states = np.vstack([model.weights, np.zeros((1, len(model.labels)))])
        self._constant = {
            "states": xp.asarray(self._states),
            "transitions": xp.asarray(model.transitions),
            "start": xp.asarray(self._weights_of(model, b"address.start")),
            "end": xp.asarray(self._weights_of(model, b"address.end")),
            "previous_start": xp.asarray(self._weights_of(model, b"previous:address.start")),
            "following_end": xp.asarray(self._weights_of(model, b"next:address.end")),
        }
        self._kinds = 0
        self._own = self._states[:0]

    def of(self, kinds: Sequence[Kind]) -> Weights:
        """Returns the weights for these kinds; they may only be more than at the last call."""
        new = kinds[self._kinds :]
        if new:
            rows = self._rows([own for own, _, _ in new])
            own = np.vstack([self._own, sum_rows(np, self._states, rows)])
            self._weights = Weights(
                own=self._xp.asarray(own),
                previous=self._xp.asarray(self._rows([each for _, each, _ in kinds] + [()])),
                following=self._xp.asarray(self._rows([each for _, _, each in kinds] + [()])),
                **self._constant,
            )
            self._own, self._kinds = own, len(kinds)
        return self._weights

    def _weights_of(self, model: CrfModel, name: bytes) -> NDArray[np.float64]:
        known = name in model.attributes
        weights: NDArray[np.float64] = self._states[model.attributes.index(name) if known else -1]
        return weights

    def _rows(self, numbers: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        nothing = len(self._states) - 1
        columns = list(zip_longest(*numbers, fillvalue=nothing))
        rows = np.array(columns, np.int64).reshape(len(columns), len(numbers)).T
        return np.ascontiguousarray(rows)


class ArrayDecoder:
    """Decodes by the functions of an array module."""

    def __init__(self, model: CrfModel, device: Device) -> None:
        self._device = device
        self._weights = KindWeights(model, device.xp)

    def __call__(
        self, kinds: NDArray[np.int32], offsets: NDArray[np.int64], known: Sequence[Kind]
    ) -> Decoded:
        """Returns labels by token and probabilities by sequence."""
        xp, weights = self._device.xp, self._weights.of(known)
        labels = np.empty(len(kinds), np.int8)
        probability, min_marginal = np.empty((2, len(offsets) - 1))
        for begin, end in _portions(offsets):
            places, steps = _time_major(offsets[begin : end + 1])
            decoded = decode(xp, weights, xp.asarray(kinds[places]), steps)
            self._device.load.batches += 1
            labels[places] = self._device.on_host(decoded.labels)
            probability[begin:end] = self._device.on_host(decoded.probability)
            min_marginal[begin:end] = self._device.on_host(decoded.min_marginal)
        return Decoded(labels, probability, min_marginal)


class KernelDecoder:
    """Decodes by one kernel, a batch at a time."""

    def __init__(self, model: CrfModel, device: Device, kernel: Kernel) -> None:
        self._device = device
        self._kernel = kernel
        self._weights = KindWeights(model, device.xp)
        self._jumps = device.xp.asarray(np.exp(model.transitions))

    def __call__(
        self, kinds: NDArray[np.int32], offsets: NDArray[np.int64], known: Sequence[Kind]
    ) -> Decoded:
        """Returns labels by token and probabilities by sequence."""
        decode_rows = partial(self._decode_rows, kinds, offsets, known)
        parts = list(self._device.batches(len(offsets) - 1, decode_rows))
        labels, probability, min_marginal = map(np.concatenate, zip(*parts, strict=True))
        return Decoded(labels, probability, min_marginal)

    def _decode_rows(
        self,
        kinds: NDArray[np.int32],
        offsets: NDArray[np.int64],
        known: Sequence[Kind],
        begin: int,
        end: int,
    ) -> tuple[NDArray[Any], ...]:
        xp, rows = self._device.xp, end - begin
        weights = self._weights.of(known)
        first, last = offsets[begin], offsets[end]
        tokens = int(last - first)
        made = (
            xp.empty(tokens, dtype=np.int8),
            xp.empty(rows, dtype=np.float64),
            xp.empty(rows, dtype=np.float64),
        )
        arguments = (
            np.int32(rows),
            xp.asarray(offsets[begin : end + 1] - first),
            xp.asarray(kinds[first:last]),
            *model_arguments(weights, self._jumps),
            xp.empty((tokens, LANES), dtype=np.float64),  # potentials
            xp.empty((tokens, LANES), dtype=np.float64),  # forward
            xp.empty((tokens, LANES), dtype=np.int8),  # back
            *made,
        )
        with self._device.working():
            self._kernel(*grid_of(rows), arguments)
        return tuple(map(self._device.on_host, made))


def model_arguments(weights: Weights, jumps: Any) -> tuple[Any, ...]:
    """Returns the arguments of the kernel that are the model."""
    return (
        weights.states,
        np.int32(weights.states.shape[0] - 1),
        weights.own,
        weights.previous,
        np.int32(weights.previous.shape[1]),
        weights.following,
        np.int32(weights.following.shape[1]),
        weights.transitions,
        jumps,
        weights.start,
        weights.end,
        weights.previous_start,
        weights.following_end,
    )


def _portions(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Returns ranges of rows with about as many tokens as are worked at once."""
    portions = []
    begin, rows = 0, len(offsets) - 1
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
