from collections import Counter

import pyarrow as pa
import pytest

from batchio.addresses.csv_read import Rows
from batchio.errors import InputError
from transforms.addresses.describe import Description, Reading, describe
from transforms.addresses.tagger import Tagger
from transforms.addresses.tagging import COMPONENTS

TWICE = "12 Elm Ct, Marfield, OH 45123, 12 Elm Ct, Marfield, OH 45123"
ABROAD = "14 Harcourt Gardens, Wexbridge WX4 7QJ, United Kingdom"
UNSURE = "Lofts at Quarry 12 B North South Oak Gate 9 rear"


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger()


def described(
    tagger: Tagger, *addresses: str, raw: dict[int, str] | None = None, at_least: float = 0.5
) -> Description:
    raws = [(raw or {}).get(number) for number in range(len(addresses))]
    table = pa.RecordBatch.from_pydict({"address": pa.array(addresses, pa.string())})
    rows = Rows(table, pa.array(raws, pa.string()))
    return describe(rows, Reading(min_confidence=at_least), tagger)


def test_the_columns_stand_in_this_order(tagger):
    first = ("status", "address_type", "confidence", "min_marginal")
    lines = ("address_line_1", "address_line_2", "city", "state", "postal_code")
    assert described(tagger, "5 Mill St").table.schema.names == [
        *(*first, *lines, "reason", "country", *COMPONENTS)
    ]


def test_the_first_status_that_holds_is_given(tagger):
    found = described(
        *(tagger, "5 Mill St, Marfield, OH 45123", TWICE, UNSURE, "", " ,;", ABROAD),
        *(f"{TWICE}, Canada", ""),
        raw={7: "a,b"},
    )
    first = ["ok", "repeated", "low_confidence", "empty", "empty"]
    expected = [*first, "not_us", "not_us", "invalid_row"]
    assert found.table["status"].to_pylist() == expected
    assert found.statuses == Counter(expected)
    assert found.seconds.keys() == {"tag", "standardise", "score"}


@pytest.mark.parametrize(
    ("at_least", "status"), [(0.0, "ok"), (0.5, "ok"), (1.0, "low_confidence")]
)
def test_confidence_is_low_below_what_is_asked_for(tagger, at_least, status):
    found = described(tagger, "5 Mill St, Marfield, OH 45123", at_least=at_least)
    assert found.table["status"].to_pylist() == [status]


def test_of_a_text_without_words_nothing_is_told(tagger):
    (row,) = described(tagger, " ,;").table.to_pylist()
    assert {name: value for name, value in row.items() if value} == {"status": "empty"}


def test_scores_have_six_decimals(tagger):
    (row,) = described(tagger, "5 Mill St, Marfield, OH 45123").table.to_pylist()
    for name in ("confidence", "min_marginal"):
        assert row[name] == round(row[name], 6)
        assert 0 < row[name] < 1


def test_a_block_without_rows_has_all_columns(tagger):
    found = described(tagger)
    assert found.table.num_rows == 0
    assert found.table.schema.names == described(tagger, "5 Mill St").table.schema.names
    assert found.table.schema == described(tagger, "5 Mill St").table.schema


def test_a_column_that_is_not_there_is_told(tagger):
    rows = Rows(pa.RecordBatch.from_pydict({"a": ["x"]}), pa.nulls(1, pa.string()))
    with pytest.raises(InputError, match="has no column 'address'"):
        describe(rows, Reading(), tagger)
