import pyarrow as pa
import pytest

from batchio.errors import InputError
from transforms.addresses.address_text import address_texts, find_columns


def table(**columns: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(dict(columns))


def test_one_column_is_taken_as_it_is():
    texts = address_texts(table(a=[" x ", "", "\n"], b=["1", "2", "3"]), [0])
    assert texts.to_pylist() == [" x ", "", "\n"]


def test_several_are_joined_in_the_order_asked_for_without_blank_ones():
    rows = table(
        city=["Marfield", "", "  ", "Ely"],
        street=[" 5 Mill St ", "5 Mill St", "\t", ""],
        zip=["45123", "", "", "\u00a0"],
    )
    texts = address_texts(rows, [1, 0, 2])
    assert texts.to_pylist() == ["5 Mill St, Marfield, 45123", "5 Mill St", "", "Ely"]


def test_no_rows_give_no_texts():
    rows = table(a=[], b=[]).cast(pa.schema([("a", pa.string()), ("b", pa.string())]))
    assert address_texts(rows, [0, 1]).to_pylist() == []


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["id", "Address"], ["address"], [1]),
        (["ADDRESS", "address"], ["address"], [1]),
        (["Zip", "STREET"], ["street", "zip"], [1, 0]),
        (["STRASSE", "straße"], ["straße"], [1]),
    ],
)
def test_capitals_count_only_where_they_have_to(names, wanted, found):
    assert find_columns(names, wanted) == found


@pytest.mark.parametrize("names", [["id"], ["ADDRESS", "Address"], []])
def test_a_column_that_is_not_there_or_there_twice_is_told(names):
    with pytest.raises(InputError, match="has no column 'address'") as told:
        find_columns(names, ["address"], option="--some_option")
    assert told.value.step == "find columns"
    assert "--some_option" in told.value.action


def test_not_all_names_of_a_wide_file_are_told():
    with pytest.raises(InputError) as told:
        find_columns([f"c{number}" for number in range(500)], ["address"])
    assert told.value.cause.endswith("c19, ...")
