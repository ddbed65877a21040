"""Lines by columns are those that one address after the other gives."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from address_texts import ADDRESSES, noise, real_texts, with_slips
from peer import lines_of

from transforms.addresses.tagger import Tagger
from transforms.addresses.usps import Lines
from transforms.addresses.usps_columns import standard_columns


def by_columns(texts: list[str]) -> list[Lines]:
    tagger, block = Tagger(), pa.array(texts, pa.string())
    lines = standard_columns(block, tagger.tag(block), tagger)
    return [Lines(*row.values()) for row in lines.to_pylist()]


def differences(texts: list[str]) -> list[tuple[str, Lines, Lines]]:
    pairs = zip(texts, by_columns(texts), map(lines_of, texts), strict=True)
    return [(text, ours, alone) for text, ours, alone in pairs if ours != alone]


def test_real_addresses_and_slips_of_the_pen(address_data: Path) -> None:
    real = sorted(set(real_texts(address_data)))
    dice = random.Random(28)
    chosen = dice.sample(real, 4_000)
    assert differences([*chosen, *(with_slips(text, dice) for text in chosen[:1_500])]) == []


def test_noise() -> None:
    dice = random.Random(29)
    assert differences([noise(dice) for _ in range(1_500)]) == []


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_alone(text: str) -> None:
    assert differences([text]) == []


def test_no_addresses() -> None:
    assert by_columns([]) == []
