import os
import subprocess
import sys
from contextlib import closing

import pytest
from page_ledger import page_of
from sample_ledger import a_ledger, a_run, ago, beat, launcher_beat

from batchio.records import Beat, Watcher
from pipelines.dashboard.health import timeout_s
from transforms.recorder import HOST


def health(ledger):
    with page_of(ledger.url) as client, closing(ledger):  # it opens again at its next use
        answer = client.get("/healthz")
        causes = [trouble["cause"] for trouble in answer.json()["troubles"]]
        return answer.status_code, causes


@pytest.fixture
def pid_of_none():
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_without_runs_it_is_green(tmp_path):
    assert health(a_ledger(tmp_path)) == (200, [])


def test_a_run_that_gives_signs_of_life_is_green(tmp_path):
    run = a_run(started=ago(5))
    ledger = a_ledger(tmp_path, run)
    beat(ledger, run, launcher_beat(found=1), Beat(1, "unit", ago(3)))
    assert health(ledger) == (200, [])


def test_a_run_that_was_killed_is_red_until_another_has_taken_over(tmp_path, pid_of_none):
    ledger = a_ledger(tmp_path, a_run(started=ago(50), pid=pid_of_none))
    code, causes = health(ledger)
    assert code == 503
    assert causes[0].startswith("stopped without an end")
    ledger.start_run(a_run("next", started=ago(1)))
    assert health(ledger) == (200, [])


def test_a_run_that_lives_in_silence_is_red(tmp_path):
    oldest_process = 1
    code, causes = health(a_ledger(tmp_path, a_run(started=ago(100), pid=oldest_process)))
    assert code == 503
    assert causes[0].startswith("lives, but has given no sign for 1 min")


def test_a_worker_that_hangs_is_red(tmp_path):
    run = a_run(started=ago(900), arguments=("--timeout=100.0",))
    ledger = a_ledger(tmp_path, run)
    beat(ledger, run, launcher_beat(found=1), Beat(4711, "stuck", ago(150)))
    assert health(ledger) == (200, [])
    beat(ledger, run, launcher_beat(found=1), Beat(4711, "stuck", ago(200)))
    code, causes = health(ledger)
    assert code == 503
    assert causes == ["worker 4711 hangs at stuck for 3 min 20 s"]


def watching(tmp_path, **about):
    ledger = a_ledger(tmp_path)
    watcher = Watcher("radar", "/out", HOST, os.getpid(), 60.0, ago(100), polls=2, polled=ago(40))
    for name, value in about.items():
        setattr(watcher, name, value)
    ledger.start_watching(watcher, lambda _other: None)
    return ledger


def test_a_watcher_that_waits_for_its_next_look_is_green(tmp_path):
    assert health(watching(tmp_path)) == (200, [])


def test_a_watcher_that_was_killed_is_red_and_one_that_has_ended_is_not(tmp_path, pid_of_none):
    ledger = watching(tmp_path, pid=pid_of_none)
    code, causes = health(ledger)
    assert code == 503
    assert causes[0].startswith("the watcher of radar into /out stopped without an end")
    with page_of(ledger.url) as client:
        assert "stopped without an end" in client.get("/").text
        assert "headrace_watcher_looks{" in client.get("/metrics").text
    ledger = watching(tmp_path, pid=pid_of_none, ended=ago(1))
    assert health(ledger) == (200, [])


def test_a_look_that_could_not_be_done_is_red(tmp_path):
    ledger = watching(tmp_path, problem="volumes.yaml: <b>VRAT</b> is no field")
    code, causes = health(ledger)
    assert code == 503
    assert causes[0].endswith("could not do its last look: volumes.yaml: <b>VRAT</b> is no field")
    with page_of(ledger.url) as client:
        assert "&lt;b&gt;VRAT" in client.get("/").text


def test_a_ledger_that_is_not_there_is_red(tmp_path):
    with page_of(f"sqlite:///{tmp_path}/none.db") as client:
        assert client.get("/healthz").status_code == 503
        assert "the ledger is not there" in client.get("/").text


def test_the_timeout_is_that_of_the_run():
    assert timeout_s(["--timeout=12.5"]) == 12.5
    assert timeout_s(["--workers=2"]) == 600
