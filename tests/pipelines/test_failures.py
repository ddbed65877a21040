"""Failures as users meet them, by the command line, and what every one of them must keep."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from failure_cases import FAILURES, FRONT_DOOR, RADAR, SYNTAX, Failure
from radar_files import write_volume
from rig import Finished, Rig, wait_until
from syntax_trees import write_trees

TREES = {"a.py.json": "def a(): pass", "b.py.json": "import a\na.a()"}
_RIGHTS = "-dac_override,-dac_read_search"  # by which root may read and write what is closed
NO_PRIVILEGE = ("setpriv", f"--inh-caps={_RIGHTS}", f"--bounding-set={_RIGHTS}")
_BEGINS = {1: "headrace: ", 2: "headrace: ", 3: "failed: ", 130: ("headrace: ", "SIG")}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return Rig(RADAR, tmp_path)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told_in_one_line_and_leaves_nothing(
    name: str, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = FAILURES[name]
    wrapper = () if failure.privileged or os.geteuid() != 0 else NO_PRIVILEGE
    rig = replace(rig, module=failure.module, wrapper=wrapper)
    make_inputs(rig)
    arguments = [argument.format(here=rig.folder) for argument in failure.arguments]
    with ExitStack() as held:
        if failure.arrange:
            failure.arrange(rig, held)
        if (rig.folder / "bin").exists():  # nothing is in it, and so no Java
            monkeypatch.setenv("PATH", str(rig.folder / "bin"))
        before = tree(rig)
        done = run(rig, arguments)
        assert_kept(failure, rig, before, done)


def make_inputs(rig: Rig) -> None:
    if rig.module == SYNTAX:
        write_trees(rig.inputs, TREES)
    else:
        write_volume(rig.inputs)


def run(rig: Rig, arguments: list[str]) -> Finished:
    if rig.module == FRONT_DOOR:
        return rig.front_door(*arguments)
    inputs = [] if "--input" in arguments else None  # others would be added to those
    return rig.run("--workers=1", *arguments, inputs=inputs)


def tree(rig: Rig) -> set[str]:
    """All that is in the test's folder, but what the command has said."""
    found = {str(path.relative_to(rig.folder)) for path in rig.folder.rglob("*")}
    return {name for name in found if not name.endswith((".out", ".err", ".exit"))}


def assert_kept(failure: Failure, rig: Rig, before: set[str], done: Finished) -> None:
    """Checks what every failure must keep, whatever it is."""
    assert done.code == failure.code, done.err
    begins = _BEGINS[failure.code]
    lines = [line for line in done.err.splitlines() if line.startswith(begins)]
    assert len(lines) == 1, done.err
    assert "Traceback" not in done.err
    at = 0
    for part in failure.says:
        part = part.format(here=rig.folder)
        assert part in lines[0][at:]
        at = lines[0].index(part, at) + len(part)
    assert living(rig) == []
    assert list((rig.folder / "tmp").iterdir()) == []
    if failure.outputs is None:
        assert done.err.splitlines() == lines
        assert tree(rig) == before
    else:
        assert_ended(rig, failure.outputs, failure.code)


def assert_ended(rig: Rig, outputs: tuple[str, ...], code: int) -> None:
    """Checks that a run has ended, for the ledger too, and left only outputs."""
    assert sorted(rig.outputs()) == sorted(outputs)
    assert [*rig.state.glob("scratch/*"), *rig.state.glob("joins/*")] == []
    assert list(rig.folder.rglob("*.db-*")) == []
    (ledger,) = rig.folder.rglob("ledger.db")
    with closing(sqlite3.connect(ledger)) as db:
        ((status, totals),) = db.execute("SELECT status, totals FROM runs")
        at_work = db.execute("SELECT * FROM units WHERE status = 'running'").fetchall()
    assert status == {1: "failed", 3: "completed", 130: "interrupted"}[code]
    assert json.loads(totals)["exit_code"] == code
    assert at_work == []


def living(rig: Rig) -> list[psutil.Process]:
    """The processes of the test's commands that still live."""
    mine = f"HEADRACE_STATE={rig.folder}".encode()
    found = []
    for process in psutil.process_iter():
        environment = Path(f"/proc/{process.pid}/environ")
        try:
            if mine in environment.read_bytes():
                found.append(process)
        except OSError:
            continue
    return found


STAGES = {
    "before the run": (RADAR, "pipelines.launcher.preflight:check_inputs"),
    "while files are listed": (RADAR, "batchio.fileset:_walk"),
    "while tables are made": (SYNTAX, "transforms.syntax.tables:_batch"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_at_any_stage_is_told_in_one_line_and_leaves_nothing(
    stage: str, number: signal.Signals, rig: Rig
) -> None:
    module, function = STAGES[stage]
    rig = replace(rig, module=module)
    make_inputs(rig)
    before, gate = tree(rig), rig.gate()
    with rig.started("--workers=1", sabotage=[gate.at(function)]) as running:
        running.reaches(gate)
        running.send(number)
        if stage != "before the run":
            wait_until(lambda: "finishing what is being worked" in running.err, "the stop")
        gate.open()
        done = running.wait()
    shutil.rmtree(gate.folder)
    if stage == "before the run":
        failure = Failure(module, (), 130, ("interrupted; the same command begins anew",))
    else:
        failure = Failure(module, (), 130, (f"{number.name}: finishing",), outputs=())
    assert_kept(failure, rig, before, done)
