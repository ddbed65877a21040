"""The syntax command on all real AST JSON files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from rig import Finished, Rig
from syntax_trees import Row, files_by_path, table

from batchio.syntax.tables import TABLES

ALL_TABLES = tuple(TABLES)
BY_DEFAULT = ("files", "symbols", "calls", "imports", "inherits", "quarantine")
PATTERN = "**/*.json*"
DUCKDB_TYPES = {"VARCHAR": "string", "INTEGER": "int32", "BIGINT": "int64", "BOOLEAN": "bool"}
POLARS_TYPES = {"string": pl.String, "int32": pl.Int32, "int64": pl.Int64, "bool": pl.Boolean}
PLACES_OF_TREE_SITTER = {"startPosition", "start_point", "start", "range"}
# The lines on which the sources that lie beside the dumps define these.
CLANG_LINES = {
    "clang/made_here/fib.c.json": {"fib": 1, "main": 2},
    "clang/made_here/sw.c.json": {"K": 1, "N": 2, "ev": 3, "F": 4, "ap": 5},
    "clang/made_here/shapes.cpp.json": {"geo": 1, "Shape": 1, "Rect": 1, "mx": 1, "main": 2},
}
# Column that points to a row, table and column of that row.
REFERENCES = [
    *((name, "file_id", "files", "file_id") for name in ALL_TABLES if name != "files"),
    ("files", "duplicate_of", "files", "file_id"),
    ("symbols", "parent_id", "symbols", "symbol_id"),
    ("calls", "caller_id", "symbols", "symbol_id"),
    ("calls", "callee_id", "symbols", "symbol_id"),
    ("imports", "resolved_file_id", "files", "file_id"),
    ("inherits", "symbol_id", "symbols", "symbol_id"),
    ("inherits", "base_id", "symbols", "symbol_id"),
]


class Real(NamedTuple):
    """A run over all real files, every table in every format."""

    rig: Rig
    inputs: Path
    done: Finished

    def parquet(self, name: str) -> str:
        return str(self.rig.output / f"{name}.parquet")


@pytest.fixture(scope="module")
def real(ast_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    rig = Rig("pipelines.syntax", tmp_path_factory.mktemp("real"))
    everything = ("--tables", *ALL_TABLES, "--formats", "parquet", "jsonl", "csv")
    done = rig.run("--workers=2", *everything, inputs=[f"{ast_data}/{PATTERN}"])
    return Real(rig, ast_data, done)


class Verdict(NamedTuple):
    status: str
    line: int | None = None
    column: int | None = None


def judged(path: Path) -> Verdict:
    """What becomes of a file, by the standard library and the note on the shapes."""
    data = path.read_bytes()
    try:
        top = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except json.JSONDecodeError as error:
        return Verdict("quarantined", error.lineno, error.colno)
    first = top[0] if isinstance(top, list) and top else top
    return Verdict("ok" if isinstance(first, dict) and is_tree(first) else "not_ast")


def is_tree(top: Row) -> bool:
    return (
        {"classes", "filePath"} <= top.keys()
        or top.get("type") in ("Program", "Script", "Module")
        or (top.get("type") == "File" and "program" in top)
        or "_type" in top
        or top.get("kind") == "TranslationUnitDecl"
        or isinstance(top.get("nodeType"), str)
        or (top.get("name") == "SourceUnit" and "children" in top)
        or ("type" in top and "children" in top and bool(PLACES_OF_TREE_SITTER & top.keys()))
    )


def test_every_file_has_one_row_and_the_status_that_another_reader_finds(real: Real) -> None:
    expected = {
        str(path.relative_to(real.inputs)): judged(path) for path in real.inputs.glob(PATTERN)
    }
    files = files_by_path(real.rig.output)
    found = {
        path: Verdict(row["status"], row["json_line"], row["json_column"])
        for path, row in files.items()
    }
    assert found == expected
    statuses = Counter(verdict.status for verdict in expected.values())
    assert (statuses["not_ast"], statuses["quarantined"]) == (10, 26)
    assert {path.split("/")[0] for path, each in found.items() if each.status == "not_ast"} == {
        "not_ast_esprima_failure"
    }


def test_quarantined_files_fail_with_their_place_and_the_others_do_not(real: Real) -> None:
    assert real.done.code == 3
    statuses = Counter(real.rig.statuses().values())
    quarantine = table(real.rig.output, "quarantine")
    assert statuses["failed"] == len(quarantine) == 26
    for row in quarantine:
        text = (real.inputs / row["path"]).read_text()
        assert (row["cause"], row["attempts"]) == ("invalid_json", 1)
        assert row["bytes"] == len(text.encode())
        place = text.encode()[row["byte"] :].decode()
        assert place.startswith("%EVMVERSION%")
        assert text.split("\n")[row["line"] - 1][row["column"] - 1 :] == place.split("\n")[0]


def test_the_lines_of_clang_are_those_of_the_source(real: Real) -> None:
    ids = {row["file_id"]: path for path, row in files_by_path(real.rig.output).items()}
    found: dict[str, dict[str, int]] = {path: {} for path in CLANG_LINES}
    for row in table(real.rig.output, "symbols"):
        if row["name"] in CLANG_LINES.get(ids[row["file_id"]], {}):
            found[ids[row["file_id"]]].setdefault(row["name"], row["line_start"])
    assert found == CLANG_LINES


@pytest.mark.parametrize("name", ALL_TABLES)
def test_duckdb_polars_and_pandas_read_the_documented_columns(real: Real, name: str) -> None:
    columns = {field.name: str(field.type) for field in TABLES[name]}
    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{real.parquet(name)}'").fetchall()
    assert {row[0]: DUCKDB_TYPES[row[1]] for row in described} == columns
    by_polars = pl.read_parquet(real.parquet(name))
    assert dict(by_polars.schema) == {key: POLARS_TYPES[kind] for key, kind in columns.items()}
    by_pandas = pd.read_parquet(real.parquet(name))
    assert list(by_pandas.columns) == list(columns)
    [(rows,)] = duckdb.sql(f"SELECT count(*) FROM '{real.parquet(name)}'").fetchall()
    assert len(by_pandas) == by_polars.height == rows > 0
    required = [field.name for field in TABLES[name] if not field.nullable]
    assert not by_pandas[required].isna().any().any()
    kept = parquet.read_schema(real.parquet(name)).metadata
    for field in TABLES[name]:
        assert kept[field.name.encode()] == field.metadata[b"description"]


def test_ids_are_unique_and_point_to_rows(real: Real) -> None:
    for name, column in (("files", "file_id"), ("symbols", "symbol_id")):
        repeated = f"SELECT {column} FROM '{real.parquet(name)}' GROUP BY 1 HAVING count(*) > 1"
        assert duckdb.sql(repeated).fetchall() == []
    for name, column, target, key in REFERENCES:
        query = (
            f"SELECT {column} FROM '{real.parquet(name)}' WHERE {column} IS NOT NULL AND {column}"
            f" NOT IN (SELECT {key} FROM '{real.parquet(target)}')"
        )
        assert duckdb.sql(query).fetchall() == [], (name, column)


def test_the_counts_of_a_file_are_those_of_its_rows(real: Real) -> None:
    files = files_by_path(real.rig.output).values()
    nodes = {row["file_id"]: row["nodes"] for row in files if row["nodes"]}
    without = {row["shape"] for row in files if row["status"] == "ok" and not row["nodes"]}
    assert without == {"symbol-summary"}
    kinds = Counter[str]()
    for row in table(real.rig.output, "kinds"):
        kinds[row["file_id"]] += row["count"]
    assert kinds == nodes
    assert Counter(row["file_id"] for row in table(real.rig.output, "nodes")) == nodes
    for name in ("symbols", "calls", "imports"):
        counted = Counter(row["file_id"] for row in table(real.rig.output, name))
        assert counted == Counter({row["file_id"]: row[name] or 0 for row in files} | counted)


def test_duplicates_point_to_the_first_file_of_the_same_content(real: Real) -> None:
    files = files_by_path(real.rig.output)
    first: dict[str, str] = {}
    expected = {}
    for path in sorted(path for path, row in files.items() if row["status"] != "quarantined"):
        data = (real.inputs / path).read_bytes()
        digest = hashlib.sha256(gzip.decompress(data) if path.endswith(".gz") else data).hexdigest()
        assert files[path]["content_sha256"] == digest or path.startswith("snake_pipe_java")
        if first.setdefault(digest, path) != path:
            expected[path] = files[first[digest]]["file_id"]
    assert {path: row["duplicate_of"] for path, row in files.items() if row["duplicate_of"]} == (
        expected
    )
    assert expected


@pytest.mark.parametrize("name", ALL_TABLES)
def test_json_lines_and_csv_hold_the_same_rows_as_parquet(real: Real, name: str) -> None:
    lines = (real.rig.output / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = table(real.rig.output, name)
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == rows
    with (real.rig.output / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        written = csv.reader(file)
        assert next(written) == [field.name for field in TABLES[name]]
        for cells, row in zip(written, rows, strict=True):
            assert cells == [_cell(value) for value in row.values()]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_each_step_on_a_copy_gives_the_tables_of_a_fresh_run(real: Real, tmp_path: Path) -> None:
    """Half of the files, all, then one changed and one removed; but for how often it was tried."""
    rig, fresh = (Rig("pipelines.syntax", tmp_path / name, PATTERN) for name in ("copy", "fresh"))
    shutil.copytree(real.inputs, rig.inputs)
    hidden = {path: path.with_name(f"{number}") for number, path in enumerate(_half(rig.inputs))}
    for path, elsewhere in hidden.items():
        path.rename(elsewhere)
    assert rig.run("--workers=1", "--order_by=size").code == 3
    assert len(table(rig.output, "files")) == len(table(real.rig.output, "files")) - len(hidden)
    for path, elsewhere in hidden.items():
        elsewhere.rename(path)
    assert rig.run("--workers=2", "--order_by=mtime").code == 3
    assert_same_tables(rig, real.rig)

    removed, changed = sorted((rig.inputs / "python_ast").rglob("*.json"))[:2]
    removed.unlink()
    changed.write_bytes(next((rig.inputs / "babel_real").rglob("*.json")).read_bytes())
    assert rig.run().code == 3
    assert rig.report()["reasons"]["input changed"] == 1
    assert fresh.run("--workers=1", inputs=[str(rig.inputs / PATTERN)]).code == 3
    assert_same_tables(rig, fresh)


def _half(folder: Path) -> list[Path]:
    return sorted(folder.glob(PATTERN))[::2]


def assert_same_tables(rig: Rig, other: Rig) -> None:
    found, expected = rig.outputs(), other.outputs()
    assert found.keys() == {f"{name}.parquet" for name in BY_DEFAULT}
    del found["quarantine.parquet"]
    assert found.items() <= expected.items()
    assert untried(rig) == untried(other)


def untried(rig: Rig) -> pa.Table:
    return parquet.read_table(rig.output / "quarantine.parquet").drop_columns("attempts")
