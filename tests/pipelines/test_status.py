import json
import socket
import subprocess
import sys
import time

import psutil
import pytest
from sample_ledger import (
    a_ledger,
    a_run,
    ago,
    at,
    beat,
    completed,
    failed,
    incomplete,
    launcher_beat,
    pending,
)

from batchio.errors import CannotRun, UsageError
from batchio.ledger_schema import runs, workers
from batchio.records import Beat
from pipelines.launcher.registry import remember
from pipelines.launcher.status import status_text


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADRACE_STATE", str(tmp_path / "state"))


@pytest.fixture
def ledger(tmp_path):
    ledger = a_ledger(tmp_path)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def finish(ledger, run_id, seconds):
    ledger.finish_run(run_id, "completed", {})
    with ledger.engine.begin() as db:
        db.execute(runs.update().where(runs.c.run_id == run_id).values(finished=at(seconds)))


def last_beat_was(ledger, time):
    with ledger.engine.begin() as db:
        db.execute(workers.update().values(beat=time))


def status_of(ledger, run_id="run-1"):
    return json.loads(status_text(run_id, ledgers=[ledger.url], as_json=True))


def test_the_table_shows_the_latest_runs_first(ledger):
    early, late = a_run("early", started=at(0)), a_run("late", started=at(100))
    for run in (early, late):
        ledger.start_run(run)
    ledger.record(early, [completed("a"), failed("b"), incomplete("c"), pending("d")])
    beat(ledger, early, launcher_beat(skipped=1234))
    finish(ledger, "early", 62)
    finish(ledger, "late", 103)
    lines = status_text(ledgers=[ledger.url]).splitlines()
    assert [line.split()[0] for line in lines] == ["run", "late", "early"]
    assert lines[0].split("  ")[-1].strip() == "up to date"
    cells = lines[2].split("  ")
    assert [cell.strip() for cell in cells if cell.strip()] == [
        "early",
        "radar",
        "completed",
        "2024-05-01 12:00:00",
        "1 min 02 s",
        "1",
        "1",
        "2",
        "1,234",
    ]


def test_the_table_is_limited(ledger):
    for number in range(5):
        ledger.start_run(a_run(f"r{number}", started=at(number)))
    content = json.loads(status_text(ledgers=[ledger.url], limit=2, as_json=True))
    assert [run["run_id"] for run in content["runs"]] == ["r4", "r3"]


def test_without_a_name_all_remembered_ledgers_are_looked_into(tmp_path):
    for number, name in enumerate(("one", "two")):
        folder = tmp_path / name
        folder.mkdir()
        ledger = a_ledger(folder, a_run(name, started=at(number)))
        ledger.close()
        remember(name, ledger.url, str(folder))
    remember("gone", f"sqlite:///{tmp_path}/gone/ledger.db", "/gone")
    (tmp_path / "broken.db").write_text("no database, but long enough to be taken for one" * 9)
    remember("broken", f"sqlite:///{tmp_path}/broken.db", "/broken")
    lines = status_text().splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["run", "two", "one"]
    assert lines[3].startswith(f"{tmp_path}/broken.db: ledger: cannot be used")
    assert len(lines) == 4
    assert not (tmp_path / "gone").exists()
    assert "pipeline        radar" in status_text("one")


def test_a_named_ledger_that_is_broken_is_an_error(tmp_path):
    (tmp_path / "broken.db").write_text("no database, but long enough to be taken for one" * 9)
    with pytest.raises(CannotRun, match=r"broken\.db: ledger: cannot be used"):
        status_text(ledgers=[f"sqlite:///{tmp_path}/broken.db"])


def test_no_runs_are_said_to_be_none():
    assert status_text() == ("no runs are known here; name a ledger or an output to look elsewhere")


def test_an_unknown_run_is_named(ledger):
    ledger.start_run(a_run())
    with pytest.raises(UsageError, match="run-9: status: no such run"):
        status_text("run-9", ledgers=[ledger.url])
    with pytest.raises(UsageError, match="run-1: status: no such run"):
        status_text("run-1")


def test_one_run_is_shown_with_its_workers(ledger):
    run = a_run(started=ago(100))
    ledger.start_run(run)
    ledger.record(run, [completed("a")])
    ledger.request_stop("run-1", "asked by anna")
    beat(
        ledger,
        run,
        launcher_beat(skipped=2, todo=10),
        Beat(4711, "vol-7", ago(75), 123_000_000),
    )
    lines = status_text("run-1", ledgers=[ledger.url]).splitlines()
    facts = dict(line.split(maxsplit=1) for line in lines[:4])
    assert facts == {
        "run": "run-1",
        "pipeline": "radar",
        "status": "running",
        "started": f"{run.started[:19].replace('T', ' ')} UTC",
    }
    assert "units           1 completed, 2 up to date, 10 to do" in lines
    assert "stop asked for  asked by anna" in lines
    assert lines[-2].split() == ["process", "unit", "for", "memory"]
    assert lines[-1].split()[:3] == ["4711", "vol-7", "1"]
    assert lines[-1].endswith("123.0 MB")


def test_json_tells_the_same(ledger):
    run = a_run(started=ago(10))
    ledger.start_run(run)
    ledger.record(run, [completed("a"), failed("b")])
    beat(ledger, run, launcher_beat(skipped=2, todo=10), Beat(4711, "vol-7", ago(75), 5))
    content = status_of(ledger)
    assert content["counts"] == {"completed": 1, "failed": 1}
    assert (content["status"], content["skipped"], content["todo"]) == ("running", 2, 10)
    assert content["seconds"] == pytest.approx(10, abs=5)
    assert [worker["unit"] for worker in content["workers"]] == ["vol-7"]


def test_a_run_whose_process_is_gone_and_silent_may_be_killed(ledger, dead_pid):
    run = a_run(started=ago(300), pid=dead_pid)
    ledger.start_run(run)
    ledger.beat("run-1", run.host, [Beat(dead_pid, "vol-7", ago(250), 5)])
    last_beat_was(ledger, ago(200))
    content = status_of(ledger)
    assert content["status"] == "killed?"
    assert content["seconds"] == pytest.approx(100, abs=5)
    assert content["workers"] == []
    text = status_text("run-1", ledgers=[ledger.url])
    assert "go on           python -m pipelines resume run-1" in text


def test_a_run_that_never_beat_may_be_killed(ledger, dead_pid):
    ledger.start_run(a_run(started=ago(300), pid=dead_pid))
    assert status_of(ledger)["status"] == "killed?"


def test_a_run_that_beat_just_now_runs(ledger, dead_pid):
    run = a_run(started=ago(300), pid=dead_pid)
    ledger.start_run(run)
    beat(ledger, run, Beat(dead_pid))
    assert status_of(ledger)["status"] == "running"


@pytest.fixture
def live_pid():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_silent_run_whose_process_lives_runs(ledger, live_pid, monkeypatch):
    ledger.start_run(a_run(started=ago(300), pid=live_pid))
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: time.time() - 301)
    assert status_of(ledger)["status"] == "running"


def test_a_younger_process_only_has_the_number_of_the_dead_one(ledger, live_pid):
    ledger.start_run(a_run(started=ago(300), pid=live_pid))
    assert status_of(ledger)["status"] == "killed?"


def test_a_silent_run_on_another_machine_may_be_killed(ledger):
    ledger.start_run(a_run(started=ago(100), host="not-" + socket.gethostname()))
    assert status_of(ledger)["status"] == "killed?"
