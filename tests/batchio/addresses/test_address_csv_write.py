import csv
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from address_rows import read_whole
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_read import read_block
from batchio.addresses.csv_write import RowFormat, beside, defuse_formulas, join_parts, write_rows

FIELD = st.text(st.sampled_from('",\r\n=é漢\ufeff\t; a'), max_size=6)


def table(**columns: list[object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(dict(columns))


def written(path: Path, given: pa.RecordBatch, found: pa.RecordBatch) -> str:
    write_rows(path, [(given, found)], "csv", header=True)
    return path.read_bytes().decode()


def test_quotes_stand_only_where_they_are_needed(tmp_path: Path):
    given = table(**{"street, no": ["1 Main", 'a "b"', "x\r\ny"], "zip": ["02139", "", "a\rb"]})
    found = table(score=[0.5, None, 1e-6], rows=[1, 2, 3], known=[True, None, False])
    assert written(tmp_path / "a.csv", given, found) == (
        '"street, no",zip,score,rows,known\n'
        "1 Main,02139,0.5,1,true\n"
        '"a ""b""",,,2,\n'
        '"x\r\ny","a\rb",0.000001,3,false\n'
    )


def test_formulas_are_defused_in_our_columns_alone(tmp_path: Path):
    cells = ["=1", "+1", "-1", "@a", "\tb", "\rc", "a=1", "", "'=1"]
    written(tmp_path / "a.csv", table(given=cells), table(found=cells))
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [row[0] for row in rows] == cells
    assert [row[1] for row in rows] == [*(f"'{cell}" for cell in cells[:6]), *cells[6:]]


def test_numbers_are_no_formulas():
    batch = table(a=[-1.5, 2.0], b=[None, "-x"])
    assert defuse_formulas(batch).to_pydict() == {"a": [-1.5, 2.0], "b": [None, "'-x"]}


def test_our_column_makes_way_for_one_of_the_input():
    both = beside(table(status=["x"], city=["y"]), table(status=["ok"], score=[1.0]))
    assert both.to_pydict() == {"status": ["x"], "city": ["y"], "status_2": ["ok"], "score": [1.0]}


def test_a_slice_of_a_table_is_written_as_it_is(tmp_path: Path):
    rows = table(a=['"', "b", "c", ","]).slice(1, 2)
    assert written(tmp_path / "a.csv", rows, table(n=[1, 2, 3, 4]).slice(1, 2)) == "a,n\nb,2\nc,3\n"


@given(st.lists(FIELD, max_size=6), st.booleans())
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, fields: list[str], alone: bool
):
    file = tmp_path_factory.getbasetemp() / "again.csv"
    numbers = pa.array(range(len(fields)), pa.int64())
    given = pa.RecordBatch.from_arrays([pa.array(fields, pa.string())], ["a"])
    found = table() if alone else pa.RecordBatch.from_arrays([numbers], ["n"])
    write_rows(file, [(given, found)], "csv", header=True)
    expected = [[text] if alone else [text, str(at)] for at, text in enumerate(fields)]
    assert read_whole(file, 10, delimiter=",") == expected
    with file.open(encoding="utf-8", newline="") as text:
        assert list(csv.reader(text))[1:] == expected


def parts_of(source: Path, folder: Path, form: RowFormat) -> list[str]:
    parts = []
    for block in plan_blocks(str(source), 100).blocks:
        rows = read_block(str(source), block)
        numbers = range(block.first_row, block.first_row + block.rows)
        found = pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), rows.raw], ["n", "raw"])
        part = folder / f"{len(parts)}.part"
        write_rows(part, [(rows.table, found)], form, header=block.first_row == 0)
        parts.append(str(part))
    return parts


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source.csv"
    body = "".join(f'{n};"{n} Main St, ""A""\r\nReno"\r\nodd\r\n' for n in range(50))
    file.write_bytes(("id;address\r\n" + body).encode("utf-16"))
    return file


def test_parts_join_to_one_csv(tmp_path: Path, source: Path):
    parts = parts_of(source, tmp_path, "csv")
    assert len(parts) > 10
    join_parts(tmp_path / "whole.csv", parts, "csv")
    rows = read_whole(tmp_path / "whole.csv", 1000)
    assert rows[0:4:2] == [
        ["0", '0 Main St, "A"\r\nReno', "0", ""],
        ["1", '1 Main St, "A"\r\nReno', "2", ""],
    ]
    assert [row[2] for row in rows] == [str(n) for n in range(100)]
    assert rows[1::2] == [["", "", str(n), "odd"] for n in range(1, 100, 2)]
    assert (tmp_path / "whole.csv").read_bytes().startswith(b"id,address,n,raw\n0,")


def test_parts_join_to_one_parquet_file_of_large_groups(tmp_path: Path, source: Path):
    join_parts(tmp_path / "whole.parquet", parts_of(source, tmp_path, "parquet"), "parquet")
    whole = parquet.ParquetFile(tmp_path / "whole.parquet")
    rows = whole.read().to_pydict()
    assert whole.num_row_groups == 1
    assert rows["n"] == list(range(100))
    assert rows["address"][:2] == ['0 Main St, "A"\r\nReno', ""]
    assert rows["raw"][:2] == [None, "odd"]


def test_large_groups_do_not_wait_for_each_other(tmp_path: Path):
    parts = []
    for number in range(3):
        part = tmp_path / f"{number}.part"
        numbers = table(n=list(range(number * 100_000, (number + 1) * 100_000)))
        write_rows(part, [(table(a=["x"] * 100_000), numbers)], "parquet", header=number == 0)
        parts.append(str(part))
    join_parts(tmp_path / "whole.parquet", parts, "parquet")
    whole = parquet.ParquetFile(tmp_path / "whole.parquet")
    assert whole.num_row_groups == 3
    assert whole.read()["n"].to_pylist() == list(range(300_000))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_without_rows_has_its_columns(tmp_path: Path, form: RowFormat):
    source = tmp_path / "source.csv"
    source.write_text("id,address\n")
    join_parts(tmp_path / "whole", parts_of(source, tmp_path, form), form)
    if form == "csv":
        assert (tmp_path / "whole").read_text() == "id,address,n,raw\n"
    else:
        assert parquet.read_schema(tmp_path / "whole").names == ["id", "address", "n", "raw"]


def test_parts_lie_on_other_storage(tmp_path: Path):
    for name, content in (("0", b"a\n1\n"), ("1", b"2\n")):
        with fsspec.open(f"memory://parts/{name}", "wb") as file:
            file.write(content)
    join_parts(tmp_path / "whole.csv", ["memory://parts/0", "memory://parts/1"], "csv")
    assert (tmp_path / "whole.csv").read_bytes() == b"a\n1\n2\n"
