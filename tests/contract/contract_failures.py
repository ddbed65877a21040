"""What is bad costs its unit; what cannot run says so."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from contract_hooks import Contract, Hurt, Shared
from rig import Rig, Sabotage


class FailuresContract(Contract):
    def test_exactly_the_units_that_were_hurt_fail(self, hurt: Hurt) -> None:
        rig, units, hurts, done = hurt
        assert done.code == 3
        assert rig.statuses() == self.all_completed(units) | dict.fromkeys(hurts, "failed")
        for unit, status in rig.statuses().items():
            for path in rig.outputs_of(unit) if status == "completed" else []:
                self.read_output(path)
        assert rig.unfinished_files() == []

    @pytest.mark.parametrize(
        ("what", "error_type", "step", "cause"),
        [
            ("segfault", "WorkerDied", "worker", "SIGSEGV"),
            ("leave", "WorkerDied", "worker", "exited with status 7"),
            ("hang", "WorkerDied", "worker", "took longer than 3 s"),
            ("hang_in_c", "WorkerDied", "worker", "took longer than 3 s"),
            ("spin", "WorkerDied", "worker", "took longer than 3 s"),
            ("no_memory", "MemoryError", "", "no room for the array"),
        ],
    )
    def test_a_failure_has_its_step_cause_action_and_traceback(
        self, hurt: Hurt, what: str, error_type: str, step: str, cause: str
    ) -> None:
        rig, _, hurts, _ = hurt
        (unit,) = [unit for unit, how in hurts.items() if how == what]
        failures = {failure["unit"]: failure for failure in rig.report()["failures"]}
        failure = failures[unit]
        assert failure["error_type"] == error_type
        assert cause in failure["cause"]
        assert failure["step"] == step if step else failure["step"]
        assert what in failure["traceback"] or what == "leave"

    def test_a_bad_file_is_named_with_step_cause_and_action(self, hurt: Hurt) -> None:
        rig, _, hurts, done = hurt
        (unit,) = [unit for unit, how in hurts.items() if how == "bad"]
        (failure,) = [each for each in rig.report()["failures"] if each["unit"] == unit]
        assert Path(failure["file"]) in self.files_of(rig.inputs, unit)
        assert failure["step"] == self.bad_step
        assert self.bad_cause in failure["cause"]
        assert failure["action"]
        line = f"{failure['file']}: {failure['step']}: {failure['cause']}; {failure['action']}"
        said = [each.strip() for each in done.err.splitlines()]
        assert (said.count(f"failed: {line}"), said.count(line)) == (1, 1)  # at once, at the end

    def test_the_failed_units_alone_are_worked_again(self, hurt: Hurt, rig: Rig) -> None:
        hurt_rig, _, hurts, _ = hurt
        rig.copy_output(hurt_rig)
        before = rig.mtimes()
        inputs = [str(hurt_rig.inputs / self.pattern)]
        again = rig.run("--rerun=failed", inputs=inputs)
        assert again.code == 3  # the bad file still is
        report = rig.report()
        assert self.reasons_of(rig) == {"failed last time": len(hurts)}
        assert [failure["attempt"] for failure in report["failures"]] == [2]
        assert [hurts[failure["unit"]] for failure in report["failures"]] == ["bad"]
        assert report["statuses"]["completed"] == len(self.all_completed(hurts)) - 1
        made = {str(path) for path in self.results_of(rig, hurts)}
        kept = {path: mtime for path, mtime in before.items() if path not in made}
        assert kept.items() <= rig.mtimes().items()

    def test_a_killed_worker_costs_the_unit_it_was_at(self, shared: Shared, rig: Rig) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        sabotage = [gate.at(self.works, self.marker(undisturbed, units[1]))]
        with rig.started("--workers=2", inputs=inputs, sabotage=sabotage) as run:
            (worker,) = run.reaches(gate)
            os.kill(worker, signal.SIGKILL)
            done = run.wait()
        assert done.code == 3
        assert rig.statuses() == self.all_completed(units) | {units[1]: "failed"}
        (failure,) = rig.report()["failures"]
        assert failure["unit"] == units[1]
        assert (failure["step"], failure["error_type"]) == ("worker", "WorkerDied")
        assert "SIGKILL" in failure["cause"]
        assert rig.run(inputs=inputs).code == 0
        assert self.reasons_of(rig) == {"failed last time": 1}
        assert rig.outputs() == undisturbed.outputs()

    def test_on_error_stop_ends_the_run_at_the_first_failure(self, rig: Rig) -> None:
        units = self.make_inputs(rig.inputs, 20)
        slow = Sabotage(self.works, "slow", seconds=0.3)
        broken = Sabotage(self.works, "no_memory", self.marker(rig, units[0]))
        other = Sabotage(self.works, "no_memory", self.marker(rig, units[1]))
        done = rig.run("--on_error=stop", "--workers=1", sabotage=[broken, other, slow])
        assert done.code == 3
        report = rig.report()
        assert report["statuses"]["failed"] >= 1
        assert report["counts"]["worked"] < len(units)
        assert "units failed" in report["stop_reason"]
        assert rig.run().code == 0
        assert rig.statuses() == self.all_completed(units)

    def test_max_failures_allows_that_many(self, rig: Rig) -> None:
        units = self.make_inputs(rig.inputs, 20)
        slow = Sabotage(self.works, "slow", seconds=0.3)
        broken = [Sabotage(self.works, "no_memory", self.marker(rig, unit)) for unit in units[:4]]
        done = rig.run("--max_failures=2", "--workers=1", sabotage=[*broken, slow])
        assert done.code == 3
        report = rig.report()
        assert report["statuses"]["failed"] in (3, 4)  # one more may have been in work
        assert report["counts"]["worked"] < len(units)
        assert "units failed" in report["stop_reason"]

    def test_a_second_run_on_the_same_output_is_refused_while_one_works(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 2)
        gate = rig.gate()
        with rig.started("--run_id=the-first", sabotage=[gate.at(self.works)]) as first:
            first.reaches(gate)
            second = rig.run()
            gate.open()
            assert first.wait().code == 0
        assert second.code == 1
        (line,) = second.err.splitlines()
        assert "the-first" in line
        assert f"process {first.process.pid}" in line
        assert [row["run_id"] for row in rig.rows("SELECT run_id FROM runs")] == ["the-first"]
