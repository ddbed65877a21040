from pathlib import Path

import pyarrow as pa
import pytest

from batchio.errors import InputError
from transforms.addresses.match_columns import (
    ReferenceList,
    check_reference,
    duplicate_columns,
    match_columns,
    read_reference,
)

LISTED = """\
id;street;zip
1;418 N Larch St;45123
2;420 N Larch St;45123
3;too;many;fields
4;418 N Larch St;45123
5;77 Harbor Blvd;04988
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "list.csv"
    path.write_text(LISTED)
    return str(path)


@pytest.fixture
def listed(file: str) -> ReferenceList:
    return read_reference(file, ("street", "ZIP"))


def texts(*addresses: str) -> pa.StringArray:
    return pa.array(addresses, pa.string())


def test_a_list_keeps_the_numbers_of_its_rows(listed):
    assert listed.texts.to_pylist() == [
        "418 N Larch St, 45123",
        "420 N Larch St, 45123",
        "",
        "418 N Larch St, 45123",
        "77 Harbor Blvd, 04988",
    ]


def test_matches_stand_beside_their_row_best_first_and_ties_in_the_lists_order(listed):
    rows = texts("77 Harbor Boulevard, 04988", "", "418 N LARCH ST, 45123")
    found = match_columns(rows, listed, 3, 0.5)
    assert list(found) == [
        *(f"match_{place}_{what}" for place in (1, 2, 3) for what in ("row", "address", "score"))
    ]
    assert found["match_1_row"].to_pylist() == [5, None, 1]
    assert found["match_2_row"].to_pylist() == [None, None, 4]
    assert found["match_3_row"].to_pylist() == [None, None, 2]
    assert found["match_1_address"].to_pylist() == [
        "77 Harbor Blvd, 04988",
        None,
        "418 N Larch St, 45123",
    ]
    assert found["match_1_score"][2] == found["match_2_score"][2]
    assert found["match_2_score"][2].as_py() > found["match_3_score"][2].as_py() >= 0.5
    assert found["match_1_score"].null_count == 1


def test_a_score_too_low_is_no_match(listed):
    found = match_columns(texts("420 Larch Street"), listed, 1, 0.99)
    assert [column.to_pylist() for column in found.values()] == [[None]] * 3


def test_no_rows_have_no_matches(listed):
    found = match_columns(texts(), listed, 2, 0.5)
    assert [len(column) for column in found.values()] == [0] * 6


def test_a_list_without_rows_matches_nothing(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("address\n")
    found = match_columns(texts("5 Mill St"), read_reference(str(path), ("address",)), 1, 0)
    assert found["match_1_row"].to_pylist() == [None]


def test_doubles_are_grouped_under_their_first_row():
    found = duplicate_columns(
        texts("5 Mill St, Marfield", "9 Elm Ct, Ely", "5 MILL ST, MARFIELD", "", ""), 0.85
    )
    assert found["duplicate_group"].to_pylist()[:3] == [1, 2, 1]
    assert found["duplicate_of"].to_pylist()[:3] == [None, None, 1]
    assert found["duplicate_score"].to_pylist()[:3] == [None, None, 1.0]
    assert len({*found["duplicate_group"].to_pylist()[3:]}) == 2, "blank rows are no doubles"


def test_a_list_is_checked_before_it_is_needed(file):
    check_reference(file, ("street", "zip"))
    with pytest.raises(InputError, match="has no column 'city'") as told:
        check_reference(file, ("street", "city"))
    assert told.value.path == file
    with pytest.raises(InputError, match="cannot be read"):
        check_reference(f"{file}.gone", ("street",))
