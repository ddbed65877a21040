"""Kills and signals: nothing is lost, nothing done twice, nothing left behind."""

from __future__ import annotations

import logging
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from contract_hooks import Contract, Shared
from rig import Rig, Sabotage, is_dead, wait_until

logger = logging.getLogger(__name__)


class InterruptionsContract(Contract):
    def test_a_run_goes_on_after_kills(self, shared: Shared, rig: Rig) -> None:
        """Killed twice: while an input is worked, then in the middle of writing."""
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        reading, writing = rig.gate("reading"), rig.gate("writing")
        kills = {
            "first": (reading, reading.at(self.works, self.marker(undisturbed, units[2]))),
            "second": (writing, writing.at(self.writes)),
        }
        kept: dict[Path, int] = {}
        for run_id, (gate, sabotage) in kills.items():
            arguments = ("--workers=2", f"--run_id={run_id}")
            with rig.started(*arguments, inputs=inputs, sabotage=[sabotage]) as run:
                run.reaches(gate)
                wait_until(lambda: "completed" in rig.statuses().values(), "a record")
                workers = run.workers()
                run.kill()
                wait_until(lambda: all(map(is_dead, workers)), "the end", timeout_s=2)  # noqa: B023
            assert rig.outputs().items() <= undisturbed.outputs().items()
            finished = [unit for unit, status in rig.statuses().items() if status == "completed"]
            made = {path for unit in finished for path in rig.outputs_of(unit)}
            kept |= {path: path.stat().st_mtime_ns for path in made}
        assert rig.unfinished_files() != []
        done = rig.run("--workers=2", inputs=inputs)
        assert done.code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert kept == {path: path.stat().st_mtime_ns for path in kept}  # not done twice
        assert rig.statuses() == self.all_completed(units)
        assert rig.unfinished_files() == []
        runs = [row["status"] for row in rig.rows("SELECT status FROM runs ORDER BY started")]
        assert runs == ["interrupted", "interrupted", "completed"]

    def test_no_worker_outlives_its_launcher_even_when_it_hangs_in_c(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 1)
        gate = rig.gate()
        sabotage = [gate.at(self.works), Sabotage(self.works, "hang_in_c")]
        gate.open()
        with rig.started("--workers=1", sabotage=sabotage) as run:
            run.reaches(gate)
            workers = run.workers()
            run.kill()
            wait_until(lambda: all(map(is_dead, workers)), "the worker's end", timeout_s=2)

    @pytest.mark.timeout(300)
    def test_a_run_goes_on_after_kills_at_random_moments(self, rig: Rig, tmp_path: Path) -> None:
        units = self.make_inputs(rig.inputs, 24)
        dice = random.Random(20181111)
        arguments = ("--workers=2", "--progress=none")
        sabotage = [
            Sabotage(self.works, "slow", seconds=0.1),
            Sabotage(self.writes, "slow", seconds=0.02),
        ]
        progress = []
        for _ in range(self.kills):
            seen = _runs_in(rig)
            with rig.started(*arguments, sabotage=sabotage) as run:
                if dice.random() < 0.8:  # else at any moment of its start
                    wait_until(lambda: _runs_in(rig) > seen, "the run's start")  # noqa: B023
                    time.sleep(dice.uniform(0, 1.2))
                else:
                    time.sleep(dice.uniform(0, 3))
                run.kill()
            progress.append(set(rig.outputs().items()))
        logger.info("outputs after each kill: %s", list(map(len, progress)))
        assert rig.run(*arguments).code == 0
        undisturbed = self.rig_in(tmp_path / "undisturbed")
        assert undisturbed.run(*arguments, inputs=[str(rig.inputs / self.pattern)]).code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert set().union(*progress) <= set(undisturbed.outputs().items())
        newest = rig.rows(
            "SELECT unit_id, status FROM units u WHERE recorded ="
            " (SELECT max(recorded) FROM units n WHERE n.unit_id = u.unit_id)"
        )
        assert Counter((row["unit_id"], row["status"]) for row in newest) == Counter(
            self.all_completed(units).items()
        )
        statuses = Counter(row["status"] for row in rig.rows("SELECT status FROM runs"))
        assert statuses["completed"] >= 1
        assert set(statuses) <= {"completed", "interrupted"}
        assert rig.unfinished_files() == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_finishes_the_unit_being_worked_and_begins_no_other(
        self, shared: Shared, rig: Rig, number: signal.Signals
    ) -> None:
        undisturbed, _, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        with rig.started("--workers=1", inputs=inputs, sabotage=[gate.at(self.works)]) as run:
            run.reaches(gate)
            workers = run.workers()
            run.send(number)
            _wait_for_stop(rig)
            gate.open()
            done = run.wait()
        assert done.code == 130
        assert f"{number.name}: finishing what is being worked" in done.err
        assert list(rig.statuses().values()) == ["completed"]
        finished = [path for unit in rig.statuses() for path in rig.outputs_of(unit)]
        assert len(finished) == self.outputs_a_unit
        for path in finished:
            self.read_output(path)
        assert set(rig.output_files()) == self.results_of(rig, rig.statuses())
        assert all(map(is_dead, workers))
        report = rig.report()
        assert (report["status"], report["exit_code"]) == ("interrupted", 130)
        assert report["stop_reason"] == f"interrupted by {number.name}"
        assert rig.run(inputs=inputs).code == 0
        assert rig.report()["counts"]["skipped"] == 1
        assert rig.outputs() == undisturbed.outputs()

    def test_a_second_signal_leaves_at_once(self, shared: Shared, rig: Rig) -> None:
        undisturbed, _, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        with rig.started("--workers=2", inputs=inputs, sabotage=[gate.at(self.works)]) as run:
            run.reaches(gate, 2)
            workers = run.workers()
            run.send(signal.SIGINT)
            _wait_for_stop(rig)
            run.send(signal.SIGINT)
            began = time.monotonic()
            done = run.wait()
            assert time.monotonic() - began < 10
        assert done.code == 130
        assert "Traceback" not in done.err
        assert all(map(is_dead, workers))
        assert rig.output_files() == []
        assert rig.report()["exit_code"] == 130
        assert rig.unfinished_files() == []


def _runs_in(rig: Rig) -> int:
    if not (rig.state / "ledger.db").exists():
        return 0
    if not rig.rows("SELECT name FROM sqlite_master WHERE name = 'runs'"):
        return 0
    return len(rig.rows("SELECT run_id FROM runs"))


def _wait_for_stop(rig: Rig) -> None:
    """Waits until the ledger knows that the run shall stop, and the workers too."""
    asked = "SELECT run_id FROM runs WHERE stop_requested IS NOT NULL"
    wait_until(lambda: bool(rig.rows(asked)), "the stop")
    time.sleep(1)  # the pool looks five times a second
