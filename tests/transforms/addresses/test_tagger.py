"""Against usaddress and pycrfsuite themselves.

40,000 texts with slips and 100,000 of noise; HEADRACE_LONG=1, with --timeout 900, is more thorough.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import usaddress
from address_texts import ADDRESSES, noise, real_texts, with_slips

from transforms.addresses import decoders, decoding, tokens
from transforms.addresses.tagger import Tagged, Tagger
from transforms.addresses.tagging import COMPONENTS

LONG = bool(os.environ.get("HEADRACE_LONG"))
SLIPS, NOISE = 20_000, 100_000
PARSED = 1 if LONG else 10  # one of so many texts is also parsed by usaddress
BLOCK = 4_000

Answer = tuple[dict[str, str], str] | None


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger()


def usaddress_tag(text: str) -> Answer:
    try:
        return usaddress.tag(text)
    except usaddress.RepeatedLabelError:
        return None


def answers(tagged: Tagged) -> list[Answer]:
    columns = {name: column.to_pylist() for name, column in tagged.components.items()}
    return [
        None
        if repeated
        else ({name: some[row] for name, some in columns.items() if some[row] is not None}, kind)
        for row, (kind, repeated) in enumerate(
            zip(tagged.type.to_pylist(), tagged.repeated.to_pylist(), strict=True)
        )
    ]


def sureness(text: str) -> tuple[float, float]:
    """The probability of the labels and the smallest marginal, by pycrfsuite."""
    words = usaddress.tokenize(text)
    labels = usaddress.TAGGER.tag(usaddress.tokens2features(words))
    marginals = [usaddress.TAGGER.marginal(label, at) for at, label in enumerate(labels)]
    return usaddress.TAGGER.probability(labels), min(marginals)


def assert_as_usaddress(tagger: Tagger, texts: Sequence[str]) -> None:
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        parsed = tagger.parse(block)
        wrong = [
            (text, ours, theirs)
            for row, (text, ours) in enumerate(zip(block, answers(tagger.tag(block)), strict=True))
            if ours != (theirs := usaddress_tag(text))
            or (row % PARSED == 0 and parsed.row(row) != usaddress.parse(text))
        ]
        assert wrong == []


def assert_as_sure(tagger: Tagger, texts: Sequence[str]) -> None:
    texts = [text for text in texts if usaddress.tokenize(text)]
    tagged = tagger.tag(texts)
    ours = np.column_stack([tagged.confidence, tagged.min_marginal])
    assert np.abs(ours - [sureness(text) for text in texts]).max() < 1e-6


def test_labels_and_components_are_those_of_usaddress(tagger: Tagger) -> None:
    assert_as_usaddress(tagger, ADDRESSES)


def test_slips_of_the_pen_are_labelled_as_by_usaddress(tagger: Tagger) -> None:
    rng = random.Random(40)
    texts = [with_slips(rng.choice(ADDRESSES), rng) for _ in range(SLIPS)]
    assert_as_usaddress(tagger, texts)
    assert_as_sure(tagger, texts[:1_000])


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_labelled_as_by_usaddress(tagger: Tagger, seed: int) -> None:
    rng = random.Random(seed)
    texts = [noise(rng) for _ in range(NOISE // 4)]
    assert_as_usaddress(tagger, texts)
    assert_as_sure(tagger, texts[:1_000])


def test_all_real_texts_are_labelled_as_by_usaddress(tagger: Tagger, address_data: Path) -> None:
    texts = real_texts(address_data)
    assert len(texts) > 10_000
    assert_as_usaddress(tagger, texts)
    assert_as_sure(tagger, texts[:: 1 if LONG else 10])


def test_slips_in_real_texts_are_labelled_as_by_usaddress(
    tagger: Tagger, address_data: Path
) -> None:
    rng = random.Random(41)
    real = real_texts(address_data)
    assert_as_usaddress(tagger, [with_slips(rng.choice(real), rng) for _ in range(SLIPS)])


def test_the_golden_answers(tagger: Tagger, address_data: Path) -> None:
    path = address_data / "golden" / "usaddress_0.5.16_parse.jsonl"
    golden = [json.loads(line) for line in path.read_text().splitlines()]
    texts = [each["s"] for each in golden]
    parsed, tagged = tagger.parse(texts), tagger.tag(texts)
    assert [parsed.row(row) for row in range(len(texts))] == [
        list(zip(each["tokens"], each["labels"], strict=True)) for each in golden
    ]
    expected = [None if each.get("repeated") else (each["tag"], each["type"]) for each in golden]
    assert answers(tagged) == expected
    for name, column in (("probability", tagged.confidence), ("min_marginal", tagged.min_marginal)):
        ours = np.array(column, float)
        wanted = np.array([each.get(name, math.nan) for each in golden])
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-6)


def test_a_repeated_label_has_all_its_tokens(tagger: Tagger) -> None:
    text = "100 Main St, Chicago, IL, 100 Main St, Chicago, IL"
    tagged = tagger.tag([text])
    assert usaddress_tag(text) is None
    assert tagged.repeated.to_pylist() == [True]
    found = {name: column[0].as_py() for name, column in tagged.components.items()}
    words = " ".join(value for value in found.values() if value).replace(",", "").split()
    assert sorted(words) == sorted(text.replace(",", "").split())
    assert found["StateName"] == "IL, IL"


def test_a_text_without_tokens_is_not_sure_of_anything(tagger: Tagger) -> None:
    tagged = tagger.tag(["", None, " ,; ", "12 Elm St"])
    assert tagged.confidence.is_null().to_pylist() == [True, True, True, False]
    assert tagged.min_marginal.is_null().to_pylist() == [True, True, True, False]
    assert tagged.type.to_pylist() == ["Ambiguous"] * 3 + ["Street Address"]
    assert tagged.repeated.to_pylist() == [False] * 4


@pytest.mark.parametrize("texts", [[], pa.array([], pa.string())])
def test_no_texts_give_all_columns_and_no_rows(tagger: Tagger, texts: pa.Array) -> None:
    tagged = tagger.tag(texts)
    assert tuple(tagged.components) == COMPONENTS
    assert {len(column) for column in tagged.components.values()} == {0}
    assert len(tagged.type) == len(tagged.confidence) == 0


@pytest.mark.parametrize(
    "given",
    [
        pa.array(ADDRESSES, pa.large_string()),
        pa.array(("left out", *ADDRESSES)).slice(1),
        pa.chunked_array([pa.array(ADDRESSES[:7]), pa.array(ADDRESSES[7:])]),
        pa.array(ADDRESSES).dictionary_encode(),
    ],
    ids=["large", "sliced", "chunked", "dictionary"],
)
def test_arrow_texts_of_any_kind_are_taken(tagger: Tagger, given: pa.Array) -> None:
    assert answers(tagger.tag(given)) == answers(tagger.tag(ADDRESSES))


def test_a_text_of_many_tokens_is_labelled_as_by_usaddress(tagger: Tagger) -> None:
    long = ", ".join(ADDRESSES) * 30
    assert len(usaddress.tokenize(long)) > 2 * decoders._TOKENS_AT_ONCE / 8
    assert_as_usaddress(tagger, [long, "1 Elm St", long])


def test_what_is_forgotten_is_found_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_MOST_PIECES", 30)
    monkeypatch.setattr(tokens, "_MOST_KINDS", 60)
    monkeypatch.setattr(decoding, "_MOST_SEQUENCES", 25)
    tagger = Tagger()
    rng = random.Random(3)
    texts = [with_slips(rng.choice(ADDRESSES), rng) for _ in range(400)]
    for start in range(0, len(texts), 20):
        block = texts[start : start + 20]
        assert answers(tagger.tag(block)) == [usaddress_tag(text) for text in block]
    assert tagger._vocabulary.generation > 1
