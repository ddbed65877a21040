import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import fsspec
import psutil
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from run_samples import a_run

from batchio.errors import CannotRun
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import Beat, Outcome, iso
from pipelines.launcher import preflight
from pipelines.launcher.preflight import (
    check_inputs,
    check_output,
    check_space,
    choose_workers,
    cores,
    take_over,
)
from transforms.recorder import HOST


def test_inputs_that_are_there_pass(tmp_path):
    (tmp_path / "a.csv").touch()
    check_inputs([f"{tmp_path}/*.csv", f"{tmp_path}/a.csv", str(tmp_path), f"{tmp_path}/*/b"])


def test_the_first_input_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CannotRun, match="there is no such file or folder") as caught:
        check_inputs([str(tmp_path), f"{tmp_path}/gone/*.csv", f"{tmp_path}/late/*.csv"])
    assert (caught.value.path, caught.value.step) == (f"{tmp_path}/gone", "preflight")
    assert caught.value.action == "check the path"


@pytest.mark.parametrize("url", ["{}/new/out", "file://{}/new/out"])
def test_an_output_that_can_be_written_is_made(tmp_path, url):
    root = OutputRoot(url.format(tmp_path), "run-1")
    check_output(root)
    assert list(root.scratch.iterdir()) == []
    assert (tmp_path / "new/out").is_dir()


def test_an_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotRun, match="cannot be written: Not a directory") as caught:
        check_output(OutputRoot(f"{tmp_path}/file/out", "run-1"))
    assert (caught.value.path, caught.value.step) == (f"{tmp_path}/file/out", "preflight")
    assert caught.value.action == "check --output, its permissions and credentials"


def test_an_output_where_nothing_may_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(preflight.tempfile, "TemporaryFile", refuse)
    with pytest.raises(CannotRun, match="cannot be written: Permission denied"):
        check_output(OutputRoot(str(tmp_path), "run-1"))


def test_an_output_on_other_storage_is_made():
    """And nothing is left there."""
    root = OutputRoot("memory://preflight/out", "run-1")
    check_output(root)
    assert fsspec.filesystem("memory").find("/preflight") == []
    root.clear_scratch()


class NoCredentials(Exception):
    """As the clients of clouds raise them: of no base that others know."""


@pytest.mark.parametrize("error", [NoCredentials("log in first"), OSError("log in first")])
def test_an_output_on_other_storage_that_refuses_is_refused(monkeypatch, error):
    def makedirs(*_, **__):
        raise error

    monkeypatch.setattr(MemoryFileSystem, "makedirs", makedirs)
    root = OutputRoot("memory://x/out", "run-1", retries=0)
    with pytest.raises(CannotRun, match=r"memory://x/out: preflight: cannot be written: .*log in"):
        check_output(root)
    root.clear_scratch()


def test_an_output_of_no_known_storage_is_refused():
    with pytest.raises(CannotRun, match="Protocol not known: nosuch"):
        check_output(OutputRoot("nosuch://x/out", "run-1"))


def test_enough_space_passes(tmp_path):
    check_space(str(tmp_path), 1)
    check_space("memory://anywhere", 1 << 70)


@pytest.mark.parametrize("start", ["", "file://"])
def test_too_little_space_is_refused(tmp_path, start):
    with pytest.raises(CannotRun, match=r"only .* are free, --min_free_space asks for") as caught:
        check_space(f"{start}{tmp_path}", 1 << 70)
    assert (caught.value.path, caught.value.step) == (str(tmp_path), "preflight")
    assert caught.value.action == "make room, or lower --min_free_space"


@pytest.fixture
def sleeper():
    """A process that is not this one."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def ago(seconds):
    return iso(datetime.now(timezone.utc) - timedelta(seconds=seconds))


def run_of(tmp_path, **changes):
    """A run that is recorded as running, with a unit at work and unfinished files."""
    run = a_run(tmp_path)
    record = replace(run.record, **changes)
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.start_run(record)
        ledger.record_running(record, [Outcome("u", "running")])
    run.output.scratch.mkdir(parents=True)
    (run.output.scratch / "unfinished").touch()
    return replace(run, record=record)


def take(run, pipeline="radar", output=None):
    """Takes over; returns the status of the run and of its unit, and its unfinished files."""
    with closing(Ledger(run.ledger_url)) as ledger:
        record = replace(run.record, run_id="run-2", pid=os.getpid(), host=HOST)
        take_over(ledger, replace(record, pipeline=pipeline, output=output or record.output))
        (unit,) = ledger.unit_rows(run.run_id)
        status = ledger.run(run.run_id)["status"]
    return status, unit.status, run.output.scratch.exists()


TAKEN = ("interrupted", "interrupted", False)
LEFT = ("running", "running", True)


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_killed_run_is_taken_over(tmp_path):
    assert take(run_of(tmp_path, pid=dead_pid())) == TAKEN


def test_a_worker_that_still_starts_does_not_make_its_killed_run_alive(tmp_path, sleeper):
    run = run_of(tmp_path, pid=dead_pid())
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.beat(run.run_id, HOST, [Beat(sleeper.pid)])
    assert take(run) == TAKEN


def test_a_run_whose_number_another_process_has_by_now_is_taken_over(tmp_path, sleeper):
    assert take(run_of(tmp_path, pid=sleeper.pid, started=ago(3600))) == TAKEN


def test_a_run_whose_process_waits_to_be_buried_is_taken_over(tmp_path, sleeper):
    sleeper.kill()
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert take(run_of(tmp_path, pid=sleeper.pid)) == TAKEN


def test_a_run_with_the_number_of_this_process_is_taken_over(tmp_path):
    assert take(run_of(tmp_path, pid=os.getpid())) == TAKEN


def test_a_process_of_another_machine_may_have_the_number_of_this_one(tmp_path):
    run = run_of(tmp_path, host="elsewhere", pid=os.getpid())
    with pytest.raises(CannotRun, match="is working here"):
        take(run)


def test_a_run_that_this_process_handed_over_is_not_taken_over(tmp_path):
    run = run_of(tmp_path, pid=os.getpid(), arguments=("--runner=DataflowRunner",))
    with pytest.raises(CannotRun, match="is working here"):
        take(run)


def test_a_live_run_is_not_taken_over(tmp_path, sleeper):
    run = run_of(tmp_path, pid=sleeper.pid)
    with pytest.raises(CannotRun, match="is working here") as caught:
        take(run)
    assert caught.value.cause == f"run run-1 (process {sleeper.pid}) is working here"
    assert (caught.value.path, caught.value.step) == (f"{tmp_path}/ledger.db", "preflight")
    assert caught.value.action.endswith("python -m pipelines stop run-1")
    with closing(Ledger(run.ledger_url)) as ledger:
        assert ledger.run("run-1")["status"] == "running"
    assert run.output.scratch.exists()


def test_runs_of_others_are_left_alone(tmp_path, sleeper):
    run = run_of(tmp_path, pid=sleeper.pid)
    assert take(run, pipeline="syntax") == LEFT
    assert take(run, output="/elsewhere") == LEFT


def test_a_run_that_ended_is_left_alone(tmp_path, sleeper):
    run = run_of(tmp_path, pid=sleeper.pid)
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.finish_run(run.run_id, "completed", {})
    assert take(run) == ("completed", "interrupted", True)


def test_a_silent_run_of_another_machine_is_taken_over(tmp_path):
    run = run_of(tmp_path, host="elsewhere", started=ago(3600))
    assert take(run) == TAKEN


@pytest.mark.parametrize("sign", ["start", "beat"])
def test_a_run_of_another_machine_that_gives_signs_of_life_is_not_taken_over(tmp_path, sign):
    started = ago(3600) if sign == "beat" else ago(1)
    run = run_of(tmp_path, host="elsewhere", started=started, pid=1)
    if sign == "beat":
        with closing(Ledger(run.ledger_url)) as ledger:
            ledger.beat(run.run_id, "elsewhere", [Beat(1, counters={"found": 1})])
    with pytest.raises(CannotRun, match="is working here"):
        take(run)


def test_the_cores_are_those_this_process_may_use(monkeypatch):
    assert cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.parametrize(
    ("asked", "n_cores", "free_gb", "chosen"),
    [(5, 2, 1, 5), (None, 8, 64, 8), (None, 8, 3.9, 3), (None, 8, 0.2, 1), (None, 1, 64, 1)],
)
def test_workers_are_as_asked_or_as_cores_and_memory_allow(
    monkeypatch, asked, n_cores, free_gb, chosen
):
    class Memory:
        available = int(free_gb * 1e9)

    monkeypatch.setattr(preflight, "cores", lambda: n_cores)
    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    assert choose_workers(asked) == chosen
