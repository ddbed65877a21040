"""The ledger on a real PostgreSQL server, beside the same on SQLite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger_runs import (
    PIPELINES,
    WORKS,
    command,
    files,
    ran,
    records,
    rig_of,
    twin,
    write_inputs,
    write_sample_inputs,
)
from postgres import own_schema
from rig import Finished, Gate, Rig, Running, wait_until

_LAST_BEAT = "SELECT max(beat) AS at FROM workers"
START_RUN = "batchio.ledger:Ledger.start_run"


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Both(NamedTuple):
    """The samples, worked with a ledger of either kind."""

    sqlite: Rig
    postgres: Rig
    first: tuple[Finished, Finished]

    def run(self, *arguments: str) -> list[Finished]:
        inputs = [str(self.sqlite.inputs / self.sqlite.pattern)]
        return [rig.run(*arguments, inputs=inputs) for rig in (self.sqlite, self.postgres)]

    def command(self, *arguments: str) -> list[Finished]:
        return [command(rig, *arguments) for rig in (self.sqlite, self.postgres)]


@pytest.fixture(scope="module", params=PIPELINES)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Any:
    pipeline, folder = str(request.param), tmp_path_factory.mktemp("both")
    sqlite = rig_of(pipeline, folder / "sqlite")
    sqlite.folder.mkdir()
    write_sample_inputs(sqlite, pipeline)
    with own_schema(postgres_server) as url:
        postgres, inputs = twin(sqlite, "postgres", url)
        one = sqlite.run("--run_id=one", inputs=inputs)
        yield Both(sqlite, postgres, (one, postgres.run("--run_id=one", inputs=inputs)))


class TestSamples:
    def test_outputs_and_records_are_the_same(self, both: Both) -> None:
        assert [done.code for done in both.first] == [3, 3], both.first
        assert both.postgres.outputs() == both.sqlite.outputs() != {}
        assert records(both.postgres) == records(both.sqlite) != []
        assert files(both.postgres) == files(both.sqlite) != []
        assert not (both.postgres.state / "ledger.db").exists()
        for part in ("counts", "statuses", "reasons", "failures", "incomplete", "file_remarks"):
            assert both.postgres.report()[part] == both.sqlite.report()[part], part

    @pytest.mark.slow
    def test_a_second_run_skips_what_is_done_and_the_commands_tell_the_same(
        self, both: Both
    ) -> None:
        before = [rig.mtimes() for rig in (both.sqlite, both.postgres)]
        plans = both.run("--plan")
        assert plans[0].out == plans[1].out != ""
        assert [done.code for done in both.run("--run_id=two")] == [3, 3]
        assert both.postgres.report()["counts"]["skipped"] > 0
        assert both.postgres.report()["counts"] == both.sqlite.report()["counts"]
        kept = [
            {Path(path).name for path, mtime in rig.mtimes().items() if mtimes[path] == mtime}
            for rig, mtimes in zip((both.sqlite, both.postgres), before, strict=True)
        ]
        assert kept[0] == kept[1]
        assert records(both.postgres) == records(both.sqlite)

        compared = both.command("compare", "one", "two", "--json")
        assert [done.code for done in compared] == [0, 0]
        found = [json.loads(done.out) for done in compared]
        for name in ("counts", "added", "removed"):
            assert found[0][name] == found[1][name], name
        statuses = [json.loads(done.out) for done in both.command("status", "two", "--json")]
        for name in ("status", "counts", "skipped", "todo"):
            assert statuses[0][name] == statuses[1][name], name
        assert [done.code for done in both.command("retry", "two")] == [3, 3]
        assert _reasons(both.postgres) == _reasons(both.sqlite)
        assert [done.code for done in both.command("report", "two")] == [0, 0]


def _reasons(rig: Rig) -> Counter[str]:
    return Counter(row["reason"] for row in records(rig))


@pytest.mark.slow
def test_a_run_is_stopped_and_resumed_by_its_name(
    pipeline: str, tmp_path: Path, postgres_url: str
) -> None:
    undisturbed = ran(pipeline, tmp_path / "undisturbed", 6)
    rig, inputs = twin(undisturbed, "stopped", postgres_url)
    gate = rig.gate()
    with rig.started("--run_id=r", inputs=inputs, sabotage=[gate.at(WORKS[pipeline])]) as run:
        run.reaches(gate)
        assert command(rig, "stop", "r").out.startswith("r will end")
        asked = "SELECT run_id FROM runs WHERE stop_requested IS NOT NULL"
        wait_until(lambda: bool(rig.rows(asked)), "the stop")
        last = rig.rows(_LAST_BEAT)
        wait_until(lambda: rig.rows(_LAST_BEAT) != last, "the next beat, which hears of it")
        gate.open()
        assert run.wait().code == 130
    assert len(rig.output_files()) < len(undisturbed.output_files())
    assert command(rig, "resume", "r").code == 0
    assert rig.outputs() == undisturbed.outputs()
    assert set(rig.statuses().values()) == {"completed"}


def test_a_killed_run_goes_on(pipeline: str, tmp_path: Path, postgres_url: str) -> None:
    undisturbed = ran(pipeline, tmp_path / "undisturbed", 6)
    rig, inputs = twin(undisturbed, "killed", postgres_url)
    gate = rig.gate()
    with rig.started("--run_id=r", inputs=inputs, sabotage=[gate.at(WORKS[pipeline])]) as run:
        run.reaches(gate)
        wait_until(lambda: bool(rig.rows("SELECT run_id FROM workers")), "a beat")
        run.kill()
    assert command(rig, "resume", "r").code == 0
    assert rig.outputs() == undisturbed.outputs()
    assert [row["status"] for row in rig.rows("SELECT status FROM runs ORDER BY started")] == [
        "interrupted",
        "completed",
    ]
    assert rig.unfinished_files() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_runs_that_start_at_the_same_moment_on_one_output_one_works(
    kind: str, pipeline: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
    rig = rig_of(pipeline, tmp_path, url)
    write_inputs(rig, 3)
    starting, working = rig.gate("starting"), rig.gate("working")
    sabotage = [starting.at(START_RUN), working.at(WORKS[pipeline])]
    names = ("a", "b", "c")
    with ExitStack() as stack:
        runs = [
            stack.enter_context(rig.started(f"--run_id={name}", sabotage=sabotage))
            for name in names
        ]
        wait_until(lambda: _all_wait(starting, runs), "all runs at their start")
        starting.open()
        wait_until(lambda: working.waiting() != [], "the one that works")
        wait_until(lambda: sum(map(_ended, runs)) == len(names) - 1, "the others")
        refused = [run.wait() for run in runs if _ended(run)]
        (winner,) = [run for run in runs if not _ended(run)]
        working.open()
        assert winner.wait().code == 0
    (row,) = rig.rows("SELECT run_id, status FROM runs")
    assert row["status"] == "completed"
    for done in refused:
        assert done.code == 1
        assert f"preflight: run {row['run_id']} (process " in done.err
        assert ") is working here; wait for it, or stop it: python -m pipelines stop" in done.err
    assert set(rig.statuses().values()) == {"completed"}


def _all_wait(gate: Gate, runs: Sequence[Running]) -> bool:
    for run in filter(_ended, runs):
        raise ChildProcessError(run.err)
    return len(gate.waiting()) == len(runs)


def _ended(run: Running) -> bool:
    return run.process.poll() is not None


def test_a_name_that_a_live_run_has_is_refused(tmp_path: Path, postgres_url: str) -> None:
    rig = rig_of("radar", tmp_path / "one", postgres_url)
    write_inputs(rig, 1)
    other, inputs = twin(rig, "other", postgres_url)
    gate = rig.gate()
    with rig.started("--run_id=r", sabotage=[gate.at(WORKS["radar"])]) as run:
        run.reaches(gate)
        refused = other.run("--run_id=r", inputs=inputs)
        gate.open()
        assert run.wait().code == 0
    assert refused.code == 1
    assert "run r (process " in refused.err


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_runs_at_once_on_two_outputs_with_one_ledger_do_not_touch_each_other(
    same: bool, pipeline: str, tmp_path: Path, postgres_url: str
) -> None:
    """On the same inputs, or on others whose units have the same names."""
    alone = [rig_of(pipeline, tmp_path / name) for name in ("alone", "other")]
    for rig, count in zip(alone, (8, 8 if same else 5), strict=True):
        write_inputs(rig, count)
        assert rig.run().code == 0
    twins = [
        twin(alone[0 if same else number], f"shared{number}", postgres_url) for number in (0, 1)
    ]
    gate = twins[0][0].gate()
    sabotage = [gate.at(WORKS[pipeline])]
    with ExitStack() as stack:
        runs = [
            stack.enter_context(rig.started("--workers=1", inputs=inputs, sabotage=sabotage))
            for rig, inputs in twins
        ]
        wait_until(lambda: len(gate.waiting()) == 2, "both at work")
        gate.open()
        assert [run.wait().code for run in runs] == [0, 0]
    for (rig, _), undisturbed in zip(twins, alone, strict=True):
        assert rig.outputs() == undisturbed.outputs()
        assert len(records(rig)) == len(records(undisturbed))
    for rig, inputs in twins:
        mtimes = rig.mtimes()
        assert rig.run(inputs=inputs).code == 0
        assert rig.report()["counts"]["worked"] == 0
        assert rig.mtimes() == mtimes


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    url = "postgresql+psycopg://anna:geheim@127.0.0.1:1/headrace"
    rig = rig_of("radar", tmp_path, url)
    write_inputs(rig, 1)
    done = rig.run()
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith("headrace: postgresql+psycopg://anna:***@127.0.0.1:1/headrace: ledger:")
    assert "cannot be used: connection failed" in line
    assert "geheim" not in done.err
