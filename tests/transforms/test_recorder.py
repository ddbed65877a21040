import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
import sqlalchemy as sa
from rig import wait_until
from run_samples import a_run, counters, left_out, recorder_of, rows

from batchio.errors import CannotRun
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import COMPLETED, FAILED, NO_SPACE, InputFile, Outcome
from transforms import recorder as recorder_module
from transforms.recorder import Recorder
from transforms.units import Unit


@pytest.fixture
def run(tmp_path):
    return a_run(tmp_path)


@pytest.fixture
def recorder(run):
    with recorder_of(run) as recorder:
        yield recorder


def outcomes(number, status=COMPLETED):
    return [Outcome(f"u{n}", status) for n in range(number)]


class FullDisk:
    """Lets the recorder's SQLite file grow no further, until it is lifted."""

    def __init__(self, recorder):
        self.pages = 1
        sa.event.listen(recorder.ledger.engine, "checkout", self.limit)

    def limit(self, connection, *_):
        connection.execute(f"PRAGMA max_page_count={self.pages}")

    def lift(self):
        self.pages = 1 << 30


def big(name, status=COMPLETED):
    return Outcome(name, status, error_message="x" * 100_000)


def test_a_process_has_one_recorder_a_run(tmp_path):
    one, other = a_run(tmp_path / "1", "one"), a_run(tmp_path / "2", "other")
    found = []
    threads = [threading.Thread(target=lambda: found.append(Recorder.of(one))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with recorder_of(one) as recorder, recorder_of(other) as another:
        assert {id(each) for each in found} == {id(recorder)}
        assert another is not recorder
    with recorder_of(one) as later:
        assert later is not recorder


def test_outcomes_are_committed_within_a_second_by_themselves(run, recorder):
    began = time.monotonic()
    for outcome in outcomes(3):
        recorder.add(outcome)
    wait_until(lambda: len(rows(run)) == 3, "the outcomes", timeout_s=5)
    assert time.monotonic() - began < 2
    assert {row["status"] for row in rows(run).values()} == {"completed"}


def test_many_outcomes_are_committed_at_once(run, recorder, monkeypatch):
    monkeypatch.setattr(recorder_module, "_COMMIT_AT", 10)
    for outcome in outcomes(10):
        recorder.add(outcome)
    assert len(rows(run)) == 10


def test_closing_commits_the_rest(run):
    with recorder_of(run) as recorder:
        for outcome in outcomes(50):
            recorder.add(outcome)
        recorder.count("found", 7)
        recorder.see([(InputFile("/in/x", 1, 1.0, remark="no radar file"), None)])
    assert len(rows(run)) == 50
    assert left_out(run) == {"/in/x": "no radar file"}
    assert counters(run) == {"done": 50, "failed": 0, "found": 7} | {
        "peak_rss_bytes": counters(run)["peak_rss_bytes"]
    }


def test_flushing_writes_outcomes_and_counters_and_the_recorder_goes_on(run, recorder):
    recorder.add(*outcomes(2))
    recorder.count("found", 7)
    recorder.flush()
    assert (len(rows(run)), counters(run)["found"]) == (2, 7)
    recorder.count("found")
    recorder.flush()
    assert counters(run)["found"] == 8


def test_files_are_noted_as_seen_and_seen_again(run, recorder, monkeypatch):
    monkeypatch.setattr(recorder_module, "_COMMIT_AT", 2)
    recorder.see([(InputFile("/in/a", 1, 1.0, "aa"), "u"), (InputFile("/in/b", 1, 1.0), None)])
    with closing(Ledger(run.ledger_url)) as ledger:
        assert set(ledger.known_files(run.record.scope, ["/in/a", "/in/b"])) == {"/in/a", "/in/b"}
    recorder.see([], again=["/in/a", "/in/b"])
    with closing(Ledger(run.ledger_url)) as ledger:
        assert ledger.known_files(run.record.scope, ["/in/a"])["/in/a"].sha256 == "aa"


def test_counters_of_several_threads_add_up(run):
    with recorder_of(run) as recorder:
        threads = [
            threading.Thread(target=lambda: [recorder.count("n") for _ in range(2000)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        recorder.count("bytes", 5)
    assert (counters(run)["n"], counters(run)["bytes"]) == (8000, 5)


def test_it_beats_for_the_process_it_is_in(run, recorder):
    with closing(Ledger(run.ledger_url)) as ledger:
        wait_until(lambda: ledger.workers(run.run_id) != [], "a beat", timeout_s=5)
        (first,) = ledger.workers(run.run_id)
        assert (first["pid"], first["unit_id"]) == (os.getpid(), "")
        assert first["rss_bytes"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.5)
        recorder.count("found")
        wait_until(lambda: counters(run).get("found") == 1, "the next", timeout_s=5)
        (second,) = ledger.workers(run.run_id)
        assert second["beat"] > first["beat"]
    assert recorder.peak_rss_bytes >= second["rss_bytes"] > 0


def a_pool(*workers):
    """Stands for a pool: workers as (unit at work or None, for how many seconds)."""
    closed = []
    live = [
        SimpleNamespace(current=lambda at=at: at, process=SimpleNamespace(pid=pid), answered=number)
        for number, (pid, *at) in enumerate(workers)
    ]
    return SimpleNamespace(workers=live, closed=closed, close=lambda: closed.append(True))


def test_it_beats_for_worker_processes_and_shows_long_units_as_running(run):
    long, short = Unit("long", (), details={"radar": "RMA1"}), Unit("short", ())
    gone = 2**22 + 1  # no process can have this number
    pool = a_pool((gone, long, 5.0), (os.getppid(), short, 0.1), (1, None, 0.0))
    with recorder_of(run) as recorder, closing(Ledger(run.ledger_url)) as ledger:
        recorder.watch(pool)
        wait_until(lambda: len(ledger.workers(run.run_id)) == 4, "a beat", timeout_s=5)
        found = {row["pid"]: row for row in ledger.workers(run.run_id)}
        wait_until(lambda: rows(run) != {}, "the running unit", timeout_s=5)
        (row,) = rows(run).values()
    assert [found[pid]["unit_id"] for pid in (gone, os.getppid(), 1)] == ["long", "short", ""]
    assert [found[pid]["done"] for pid in (gone, os.getppid(), 1)] == [0, 1, 2]
    assert found[gone]["rss_bytes"] == 0 < found[os.getppid()]["rss_bytes"]
    assert found[gone]["since"] < found[os.getppid()]["since"]
    assert found[1]["since"] == ""
    assert (row["unit_id"], row["status"]) == ("long", "running")
    assert row["details"] == '{"radar": "RMA1"}'
    assert pool.closed == [True]


def test_what_was_running_is_overwritten_by_its_outcome_and_not_the_other_way_round(run):
    pool = a_pool((1, Unit("u0", ()), 5.0))
    with recorder_of(run) as recorder:
        recorder.watch(pool)
        wait_until(lambda: rows(run) != {}, "the running unit", timeout_s=5)
        recorder.add(Outcome("u0", COMPLETED))
        recorder.commit()
        recorder._beat()
    assert rows(run)["u0"]["status"] == "completed"


def test_a_stop_asked_for_in_the_ledger_is_heard(run, recorder):
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.request_stop(run.run_id, "asked to stop by the test")
    assert recorder.stopping.wait(5)
    assert recorder.stop_reason == "asked to stop by the test"


def test_a_stop_is_told_to_the_other_processes_and_its_first_reason_stays(run, recorder):
    recorder.stop("first")
    recorder.stop("second")
    assert (recorder.stopping.is_set(), recorder.stop_reason) == (True, "first")
    with closing(Ledger(run.ledger_url)) as ledger:
        wait_until(lambda: ledger.run(run.run_id)["stop_requested"], "the stop", timeout_s=5)
        assert ledger.run(run.run_id)["stop_requested"] == "first"


def test_a_stop_is_told_though_the_run_ends_at_once(run):
    with recorder_of(run) as recorder:
        recorder.stop("enough")
    with closing(Ledger(run.ledger_url)) as ledger:
        assert ledger.run(run.run_id)["stop_requested"] == "enough"


def test_a_run_without_space_is_stopped(run):
    with recorder_of(replace(run, min_free_bytes=1 << 70)) as recorder:
        os.mkdir(run.output.url)  # noqa: PTH102 - looked at only once it is there
        assert recorder.stopping.wait(5)
        assert recorder.stop_reason.startswith(NO_SPACE)
        assert run.output.url in recorder.stop_reason


@pytest.mark.parametrize("url", ["memory://out", "/nowhere/at/all"])
def test_space_is_looked_at_only_where_there_is_a_local_folder(run, url):
    output = OutputRoot(url, run.run_id)
    with recorder_of(replace(run, min_free_bytes=1 << 70, output=output)) as recorder:
        recorder._check_space()
        assert not recorder.stopping.is_set()


def more_than_one(failed, done, total):
    return failed > 1 and (done, total) == (4, 10)


def test_too_many_failures_stop_a_run(run):
    with recorder_of(replace(run, too_many_failed=more_than_one)) as recorder:
        recorder.count("todo", 10)
        for number, status in enumerate([FAILED, COMPLETED, COMPLETED]):
            recorder.add(Outcome(f"u{number}", status))
        assert not recorder.stopping.is_set()
        recorder.add(Outcome("u3", FAILED))
        assert recorder.stopping.is_set()
        assert recorder.stop_reason == "2 of 4 units failed"


def test_a_ledger_that_is_locked_for_a_while_loses_nothing(run, tmp_path):
    with recorder_of(run) as recorder, closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE runs SET totals = '{}'")
        began = time.monotonic()
        for outcome in outcomes(20):
            recorder.add(outcome)
        assert time.monotonic() - began < 0.5
        time.sleep(2 - (time.monotonic() - began))
        assert rows(run) == {}
        other.commit()
        wait_until(lambda: len(rows(run)) == 20, "the outcomes", timeout_s=5)
        assert recorder.error is None


def test_a_ledger_that_refuses_for_a_while_gets_all_of_it_in_order(run, caplog):
    with recorder_of(run) as recorder:
        disk = FullDisk(recorder)
        recorder.add(big("u", FAILED))
        wait_until(lambda: "disk is full; trying again" in caplog.text, "a try")
        recorder.add(big("u", COMPLETED))
        recorder.see([(InputFile("/in/x", 1, 1.0, remark="odd"), None)], again=["/in/x"])
        assert rows(run) == {}
        disk.lift()
    assert rows(run)["u"]["status"] == "completed"
    assert left_out(run) == {"/in/x": "odd"}


def test_a_ledger_that_refuses_for_too_long_ends_the_run_and_loses_nothing(run):
    recorder = Recorder.of(run)
    pool = a_pool()
    recorder.watch(pool)
    recorder.ledger.patience_s = 0.3
    disk = FullDisk(recorder)
    recorder.add(big("u"))
    assert recorder.stopping.wait(5)
    assert isinstance(recorder.error, CannotRun)
    assert recorder.error.cause == "does not work: database or disk is full"
    assert recorder.error.action.startswith("mend it and start the same command again")
    with pytest.raises(CannotRun):
        recorder.close()
    assert pool.closed == [True]
    disk.lift()
    recorder.commit()
    assert rows(run)["u"]["status"] == "completed"
    recorder.ledger.close()
    assert Recorder.of(run) is not recorder
    Recorder.of(run).close()


def test_a_ledger_that_is_gone_ends_the_run_at_once(run, tmp_path):
    recorder = Recorder.of(run)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("DROP TABLE units")
        other.commit()
    recorder.add(Outcome("u", COMPLETED))
    assert recorder.stopping.wait(5)
    assert "cannot be used: no such table: units" in str(recorder.error)
    with pytest.raises(CannotRun):
        recorder.close()


def test_an_error_that_is_not_of_the_database_ends_the_run(run):
    recorder = Recorder.of(run)
    recorder.add(Outcome("u", COMPLETED, metrics={"no": object()}))
    assert recorder.stopping.wait(5)
    assert isinstance(recorder.error, TypeError)
    with pytest.raises(TypeError):
        recorder.close()


def test_a_worker_that_does_not_find_the_run_in_its_ledger_says_so(run, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "ledger.db"
    lost = replace(run, is_spread=True, ledger_url=f"sqlite:///{elsewhere}")
    with pytest.raises(CannotRun, match=r"is not in it, as seen from .*PostgreSQL"):
        Recorder(lost)
    assert not elsewhere.exists()
    other = replace(run, is_spread=True, record=replace(run.record, run_id="another"))
    with pytest.raises(CannotRun, match="is not in it"):
        Recorder(other)


def test_units_that_this_run_has_ended_are_not_handed_out_again(run, recorder):
    files = ()
    ended = [Outcome("done", COMPLETED), Outcome("bad", FAILED, attempt=2)]
    recorder.add(*ended)
    recorder.commit()
    units = [Unit("done", files), Unit("bad", files, attempt=2), Unit("new", files)]
    assert [unit.unit_id for unit in recorder.not_ended(units)] == ["new"]
    again = Unit("bad", files, attempt=3)  # the run was resumed
    assert recorder.not_ended([again]) == [again]


def test_on_a_cluster_only_the_launcher_judges_how_many_may_fail(run):
    strict = replace(run, is_spread=True, too_many_failed=lambda failed, done, total: failed > 0)
    with recorder_of(strict) as recorder:
        recorder.add(*outcomes(1, FAILED))
        assert not recorder.stopping.is_set()
        recorder.judge(1, 1, 5)
        assert recorder.stopping.is_set()
        assert recorder.stop_reason == "1 of 1 units failed"
