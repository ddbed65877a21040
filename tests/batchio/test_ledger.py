import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from batchio.database import _WAL_WAITS_S, _use_wal, shown, sqlite_path
from batchio.errors import CannotRun
from batchio.ledger import Ledger
from batchio.ledger_schema import SCHEMA_VERSION, metadata
from batchio.ledger_view import LedgerView
from batchio.output import Output
from batchio.records import (
    COMPLETED,
    FAILED,
    INCOMPLETE,
    INTERRUPTED,
    RUNNING,
    Beat,
    InputFile,
    Outcome,
    RunRecord,
    Scope,
    Watcher,
)

PROJECT = Path(__file__).parents[2]
SCOPE = Scope("radar", "/out")


def run_at(minute, **changes):
    run = RunRecord(
        run_id=f"run-{minute}",
        pipeline="radar",
        arguments=["--input", "in"],
        versions={"headrace": "0.1.0"},
        host="here",
        pid=1,
        output="/out",
        started=f"2024-05-01T12:{minute:02}:00.000000Z",
    )
    return replace(run, **changes)


def outcome(unit, status=COMPLETED, **changes):
    files = (InputFile(f"/in/{unit}", 10, 1.5, "ab"),)
    return Outcome(unit, status, files=files)._replace(**changes)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path):
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = Ledger(url)
    ledger.create()
    yield ledger
    ledger.close()


def started(ledger, *minutes):
    runs = [run_at(minute) for minute in minutes]
    for run in runs:
        ledger.start_run(run)
    return runs


def scalar(ledger, sql):
    with ledger.engine.connect() as db:
        return db.scalar(sa.text(sql))


def test_a_run_comes_back_as_it_was_written(ledger):
    started(ledger, 0)
    row = ledger.run("run-0")
    assert row["arguments"] == ["--input", "in"]
    assert row["versions"] == {"headrace": "0.1.0"}
    assert (row["status"], row["finished"], row["stop_requested"]) == (RUNNING, None, None)
    assert row["totals"] == {}
    assert ledger.run("run-9") is None


def test_runs_come_newest_first(ledger):
    started(ledger, 1, 3, 2)
    assert [run["run_id"] for run in ledger.runs()] == ["run-3", "run-2", "run-1"]
    assert [run["run_id"] for run in ledger.runs(limit=1)] == ["run-3"]


def test_a_resumed_run_keeps_its_row_and_gets_the_new_process(ledger):
    (run,) = started(ledger, 0)
    ledger.request_stop("run-0", "asked")
    ledger.finish_run("run-0", INTERRUPTED, {"done": 1})
    ledger.start_run(replace(run, pid=77))
    (row,) = ledger.runs()
    assert (row["pid"], row["status"], row["finished"]) == (77, RUNNING, None)
    assert row["stop_requested"] is None


def test_a_second_record_of_a_unit_replaces_the_first(ledger):
    (run,) = started(ledger, 0)
    ledger.record(run, [outcome("a", FAILED, error_message="bad", step="decode")])
    ledger.record(run, [outcome("a", outputs=(Output("/out/a.nc", 3, "cd"),), metrics={"n": 1})])
    (row,) = ledger.unit_rows("run-0")
    assert (row.status, row.error_message, row.step) == (COMPLETED, "", "")
    assert row.outputs == '[["/out/a.nc", 3, "cd"]]'
    assert row.metrics == '{"n": 1}'
    assert row.version == "0.1.0"


def test_running_never_overwrites_an_outcome(ledger):
    (run,) = started(ledger, 0)
    ledger.record(run, [outcome("a")])
    ledger.record_running(run, [outcome("a", RUNNING), outcome("b", RUNNING)])
    assert ledger.counts("run-0") == {COMPLETED: 1, RUNNING: 1}
    ledger.record(run, [outcome("b", FAILED)])
    assert ledger.counts("run-0") == {COMPLETED: 1, FAILED: 1}


def test_units_come_in_the_order_of_their_code_points(ledger):
    (run,) = started(ledger, 0)
    names = ["b", "B", "a_b", "a-b", "ab", "é", "z", "\uffff", "\U0001f600"]
    ledger.record(run, [outcome(name) for name in names])
    assert [row.unit_id for row in ledger.unit_rows("run-0")] == sorted(names)
    assert [row["unit_id"] for row in ledger.units_as_of(ledger.run(run.run_id))] == sorted(names)


def test_known_files_are_those_of_the_pipeline(ledger):
    run, other = run_at(0), run_at(1, pipeline="subtitles")
    for each in (run, other):
        ledger.start_run(each)
    ledger.record(run, [outcome("a")], [(InputFile("/in/x", 1, 2.0, remark="odd"), None)])
    ledger.record(other, [outcome("b")])
    known = ledger.known_files(SCOPE, ["/in/a", "/in/b", "/in/x", "/in/unheard"])
    assert known == {
        "/in/a": InputFile("/in/a", 10, 1.5, "ab"),
        "/in/x": InputFile("/in/x", 1, 2.0, remark="odd"),
    }


def test_many_files_are_asked_for_at_once(ledger):
    (run,) = started(ledger, 0)
    seen = [(InputFile(f"/in/{n}", n, 0.0), None) for n in range(1234)]
    ledger.record(run, [], seen)
    assert len(ledger.known_files(SCOPE, [file.path for file, _ in seen])) == 1234


def test_a_file_keeps_when_it_was_first_seen(ledger):
    first, second = started(ledger, 0, 1)
    ledger.record(first, [], [(InputFile("/in/x", 1, 2.0), None)])
    ledger.record(second, [], [(InputFile("/in/x", 5, 6.0, "ff"), "unit")])
    with ledger.engine.connect() as db:
        row = db.execute(sa.text("SELECT * FROM files")).mappings().one()
    assert (row["first_seen"], row["last_seen"]) == (first.started, second.started)
    assert (row["size"], row["mtime"], row["sha256"], row["unit_id"]) == (5, 6.0, "ff", "unit")


def test_the_newest_record_is_a_units_state(ledger):
    first, second = started(ledger, 0, 1)
    output = Output("/out/a.nc", 3, "cd")
    ledger.record(first, [outcome("a", outputs=(output,), input_fingerprint="in"), outcome("b")])
    ledger.record(second, [outcome("b", FAILED, attempt=2, settings_fingerprint="set")])
    states = ledger.unit_states(SCOPE, ["a", "b", "c"])
    assert set(states) == {"a", "b"}
    assert (states["a"].run_id, states["a"].outputs) == ("run-0", (output,))
    assert (states["a"].input_fingerprint, states["a"].version) == ("in", "0.1.0")
    assert (states["b"].run_id, states["b"].status, states["b"].attempt) == ("run-1", FAILED, 2)
    assert ledger.unit_states(SCOPE._replace(pipeline="subtitles"), ["a"]) == {}


def test_the_newest_record_of_a_unit_comes_whole(ledger):
    first, second = started(ledger, 0, 1)
    ledger.record(first, [outcome("a"), outcome("b", details={"url": "ftp://x"})])
    ledger.record(second, [outcome("a", FAILED, error_message="gone", metrics={"bytes": 3})])
    rows = ledger.newest_rows(SCOPE, ["a", "b", "c"])
    assert set(rows) == {"a", "b"}
    assert (rows["a"]["status"], rows["a"]["error_message"]) == (FAILED, "gone")
    assert rows["a"]["metrics"] == {"bytes": 3}
    assert rows["b"]["details"] == {"url": "ftp://x"}
    assert ledger.newest_rows(SCOPE._replace(output="/other"), ["a"]) == {}


@pytest.mark.parametrize("later", [RUNNING, FAILED, INTERRUPTED])
def test_what_a_unit_last_completed_stays_its_outputs_whatever_came_after(ledger, later):
    first, second = started(ledger, 0, 1)
    output = Output("/out/a.nc", 3, "cd")
    ledger.record(first, [outcome("a", outputs=(output,))])
    ledger.record_running(second, [outcome("a", later, attempt=2)])
    state = ledger.unit_states(SCOPE, ["a"])["a"]
    assert (state.run_id, state.status, state.outputs) == ("run-1", later, (output,))


def test_the_state_as_of_a_run_has_the_units_whose_files_it_saw(ledger):
    first, second, third = started(ledger, 0, 1, 2)
    kept, gone, late = outcome("kept"), outcome("gone"), outcome("late")
    ledger.record(first, [kept, gone])
    ledger.record(second, [kept._replace(status=FAILED)])
    ledger.record(third, [late], [(file, "kept") for file in kept.files])

    def units_of(run):
        rows = ledger.units_as_of(ledger.run(run.run_id))
        return {row["unit_id"]: (row["status"], row["run_id"]) for row in rows}

    assert units_of(first) == {"gone": (COMPLETED, "run-0"), "kept": (COMPLETED, "run-0")}
    assert units_of(second) == {"kept": (FAILED, "run-1")}
    assert units_of(third) == {"kept": (FAILED, "run-1"), "late": (COMPLETED, "run-2")}


def test_files_with_a_remark_are_those_the_run_saw(ledger):
    first, second = started(ledger, 0, 1)
    ledger.record(first, [], [(InputFile("/in/old", 1, 1.0, remark="odd"), None)])
    ledger.record(
        second,
        [],
        [
            (InputFile("/in/z", 1, 1.0, remark="duplicate"), None),
            (InputFile("/in/a", 1, 1.0, remark="damaged"), "a"),
            (InputFile("/in/fine", 1, 1.0), "b"),
        ],
    )
    told = [(file["path"], file["unit_id"]) for file in ledger.left_out(ledger.run("run-1"))]
    assert told == [("/in/a", "a"), ("/in/z", None)]


def test_a_finished_run_leaves_nothing_running(ledger):
    (run,) = started(ledger, 0)
    ledger.record(run, [outcome("a")])
    ledger.record_running(run, [outcome("b", RUNNING)])
    ledger.beat("run-0", "here", [Beat(1, "b", run.started, 9, 1, {"found": 3})])
    ledger.finish_run("run-0", COMPLETED, {"exit_code": 0})
    assert ledger.counts("run-0") == {COMPLETED: 1, INTERRUPTED: 1}
    row = ledger.run("run-0")
    assert (row["status"], row["totals"]) == (COMPLETED, {"exit_code": 0})
    assert row["finished"] > row["started"]
    (worker,) = ledger.workers("run-0")
    assert (worker["unit_id"], worker["since"], worker["counters"]) == ("", "", {"found": 3})


def test_an_interrupted_run_touches_no_other(ledger):
    first, second = started(ledger, 0, 1)
    ledger.record_running(first, [outcome("a", RUNNING)])
    ledger.record_running(second, [outcome("a", RUNNING)])
    ledger.finish_run("run-0", INTERRUPTED, {})
    assert (ledger.run("run-0")["status"], ledger.run("run-1")["status"]) == (INTERRUPTED, RUNNING)
    assert (ledger.counts("run-0"), ledger.counts("run-1")) == ({INTERRUPTED: 1}, {RUNNING: 1})


def test_the_first_reason_to_stop_stays(ledger):
    started(ledger, 0)
    assert ledger.beat("run-0", "here", [Beat(1)]) is None
    ledger.request_stop("run-0", "asked")
    ledger.request_stop("run-0", "too many failed")
    assert ledger.beat("run-0", "here", [Beat(1)]) == "asked"


def test_beats_of_one_process_replace_each_other(ledger):
    started(ledger, 0)
    ledger.beat("run-0", "here", [Beat(1, counters={"found": 1}), Beat(2, "u", "s", 7, 3)])
    ledger.beat("run-0", "here", [Beat(1, counters={"found": 5, "todo": 2})])
    ledger.beat("run-0", "there", [Beat(1, counters={"found": 10})])
    assert {(w["host"], w["pid"]): w["counters"] for w in ledger.workers("run-0")} == {
        ("here", 1): {"found": 5, "todo": 2},
        ("here", 2): {},
        ("there", 1): {"found": 10},
    }
    ledger.finish_run("run-0", INTERRUPTED, {})
    assert [worker["unit_id"] for worker in ledger.workers("run-0")] == ["", "", ""]


def test_a_transaction_that_fails_leaves_nothing(ledger):
    (run,) = started(ledger, 0)
    with pytest.raises(sa.exc.StatementError):
        ledger.record(run, [outcome("a"), outcome("b", started=object())])
    assert ledger.counts("run-0") == {}
    assert ledger.known_files(SCOPE, ["/in/a"]) == {}


def test_making_it_again_changes_nothing(ledger):
    (run,) = started(ledger, 0)
    ledger.record(run, [outcome("a")])
    ledger.close()
    ledger.create()
    assert ledger.counts("run-0") == {COMPLETED: 1}
    assert scalar(ledger, "SELECT count(*) FROM schema_version") == 1


def test_tables_that_another_process_makes_meanwhile_are_taken(tmp_path, monkeypatch):
    other, ledger = (Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") for _ in range(2))
    make = ledger._make_tables

    def late():
        monkeypatch.setattr(ledger, "_make_tables", make)
        other.create()
        with ledger.engine.begin() as db:
            metadata.create_all(db, checkfirst=False)

    monkeypatch.setattr(ledger, "_make_tables", late)
    ledger.create()
    assert scalar(ledger, "SELECT count(*) FROM schema_version") == 1
    ledger.close()
    other.close()


def test_a_ledger_of_an_older_headrace_gets_what_it_lacks_and_keeps_what_it_has(ledger):
    (run,) = started(ledger, 0)
    ledger.record(run, [outcome("a")])
    with ledger.engine.begin() as db:
        db.execute(sa.text("DROP TABLE watchers"))
        db.execute(sa.text("UPDATE schema_version SET version = 1"))
    assert ledger.watchers() == []
    ledger.create()
    assert scalar(ledger, "SELECT version FROM schema_version") == SCHEMA_VERSION
    assert ledger.counts("run-0") == {COMPLETED: 1}
    assert ledger.watchers() == []


def watcher(pid=1):
    return Watcher("radar", "/out", "here", pid, 60.0, "2025-01-01T00:00:00.000000Z")


def test_of_two_watchers_the_second_is_shown_the_first(ledger):
    def refuse(other):
        raise CannotRun(f"process {other['pid']}", path="", step="", action="")

    ledger.start_watching(watcher(1), refuse)
    with pytest.raises(CannotRun, match="process 1"):
        ledger.start_watching(watcher(2), refuse)
    assert [row["pid"] for row in ledger.watchers()] == [1]


def test_a_watcher_that_has_ended_or_was_killed_makes_room(ledger):
    first = watcher(1)
    ledger.start_watching(first, pytest.fail)
    first.ended, first.polls = "2025-01-01T00:01:00.000000Z", 3
    ledger.beat_watcher(first)
    ledger.start_watching(watcher(2), pytest.fail)
    seen = []
    ledger.start_watching(watcher(3), lambda other: seen.append(other["pid"]))  # does not raise
    assert seen == [2]
    (row,) = ledger.watchers()
    assert (row["pid"], row["polls"], row["ended"]) == (3, 0, "")


def test_a_ledger_of_a_newer_headrace_is_refused(ledger):
    with ledger.engine.begin() as db:
        db.execute(sa.text(f"UPDATE schema_version SET version = {SCHEMA_VERSION + 1}"))
    with pytest.raises(CannotRun, match="of a newer Headrace") as caught:
        ledger.create()
    assert caught.value.action == "upgrade Headrace"


def test_volumes_are_shown_with_their_newest_state(ledger):
    first, second = started(ledger, 0, 1)
    details = {
        "radar_code": "RMA1",
        "vol_code": "0315",
        "vol_number": "01",
        "observation_datetime": "2024-05-01T12:00:00Z",
        "is_complete": True,
        "expected_fields": ["DBZH", "ZDR"],
        "downloaded_fields": ["DBZH"],
    }
    ledger.record(first, [outcome("v", INCOMPLETE, details=details, error_message="ZDR missing")])
    full = {**details, "downloaded_fields": ["DBZH", "ZDR"]}
    ledger.record(second, [outcome("v", details=full, outputs=(Output("/out/v.nc", 3, "cd"),))])
    subtitles = run_at(2, pipeline="subtitles")
    ledger.start_run(subtitles)
    ledger.record(subtitles, [outcome("no volume")])
    with ledger.engine.connect() as db:
        row = {**db.execute(sa.text("SELECT * FROM volume_processing")).mappings().one()}
    row |= {name: json.loads(row[name]) for name in ("expected_fields", "downloaded_fields")}
    row["is_complete"] = row["is_complete"] in (1, "true")
    assert list(row.items()) == [
        ("volume_id", "v"),
        ("radar_code", "RMA1"),
        ("vol_code", "0315"),
        ("vol_number", "01"),
        ("observation_datetime", "2024-05-01T12:00:00Z"),
        ("status", COMPLETED),
        ("netcdf_path", "/out/v.nc"),
        ("is_complete", True),
        ("expected_fields", ["DBZH", "ZDR"]),
        ("downloaded_fields", ["DBZH", "ZDR"]),
        ("error_message", ""),
    ]


_WRITER = """
import sys
sys.path.append(sys.argv.pop(1))
from test_ledger import outcome, run_at
from batchio.ledger import Ledger
from batchio.records import Beat
url, name = sys.argv[1:]
ledger = Ledger(url)
ledger.create()
for part in range(40):
    ledger.record(run_at(0), [outcome(f"{name}-{part}-{n}") for n in range(25)])
    ledger.record(run_at(0), [outcome("both", metrics={"by": name})])
    ledger.beat("run-0", name, [Beat(1, done=part)])
ledger.close()
"""


def test_two_processes_write_at_once(ledger):
    started(ledger, 0)
    url = ledger.url
    here = str(Path(__file__).parent)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _WRITER, here, url, name],
            cwd=PROJECT,
        )
        for name in "ab"
    ]
    assert [process.wait() for process in processes] == [0, 0]
    assert ledger.counts("run-0") == {COMPLETED: 2 * 40 * 25 + 1}
    assert [worker["done"] for worker in ledger.workers("run-0")] == [39, 39]


_MAKER = """
import sys
from batchio.ledger import Ledger
ledger = Ledger(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
ledger.create()
ledger.close()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'new' / 'ledger.db'}"


def test_processes_make_it_at_once(empty_url):
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", _MAKER, empty_url],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for maker in makers:
        maker.stdout.readline()
    for maker in makers:
        maker.stdin.write(b"go\n")
        maker.stdin.flush()
    for maker in makers:
        maker.communicate()
    assert [maker.returncode for maker in makers] == [0, 0, 0, 0]
    ledger = Ledger(empty_url)
    assert scalar(ledger, "SELECT count(*) FROM schema_version") == 1
    ledger.close()


def test_reading_does_not_make_a_ledger(tmp_path):
    view = LedgerView(f"sqlite:///{tmp_path / 'none' / 'ledger.db'}")
    assert not view.exists()
    assert not (tmp_path / "none").exists()


def test_a_database_without_our_tables_is_no_ledger(tmp_path):
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    view = LedgerView(f"sqlite:///{tmp_path / 'other.db'}")
    assert not view.exists()
    view.close()


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this was a ledger once" * 100)
    ledger = Ledger(f"sqlite:///{path}")
    for use in (ledger.create, ledger.exists):
        with pytest.raises(CannotRun, match="cannot be used: file is not a database") as caught:
            use()
        assert (caught.value.path, caught.value.step) == (str(path), "ledger")
    ledger.close()


def test_a_place_that_cannot_be_written_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    ledger = Ledger(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    with pytest.raises(CannotRun, match="cannot be used"):
        ledger.create()


def test_a_shown_address_has_no_password():
    assert shown("sqlite:////out/ledger.db") == "/out/ledger.db"
    assert shown("postgresql+psycopg://anna:geheim@h/d") == "postgresql+psycopg://anna:***@h/d"
    assert sqlite_path("postgresql+psycopg://h/d") is None
    assert sqlite_path("sqlite://") is None


def test_names_and_messages_that_no_database_takes_are_written_out(ledger):
    started(ledger, 0)
    odd = "in/\udcff\0.bin"
    ledger.record(run_at(0), [outcome("\udcff", files=(InputFile(odd, 1, 2.0, "ab"),))])
    assert list(ledger.known_files(SCOPE, [odd])) == ["in/\\udcff\\0.bin"]
    assert list(ledger.unit_states(SCOPE, ["\udcff"])) == ["\\udcff"]


def test_the_switch_to_a_write_ahead_log_waits_for_another_process(tmp_path, monkeypatch):
    path = tmp_path / "ledger.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            other.close()

    monkeypatch.setattr("batchio.database.time.sleep", wait)
    connection = sqlite3.connect(path, timeout=0)
    _use_wal(connection)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert waits == list(_WAL_WAITS_S[:2])
    connection.close()


def test_a_file_that_is_no_database_is_not_waited_for(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError):
        _use_wal(connection)


def test_a_reader_cannot_write(ledger):
    with closing(LedgerView(ledger.url, read_only=True)) as reader:
        assert reader.exists()
        with pytest.raises(CannotRun, match=r"read-?only"):
            reader.transact(lambda db: db.exec_driver_sql("delete from runs"))


def test_a_reader_makes_no_ledger(tmp_path):
    view = LedgerView(f"sqlite:///{tmp_path}/none/ledger.db", read_only=True)
    assert not view.exists()
    with pytest.raises(CannotRun):
        view.runs()
    assert list(tmp_path.iterdir()) == []
