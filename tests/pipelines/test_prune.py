from contextlib import closing
from dataclasses import replace

import pytest
from sample_ledger import a_run, ago, at, completed, failed

from batchio.database import sqlite_path, sqlite_url
from batchio.errors import UsageError
from batchio.ledger import Ledger
from batchio.ledger_prune import old_runs, take_out, would_go
from batchio.records import Watcher
from pipelines.__main__ import main
from pipelines.launcher.compare import compare
from pipelines.launcher.report import build_report, report_folder, write_report

NAMES = ("run-0", "run-1", "run-2", "run-3")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path):
    url = sqlite_url(tmp_path / "ledger.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with closing(Ledger(url)) as ledger:
        ledger.create()
        yield ledger


@pytest.fixture
def local(tmp_path):
    with closing(Ledger(sqlite_url(tmp_path / "ledger.db"))) as ledger:
        ledger.create()
        yield ledger


def fill(ledger, output, *, last_runs=False):
    """Four runs, a minute each; `once` was worked by the first alone, `broken` failed since."""
    worked = (
        [completed("once"), completed("broken"), completed("often")],
        [failed("broken"), completed("often", sha="bb")],
        [failed("broken"), completed("often", sha="cc")],
        [failed("broken"), completed("often", sha="dd")],
    )
    files = [(file, each.unit_id) for each in worked[0] for file in each.files]
    for number, outcomes in enumerate(worked):
        run = a_run(NAMES[number], started=at(60 * number), output=str(output))
        ledger.start_run(run)
        ledger.record(run, outcomes, files)
        if not (last_runs and number == 3):
            ledger.finish_run(run.run_id, "completed", {"exit_code": 0})
    return run


def pruned(ledger, *, keep_runs):
    (old,) = old_runs(ledger, keep_runs=keep_runs)
    planned = would_go(ledger, old)
    gone = take_out(ledger, old, old.run_ids)
    assert gone == planned
    return old.run_ids, gone


def records(ledger):
    runs = [run["run_id"] for run in ledger.runs()]
    return {(row.unit_id, run) for run in runs for row in ledger.unit_rows(run)}


def test_decisions_and_comparisons_of_kept_runs_are_as_before(ledger):
    scope = fill(ledger, "/data/out").scope
    units = ["once", "broken", "often"]
    before = ledger.unit_states(scope, units)
    compared = compare(ledger, "run-2", ledger, "run-3")
    old, gone = pruned(ledger, keep_runs=2)
    assert (old, gone) == (["run-0", "run-1"], (0, 1))
    assert (
        records(ledger)
        == {
            ("once", "run-0"),
            ("broken", "run-0"),  # completed: it has the outputs
            *(("broken", run) for run in NAMES[1:]),
            *(("often", run) for run in NAMES[1:]),
        }
    )
    assert ledger.unit_states(scope, units) == before
    assert compare(ledger, "run-2", ledger, "run-3") == compared
    assert list(ledger.known_files(scope, [f"/data/in/{unit}" for unit in units]))


def test_a_run_that_no_unit_names_goes(ledger):
    fill(ledger, "/data/out")
    old, gone = pruned(ledger, keep_runs=1)
    assert (old, gone) == (["run-0", "run-1", "run-2"], (1, 3))
    assert {run["run_id"] for run in ledger.runs()} == {"run-0", "run-2", "run-3"}
    assert pruned(ledger, keep_runs=1)[1] == (0, 0)


def test_neither_a_live_run_nor_what_came_after_it_is_old(ledger):
    fill(ledger, "/data/out", last_runs=True)
    early = a_run("early", started=at(30), output="/data/elsewhere")
    ledger.start_run(early)
    ended = replace(early, run_id="later", started=at(90))
    ledger.start_run(ended)
    ledger.finish_run("later", "completed", {})
    elsewhere, here = old_runs(ledger, since=at(9999))
    assert (elsewhere.scope, elsewhere.run_ids) == (early.scope, [])
    assert here.run_ids == ["run-0", "run-1", "run-2"]
    assert old_runs(ledger, since=at(61), output="/data/out")[0].run_ids == ["run-0", "run-1"]


def test_a_run_that_goes_on_under_its_name_is_left(ledger):
    fill(ledger, "/data/out")
    (old,) = old_runs(ledger)
    before = records(ledger)
    ledger.start_run(a_run("run-0", started=at(300)))
    take_out(ledger, old, ["run-0"])
    assert records(ledger) == before
    assert ledger.run("run-0")["totals"] == {}


def test_what_a_pruned_run_did_is_not_told_by_halves(ledger):
    fill(ledger, "/data/out")
    pruned(ledger, keep_runs=1)
    with pytest.raises(UsageError, match="run-0: compare: was pruned on 2"):
        compare(ledger, "run-0", ledger, "run-3")
    with pytest.raises(UsageError, match="run-2: report: was pruned on 2"):
        build_report(ledger, "run-2")


@pytest.fixture
def with_reports(local, tmp_path):
    fill(local, tmp_path / "out")
    for run_id in NAMES:
        write_report(local, run_id, report_folder(str(tmp_path / "out"), run_id))
    return local


def reports(folder):
    return sorted(path.name for path in (folder / "out/.headrace/runs").iterdir())


def prune(ledger, *arguments):
    return main(["prune", f"--ledger={ledger.url}", *arguments])


def test_the_plan_touches_nothing_and_says_what_then_goes(with_reports, tmp_path, capsys):
    before = records(with_reports)
    assert prune(with_reports, "--keep_runs=1", "--plan") == 0
    planned, end = capsys.readouterr().out.splitlines()
    assert planned == (
        f"radar  {tmp_path}/out  3 of 4 runs old: 3 reports, 3 records of units and 1 run out"
        "; 2 runs still named by units"
    )
    assert end == "plan: nothing was touched"
    assert (reports(tmp_path), records(with_reports)) == (list(NAMES), before)
    assert prune(with_reports, "--keep_runs=1") == 0
    assert capsys.readouterr().out.splitlines()[0] == planned
    assert reports(tmp_path) == ["run-3"]
    assert main(["status", "run-2", f"--ledger={with_reports.url}"]) == 0
    assert "\npruned " in capsys.readouterr().out


def test_days_are_kept_and_the_newest_run(with_reports, tmp_path, capsys):
    recent = a_run("recent", started=ago(3600), output=str(tmp_path / "out"))
    assert prune(with_reports, "--keep_days=1") == 0
    assert reports(tmp_path) == ["run-3"]
    with_reports.start_run(recent)
    with_reports.finish_run("recent", "completed", {})
    assert prune(with_reports, "--keep_days=1", f"--output={tmp_path}/out") == 0
    assert not reports(tmp_path)
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[2:5] for line in told if "old" in line] == [
        ["3", "of", "4"],
        ["3", "of", "4"],
    ]


def big(ledger, output):
    for number in range(3):
        run = a_run(f"big-{number}", started=at(number), output=str(output))
        ledger.start_run(run)
        ledger.record(run, [completed(f"{unit:04}") for unit in range(2000)])
        ledger.finish_run(run.run_id, "completed", {})


def test_the_file_gets_smaller_only_while_nobody_is_at_work(local, tmp_path, capsys):
    big(local, tmp_path)
    watcher = Watcher("radar", str(tmp_path), "elsewhere", 1, 60.0, ago(60))
    local.start_watching(watcher, lambda _: None)
    local.close()
    path = sqlite_path(local.url)
    before = path.stat().st_size
    assert prune(local, "--keep_runs=2") == 0
    assert "not made smaller: runs or watchers are at work" in capsys.readouterr().out
    assert path.stat().st_size == before
    watcher.ended = ago(0)
    local.beat_watcher(watcher)
    local.close()
    assert prune(local, "--keep_runs=1") == 0
    assert path.stat().st_size < 0.8 * before
    assert local.counts("big-2") == {"completed": 2000}
