"""The syntax command's own rules, on small repositories and on damaged files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from rig import Finished, Rig
from syntax_trees import Row, files_by_path, table, write_texts, write_trees

REPOSITORY = {
    "app/__init__.py": "from .core import Base\n",
    "app/core.py": (
        "from . import util\n\n\nclass Base:\n    def start(self):\n        return util.load()\n"
    ),
    "app/util.py": "def load():\n    return 1\n",
    "app/sub/__init__.py": "",
    "app/sub/job.py": (
        "import os\n\nimport app.util\n\nfrom .. import Base\nfrom ..util import load as get\n\n\n"
        "class Job(Base):\n    def run(self):\n        get()\n        app.util.load()\n"
        "        self.start()\n        return os.getcwd()\n"
    ),
    "web/main.js": (
        "import { help } from './util';\nimport './main.css';\n"
        "export function main() { return help() || fetch('/'); }\n"
    ),
    "web/util.js": "export function help() { return 1; }\n",
    "web/copy.js": "export function help() { return 1; }\n",
    "README.md": "# Not a source\n",
}
SOURCES = sorted(path for path in REPOSITORY if path != "README.md")
TWIN = '''
import functools


@functools.cache
def size(items, *, deep=False):
    """Adds up."""
    return sum(size(item) if deep and item else 1 for item in items)


class Tree(dict):
    depth: int = 0

    async def grow(self, by):
        while by:
            try:
                by -= 1
            except ValueError:
                raise
        return lambda x: x or by
'''
ADDED = 5_000
BOMB_BYTES = 200_000_000
BROKEN_LINES = '{"_type": "Module", "body": []}\n{"_type": "Module", "body": [\n' * 2


class Ran(NamedTuple):
    rig: Rig
    done: Finished


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Sources of two languages, and a dump of a source that is there as well."""
    rig = Rig("pipelines.syntax", tmp_path_factory.mktemp("repository"))
    write_texts(rig.inputs / "src", REPOSITORY | {"twin.py": TWIN})
    write_trees(rig.inputs / "dumps", {"twin.py.json": TWIN})
    return Ran(rig, rig.run(*of_repository(rig), inputs=[]))


def of_repository(rig: Rig) -> tuple[str, ...]:
    return f"--sources={rig.inputs}/src/**", f"--input={rig.inputs}/dumps/**"


def named(rig: Rig) -> dict[str | None, str | None]:
    """What each id stands for: a path, or a path and a qualified name."""
    paths = {row["file_id"]: row["path"].removeprefix("src/") for row in table(rig.output, "files")}
    symbols = {
        row["symbol_id"]: f"{paths[row['file_id']]}: {row['qualified_name']}"
        for row in table(rig.output, "symbols")
    }
    return {None: None, **paths, **symbols}


def test_sources_are_read_and_other_files_are_left_out(repository: Ran) -> None:
    rig, done = repository
    assert done.code == 0, done.err
    files = files_by_path(rig.output)
    assert sorted(files) == sorted(
        ["dumps/twin.py.json", "src/twin.py", *(f"src/{path}" for path in SOURCES)]
    )
    assert {row["status"] for row in files.values()} == {"ok"}
    assert {row["language"] for path, row in files.items() if ".py" in path} == {"python"}
    assert {
        row["language"] for path, row in files.items() if ".js" in path and ".py" not in path
    } == {"javascript"}
    (left_out,) = rig.report()["file_remarks"]
    assert Path(left_out["path"]).name == "README.md"


def test_imports_lead_to_the_files_they_mean(repository: Ran) -> None:
    names = named(repository.rig)
    found = {
        (names[row["file_id"]], row["module"], row["name"] or ""): names[row["resolved_file_id"]]
        for row in table(repository.rig.output, "imports")
    }
    twins = [key for key in found if "twin.py" in str(key[0])]
    assert [found.pop(key) for key in twins] == [None, None]
    assert found == {
        ("app/__init__.py", ".core", "Base"): "app/core.py",
        ("app/core.py", ".", "util"): "app/util.py",
        ("app/sub/job.py", "os", ""): None,
        ("app/sub/job.py", "app.util", ""): "app/util.py",
        ("app/sub/job.py", "..", "Base"): "app/__init__.py",
        ("app/sub/job.py", "..util", "load"): "app/util.py",
        ("web/main.js", "./util", "help"): "web/util.js",
        ("web/main.js", "./main.css", ""): None,
    }


def test_calls_and_bases_lead_to_the_symbols_they_mean(repository: Ran) -> None:
    names = named(repository.rig)
    calls = {
        (names[row["caller_id"]], row["callee_full"]): names[row["callee_id"]]
        for row in table(repository.rig.output, "calls")
        if "twin" not in str(names[row["file_id"]])
    }
    assert calls == {
        ("app/core.py: Base.start", "util.load"): "app/util.py: load",
        ("app/sub/job.py: Job.run", "get"): "app/util.py: load",
        ("app/sub/job.py: Job.run", "app.util.load"): "app/util.py: load",
        ("app/sub/job.py: Job.run", "self.start"): "app/core.py: Base.start",
        ("app/sub/job.py: Job.run", "os.getcwd"): None,
        ("web/main.js: main", "help"): "web/util.js: help",
        ("web/main.js: main", "fetch"): None,
    }
    bases = {
        names[row["symbol_id"]]: (row["base"], names[row["base_id"]])
        for row in table(repository.rig.output, "inherits")
        if "twin" not in str(names[row["file_id"]])
    }
    assert bases == {"app/sub/job.py: Job": ("Base", "app/core.py: Base")}


def test_a_copy_is_marked_as_the_duplicate_of_the_first(repository: Ran) -> None:
    names = named(repository.rig)
    files = files_by_path(repository.rig.output)
    assert {
        path: names[row["duplicate_of"]] for path, row in files.items() if row["duplicate_of"]
    } == {"src/web/util.js": "web/copy.js"}


def test_a_source_and_its_dump_give_the_same_symbols(repository: Ran) -> None:
    files = files_by_path(repository.rig.output)
    of_file: dict[str, list[Row]] = {row["file_id"]: [] for row in files.values()}
    for row in table(repository.rig.output, "symbols"):
        ids = {name: row.pop(name) for name in ("file_id", "symbol_id", "parent_id")}
        of_file[ids["file_id"]].append(row)
    source, dump = (
        of_file[files[path]["file_id"]] for path in ("src/twin.py", "dumps/twin.py.json")
    )
    assert source == dump
    # size: def, generator, conditional, and; grow: def, while, except; lambda: lambda, or
    assert {(row["name"], row["line_start"], row["complexity"]) for row in dump} >= {
        ("size", 6, 4),
        ("grow", 14, 3),
    }
    assert {row["name"]: row["kind"] for row in dump}.items() >= {
        "size": "function",
        "Tree": "class",
        "grow": "method",
    }.items()


def test_a_folder_a_language_and_back_without_reading_a_file_again(repository: Ran) -> None:
    rig, _ = repository
    before = {name: table(rig.output, name) for name in ("files", "symbols", "calls")}
    again = of_repository(rig)
    plan = rig.run(*again, "--plan", inputs=[])
    assert plan.out.splitlines()[-1].startswith(f"plan: 0 to work, {len(SOURCES) + 2} to skip")

    formats = ("--formats", "parquet", "csv")
    assert rig.run(*again, "--partition_by_language", *formats, inputs=[]).code == 0
    assert rig.report()["counts"]["skipped"] == len(SOURCES) + 2
    written = {path.relative_to(rig.output) for path in rig.output_files()}
    assert {path.parts[1] for path in written} == {"language=javascript", "language=python"}
    assert {path.suffix for path in written} == {".parquet", ".csv"}
    for name, rows in before.items():
        read = duckdb.sql(
            f"SELECT * FROM read_parquet('{rig.output}/{name}/*/*.parquet', hive_partitioning=true)"
        )
        columns = [column for column in read.columns if column != "language"]
        found = {
            tuple(row) for row in duckdb.sql(f"SELECT {', '.join(columns)} FROM read").fetchall()
        }
        assert found == {tuple(row[column] for column in columns) for row in rows}

    assert rig.run(*again, inputs=[]).code == 0
    assert {name: table(rig.output, name) for name in before} == before
    assert {path.parent for path in rig.output_files()} == {rig.output}


def deep_tree() -> str:
    """Returns the tree of 1 + 1 + 1 …, each sum within the one around it."""
    one = '{"_type": "Constant", "value": 1}'
    added = '{"_type": "BinOp", "op": {"_type": "Add"}, "right": ' + one + ', "left": '
    inside = added * ADDED + one + "}" * ADDED
    return '{"_type": "Module", "body": [{"_type": "Expr", "value": ' + inside + "}]}"


def write_bomb(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"[")
        for _ in range(BOMB_BYTES // 1_000_000):
            file.write(b" " * 1_000_000)


class Damaged(NamedTuple):
    """A run on damaged files; then a rerun of what failed, after they were mended."""

    done: Finished
    files: dict[str, Row]
    quarantine: dict[str, Row]
    peak_bytes: int
    again: Finished
    mended: Rig


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    """A bomb, a tree of great depth, lines of which some are broken, a file cut short."""
    rig = Rig("pipelines.syntax", tmp_path_factory.mktemp("damaged"), "**/*", ("--workers=1",))
    write_trees(rig.inputs, {"good.py.json": "def good(): pass", "cut.py.json": "def cut(): pass"})
    write_texts(rig.inputs, {"deep.py.json": deep_tree(), "lines.ndjson": BROKEN_LINES})
    cut, bomb = rig.inputs / "cut.py.json", rig.inputs / "bomb.json.gz"
    cut.write_text(cut.read_text()[:-40])
    write_bomb(bomb)
    done = rig.run()
    quarantine = {row["path"]: row for row in table(rig.output, "quarantine")}
    found = files_by_path(rig.output), quarantine, rig.report()["peak_rss_bytes"]

    (rig.inputs / "lines.ndjson").write_text(BROKEN_LINES.replace(" [\n", " []}\n"))
    write_trees(rig.inputs, {"cut.py.json": "def cut(): mended()"})
    bomb.unlink()
    return Damaged(done, *found, rig.run("--rerun=failed"), rig)


def test_what_is_damaged_is_in_quarantine_and_the_rest_is_read(damaged: Damaged) -> None:
    assert damaged.done.code == 3
    assert {path: row["status"] for path, row in damaged.files.items()} == {
        "bomb.json.gz": "quarantined",
        "cut.py.json": "quarantined",
        "deep.py.json": "ok",
        "good.py.json": "ok",
        "lines.ndjson#1": "ok",
        "lines.ndjson#2": "quarantined",
        "lines.ndjson#3": "ok",
        "lines.ndjson#4": "quarantined",
    }
    assert {path: (row["cause"], row["line"]) for path, row in damaged.quarantine.items()} == {
        "bomb.json.gz": ("too_large", None),
        "cut.py.json": ("truncated", 1),
        "lines.ndjson#2": ("truncated", 2),
        "lines.ndjson#4": ("truncated", 4),
    }


def test_a_bomb_is_small_where_it_lies_and_in_memory(damaged: Damaged) -> None:
    assert damaged.quarantine["bomb.json.gz"]["bytes"] > 100_000_000  # the limit
    assert damaged.peak_bytes < 600_000_000  # of all processes, the graph's among them


def test_great_depth_is_read_whole(damaged: Damaged) -> None:
    """Module, Expr, the sums, the innermost number; each sum has an operator and a number."""
    deep = damaged.files["deep.py.json"]
    assert (deep["max_depth"], deep["nodes"]) == (ADDED + 3, 3 * ADDED + 3)


def test_mended_files_have_right_rows_after_a_rerun_of_what_failed(damaged: Damaged) -> None:
    assert damaged.again.code == 0, damaged.again.err
    output = damaged.mended.output
    files = files_by_path(output)
    assert set(files) == set(damaged.files) - {"bomb.json.gz"}
    assert {row["status"] for row in files.values()} == {"ok"}
    assert {row["name"] for row in table(output, "symbols")} == {"good", "cut"}
    assert [row["callee"] for row in table(output, "calls")] == ["mended"]
    assert table(output, "quarantine") == []


def test_a_shape_of_ones_own_and_keys_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    rig = Rig("pipelines.syntax", tmp_path, "**/*.json")
    lists = ["module", ["define", "outer", 2, ["define-class", "Inner", 3], ["call", "outer", 4]]]
    keyed = {"what": "unit", "kids": [{"what": "func", "at": 7, "name": "f", "kids": []}, {}]}
    write_trees(rig.inputs, {"a.scm.json": lists, "b.json": keyed})
    unknown = rig.run()
    assert unknown.code == 0
    assert {row["status"] for row in files_by_path(rig.output).values()} == {"not_ast"}

    done = rig.run(
        "--plugin=syntax_trees:Lists",
        "--kind_key=what",
        "--children_key=kids",
        "--line_key=at",
        *("--tables", "files", "symbols", "calls", "kinds", "nodes"),
    )
    assert done.code == 0, done.err
    reasons = {"settings changed": 2, "files or choice of tables changed": 1}
    assert rig.report()["reasons"] == reasons
    files = files_by_path(rig.output)
    assert {path: (row["shape"], row["nodes"]) for path, row in files.items()} == {
        "a.scm.json": ("lists", 4),
        "b.json": ("generic", 2),
    }
    assert files["a.scm.json"]["language"] == "scheme"
    names = named(rig)
    symbols = {
        (names[row["file_id"]], row["kind"], row["qualified_name"], row["line_start"])
        for row in table(rig.output, "symbols")
    }
    assert symbols == {
        ("a.scm.json", "function", "outer", 2),
        ("a.scm.json", "class", "outer.Inner", 3),
        ("b.json", "function", "f", 7),
    }
    (call,) = table(rig.output, "calls")
    assert (names[call["caller_id"]], call["line"]) == ("a.scm.json: outer", 4)
    nodes = [(names[row.pop("file_id")], *row.values()) for row in table(rig.output, "nodes")]
    assert nodes == [
        ("a.scm.json", 0, None, "module", 1, None),
        ("a.scm.json", 1, 0, "define", 2, 2),
        ("a.scm.json", 2, 1, "define-class", 3, 3),
        ("a.scm.json", 3, 1, "call", 3, 4),
        ("b.json", 0, None, "unit", 1, None),
        ("b.json", 1, 0, "func", 2, 7),
    ]
