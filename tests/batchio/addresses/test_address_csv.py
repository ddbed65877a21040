import csv
import hashlib
import io
import pickle
from dataclasses import replace
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from address_rows import Table, read_whole, without_line_end
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.addresses import csv_plan as address_csv_plan
from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_read import read_block
from batchio.errors import InputError

# What the machine of quotes and line ends can trip over, and letters of one to four bytes.
AWKWARD = st.text(st.sampled_from('"",,\r\n\na é漢𝄞\ufeff\u2028;'), min_size=1, max_size=40)
BLOCK_BYTES = st.sampled_from([1, 2, 3, 5, 8, 13, 1000])


def by_python(text: str, *, header: bool) -> Table | None:
    """Returns the file as Python's own reader has it, but for a quote that never closes.

    None if that is in the first row.
    """
    rows = python_rows(text)
    first = next(at for at, row in enumerate(rows) if row)
    if isinstance(rows[first], tuple):
        return None
    width = len(rows[first])
    body = rows[first + 1 :] if header else rows
    return [
        (row or [""] * width)
        if isinstance(row, list) and len(row) in (0, width)
        else without_line_end(row)
        for row in body
    ]


def python_rows(text: str) -> Table:
    """Returns rows; a line with a quote that never closes is one for itself, a tuple."""
    reader = csv.reader(io.StringIO(text, newline=""))
    rows: Table = []
    began = lines_read = 0
    for row in reader:
        began, lines_read = lines_read, reader.line_num
        rows.append(row)
    longer = list(csv.reader(io.StringIO(f"{text}\nlast", newline="")))
    if not text or longer[-1] == ["last"]:
        return rows
    lines = io.StringIO(text, newline="").readlines()
    (fields,) = csv.reader([lines[began]])
    return [*rows[:-1], tuple(fields), *python_rows("".join(lines[began + 1 :]))]


@settings(max_examples=300)
@given(AWKWARD, BLOCK_BYTES, st.booleans())
def test_any_file_in_blocks_of_any_size_is_what_python_reads(
    tmp_path_factory: pytest.TempPathFactory, text: str, block_bytes: int, header: bool
):
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(text.encode())
    text = text.removeprefix("\ufeff")
    if not text.strip("\r\n"):
        with pytest.raises(InputError, match="is empty"):
            plan_blocks(str(file), block_bytes, header=header, delimiter=",")
        return
    expected = by_python(text, header=header)
    if expected is None:
        with pytest.raises(InputError, match="has a quote in its first row that never closes"):
            plan_blocks(str(file), block_bytes, header=header, delimiter=",")
        return
    assert read_whole(file, block_bytes, header=header, delimiter=",") == expected


@given(AWKWARD, BLOCK_BYTES, st.sampled_from(["utf-8-sig", "utf-16-le", "utf-16-be"]))
def test_any_encoding_with_a_mark_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, text: str, block_bytes: int, encoding: str
):
    file = tmp_path_factory.getbasetemp() / "marked.csv"
    text = "a,b\n" + text
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    file.write_bytes((mark + text).encode(encoding))
    blocks = plan_blocks(str(file), block_bytes, delimiter=",").blocks
    assert {block.dialect.encoding for block in blocks} == {encoding}
    assert read_whole(file, block_bytes, delimiter=",") == by_python(text, header=True)


@given(AWKWARD, BLOCK_BYTES)
def test_blocks_follow_each_other_without_a_gap(
    tmp_path_factory: pytest.TempPathFactory, text: str, block_bytes: int
):
    file = tmp_path_factory.getbasetemp() / "gaps.csv"
    file.write_bytes(("head\n" + text).encode())
    blocks = plan_blocks(str(file), block_bytes).blocks
    assert blocks[0].start == 5
    assert blocks[-1].end == file.stat().st_size
    assert [block.start for block in blocks[1:]] == [block.end for block in blocks[:-1]]
    counted = 0
    for block in blocks:
        assert block.first_row == counted
        counted += block.rows


@given(st.binary(max_size=60), BLOCK_BYTES, st.booleans())
def test_any_bytes_are_read_as_text_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, block_bytes: int, header: bool
):
    file = tmp_path_factory.getbasetemp() / "bytes.csv"
    file.write_bytes(data)
    try:
        plan = plan_blocks(str(file), block_bytes, header=header)
    except InputError as error:
        causes = ("is empty", "has a quote in its first row that never closes")
        assert error.cause in causes  # noqa: PT017 - most files are read
        return
    assert plan.sha256 == hashlib.sha256(data).hexdigest()
    rows = [read_block(str(file), block) for block in plan.blocks]
    assert {str(kind) for each in rows for kind in each.table.schema.types} == {"string"}
    assert not any(column.null_count for each in rows for column in each.table.columns)


def test_chunks_of_a_large_file_join(tmp_path: Path):
    """Rows, quotes and CRLF lie across the borders of the chunks that are scanned at a time."""
    text = "a,b\r\n" + '"1, Main ""St""\r\nFlat é",12" pipe\r\n' * 100_000
    file = tmp_path / "large.csv"
    file.write_bytes(text.encode())
    assert read_whole(file, 1 << 16) == [['1, Main "St"\r\nFlat é', '12" pipe']] * 100_000


def test_a_row_is_larger_than_a_block_and_than_a_chunk(tmp_path: Path):
    long = "x\n" * 1_000_000
    file = tmp_path / "long.csv"
    file.write_text(f'id,text\n1,a\n2,"{long}"\n3,c\n', newline="")
    assert read_whole(file, 10) == [["1", "a"], ["2", long], ["3", "c"]]


def test_fields_stay_texts(tmp_path: Path):
    file = tmp_path / "texts.csv"
    file.write_text('zip,n,e,q,b\n02139,1e5,,"",true\nNULL,nan,NA,N/A, x \n')
    assert read_whole(file, 1000) == [
        ["02139", "1e5", "", "", "true"],
        ["NULL", "nan", "NA", "N/A", " x "],
    ]


def test_nul_bytes_stay(tmp_path: Path):
    file = tmp_path / "nul.csv"
    file.write_bytes(b'a,b\n1\0,"\0\n2"\n')
    assert read_whole(file, 3) == [["1\0", "\0\n2"]]


def test_ragged_rows_keep_their_place_and_their_text(tmp_path: Path):
    file = tmp_path / "ragged.csv"
    file.write_bytes(b'a,b\r\n1,2\r\n"x\r\ny",2,3\r\n3,4\r\nalone\r\n')
    blocks = plan_blocks(str(file), 1000).blocks
    rows = read_block(str(file), blocks[0])
    assert rows.table.column("a").to_pylist() == ["1", "", "3", ""]
    assert rows.raw.to_pylist() == [None, '"x\r\ny",2,3', None, "alone"]
    assert blocks[0].rows == 4


def test_many_ragged_rows_of_a_large_block_keep_their_places(tmp_path: Path):
    file = tmp_path / "ragged.csv"
    lines = [
        f"{n}" if n % 7 == 3 else f"{n},x,y" if n % 11 == 5 else f"{n},z" for n in range(200_000)
    ]
    file.write_text("\n".join(["a,b", *lines]))
    fits = [line.count(",") == 1 for line in lines]
    read = read_whole(file, 1 << 30, delimiter=",")
    assert [isinstance(row, list) for row in read] == fits
    assert [",".join(row) for row in read] == lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_quote_that_never_closes_costs_its_row_alone(tmp_path: Path, encoding: str):
    file = tmp_path / "open.csv"
    body = '1,"x ""y"""\r\n' * 100_000
    file.write_bytes(f'id,street\r\n{body}2,"12 Main St\r\n3,""\r\n4,é\r\n'.encode(encoding))
    blocks = plan_blocks(str(file), 1 << 16).blocks
    assert [block.open_quote for block in blocks][-3:] == [False, True, False]
    read = read_whole(file, 1 << 16)
    assert read[:100_000] == [["1", 'x "y"']] * 100_000
    assert read[100_000:] == [("2", "12 Main St"), ["3", ""], ["4", "é"]]


def test_a_file_that_was_cut_off_within_quotes(tmp_path: Path):
    file = tmp_path / "cut.csv"
    file.write_text('a,b\n1,2\n3,"x')
    assert read_whole(file, 100) == [["1", "2"], ("3", "x")]


def test_a_file_of_ragged_rows_only(tmp_path: Path):
    file = tmp_path / "ragged.csv"
    file.write_text("a,b\n1\n2\n")
    assert read_whole(file, 1000, delimiter=",") == [("1",), ("2",)]


def test_a_header_without_rows_is_one_block_of_none(tmp_path: Path):
    file = tmp_path / "header.csv"
    file.write_text("a,b\n")
    (block,) = plan_blocks(str(file), 1000).blocks
    rows = read_block(str(file), block)
    assert (block.rows, rows.table.num_rows, len(rows.raw)) == (0, 0, 0)
    assert rows.table.schema == pa.schema([("a", pa.string()), ("b", pa.string())])


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"\xff\xfe"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes):
    file = tmp_path / "empty.csv"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        plan_blocks(str(file), 1000)
    assert str(caught.value) == f"{file}: read CSV: is empty; leave it out, or send it again"


def test_a_file_that_changed_since_it_was_planned_is_refused(tmp_path: Path):
    file = tmp_path / "changed.csv"
    file.write_text("a,b\n1,2\n3,4\n")
    (block,) = plan_blocks(str(file), 1000).blocks
    file.write_text("a,b\n1,2\n3434\n"[:12])
    with pytest.raises(InputError, match=r"changed\.csv: read CSV: has 1 rows where 2 were"):
        read_block(str(file), replace(block, end=8))
    with pytest.raises(InputError, match="bytes where"):
        read_block(str(file), replace(block, end=100))


def test_a_file_on_other_storage():
    with fsspec.open("memory://addresses/far.csv", "wb") as file:
        file.write(b'a,b\n1,"x\ny"\n2,z\n')
    assert read_whole("memory://addresses/far.csv", 4) == [["1", "x\ny"], ["2", "z"]]


def test_a_block_travels(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    (block,) = plan_blocks(str(file), 10).blocks
    assert pickle.loads(pickle.dumps(block)) == block


def test_a_row_that_arrow_could_not_hold_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(address_csv_plan, "_LARGEST_BLOCK", 1 << 20)
    file = tmp_path / "swallowed.csv"
    file.write_text('a,b\n1,"' + "2,3\n" * 500_000 + '"\n')
    with pytest.raises(InputError, match="has a row of 1 MiB from about byte 4; a quote may"):
        plan_blocks(str(file), 1000)
