"""On a GPU, where there is one: the same labels and matches as on the CPU, and a measured share."""

from __future__ import annotations

import random

import numpy as np
import pytest
from address_texts import ADDRESSES, noise, with_slips

from batchio.errors import CannotRun
from transforms.addresses.device import Device, choose_device
from transforms.addresses.match import MatchSettings, make_reference, match
from transforms.addresses.tagger import Tagger


@pytest.fixture(scope="module")
def gpu() -> Device:
    try:
        return choose_device("gpu", 700)
    except CannotRun as error:
        pytest.skip(f"no GPU: {error.cause}")


def test_labels_are_those_of_the_cpu(gpu: Device) -> None:
    rng = random.Random(11)
    texts = [*ADDRESSES, *(with_slips(rng.choice(ADDRESSES), rng) for _ in range(3_000))]
    texts += [*(noise(rng) for _ in range(1_000)), ", ".join(ADDRESSES) * 30]
    theirs, ours, before = Tagger(), Tagger(device=gpu), gpu.busy_s()
    assert ours.parse(texts).labels.tolist() == theirs.parse(texts).labels.tolist()
    found, expected = ours.tag(texts), theirs.tag(texts)
    for name in ("confidence", "min_marginal"):
        np.testing.assert_allclose(
            np.array(getattr(found, name), float),
            np.array(getattr(expected, name), float),
            rtol=0,
            atol=1e-9,
        )
    assert gpu.busy_s() > before


def test_matches_are_those_of_the_cpu(gpu: Device) -> None:
    rng = random.Random(12)
    texts = [f"{rng.randrange(900)} {rng.choice('abcdef')}ing road" for _ in range(3_000)]
    here = match(texts, make_reference(texts[:1_000]), MatchSettings(4, 0.5))
    there = match(texts, make_reference(texts[:1_000], device=gpu), MatchSettings(4, 0.5))
    assert here.reference.tolist() == there.reference.tolist()
    assert here.score.tolist() == there.score.tolist()
