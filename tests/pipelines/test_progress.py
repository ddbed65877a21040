import io
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
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

from batchio.ledger_schema import workers
from batchio.records import Beat
from pipelines.launcher.human import (
    count_text,
    duration_text,
    one_line,
    plural,
    rate_text,
    size_text,
    table_text,
    time_text,
)
from pipelines.launcher.progress import Progress, read_progress
from pipelines.launcher.progress_views import (
    JsonView,
    LiveView,
    NoView,
    PlainView,
    end_line,
    make_view,
    progress_line,
)


@pytest.fixture
def ledger(tmp_path):
    ledger = a_ledger(tmp_path, a_run())
    yield ledger
    ledger.close()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def some_progress(**changes):
    progress = Progress(
        elapsed_s=60,
        discovered=True,
        found=2400,
        left_out=3,
        units=200,
        skipped=100,
        todo=100,
        bytes_todo=5_000_000,
        done=20,
        failed=0,
        incomplete=5,
        pending=0,
        percent=25.0,
        rate_per_minute=25.0,
        eta_s=180.0,
        rss_bytes=150_000_000,
        workers=(),
        failures=(),
    )
    return replace(progress, **changes)


def with_failures(ledger, *names, **changes):
    ledger.record(a_run(), [failed(name, action="get it again") for name in names])
    progress = read_progress(ledger, "run-1", elapsed_s=1)
    return some_progress(failed=progress.failed, failures=progress.failures, **changes)


def test_counts_rate_percent_and_eta(ledger):
    run = a_run()
    beat(ledger, run, launcher_beat(discovered=4, found=99, left_out=2, units=20, todo=10))
    ledger.record(run, [completed("a"), completed("b"), failed("c"), incomplete("d"), pending("e")])
    progress = read_progress(ledger, "run-1", elapsed_s=30)
    assert (progress.done, progress.failed, progress.incomplete, progress.pending) == (2, 1, 1, 1)
    assert (progress.found, progress.left_out, progress.units, progress.todo) == (99, 2, 20, 10)
    assert progress.ended == 5
    assert progress.percent == pytest.approx(50)
    assert progress.rate_per_minute == pytest.approx(10)
    assert progress.eta_s == pytest.approx(30)


def test_percent_and_eta_are_unknown_while_files_are_looked_for(ledger):
    beat(ledger, a_run(), launcher_beat(found=99, todo=10))
    ledger.record(a_run(), [completed("a")])
    progress = read_progress(ledger, "run-1", elapsed_s=30)
    assert progress.percent is None
    assert progress.eta_s is None
    assert progress_line(progress).startswith("looking for files: 99 found, 1 done, 2.0 units/min")


def test_nothing_to_do_is_all_done(ledger):
    beat(ledger, a_run(), launcher_beat(discovered=1, skipped=7))
    progress = read_progress(ledger, "run-1", elapsed_s=1)
    assert progress.percent == 100
    assert progress.rate_per_minute is None
    assert end_line(progress) == "after 1.0 s: 0 done, 7 up to date"


def test_a_resumed_run_counts_only_what_it_does_itself(ledger):
    run = a_run()
    ledger.beat("run-1", run.host, [Beat(999_999_999, counters={"found": 10, "todo": 10})])
    ledger.record(run, [completed("a"), completed("b"), completed("c")])
    beat(ledger, run, launcher_beat(discovered=1, found=10, todo=8))
    ledger.record(run, [completed("d"), completed("e")])
    progress = read_progress(ledger, "run-1", elapsed_s=60, ended_before=3)
    assert progress.found == 10
    assert progress.percent == pytest.approx(25)
    assert progress.rate_per_minute == pytest.approx(2)


def test_workers_on_other_machines_are_summed_when_the_launcher_counts_nothing(ledger):
    for host in ("one", "two"):
        ledger.beat("run-1", host, [Beat(5, rss_bytes=10, counters={"found": 4, "discovered": 1})])
    progress = read_progress(ledger, "run-1", elapsed_s=1)
    assert (progress.found, progress.rss_bytes) == (8, 20)


def test_a_launcher_that_only_waits_does_not_hide_what_workers_of_a_cluster_count(ledger):
    run = ledger.run("run-1")
    waiting = Beat(run["pid"], counters={"peak_rss_bytes": 3})
    ledger.beat("run-1", run["host"], [waiting])
    ledger.beat("run-1", "far", [Beat(5, counters={"found": 4, "discovered": 1})])
    progress = read_progress(ledger, "run-1", elapsed_s=1)
    assert (progress.found, progress.discovered) == (4, True)


def test_workers_show_their_unit_the_slowest_first_and_dead_ones_not_at_all(ledger):
    run = a_run()
    busy = [
        Beat(11, "quick", ago(2), 1000),
        Beat(12, "slow", ago(90), 2000),
        Beat(13, "", "", 400),
        Beat(14, "dead", ago(500), 8000),
    ]
    beat(ledger, run, *busy)
    with ledger.engine.begin() as db:
        db.execute(workers.update().where(workers.c.pid == 14).values(beat=ago(60)))
    progress = read_progress(ledger, "run-1", elapsed_s=1)
    assert [(w.pid, w.unit, w.rss_bytes) for w in progress.workers] == [
        (12, "slow", 2000),
        (11, "quick", 1000),
    ]
    assert progress.workers[0].seconds == pytest.approx(90, abs=5)
    assert progress.rss_bytes == 3400


def test_a_failure_reads_file_step_cause_action(ledger):
    ledger.record(a_run(), [failed("a.BUFR", action="download it again")])
    (failure,) = read_progress(ledger, "run-1", elapsed_s=1).failures
    assert str(failure) == (
        "/data/in/a.BUFR: decode: the data section is cut off; download it again"
    )
    assert (failure.unit, failure.file) == ("a.BUFR", "/data/in/a.BUFR")


def test_a_failure_without_a_file_names_its_unit(ledger):
    died = failed("vol-1")._replace(step="worker", error_message="ended by SIGKILL: memory; retry")
    ledger.record(a_run(), [died])
    (failure,) = read_progress(ledger, "run-1", elapsed_s=1).failures
    assert str(failure) == "vol-1: worker: ended by SIGKILL: memory; retry"
    assert (failure.cause, failure.action) == ("ended by SIGKILL: memory", "retry")


def test_a_failure_without_an_action_is_all_cause(ledger):
    ledger.record(a_run(), [failed("a", cause="no more")])
    (failure,) = read_progress(ledger, "run-1", elapsed_s=1).failures
    assert (failure.cause, failure.action) == ("no more", "")
    assert str(failure) == "/data/in/a: decode: no more"


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(ledger):
    ledger.record(a_run(), [failed("bad\x1b[31m\nname")])
    (failure,) = read_progress(ledger, "run-1", elapsed_s=1).failures
    assert str(failure).startswith("/data/in/bad\\x1b[31m name: decode: ")


def test_plain_writes_at_growing_intervals_and_at_the_end():
    stream = io.StringIO()
    view = PlainView(stream)
    told = []
    for second in range(301):
        before = len(stream.getvalue())
        view.update(some_progress(elapsed_s=float(second)))
        if len(stream.getvalue()) > before:
            told.append(second)
    view.close(some_progress(elapsed_s=301))
    assert told == [5, 10, 20, 40, 80, 140, 200, 260]
    assert stream.getvalue().splitlines()[-1].startswith("after 5 min 01 s: 20 done, 5 incomplete")


def test_a_plain_line_says_it_all():
    assert progress_line(some_progress(failed=2)) == (
        "25 % of 100 units, 20 done, 2 failed, 5 incomplete, 100 up to date, "
        "25 units/min, about 3 min 00 s left, 150.0 MB"
    )


def test_99_9_percent_is_not_100():
    assert progress_line(some_progress(percent=99.9)).startswith("99 % ")


def test_plain_tells_each_failure_once_at_once(ledger):
    stream = io.StringIO()
    view = PlainView(stream)
    view.update(with_failures(ledger, "a", elapsed_s=1))
    view.update(with_failures(ledger, "b", elapsed_s=2))
    view.close(with_failures(ledger, elapsed_s=3))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "failed: /data/in/a: decode: the data section is cut off; get it again"
    assert lines[1] == "failed: /data/in/b: decode: the data section is cut off; get it again"
    assert len(lines) == 3


def test_more_failures_at_once_than_are_listed_are_counted(ledger):
    stream = io.StringIO()
    view = PlainView(stream)
    view.update(with_failures(ledger, *(f"u{n:03}" for n in range(230)), elapsed_s=1))
    view.update(with_failures(ledger, "last", elapsed_s=2))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 202
    assert lines[200] == "failed: 30 more units; the report names each"
    assert lines[201].startswith("failed: /data/in/last: ")


def test_quiet_leaves_failures_and_the_last_line(ledger):
    stream = Terminal()
    view = make_view("auto", quiet=True, stream=stream)
    view.message("the ledger is there")
    view.update(some_progress(elapsed_s=100))
    view.update(with_failures(ledger, "a", elapsed_s=101))
    view.close(some_progress(elapsed_s=102, failed=1))
    lines = stream.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == ["failed", "after 1 min 42 s"]


def test_json_writes_an_object_a_line(ledger):
    stream = io.StringIO()
    view = make_view("json", quiet=False, stream=stream)
    view.message("hello\nthere")
    view.update(with_failures(ledger, "a"))
    view.close(some_progress(failed=1))
    message, failure, progress, end = map(json.loads, stream.getvalue().splitlines())
    assert message == {"event": "message", "text": "hello\nthere"}
    assert failure["event"] == "failure"
    assert (failure["file"], failure["step"]) == ("/data/in/a", "decode")
    assert (failure["cause"], failure["action"]) == ("the data section is cut off", "get it again")
    assert progress["event"] == "progress"
    assert (progress["percent"], progress["todo"], progress["workers"]) == (25.0, 100, [])
    assert end["event"] == "end"


def test_quiet_json_has_no_progress(ledger):
    stream = io.StringIO()
    view = JsonView(stream, quiet=True)
    view.message("hello")
    view.update(with_failures(ledger, *(f"u{n:03}" for n in range(201))))
    view.close(some_progress(failed=201))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["failure"] * 201 + ["end"]
    assert events[200] == {"event": "failure", "unlisted": 1}


def test_none_shows_nothing(capsys):
    view = make_view("none", quiet=False, stream=None)
    assert isinstance(view, NoView)
    view.message("hello")
    view.update(some_progress())
    view.close(some_progress())
    assert capsys.readouterr() == ("", "")


def test_auto_is_live_on_a_terminal_and_plain_elsewhere(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    live = make_view("auto", quiet=False, stream=Terminal())
    assert isinstance(live, LiveView)
    live.close(some_progress())
    assert isinstance(make_view("auto", quiet=False, stream=io.StringIO()), PlainView)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(make_view("auto", quiet=False, stream=Terminal()), PlainView)


def test_progress_goes_to_stderr_and_json_to_stdout(capsys):
    make_view("plain", quiet=False, stream=None).close(some_progress())
    make_view("json", quiet=False, stream=None).close(some_progress())
    out, err = capsys.readouterr()
    assert json.loads(out)["event"] == "end"
    assert err.startswith("after ")


def test_live_shows_bar_counts_workers_and_failures_above(ledger, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    beat(ledger, a_run(), Beat(4711, "RMA1[bold]_0315", ago(12), 123_000_000))
    stream = Terminal()
    view = LiveView(stream)
    view.message("the ledger lies in /data/out")
    shown = read_progress(ledger, "run-1", elapsed_s=1)
    view.update(with_failures(ledger, "a", workers=shown.workers))
    view.update(some_progress(discovered=False, percent=None, eta_s=None))
    view.close(some_progress(percent=100.0, failed=1))
    text = stream.getvalue()
    for part in (
        "the ledger lies in /data/out",
        "/data/in/a: decode: the data section is cut off; get it again",
        "25 % of 100 units, 5.0 MB",
        "20 done, 1 failed, 5 incomplete, 100 up to date, 2,400 files found",
        "25 units/min, about 3 min 00 s left, 150.0 MB, 1 min 00 s so far",
        "RMA1[bold]_0315",
        "123.0 MB",
        "looking for files: 200 units so far",
        "after 1 min 00 s: 20 done, 1 failed",
    ):
        assert part in text
    assert text.count("/data/in/a: decode") == 1


def test_live_names_at_most_sixteen_processes(ledger, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    beat(ledger, a_run(), *(Beat(pid, f"u{pid}", at(0), 1) for pid in range(100, 120)))
    stream = Terminal()
    view = LiveView(stream)
    view.close(read_progress(ledger, "run-1", elapsed_s=1))
    assert "and 4 more processes" in stream.getvalue()


def test_units_are_counted_from_an_index_alone(ledger):
    run = a_run()
    row = {**_unit_row(ledger, run), "status": "completed"}
    with ledger.engine.begin() as db:
        table = sa.Table("units", sa.MetaData(), autoload_with=db)
        db.execute(table.insert(), [{**row, "unit_id": f"u{n:06}"} for n in range(20_000)])
    with ledger.engine.connect() as db:
        plan = db.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT status, count(*) FROM units WHERE run_id = 'r' "
            "GROUP BY status"
        ).scalars("detail")
        assert "COVERING INDEX units_by_run" in " ".join(plan)
    assert read_progress(ledger, "run-1", elapsed_s=1).done == 20_001


def _unit_row(ledger, run):
    ledger.record(run, [completed("first")])
    with ledger.engine.connect() as db:
        return {**db.exec_driver_sql("SELECT * FROM units").mappings().one()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (size_text(0), "0 B"),
        (size_text(999), "999 B"),
        (size_text(12_345_678), "12.3 MB"),
        (size_text(5e18), "5000.0 PB"),
        (duration_text(4.21), "4.2 s"),
        (duration_text(9.97), "10 s"),
        (duration_text(59.7), "1 min 00 s"),
        (duration_text(125), "2 min 05 s"),
        (duration_text(3720), "1 h 02 min"),
        (duration_text(180_000), "2 d 02 h"),
        (rate_text(4210.3), "4,210 units/min"),
        (rate_text(0.25), "0.2 units/min"),
        (count_text(1_234_567), "1,234,567"),
        (plural(1, "unit"), "1 unit"),
        (plural(0, "unit"), "0 units"),
        (time_text("2024-05-01T12:30:05.123456Z"), "2024-05-01 12:30:05"),
        (one_line("  a\tb\x07c\u2028 "), "  a b\\x07c"),
        (table_text(("a", "bb"), [("ccc", "d")]), "a    bb\nccc  d"),
    ],
)
def test_numbers_read_well(text, expected):
    assert text == expected
