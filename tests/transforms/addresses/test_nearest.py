from __future__ import annotations

import random

import numpy as np
import pytest
from far_arrays import FarArray, FarModule, far_device

from transforms.addresses import nearest as search
from transforms.addresses.nearest import Near, Wanted, make_index, nearest
from transforms.addresses.trigrams import Vectors, count_trigrams, inverse_frequency, weigh

STREETS = ("high street", "church lane", "station road", "mill lane", "park view", "the green")


def vectors(count: int, seed: int = 3) -> Vectors:
    rng = random.Random(seed)
    texts = [
        f"{rng.randrange(1, 400)} {rng.choice(STREETS)} {rng.choice(STREETS)}" for _ in range(count)
    ]
    counted = count_trigrams([*texts[:-1], ""])
    return weigh(counted, inverse_frequency(counted))


def by_hand(queries: Vectors, references: Vectors, wanted: Wanted) -> list[tuple[int, int]]:
    scores = np.round(queries.dense().astype(float) @ references.dense().astype(float).T, 5)
    found = []
    for query, row in enumerate(scores):
        order = sorted(range(len(row)), key=lambda each: (-row[each], each))
        if wanted.earlier_only:
            order = [each for each in order if each < query]
        kept = [each for each in order if row[each] > 0 and row[each] >= wanted.min_cosine]
        found += [(query, each) for each in kept[: wanted.top_k]]
    return found


def pairs(near: Near) -> list[tuple[int, int]]:
    return list(zip(near.query.tolist(), near.reference.tolist(), strict=True))


# 8,192 references are one block, 512 queries another.
@pytest.mark.parametrize(
    "wanted",
    [Wanted(1), Wanted(5), Wanted(20), Wanted(5, min_cosine=0.8), Wanted(400)],
)
@pytest.mark.parametrize(("queries", "references"), [(40, 9000), (600, 70), (3, 1)])
def test_the_nearest_are_those_of_all_cosines(
    wanted: Wanted, queries: int, references: int
) -> None:
    ours, theirs = vectors(queries, seed=4), vectors(references)
    assert pairs(nearest(ours, make_index(theirs), wanted)) == by_hand(ours, theirs, wanted)


@pytest.mark.parametrize("count", [2, 700])
def test_each_row_among_those_before_it(count: int) -> None:
    rows, wanted = vectors(count), Wanted(3, earlier_only=True)
    assert pairs(nearest(rows, make_index(rows), wanted)) == by_hand(rows, rows, wanted)


@pytest.mark.parametrize("wanted", [Wanted(5), Wanted(3, min_cosine=0.7, earlier_only=True)])
def test_a_device_finds_the_same(wanted: Wanted) -> None:
    rows, far = vectors(700), FarModule()
    here = nearest(rows, make_index(rows), wanted)
    there = nearest(rows, make_index(rows, far_device(far)), wanted)
    assert pairs(here) == pairs(there)
    assert here.cosine.tolist() == there.cosine.tolist()
    assert {"zeros", "sort", "concatenate"} <= far.called


@pytest.mark.parametrize("wanted", [Wanted(5), Wanted(3, min_cosine=0.7, earlier_only=True)])
@pytest.mark.parametrize(("room", "brought"), [(5_000_000, 4), (1_200_000, 1)])
def test_a_device_with_little_memory_finds_the_same_in_smaller_batches(
    wanted: Wanted,
    room: int,
    brought: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "_BLOCK_REFERENCES", 500)
    rows, device = vectors(2_000), far_device(FarModule(room), rows=2_000)
    index = make_index(rows, device)
    assert [isinstance(each, FarArray) for each in index.blocks].count(True) == brought
    assert pairs(nearest(rows, index, wanted)) == pairs(nearest(rows, make_index(rows), wanted))
    assert device.load.rows < 2_000
    assert caplog.text.count("out of memory with 2000 addresses at once") == 1
    assert len(caplog.records) == 1


def test_arrays_of_the_stand_in_do_not_mix() -> None:
    far, near = FarArray([1.0, 2.0]), np.array([1.0, 2.0])
    for mix in (lambda: far + near, lambda: near + far, lambda: far[near > 1], lambda: near @ far):
        with pytest.raises(TypeError):
            mix()
    with pytest.raises(TypeError):
        FarModule().concatenate([far, near])
    with pytest.raises(TypeError):
        np.concatenate([far, near])


def test_nothing_is_near_in_an_empty_list() -> None:
    assert pairs(nearest(vectors(3), make_index(vectors(1)), Wanted(2))) == []
    assert pairs(nearest(count_trigrams([]), make_index(vectors(5)), Wanted(2))) == []
    assert pairs(nearest(vectors(3), make_index(count_trigrams([])), Wanted(2))) == []
