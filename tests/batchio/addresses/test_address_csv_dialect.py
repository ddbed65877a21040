from pathlib import Path

import numpy as np
import pytest
from address_rows import read_whole

from batchio.addresses.csv_dialect import as_utf8, distinct_names, find_delimiter
from batchio.addresses.csv_plan import plan_blocks


def delimiter_of(text: str, *, header: bool = True, whole: bool = True) -> str:
    units = np.frombuffer(text.encode(), np.uint8)
    return find_delimiter(units, header=header, whole=whole)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_each_delimiter_is_found(delimiter: str):
    rows = [("name", "street", "city"), ("a", '"x, y; z|\t"', "b"), ("c", "d", "e")]
    assert delimiter_of("\n".join(delimiter.join(row) for row in rows)) == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ('address\n"1 Main St, Reno, NV"\n"2 Oak Ave, Reno, NV"\n', ","),
        ("name;address\nA;1 Main St, Reno, NV\nB;2 Oak Ave, Reno, NV\n", ";"),
        ("name;address, full\nA;1 Main St, Reno\nB;2 Oak Ave\n", ";"),
        ("name,address\nA,x; y\nB,x; y; z\n", ","),
        ("name\ta,b\nA\t1\nB\t2,3\n", "\t"),
        ("a,b,c\n1,2\n1,2,3\n1,2,3,4\n", ","),
        ("a\n1\n2\n", ","),
        ("a;b", ";"),
        ("\n\na;b\n1;2\n", ";"),
        ("id,address\n1,2 Main St, Reno, NV\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_rows_agree_on(text: str, delimiter: str):
    assert delimiter_of(text) == delimiter


def test_one_column_of_unquoted_commas_is_not_torn():
    assert delimiter_of("address\n1 Main St, Reno, NV\n2 Oak Ave, Reno, NV\n") != ","


def test_the_header_is_not_asked_where_there_is_none():
    text = "1 Main St\n2 Oak Ave, Reno\n3 Elm, Reno, NV\nx;y\n"
    assert delimiter_of(text, header=False) != ","
    assert delimiter_of("1,2\n3,4\n5\n", header=False) == ","


def test_a_row_that_is_cut_off_does_not_count():
    assert delimiter_of("a,b;c\n1,2;3\n1,2,3,4,5,6", whole=False) == ","


def test_missing_and_double_names():
    names = ["name", "", "name", "name_2", " ", "name"]
    assert distinct_names(names) == ("name", "column_2", "name_3", "name_2", "column_5", "name_4")


def test_names_that_are_taken():
    assert distinct_names(["status", "city"], ["city", "zip"]) == ("status", "city_2")


def test_a_given_name_is_not_made_a_second_time():
    assert distinct_names(["column_2", ""]) == ("column_2", "column_2_2")


def test_header_names_are_read_as_fields(tmp_path: Path):
    file = tmp_path / "names.csv"
    file.write_bytes(b'\n"street, no","a ""b""",02,,"two\r\nlines"\r\n')
    (block,) = plan_blocks(str(file), 100).blocks
    assert block.dialect.columns == ("street, no", 'a "b"', "02", "column_4", "two\r\nlines")


def test_a_file_without_header(tmp_path: Path):
    file = tmp_path / "bare.csv"
    file.write_text("1,2\n3,4\n")
    (block,) = plan_blocks(str(file), 100, header=False).blocks
    assert block.dialect.columns == ("column_1", "column_2")
    assert read_whole(file, 100, header=False) == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_each_encoding_is_found(tmp_path: Path, encoding: str, named: str):
    file = tmp_path / "text.csv"
    file.write_bytes("straße,“café”\nPlaça,€\n".encode(encoding))
    (block,) = plan_blocks(str(file), 100).blocks
    assert block.dialect.encoding == named
    assert block.dialect.columns == ("straße", "“café”")
    assert read_whole(file, 100) == [["Plaça", "€"]]


def test_the_last_byte_may_tell_that_a_file_is_not_utf8(tmp_path: Path):
    """Far behind what is looked at first; and `Ã©` alone would pass for UTF-8."""
    file = tmp_path / "late.csv"
    file.write_bytes(b"a,b\n" + b"\xc3\xa9,x\n" * 500_000 + b"1,caf\xe9")
    blocks = plan_blocks(str(file), 1 << 20).blocks
    assert {block.dialect.encoding for block in blocks} == {"cp1252"}
    assert read_whole(file, 1 << 20)[-2:] == [["Ã©", "x"], ["1", "café"]]


def test_letters_of_many_bytes_lie_across_chunks(tmp_path: Path):
    file = tmp_path / "wide.csv"
    file.write_text("a,b\n" + "漢字漢,é\n" * 300_000)
    blocks = plan_blocks(str(file), 1 << 20).blocks
    assert {block.dialect.encoding for block in blocks} == {"utf-8"}
    assert read_whole(file, 1 << 20) == [["漢字漢", "é"]] * 300_000


def test_every_byte_is_a_letter_of_cp1252():
    text = as_utf8(bytes(range(256)), "cp1252").decode()
    assert len(text) == 256
    assert text[0x80] + text[0x81] + text[0xE9] == "€\x81é"


def test_what_is_broken_under_a_mark_is_marked(tmp_path: Path):
    file = tmp_path / "broken.csv"
    file.write_bytes(b"\xef\xbb\xbfa,b\n1,caf\xe9\n")
    assert read_whole(file, 100) == [["1", "caf\ufffd"]]
    file.write_bytes("\ufeffa,b\n1,x\n".encode("utf-16-le") + b"\n")
    assert read_whole(file, 100) == [["1", "x"]]
