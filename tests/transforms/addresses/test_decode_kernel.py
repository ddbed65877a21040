"""The kernel of GPUs, run on the CPU lane by lane, against the arithmetic of arrays."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from address_texts import ADDRESSES, noise, with_slips
from emulated_kernel import EmulatedKernel
from far_arrays import FarModule

from batchio.addresses.crfsuite_model import CrfModel, find_usaddress_model, read_crfsuite
from batchio.errors import CannotRun
from transforms.addresses import crf, decode_source
from transforms.addresses.decoders import (
    ArrayDecoder,
    KernelDecoder,
    KindWeights,
    _time_major,
    model_arguments,
)
from transforms.addresses.device import CPU, Device, Load
from transforms.addresses.tagger import Tagger, _strings
from transforms.addresses.tokens import Kind, Vocabulary

SOURCE = Path(decode_source.__file__).with_name("decode.cu")
LABELS = 29


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> EmulatedKernel:
    return EmulatedKernel(SOURCE, "decode", LABELS, tmp_path_factory.mktemp("kernel"))


@pytest.fixture(scope="module")
def model() -> CrfModel:
    return read_crfsuite(find_usaddress_model())


def device_of(kernel: EmulatedKernel, xp: FarModule | None = None, rows: int = 400) -> Device:
    return Device("emulated", xp or FarModule(), Load(rows), kernel=lambda labels: kernel)


def assert_same(device: Device, texts: Sequence[str]) -> None:
    theirs, ours = Tagger(), Tagger(device=device)
    assert ours.parse(texts).labels.tolist() == theirs.parse(texts).labels.tolist()
    expected, found = theirs.tag(texts), ours.tag(texts)
    for name in ("confidence", "min_marginal"):
        np.testing.assert_allclose(
            np.array(getattr(found, name), float),
            np.array(getattr(expected, name), float),
            rtol=0,
            atol=1e-9,
        )


def test_it_labels_the_golden_texts_as_arrays_do(
    kernel: EmulatedKernel, address_data: Path
) -> None:
    golden = (address_data / "golden" / "usaddress_0.5.16_parse.jsonl").read_text().splitlines()
    assert_same(device_of(kernel), [json.loads(line)["s"] for line in golden])


def test_it_labels_slips_and_noise_as_arrays_do(kernel: EmulatedKernel) -> None:
    rng = random.Random(7)
    slips = [with_slips(rng.choice(ADDRESSES), rng) for _ in range(1_500)]
    assert_same(device_of(kernel), [*ADDRESSES, *slips, *(noise(rng) for _ in range(700))])


def test_a_text_may_have_any_number_of_tokens(kernel: EmulatedKernel) -> None:
    assert_same(device_of(kernel), [", ".join(ADDRESSES) * 20, "1 Elm St", "Elm"])


def test_texts_without_tokens_do_not_reach_it(kernel: EmulatedKernel) -> None:
    kernel.rows.clear()
    assert Tagger(device=device_of(kernel)).tag(["", " ,"]).confidence.null_count == 2
    assert kernel.rows == []


def test_scores_are_those_of_arrays_to_the_bit(model: CrfModel, tmp_path: Path) -> None:
    source = Path(__file__).with_name("emission_scores.cu")
    kernel = EmulatedKernel(source, "emission_scores", LABELS, tmp_path)
    rng = random.Random(8)
    texts = [with_slips(rng.choice(ADDRESSES), rng) for _ in range(600)]
    vocabulary = Vocabulary(model.attributes)
    tokens = vocabulary.tokens(_strings(sorted(texts, key=len)))
    counts = np.diff(tokens.offsets)
    longest_first = [row for row in np.argsort(-counts, kind="stable") if counts[row]]
    rows = [tokens.kinds[slice(*tokens.offsets[row : row + 2])] for row in longest_first]
    kinds, offsets = np.concatenate(rows), np.cumsum([0, *map(len, rows)])
    weights = KindWeights(model).of(vocabulary.kinds)
    places, steps = _time_major(offsets)
    scores = np.empty((len(kinds), LABELS))
    jumps = np.exp(weights.transitions)
    given = (np.int32(len(rows)), offsets, kinds, *model_arguments(weights, jumps), scores)
    kernel((1,), (32,), given)
    assert np.array_equal(scores[places], crf.emission_scores(np, weights, kinds[places], steps))


def whole_numbers(rng: np.random.Generator, labels: int) -> CrfModel:
    """A model in which very many sequences of labels are worth the same."""
    return CrfModel(
        labels=tuple(f"L{each}" for each in range(labels)),
        attributes=tuple(b"%d" % each for each in range(6)),
        weights=rng.integers(-1, 2, (6, labels)).astype(float),
        transitions=rng.integers(-1, 2, (labels, labels)).astype(float),
        digest="",
    )


def test_more_rows_than_are_started_at_once_are_all_decoded(
    model: CrfModel, kernel: EmulatedKernel
) -> None:
    kinds: list[Kind] = [((each,), (each,), (each,)) for each in range(40)]
    counts = np.repeat([2, 1], [3_000, 7_000])
    rng = np.random.default_rng(3)
    tokens, offsets = rng.integers(0, 40, counts.sum()).astype(np.int32), np.cumsum([0, *counts])
    (blocks,), (threads,) = decode_source.grid_of(len(counts))
    assert blocks * threads < len(counts) * decode_source.LANES
    expected = ArrayDecoder(model, CPU)(tokens, offsets, kinds)
    device = device_of(kernel, rows=len(counts))
    found = KernelDecoder(model, device, kernel)(tokens, offsets, kinds)
    assert found.labels.tolist() == expected.labels.tolist()
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-9)


@pytest.mark.parametrize("labels", [2, 3, 32])
def test_the_lowest_label_wins_ties(labels: int, tmp_path: Path) -> None:
    kernel = EmulatedKernel(SOURCE, "decode", labels, tmp_path)
    rng = np.random.default_rng(labels)
    kinds: list[Kind] = [((each,), (each,), ()) for each in range(6)]
    counts = -np.sort(-rng.integers(1, 9, 200))
    for _ in range(5):
        tokens = rng.integers(0, 6, counts.sum()).astype(np.int32)
        tied, offsets = whole_numbers(rng, labels), np.cumsum([0, *counts])
        expected = ArrayDecoder(tied, CPU)(tokens, offsets, kinds)
        found = KernelDecoder(tied, device_of(kernel), kernel)(tokens, offsets, kinds)
        assert found.labels.tolist() == expected.labels.tolist()
        np.testing.assert_allclose(found.min_marginal, expected.min_marginal, atol=1e-9)


@pytest.mark.parametrize("left_out", range(3))
def test_a_barrier_left_out_is_noticed(left_out: int, tmp_path: Path) -> None:
    parts = re.split(r"(__sync\w+\(\);)", SOURCE.read_text())
    assert len(parts) == 2 * 3 + 1
    parts[2 * left_out + 1] = ""
    (tmp_path / "decode.cu").write_text("".join(parts))
    kernel = EmulatedKernel(tmp_path / "decode.cu", "decode", LABELS, tmp_path)
    with pytest.raises(AssertionError):
        assert_same(device_of(kernel), ADDRESSES)


def test_batches_are_as_many_rows_as_the_device_is_given(kernel: EmulatedKernel) -> None:
    kernel.rows.clear()
    texts = [f"{'1 ' * each} Elm St" for each in range(25)]
    Tagger(device=device_of(kernel, rows=10)).tag(texts)
    assert kernel.rows == [10, 10, 5]


def test_a_device_with_little_memory_labels_the_same_in_smaller_batches(
    kernel: EmulatedKernel, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(9)
    texts = [with_slips(rng.choice(ADDRESSES), rng) for _ in range(300)]
    device = device_of(kernel, FarModule(room=150_000))
    kernel.rows.clear()
    assert_same(device, texts)
    assert max(kernel.rows) <= device.load.rows < 200
    assert caplog.text.count("emulated is out of memory") == len(caplog.records) == 1


def test_a_device_without_room_for_one_address_ends_the_run(kernel: EmulatedKernel) -> None:
    tagger = Tagger(device=device_of(kernel, FarModule(room=60_000)))
    with pytest.raises(CannotRun, match="too small for one address; free memory"):
        tagger.tag(["1 Elm St " * 900])
