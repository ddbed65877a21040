from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from transforms.addresses.countries import find_countries


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("16 1/2 Windward Road, Kingston 2, Jamaica", "Jamaica"),
        ("Museo del Prado, 28014 Madrid, ESPAÑA.", "España"),
        ("1 Rue X\nParis\nfrance ", "France"),
        ("10 Downing Street, London SW1A 2AA", "United Kingdom"),
        ("1 Bay St Toronto ON M5J 2N8", "Canada"),
        ("1 Peru Ave, Peru, IL 61354", None),
        ("1 Main St, Mexico, MO", None),
        ("1 Main St, Atlanta, Georgia", None),
        ("1 Main St, Salem, OR 97301, USA", None),
        ("Jamaica", None),
        ("", None),
        (None, None),
    ],
)
def test_a_country(text: str | None, country: str | None) -> None:
    assert find_countries(pa.array([text], pa.string())).to_pylist() == [country]


def test_rows_keep_their_places() -> None:
    texts = pa.array(["1 A St, Salem, OR 97301", "1 B St, Lima, Perú", None, "2 C St, NY 10001"])
    assert find_countries(texts).to_pylist() == [None, "Perú", None, None]


def test_no_real_address_of_the_united_states_is_elsewhere(address_data: Path) -> None:
    with (address_data / "us" / "rrad_us_one_column.csv").open(newline="") as file:
        texts = [row["address"] for row in csv.DictReader(file)]
    assert len(texts) > 3000
    assert find_countries(pa.array(texts)).null_count == len(texts)
