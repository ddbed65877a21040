"""From files to parts to tables in one process, on this machine and on other storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from run_samples import a_run, record
from syntax_trees import write_trees

from batchio.fileset import list_files, read_bytes
from batchio.fingerprint import sha256
from batchio.ledger_view import LedgerView
from batchio.output import OutputRoot, files_below
from batchio.records import COMPLETED, FAILED, Outcome
from transforms.forming import each_file
from transforms.run import Run
from transforms.syntax.join import (
    JoinParts,
    TableChoice,
    clear_stage,
    first_steps,
    is_index,
    replace_tables,
    second_steps,
    tables_unit,
    take_snapshot,
)
from transforms.syntax.take_trees import TakeTrees
from transforms.units import Attempt, PackAttempt, Unit

SOURCES = {
    "a.py.json": "from b import helper\n\ndef run():\n    return helper()\n",
    "b.py.json": "def helper():\n    return 1\n",
}
CHOICE = TableChoice(("files", "symbols", "calls"))


@pytest.fixture(params=["{folder}/out", "memory://join/out"], ids=["local", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    output = OutputRoot(request.param.format(folder=tmp_path), "run-1")
    started = a_run(tmp_path)
    yield replace(started, output=output)
    output.clear_scratch()
    fsspec.filesystem("memory").store.clear()


def take(run: Run, folder: Path) -> None:
    """Works files into one part and records them."""
    units = each_file([f"{folder}/*"], "settings").units_of(list_files([str(folder)]))
    attempt = PackAttempt(TakeTrees(run.output))
    record(run, attempt.finish([attempt(unit) for unit in units if isinstance(unit, Unit)]))


def work_steps(run: Run, choice: TableChoice = CHOICE) -> list[Outcome]:
    """Does all steps that make a table, under a name of the run's own."""
    with closing(LedgerView(run.ledger_url)) as ledger:
        snapshot = take_snapshot(ledger, run.record, run.output)
    assert snapshot is not None
    work = Attempt(JoinParts(run.output, choice))
    first = [work(unit) for unit in first_steps(snapshot, tables_unit(snapshot, choice), choice)]
    index = next(step for step in first if is_index(step))
    second = [work(unit) for unit in second_steps(index, choice)]
    return [*(step for step in first if not is_index(step)), *second]


def names(run: Run) -> list[str]:
    return [path.removeprefix(run.output.folder) for path in files_below(run.output.folder[:-1])]


def test_tables_are_made_from_parts_and_nothing_else_is_left(run: Run, tmp_path: Path) -> None:
    write_trees(tmp_path / "in", SOURCES)
    take(run, tmp_path / "in")
    tables = replace_tables(work_steps(run), run.output, ())
    assert tables.status == COMPLETED
    assert tables.metrics == {"rows_calls": 1, "rows_files": 2, "rows_symbols": 2}
    for output in tables.outputs:
        assert sha256(read_bytes(output.path)) == output.sha256
    clear_stage(run.output)
    clear_stage(run.output)
    run.output.clear_scratch()
    left = sorted(name for name in names(run) if "/parts/" not in name)
    assert left == ["calls.parquet", "files.parquet", "symbols.parquet"]
    assert len(names(run)) == 4


def test_parts_without_a_live_row_and_tables_no_longer_wanted_are_removed(
    run: Run, tmp_path: Path
) -> None:
    write_trees(tmp_path / "in", SOURCES)
    take(run, tmp_path / "in")
    old = replace_tables(work_steps(run), run.output, ()).outputs
    (dead,) = (name for name in names(run) if "/parts/" in name)
    write_trees(tmp_path / "in", {name: f"{source}\nx = 1\n" for name, source in SOURCES.items()})
    take(run, tmp_path / "in")
    replace_tables(work_steps(run, TableChoice(("symbols",))), run.output, old)
    clear_stage(run.output)
    run.output.clear_scratch()
    kept = names(run)
    assert dead not in kept
    assert [name for name in kept if "/parts/" not in name] == ["symbols.parquet"]


def test_if_a_step_failed_the_tables_of_before_stay(run: Run, tmp_path: Path) -> None:
    write_trees(tmp_path / "in", SOURCES)
    take(run, tmp_path / "in")
    old = replace_tables(work_steps(run), run.output, ()).outputs
    write_trees(tmp_path / "in", {"c.py.json": "import a\n"})
    take(run, tmp_path / "in")
    steps = work_steps(run)
    steps[1] = steps[1]._replace(status=FAILED, error_message="no room")
    failed = replace_tables(steps, run.output, old)
    assert (failed.status, failed.error_message, failed.outputs) == (FAILED, "no room", ())
    for output in old:
        assert sha256(read_bytes(output.path)) == output.sha256
