from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.addresses.trigrams import count_trigrams, fold, inverse_frequency, weigh


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("12  St. Mary's\tROAD,", "12 st marys road"),
        ("Caf\u00e9 \u2018Stra\u00dfe\u2019 \u2013 5", "cafe strasse 5"),
        ("P.O. Box #7", "p o box 7"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430, 1", "\u043c\u043e\u0441\u043a\u0432\u0430 1"),
        ("\uff11\uff12 High St", "12 high st"),
        (" -- ", ""),
    ],
)
def test_texts_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_a_folded_text_stays_as_it_is(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == " ".join(once.split())


@given(st.lists(st.text("ab 1\u00e9", max_size=9).map(fold), max_size=6))
def test_each_row_has_as_many_trigrams_as_letters_and_no_neighbours_matter(
    folded: list[str],
) -> None:
    together = count_trigrams(folded)
    squares = [
        round(float((together.rows(row, row + 1).data.astype(float) ** 2).sum()))
        for row in range(len(folded))
    ]
    assert squares == [len(text) for text in folded]
    for row, text in enumerate(folded):
        alone, among = count_trigrams([text]), together.rows(row, row + 1)
        assert alone.indices.tolist() == among.indices.tolist()
        assert alone.data.tolist() == among.data.tolist()


def test_repeated_trigrams_count_by_the_root() -> None:
    counted = count_trigrams(["aaaaaa"])
    assert sorted(counted.data.tolist()) == pytest.approx([1, 1, 2])


def test_vectors_are_of_unit_length_and_rare_trigrams_weigh_more() -> None:
    counted = count_trigrams(["main street", "main road", "", "zz"])
    weights = inverse_frequency(counted)
    weighed = weigh(counted, weights)
    assert np.linalg.norm(weighed.dense(), axis=1) == pytest.approx([1, 1, 0, 1])
    in_two = set(counted.rows(0, 1).indices) & set(counted.rows(1, 2).indices)
    assert {round(float(weights[each]), 5) for each in in_two} == {round(math.log(5 / 3) + 1, 5)}


def test_many_rows_are_counted_in_blocks() -> None:
    texts = [f"{number} high street" for number in range(20_000)]
    counted = count_trigrams(texts)
    assert len(counted) == 20_000
    alone = count_trigrams([texts[17_000]])
    assert counted.rows(17_000, 17_001).indices.tolist() == alone.indices.tolist()


def test_hashes_are_the_same_in_every_process() -> None:
    code = (
        "from transforms.addresses.trigrams import count_trigrams as c;"
        "print(c(['1 high st']).indices.tolist())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert told == {str(count_trigrams(["1 high st"]).indices.tolist())}
