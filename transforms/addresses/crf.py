"""A linear-chain CRF over batches: label sequences, their probability, marginals.

All functions take the array module ``xp`` that their arrays are of. Sequences lie in order of
length, longest first, and time-major: all first tokens, all second ones, and so on. So a step in
time is one slice, and sequences that have ended fall off its end.

Labels are those of CRFsuite to the bit: scores are added in its order, the lowest label wins ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

Array = Any  # of NumPy, or of a module with its functions
Steps = Sequence[tuple[int, int]]

# A sequence with a probability above one half is the best one, by however little: no search needed.
# The margin is a million times what rounding can do to the probability.
_SURE = 0.5 + 1e-6


@dataclass(frozen=True, eq=False)
class Weights:
    """What a model says, as arrays; the last row of ``states`` is zero, for attributes not there.

    ``own`` is the score of each kind of token by itself; ``previous`` and ``following`` are the
    rows of ``states``, kind x position, that it adds to the token after it and to the one before.
    Their last row is that of no token. The last four are the scores of the ends and beside them.
    """

    states: Array
    transitions: Array
    own: Array
    previous: Array
    following: Array
    start: Array
    end: Array
    previous_start: Array
    following_end: Array


@dataclass(frozen=True, eq=False)
class Decoded:
    """Labels and their marginals by token, time-major; by sequence how probable they are."""

    labels: Array
    probability: Array
    min_marginal: Array


def decode(xp: Any, weights: Weights, kinds: Array, steps: Steps) -> Decoded:
    """Returns the best labels of sequences of kinds.

    Args:
        xp: The array module.
        weights: The model.
        kinds: The kind of each token, time-major.
        steps: The slice of each step in time.
    """
    scores = emission_scores(xp, weights, kinds, steps)
    marginals, log_norm = token_marginals(xp, scores, weights.transitions, steps)
    labels = xp.argmax(marginals, axis=1)
    path = path_scores(xp, scores, weights.transitions, labels, steps)
    probability = xp.exp(path - log_norm)
    (unsure,) = xp.nonzero(probability <= _SURE)
    if len(unsure):
        places, own_steps = _places_of(xp, unsure, steps)
        labels[places] = viterbi(xp, scores[places], weights.transitions, own_steps)
        path = path_scores(xp, scores, weights.transitions, labels, steps)
        probability = xp.exp(path - log_norm)
    chosen = xp.take_along_axis(marginals, labels[:, None], axis=1)[:, 0]
    lowest = xp.ones(len(path))
    for start, stop in steps:
        lowest[: stop - start] = xp.minimum(lowest[: stop - start], chosen[start:stop])
    return Decoded(labels, xp.minimum(probability, 1.0), lowest)


def sum_rows(xp: Any, states: Array, rows: Array) -> Array:
    """Returns sums of rows of states, added from the left one at a time."""
    total = xp.zeros((len(rows), states.shape[1]))
    return _add_rows(total, states, rows)


def emission_scores(xp: Any, weights: Weights, kinds: Array, steps: Steps) -> Array:
    """Returns the score of each label for each token."""
    none = len(weights.previous) - 1
    before, after = xp.full_like(kinds, none), xp.full_like(kinds, none)
    last = xp.zeros(len(kinds), dtype=bool)
    for (start, stop), (next_start, next_stop) in _neighbours(steps):
        going_on = next_stop - next_start
        before[next_start:next_stop] = kinds[start : start + going_on]
        after[start : start + going_on] = kinds[next_start:next_stop]
        last[start + going_on : stop] = True
    last[slice(*steps[-1])] = True
    scores = weights.own[kinds]
    _add_rows(scores, weights.states, weights.previous[before])
    if len(steps) > 1:
        scores[slice(*steps[1])] += weights.previous_start
    _add_rows(scores, weights.states, weights.following[after])
    for (start, _), (next_start, next_stop) in _neighbours(steps):
        ending = xp.nonzero(last[next_start:next_stop])[0]
        scores[start + ending] += weights.following_end
    scores[slice(*steps[0])] += weights.start
    scores[last] += weights.end
    return scores


def token_marginals(
    xp: Any, scores: Array, transitions: Array, steps: Steps
) -> tuple[Array, Array]:
    """Returns the probability of each label at each token, and the log of each sequence's norm."""
    highest = xp.max(scores, axis=1)
    potentials = xp.exp(scores - highest[:, None])
    jumps = xp.exp(transitions)
    forward = xp.empty_like(potentials)
    norms = xp.empty_like(highest)
    for number, (start, stop) in enumerate(steps):
        here = potentials[start:stop]
        if number:
            begin = steps[number - 1][0]
            here = (forward[begin : begin + stop - start] @ jumps) * here
        norms[start:stop] = xp.sum(here, axis=1)
        forward[start:stop] = here / norms[start:stop, None]
    log_norms = xp.log(norms) + highest
    total = xp.zeros(steps[0][1] - steps[0][0])
    for start, stop in steps:
        total[: stop - start] += log_norms[start:stop]
    marginals = _times_backward(xp, forward, potentials, jumps, steps)
    return marginals / xp.sum(marginals, axis=1)[:, None], total


def path_scores(xp: Any, scores: Array, transitions: Array, labels: Array, steps: Steps) -> Array:
    """Returns the score of one sequence of labels for each sequence of tokens."""
    chosen = xp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    total = chosen[slice(*steps[0])].copy()
    for (start, _), (next_start, next_stop) in _neighbours(steps):
        count = next_stop - next_start
        jump = transitions[labels[start : start + count], labels[next_start:next_stop]]
        total[:count] += jump + chosen[next_start:next_stop]
    return total


def viterbi(xp: Any, scores: Array, transitions: Array, steps: Steps) -> Array:
    """Returns the labels of the sequence with the highest score, the lowest label first."""
    by_label = xp.ascontiguousarray(scores.T)
    best = xp.empty_like(by_label)
    best[:, slice(*steps[0])] = by_label[:, slice(*steps[0])]
    for (start, _), (next_start, next_stop) in _neighbours(steps):
        reached = best[:, start : start + next_stop - next_start]
        highest = xp.max(reached[:, None, :] + transitions[:, :, None], axis=0)
        best[:, next_start:next_stop] = highest + by_label[:, next_start:next_stop]
    labels = xp.empty(scores.shape[0], dtype=int)
    labels[slice(*steps[-1])] = xp.argmax(best[:, slice(*steps[-1])], axis=0)
    for (start, stop), (next_start, next_stop) in reversed(_neighbours(steps)):
        middle = start + next_stop - next_start
        jumps = transitions[:, labels[next_start:next_stop]]
        labels[start:middle] = xp.argmax(best[:, start:middle] + jumps, axis=0)
        labels[middle:stop] = xp.argmax(best[:, middle:stop], axis=0)
    return labels


def _times_backward(
    xp: Any, forward: Array, potentials: Array, jumps: Array, steps: Steps
) -> Array:
    """Returns forward times backward probabilities, neither of them to a common norm."""
    product = forward.copy()
    behind = xp.ones((0, forward.shape[1]))
    for (start, _), (next_start, next_stop) in reversed(_neighbours(steps)):
        count = next_stop - next_start
        ended = xp.ones((count - len(behind), forward.shape[1]))
        behind = xp.concatenate([behind, ended])
        behind = (behind * potentials[next_start:next_stop]) @ jumps.T
        behind /= xp.sum(behind, axis=1)[:, None]
        product[start : start + count] *= behind
    return product


def _add_rows(total: Array, states: Array, rows: Array) -> Array:
    for position in range(rows.shape[1]):
        total += states[rows[:, position]]
    return total


def _places_of(xp: Any, sequences: Array, steps: Steps) -> tuple[Array, Steps]:
    """Returns where the tokens of some sequences are, and the steps of these sequences alone."""
    places = [start + sequences[sequences < stop - start] for start, stop in steps]
    ends = accumulate((len(each) for each in places if len(each)), initial=0)
    return xp.concatenate(places), list(pairwise(ends))


def _neighbours(steps: Steps) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(pairwise(steps))
