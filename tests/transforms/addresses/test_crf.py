"""The arithmetic against all sequences of labels that there are, and in other array modules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.addresses import crf

LENGTHS = (5, 4, 4, 2, 1, 1)
LABELS = 3


def time_major(lengths: Sequence[int]) -> tuple[list[NDArray[np.int64]], list[tuple[int, int]]]:
    """Where the tokens of each sequence are, and the steps."""
    places: list[list[int]] = [[] for _ in lengths]
    steps = []
    count = 0
    for step in range(lengths[0]):
        start = count
        for row, length in enumerate(lengths):
            if length > step:
                places[row].append(count)
                count += 1
        steps.append((start, count))
    return [np.array(each) for each in places], steps


PLACES, STEPS = time_major(LENGTHS)


def all_paths(
    scores: NDArray[np.float64], transitions: NDArray[np.float64]
) -> dict[tuple[int, ...], float]:
    """The score of each sequence of labels, added as CRFsuite does."""
    found = {}
    for path in product(range(LABELS), repeat=len(scores)):
        total = scores[0, path[0]]
        for at in range(1, len(path)):
            total = (total + transitions[path[at - 1], path[at]]) + scores[at, path[at]]
        found[path] = float(total)
    return found


def first_of_the_best(paths: dict[tuple[int, ...], float]) -> tuple[int, ...]:
    """The best sequence; among equals the one with the lowest last label, then the one before."""
    best = max(paths.values())
    return min((path for path, score in paths.items() if score == best), key=lambda p: p[::-1])


@pytest.fixture(params=range(4))
def numbers(request: pytest.FixtureRequest) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(request.param)
    return rng.normal(0, 2, (STEPS[-1][1], LABELS)), rng.normal(0, 2, (LABELS, LABELS))


Numbers = tuple[NDArray[np.float64], NDArray[np.float64]]


def test_viterbi_finds_the_best_of_all_paths(numbers: Numbers) -> None:
    scores, transitions = numbers
    labels = crf.viterbi(np, scores, transitions, STEPS)
    for places in PLACES:
        assert tuple(labels[places]) == first_of_the_best(all_paths(scores[places], transitions))


def test_the_lowest_label_wins_ties() -> None:
    rng = np.random.default_rng(9)
    for _ in range(200):
        scores = rng.integers(0, 2, (STEPS[-1][1], LABELS)).astype(float)
        transitions = rng.integers(0, 2, (LABELS, LABELS)).astype(float)
        labels = crf.viterbi(np, scores, transitions, STEPS)
        for places in PLACES:
            expected = first_of_the_best(all_paths(scores[places], transitions))
            assert tuple(labels[places]) == expected


def test_marginals_and_norms_are_sums_over_all_paths(numbers: Numbers) -> None:
    scores, transitions = numbers
    marginals, norms = crf.token_marginals(np, scores, transitions, STEPS)
    for row, places in enumerate(PLACES):
        paths = all_paths(scores[places], transitions)
        weights = np.exp(list(paths.values()))
        assert norms[row] == pytest.approx(np.log(weights.sum()))
        for at, label in product(range(len(places)), range(LABELS)):
            share = sum(w for path, w in zip(paths, weights, strict=True) if path[at] == label)
            assert marginals[places[at], label] == pytest.approx(share / weights.sum())


def test_scores_far_apart_lose_nothing() -> None:
    scores = np.array([[800.0, 0, -800], [-800, 0, 800], [0, 0, 0]])
    steps = [(0, 1), (1, 2), (2, 3)]
    marginals, norms = crf.token_marginals(np, scores, np.zeros((3, 3)), steps)
    assert norms == pytest.approx([1600 + np.log(3)])
    np.testing.assert_allclose(marginals, [[1, 0, 0], [0, 0, 1], [1 / 3] * 3], atol=1e-12)


def weights_of(rng: np.random.Generator, scale: float) -> crf.Weights:
    """A model of four kinds of tokens and six attributes."""
    states = np.vstack([rng.normal(0, scale, (6, LABELS)), np.zeros((1, LABELS))])
    rows = rng.integers(0, 7, (3, 5, 2))
    rows[:, -1] = 6
    ends = rng.normal(0, scale, (4, LABELS))
    return crf.Weights(
        states=states,
        transitions=rng.normal(0, scale, (LABELS, LABELS)),
        own=crf.sum_rows(np, states, rows[0, :-1]),
        previous=rows[1],
        following=rows[2],
        start=ends[0],
        end=ends[1],
        previous_start=ends[2],
        following_end=ends[3],
    )


def score_of(weights: crf.Weights, kinds: Sequence[int], at: int) -> NDArray[np.float64]:
    """The scores of one token, added one at a time in the order that is told."""
    last = len(kinds) - 1
    parts = [weights.own[kinds[at]]]
    if at > 0:
        parts += [weights.states[row] for row in weights.previous[kinds[at - 1]]]
    parts += [weights.previous_start] * (at == 1)
    if at < last:
        parts += [weights.states[row] for row in weights.following[kinds[at + 1]]]
    parts += [weights.following_end] * (at == last - 1)
    parts += [weights.start] * (at == 0) + [weights.end] * (at == last)
    total = parts[0].copy()
    for part in parts[1:]:
        total = total + part
    return total


def test_scores_are_added_in_the_order_of_crfsuite_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    weights = weights_of(rng, 1.0)
    kinds = rng.integers(0, 4, STEPS[-1][1])
    scores = crf.emission_scores(np, weights, kinds, STEPS)
    for places in PLACES:
        expected = [score_of(weights, kinds[places], at) for at in range(len(places))]
        assert np.array_equal(scores[places], expected)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0], ids=["unsure", "mixed", "sure"])
def test_decoding_tells_labels_probability_and_the_least_sure_token(scale: float) -> None:
    rng = np.random.default_rng(6)
    weights = weights_of(rng, scale)
    kinds = rng.integers(0, 4, STEPS[-1][1])
    scores = crf.emission_scores(np, weights, kinds, STEPS)
    decoded = crf.decode(np, weights, kinds, STEPS)
    marginals, _ = crf.token_marginals(np, scores, weights.transitions, STEPS)
    for row, places in enumerate(PLACES):
        paths = all_paths(scores[places], weights.transitions)
        best = first_of_the_best(paths)
        assert tuple(decoded.labels[places]) == best
        share = np.exp(paths[best]) / np.exp(list(paths.values())).sum()
        assert decoded.probability[row] == pytest.approx(share)
        assert decoded.min_marginal[row] == pytest.approx(marginals[places, best].min())


class Elsewhere(np.ndarray[Any, Any]):
    """An array on a device: it may not meet an array that lies in the host's memory."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        outputs = options.get("out", ())
        for each in (*inputs, *outputs):
            if isinstance(each, np.ndarray) and not isinstance(each, Elsewhere) and each.ndim:
                raise TypeError(f"{ufunc.__name__} of arrays on the device and on the host")
        host = [_host(each) for each in inputs]
        if outputs:
            options["out"] = tuple(_host(each) for each in outputs)
        result = getattr(ufunc, method)(*host, **options)
        return outputs[0] if outputs else _there(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} of arrays on the device")

    def __getitem__(self, key: Any) -> Any:
        for each in key if isinstance(key, tuple) else (key,):
            if isinstance(each, np.ndarray) and not isinstance(each, Elsewhere):
                raise TypeError("an array on the device is indexed by one on the host")
        return super().__getitem__(key)


def _host(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_host, value))
    return value.view(np.ndarray) if isinstance(value, Elsewhere) else value


def _there(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_there, value))
    return np.asarray(value).view(Elsewhere) if isinstance(value, (np.ndarray, float)) else value


class Device:
    """An array module whose arrays are all elsewhere."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)

        def call(*args: Any, **options: Any) -> Any:
            for each in args:
                if isinstance(each, np.ndarray) and not isinstance(each, Elsewhere):
                    raise TypeError(f"{name} of an array on the host")
            return _there(function(*map(_host, args), **options))

        return call


def test_arrays_of_another_module_are_never_mixed_with_those_of_numpy() -> None:
    rng = np.random.default_rng(6)
    weights = weights_of(rng, 1.0)
    kinds = rng.integers(0, 4, STEPS[-1][1])
    there = crf.Weights(**{name: value.view(Elsewhere) for name, value in vars(weights).items()})
    decoded = crf.decode(Device(), there, kinds.view(Elsewhere), STEPS)
    expected = crf.decode(np, weights, kinds, STEPS)
    for name, value in vars(expected).items():
        ours = getattr(decoded, name)
        assert isinstance(ours, Elsewhere), name
        assert np.array_equal(_host(ours), value), name
