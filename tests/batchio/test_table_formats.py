import csv
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.tables import TableFormat, open_table

SCHEMA = pa.schema(
    [
        pa.field("text", pa.string(), metadata={"description": "What it says, “so”"}),
        pa.field('a "b"', pa.int64()),
        pa.field("flag", pa.bool_()),
    ]
)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), st.booleans()))


def batch(rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * 3
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def write(path: Path, form: TableFormat, *batches: Sequence[tuple[Any, ...]]) -> Path:
    with open_table(path, SCHEMA, form) as write_batch:
        for rows in batches:
            write_batch(batch(rows))
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "table"


@given(rows=ROWS, more=ROWS)
def test_json_lines_give_back_any_row(path: Path, rows: list[Any], more: list[Any]) -> None:
    lines = write(path, "jsonl", rows, more).read_bytes().decode().split("\n")
    assert lines.pop() == ""
    assert [tuple(json.loads(line).values()) for line in lines] == [*rows, *more]


@given(rows=ROWS, more=ROWS)
def test_parquet_gives_back_any_row(path: Path, rows: list[Any], more: list[Any]) -> None:
    read = pq.read_table(write(path, "parquet", rows, more))
    assert list(zip(*(column.to_pylist() for column in read.columns), strict=True)) == rows + more


@given(rows=ROWS, more=ROWS)
def test_csv_gives_back_any_row(path: Path, rows: list[Any], more: list[Any]) -> None:
    with write(path, "csv", rows, more).open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file, strict=True)
    assert header == SCHEMA.names
    assert found == [
        [text or "", "" if number is None else str(number), str(flag).lower()]
        for text, number, flag in [*rows, *more]
    ]


def test_json_lines_are_compact_with_every_column_in_order(path: Path) -> None:
    write(path, "jsonl", [(None, 1, True), ("é", None, None)])
    assert path.read_text(encoding="utf-8") == (
        '{"text":null,"a \\"b\\"":1,"flag":true}\n{"text":"é","a \\"b\\"":null,"flag":null}\n'
    )


def test_csv_tells_an_empty_text_from_none(path: Path) -> None:
    write(path, "csv", [("", 1, True), (None, None, None)])
    assert path.read_bytes() == b'"text","a ""b""","flag"\n"",1,true\n,,\n'


def test_a_batch_is_a_row_group(path: Path) -> None:
    metadata = pq.read_metadata(write(path, "parquet", [("a", 1, True)] * 3, [("b", 2, False)]))
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [3, 1]
    assert groups[0].column(0).compression == "ZSTD"


def test_parquet_tells_any_reader_what_columns_mean(path: Path) -> None:
    metadata = pq.read_metadata(write(path, "parquet")).metadata
    assert metadata[b"text"].decode() == "What it says, “so”"
    assert set(metadata) == {b"text", b"ARROW:schema"}


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_equal_rows_give_equal_bytes(path: Path, form: TableFormat) -> None:
    rows = [(f"{number % 7}", number, None) for number in range(5000)]
    assert write(path, form, rows).read_bytes() == write(path, form, rows).read_bytes()


TIMES = pa.schema(
    [pa.field("at", pa.timestamp("s", "UTC"), metadata={"description": "When", "unit": "UTC"})]
)


def write_times(path: Path, form: TableFormat, *times: datetime | None) -> Path:
    with open_table(path, TIMES, form) as write_batch:
        write_batch(pa.record_batch([pa.array(times, TIMES.field("at").type)], schema=TIMES))
    return path


def test_times_are_texts_of_iso_8601_where_a_format_has_no_times(path: Path) -> None:
    noon = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
    early = datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    times = noon, None, early, noon
    assert write_times(path, "csv", *times).read_text().splitlines() == [
        '"at"',
        '"2022-10-26T12:00:00Z"',
        "",
        '"1969-12-31T23:59:59Z"',
        '"2022-10-26T12:00:00Z"',
    ]
    lines = write_times(path, "jsonl", *times).read_text().splitlines()
    assert [json.loads(line)["at"] for line in lines] == [
        "2022-10-26T12:00:00Z",
        None,
        "1969-12-31T23:59:59Z",
        "2022-10-26T12:00:00Z",
    ]
    found = pq.read_table(write_times(path, "parquet", *times))
    assert found["at"].to_pylist() == [*times]


def test_parquet_tells_any_reader_the_unit(path: Path) -> None:
    metadata = pq.read_metadata(write_times(path, "parquet")).metadata
    assert metadata[b"at"] == b"When [UTC]"
