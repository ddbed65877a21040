"""The samples of the syntax pipeline, and the page about it on them."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.launcher.samples import write_samples

PAGE = (Path(__file__).parents[2] / "docs/syntax.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)
DUMP = (
    '["begin", 1, ["def", 1, "greet", ["if", 2, ["send", 2, "known?"], '
    '["send", 3, "puts", ["str", 3, "hello"]]]], ["send", 6, "greet", ["str", 6, "you"]]]'
)


def run(folder, arguments):
    command = [sys.executable, *shlex.split(arguments)]
    environment = {**os.environ, "HEADRACE_STATE": str(folder / "state")}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def query(folder, sql):
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{folder}'")
        return database.execute(sql).fetchall()


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worked")
    (samples,) = write_samples(str(folder), ["syntax"])
    found = run(folder, samples.command.removeprefix("python "))
    assert found.returncode == 3, found.stderr
    return folder


@pytest.fixture(scope="module")
def tables(worked):
    return worked / "tables"


def test_the_command_shown_ends_with_one_failure(worked):
    (report_file,) = worked.glob("tables/.headrace/runs/*/report.json")
    report = json.loads(report_file.read_text())
    assert [failure["unit"] for failure in report["failures"]] == ["web/map.js.json"]
    assert [Path(each["path"]).name for each in report["file_remarks"]] == ["package.json"]


def test_the_samples_have_files_of_every_status_and_of_several_shapes(tables):
    found = query(tables, "SELECT status, shape, count(*) FROM 'files.parquet' GROUP BY ALL")
    assert set(found) == {
        ("ok", "python", 8),
        ("ok", "estree", 4),
        ("ok", "tree-sitter", 1),
        ("ok", "clang", 1),
        ("not_ast", None, 1),
        ("quarantined", None, 1),
    }


def test_every_import_within_the_samples_is_found(tables):
    outside = "SELECT module FROM 'imports.parquet' WHERE resolved_file_id IS NULL"
    assert set(query(tables, outside)) == {("strings",), ("sys",)}


@pytest.mark.parametrize("table", ["symbols", "calls", "imports", "inherits"])
def test_the_dumps_say_what_their_sources_do(worked, tables, sources, table):
    columns = {
        "symbols": "kind, qualified_name, line_start, line_end, params, complexity, nesting",
        "calls": "callee_full, args, line",
        "imports": "module, name, line",
        "inherits": "base, kind",
    }[table]
    sql = (
        f"SELECT source_path, {columns} FROM '{table}.parquet' JOIN 'files.parquet' USING (file_id)"
    )
    assert sorted(query(tables, sql), key=repr) == sorted(query(sources, sql), key=repr) != []


@pytest.fixture(scope="module")
def sources(worked):
    arguments = "-m pipelines.syntax --sources 'syntax/**/*' --output sources"
    found = run(worked, arguments)
    assert found.returncode == 0, found.stderr
    return worked / "sources"


def test_the_page_asks_questions():
    assert len(QUERIES) == len(re.findall("^```sql$", PAGE, re.MULTILINE)) >= 6


@pytest.mark.parametrize(("sql", "shown"), QUERIES, ids=range(len(QUERIES)))
def test_a_query_of_the_page_shows_what_the_page_says(tables, sql, shown):
    cells = [
        tuple(cell.strip() for cell in line.strip("│").split("│"))
        for line in shown.splitlines()
        if line.startswith("│")
    ]
    names, _types, *rows = cells
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{tables}'")
        found = database.sql(sql)
        assert tuple(found.columns) == names
        told = [
            tuple("NULL" if cell is None else str(cell) for cell in row) for row in found.fetchall()
        ]
    assert told == rows


def test_the_plug_ins_of_the_page_work(tmp_path):
    shape, weigh = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "sexp.py").write_text(f"{shape}\n\n{weigh}")
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps/greet.rb.json").write_text(DUMP)
    (command,) = re.findall(r"^python (.* --plugin .*)$", PAGE, re.MULTILINE)
    more = " --batching sexp:weigh --formats csv --tables files symbols calls nodes"
    found = run(tmp_path, command + more)
    assert found.returncode == 0, found.stderr
    assert picked(tmp_path, "files", "shape", "language", "nodes", "max_depth") == [
        ("sexp", "ruby", "8", "5")
    ]
    assert picked(tmp_path, "symbols", "kind", "qualified_name", "complexity", "nodes") == [
        ("function", "greet", "2", "5")
    ]
    (symbol,) = picked(tmp_path, "symbols", "symbol_id")
    assert picked(tmp_path, "calls", "caller_id", "callee", "callee_id", "line") == [
        (*symbol, "known?", "", "2"),
        (*symbol, "puts", "", "3"),
        ("", "greet", *symbol, "6"),
    ]
    assert picked(tmp_path, "nodes", "node", "parent", "kind") == [
        ("0", "", "begin"),
        ("1", "0", "def"),
        ("2", "1", "if"),
        ("3", "2", "send"),
        ("4", "2", "send"),
        ("5", "4", "str"),
        ("6", "0", "send"),
        ("7", "6", "str"),
    ]


def picked(folder, table, *columns):
    with (folder / f"tables/{table}.csv").open(newline="") as file:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]
