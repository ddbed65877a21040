import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syntax_rows import Tree, part_of, row, rows_of, tree

from batchio.syntax.parts import NOT_AST, QUARANTINED, key_of
from batchio.syntax.tables import TABLES
from batchio.tables import TableFormat
from transforms.syntax import live
from transforms.syntax.live import LiveTrees, Part, live_trees
from transforms.syntax.names import build_index
from transforms.syntax.tables import hex_ids, partitions, table_schema, write_table

SHA = "0123456789abcdef" * 4
NASTY = 'a "b", \\n\n\té\u2028😀\x00\x1f'
FORMATS: list[TableFormat] = ["parquet", "jsonl", "csv"]

HELPER: Tree = (
    tree("lib/helper.py", provides=[50], content_sha256=SHA, bytes=10, node_count=3),
    {"symbols": [row("symbols", symbol_id=0xAB, kind="function", name="f", name_key=60)]},
)
MAIN: Tree = (
    tree(
        "main.py",
        source_path="main.py",
        language_from="nodes",
        content_sha256=SHA,
        bytes=2**40,
        node_count=900,
        max_depth=9,
        line_first=1,
        line_last=44,
        errors_in_tree=0,
    ),
    {
        "symbols": [
            row("symbols", symbol_id=1, kind="class", name="C", is_exported=True),
            row("symbols", symbol_id=2, parent_id=1, kind="method", complexity=4, params=0),
            row("symbols", symbol_id=3, parent_id=1, kind="method", complexity=3, doc=NASTY),
        ],
        "imports": [row("imports", module="helper", line=2, candidates=[49, 50])],
        "calls": [
            row("calls", caller_id=2, callee="f", via=0, rest_key=60, head_key=60, args=2, line=7),
            row("calls", callee="print", callee_full="print", args=1),
            row("calls", caller_id=3, callee="g", target_id=2**64 - 1),
        ],
        "inherits": [row("inherits", symbol_id=1, base="B", kind="extends", target_id=2)],
        "kinds": [row("kinds", kind="Call", count=3)],
        "nodes": [
            row("nodes", node=0, parent=-1, kind="Module", depth=1),
            row("nodes", node=1, parent=0, kind="Call", depth=2, line=7),
        ],
    },
)
BROKEN: Tree = (
    tree(
        "broken.json",
        language="",
        status=QUARANTINED,
        cause="invalid_json",
        message=NASTY,
        bytes=77,
        attempts=2,
        json_byte=0,
        json_line=3,
        json_column=5,
    ),
    {},
)
OTHER: Tree = (tree("package.json", language="", status=NOT_AST, bytes=5), {})
TREES = [HELPER, MAIN, BROKEN, OTHER]


def written(
    name: str, folder: Path, trees: LiveTrees, form: TableFormat = "parquet", **more: bool
) -> Path:
    path = folder / f"{name}.{form}"
    write_table(name, path, trees=trees, index=build_index(trees), form=form, **more)
    return path


def rows(name: str, folder: Path, trees: Sequence[Tree] = TREES) -> list[dict[str, Any]]:
    path = written(name, folder, live_trees([Part(rows_of(trees).batch())]))
    return pq.read_table(path).to_pylist()


def hexed(text: str) -> str:
    return f"{key_of(text):016x}"


def test_files(tmp_path: Path) -> None:
    broken, helper, main, other = rows("files", tmp_path)
    assert main == {
        "file_id": hexed("main.py"),
        "path": "main.py",
        "source_path": "main.py",
        "language": "python",
        "language_from": "nodes",
        "shape": None,
        "parser": None,
        "bytes": 2**40,
        "content_sha256": SHA,
        "duplicate_of": hexed("lib/helper.py"),
        "nodes": 900,
        "max_depth": 9,
        "distinct_kinds": None,
        "symbols": 3,
        "calls": 3,
        "imports": 1,
        "errors_in_tree": 0,
        "loc_first": 1,
        "loc_last": 44,
        "complexity_sum": 7,
        "complexity_max": 4,
        "status": "ok",
        "cause": None,
        "message": None,
        "json_line": None,
        "json_column": None,
    }
    assert helper["duplicate_of"] is None
    assert (helper["complexity_sum"], helper["complexity_max"]) == (0, None)
    assert (broken["json_line"], broken["json_column"], broken["message"]) == (3, 5, NASTY)
    for unread in (broken, other):
        counts = ("symbols", "calls", "imports", "nodes", "errors_in_tree", "complexity_sum")
        assert [unread[name] for name in counts] == [None] * 6


def test_complexity_beyond_the_column_is_cut(tmp_path: Path) -> None:
    symbols = [row("symbols", complexity=2**31 - 1) for _ in range(3)]
    (file,) = rows("files", tmp_path, [(tree("a"), {"symbols": symbols})])
    assert (file["complexity_sum"], file["complexity_max"]) == (2**31 - 1, 2**31 - 1)


def test_symbols(tmp_path: Path) -> None:
    helper, outer, first, second = rows("symbols", tmp_path)
    assert (helper["file_id"], helper["symbol_id"]) == (hexed("lib/helper.py"), "00000000000000ab")
    assert outer["parent_id"] is None
    assert first["parent_id"] == second["parent_id"] == outer["symbol_id"] == f"{1:016}"
    assert (outer["params"], outer["complexity"], outer["is_exported"]) == (None, None, True)
    assert (first["params"], first["complexity"], first["is_exported"]) == (0, 4, False)
    assert (first["doc"], second["doc"]) == (None, NASTY)
    assert first["line_start"] is None


def test_calls(tmp_path: Path) -> None:
    found = rows("calls", tmp_path)
    assert [call["callee_id"] for call in found] == ["00000000000000ab", None, "f" * 16]
    assert [call["caller_id"] for call in found] == [f"{2:016}", None, f"{3:016}"]
    assert [call["line"] for call in found] == [7, None, None]
    assert [call["args"] for call in found] == [2, 1, 0]


def test_imports_inherits_kinds_nodes(tmp_path: Path) -> None:
    main = hexed("main.py")
    (import_,) = rows("imports", tmp_path)
    assert (import_["file_id"], import_["resolved_file_id"]) == (main, hexed("lib/helper.py"))
    assert rows("inherits", tmp_path) == [
        {
            "file_id": main,
            "symbol_id": f"{1:016}",
            "base": "B",
            "kind": "extends",
            "base_id": f"{2:016}",
        }
    ]
    assert rows("kinds", tmp_path) == [{"file_id": main, "kind": "Call", "count": 3}]
    assert rows("nodes", tmp_path) == [
        {"file_id": main, "node": 0, "parent": None, "kind": "Module", "depth": 1, "line": None},
        {"file_id": main, "node": 1, "parent": 0, "kind": "Call", "depth": 2, "line": 7},
    ]


def test_quarantine_has_only_what_could_not_be_read(tmp_path: Path) -> None:
    assert rows("quarantine", tmp_path) == [
        {
            "file_id": hexed("broken.json"),
            "path": "broken.json",
            "cause": "invalid_json",
            "message": NASTY,
            "byte": 0,
            "line": 3,
            "column": 5,
            "bytes": 77,
            "attempts": 2,
        }
    ]


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_their_schema_and_tell_what_columns_mean(name: str, tmp_path: Path) -> None:
    trees = live_trees([Part(rows_of(TREES).batch())])
    schema = pq.read_schema(written(name, tmp_path, trees))
    assert schema.equals(TABLES[name])
    assert [field.nullable for field in schema] == [field.nullable for field in TABLES[name]]
    meanings = {field.name.encode(): field.metadata[b"description"] for field in TABLES[name]}
    found = dict(pq.read_metadata(tmp_path / f"{name}.parquet").metadata)
    assert found.pop(b"ARROW:schema")
    assert found == meanings


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TABLES)
def test_without_trees_a_table_is_empty_and_readable(
    name: str, form: TableFormat, tmp_path: Path
) -> None:
    path = written(name, tmp_path, live_trees([]), form)
    content = path.read_text() if form != "parquet" else pq.read_table(path).num_rows
    header = ",".join(f'"{column}"' for column in TABLES[name].names) + "\n"
    assert content == {"parquet": 0, "jsonl": "", "csv": header}[form]


def test_the_number_of_rows_is_returned(tmp_path: Path) -> None:
    trees = live_trees([Part(rows_of(TREES).batch())])
    index = build_index(trees)
    counts = {name: write_table(name, tmp_path / name, trees=trees, index=index) for name in TABLES}
    assert counts == {
        "files": 4,
        "symbols": 4,
        "calls": 3,
        "imports": 1,
        "inherits": 1,
        "kinds": 1,
        "nodes": 2,
        "quarantine": 1,
    }


def test_rows_in_memory_join_those_of_parts(tmp_path: Path) -> None:
    part = part_of([HELPER, MAIN], tmp_path / "p")
    crashed = tree("a.json", status=QUARANTINED, cause="crashed", message="signal 9", attempts=3)
    trees = live_trees([part, Part(rows_of([(crashed, {})]).batch())])
    found = pq.read_table(written("files", tmp_path, trees)).to_pylist()
    assert [file["cause"] for file in found] == ["crashed", None, None]
    (bad,) = pq.read_table(written("quarantine", tmp_path, trees)).to_pylist()
    assert (bad["message"], bad["attempts"], bad["byte"]) == ("signal 9", 3, None)


@pytest.mark.parametrize("name", ["symbols", "quarantine"])
def test_json_lines_are_json(name: str, tmp_path: Path) -> None:
    expected = rows(name, tmp_path)
    path = written(name, tmp_path, live_trees([Part(rows_of(TREES).batch())]), "jsonl")
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == expected
    assert list(json.loads(lines[0])) == TABLES[name].names


@pytest.mark.parametrize("name", ["symbols", "quarantine"])
def test_csv_is_csv(name: str, tmp_path: Path) -> None:
    expected = rows(name, tmp_path)
    path = written(name, tmp_path, live_trees([Part(rows_of(TREES).batch())]), "csv")
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    spelled = {True: "true", False: "false", None: ""}
    assert found == [
        {
            key: spelled[value] if value is None or value is True or value is False else str(value)
            for key, value in each.items()
        }
        for each in expected
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_duckdb_polars_and_pandas_read_it(form: TableFormat, tmp_path: Path) -> None:
    path = written("calls", tmp_path, live_trees([Part(rows_of(TREES).batch())]), form)
    of_pandas = {
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True, dtype=False),
        "csv": lambda path: pd.read_csv(path, dtype={"callee_id": str}),
    }
    of_polars = {
        "parquet": pl.read_parquet,
        "jsonl": pl.read_ndjson,
        "csv": lambda path: pl.read_csv(path, schema_overrides={"callee_id": pl.String}),
    }
    of_duckdb = {
        "parquet": "read_parquet(?)",
        "jsonl": "read_json(?, columns={callee: 'VARCHAR', callee_id: 'VARCHAR', args: 'INT'})",
        "csv": "read_csv(?, types={'callee_id': 'VARCHAR'})",
    }
    query = f"SELECT callee, callee_id, args FROM {of_duckdb[form]}"
    expected = [("f", "00000000000000ab", 2), ("print", None, 1), ("g", "f" * 16, 0)]
    columns = ["callee", "callee_id", "args"]
    assert duckdb.execute(query, [str(path)]).fetchall() == expected
    assert of_polars[form](path).select(columns).rows() == expected
    frame = of_pandas[form](path)[columns].astype(object)
    found = [tuple(each) for each in frame.where(frame.notna(), None).to_numpy().tolist()]
    assert found == expected


LANGUAGES = ["c++", "c#", "python", ""]


def partitioned(tmp_path: Path) -> Path:
    trees = live_trees(
        [
            Part(
                rows_of(
                    [
                        (
                            tree(f"{number:02}", language=LANGUAGES[number % 4]),
                            {"calls": [row("calls", callee=f"{number}")]},
                        )
                        for number in range(12)
                    ]
                ).batch(),
                {f"/in/{number:02}" for number in range(11)},
            )
        ]
    )
    index = build_index(trees)
    for name in ("calls", "files"):
        for folder, some in partitions(trees).items():
            path = tmp_path / name / folder / f"{name}.parquet"
            path.parent.mkdir(parents=True)
            write_table(name, path, trees=some, index=index, partitioned=True)
    return tmp_path


def test_partitions_are_folders_of_languages(tmp_path: Path) -> None:
    folder = partitioned(tmp_path)
    assert sorted(path.name for path in (folder / "calls").iterdir()) == [
        "language=c%23",
        "language=c%2B%2B",
        "language=python",
        "language=unknown",
    ]
    assert (
        "language"
        not in pq.read_schema(folder / "files" / "language=python" / "files.parquet").names
    )
    assert table_schema("calls", partitioned=True) == TABLES["calls"]


EXPECTED = [("00", "c++"), ("01", "c#"), ("02", "python"), ("03", "unknown"), ("04", "c++")]


def test_duckdb_polars_and_pandas_read_partitions(tmp_path: Path) -> None:
    folder = partitioned(tmp_path) / "files"
    query = "SELECT path, language FROM read_parquet(?, hive_partitioning=true) ORDER BY path"
    rows = duckdb.execute(query, [f"{folder}/*/*.parquet"]).fetchall()
    assert (len(rows), rows[:5]) == (11, EXPECTED)
    frame = pl.scan_parquet(folder, hive_partitioning=True).sort("path").collect()
    assert frame.select("path", "language").rows()[:5] == EXPECTED
    table = pd.read_parquet(folder).sort_values("path")[["path", "language"]]
    assert [tuple(each) for each in table.to_numpy().tolist()[:5]] == EXPECTED


def test_a_partition_refers_to_files_of_others(tmp_path: Path) -> None:
    helper = (tree("h", language="c", provides=[5]), {})
    user = (tree("u"), {"imports": [row("imports", candidates=[5])]})
    trees = live_trees([Part(rows_of([helper, user]).batch())])
    path = tmp_path / "imports.parquet"
    some = partitions(trees)["language=python"]
    write_table("imports", path, trees=some, index=build_index(trees), partitioned=True)
    assert pq.read_table(path)["resolved_file_id"].to_pylist() == [hexed("h")]


def test_hex_ids() -> None:
    ids = np.array([0, 1, 0xFEDCBA9876543210, 2**64 - 1], np.uint64)
    digits = ["0000000000000001", "fedcba9876543210", "ffffffffffffffff"]
    assert hex_ids(ids).to_pylist() == [None, *digits]
    assert hex_ids(ids, nullable=False).to_pylist() == ["0" * 16, *digits]
    assert hex_ids(ids[:0]).to_pylist() == []


def forest(size: int) -> list[Tree]:
    """Trees that refer to each other, some with the same content, names and keys."""
    return [
        (
            tree(
                f"{number * 7 % size:02}.py",
                provides=[number % 5 + 1, 100 + number],
                content_sha256=f"{number % 6:064}",
                status=QUARANTINED if number % 7 == 6 else "ok",
                cause="x" * (number % 7 == 6),
            ),
            {
                "symbols": [
                    row("symbols", symbol_id=number * 10 + n, name_key=n, global_key=number % 9)
                    for n in range(1, number % 4 + 1)
                ],
                "imports": [
                    row("imports", candidates=[n, n + 1], whole=n % 2, binds_key=n, name_key=1)
                    for n in range(1, number % 5)
                ],
                "calls": [
                    row("calls", via=n - 1, rest_key=n, head_key=2, global_key=n, line=n)
                    for n in range(number % 5)
                ],
                "inherits": [row("inherits", symbol_id=1, global_key=number % 9)],
            },
        )
        for number in range(size)
    ]


def everything(parts: Sequence[Part], folder: Path) -> dict[tuple[str, TableFormat], bytes]:
    trees = live_trees(parts)
    index = build_index(trees)
    found = {}
    for name in ("files", "symbols", "calls", "imports", "inherits", "quarantine"):
        for form in FORMATS:
            write_table(name, folder / "table", trees=trees, index=index, form=form)
            found[name, form] = (folder / "table").read_bytes()
    return found


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_tables_are_the_same_whatever_the_parts(
    data: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_CHUNK_ROWS", 20)
    trees = forest(20)
    expected = everything([Part(rows_of(trees).batch())], tmp_path)
    split: list[list[Tree]] = [[], [], [], []]
    for each in data.draw(st.permutations(trees)):
        split[data.draw(st.integers(0, 3))].append(each)
    parts = []
    for number, some in enumerate(split):
        dead = data.draw(st.lists(st.sampled_from(forest(20)), max_size=4))
        old = [(tree(f[1], input="/gone", provides=[1, 2]), lists) for f, lists in dead]
        path = tmp_path / f"{number}.arrow"
        parts.append(Part(part_of([*old, *some], path).source, {file[0] for file, _ in some}))
    assert everything(parts, tmp_path) == expected


def test_row_groups_are_cut_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CHUNK_ROWS", 100)
    trees = live_trees(
        [
            Part(
                rows_of(
                    [(tree(f"{n:03}"), {"kinds": [row("kinds", count=n)] * 9}) for n in range(50)]
                ).batch()
            )
        ]
    )
    file = pq.ParquetFile(written("kinds", tmp_path, trees))
    groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups == [81, 90, 90, 90, 90, 9]
    assert file.read()["count"].to_pylist() == [n for n in range(50) for _ in range(9)]
