"""The right outputs, once, whatever the order; a plan that tells the truth."""

from __future__ import annotations

import json
import os
from pathlib import Path

from contract_hooks import Contract, Shared
from rig import Finished, Rig, Sabotage
from watcher import Watcher, identity


class ResultsContract(Contract):
    def test_an_undisturbed_run_makes_every_output_and_reports_it(self, shared: Shared) -> None:
        rig, units, done = shared
        assert done.code == 0, done.err
        assert rig.statuses() == self.all_completed(units)
        assert self.results_of(rig, units) == set(rig.output_files()) != set()
        for unit in rig.statuses():
            for path in rig.outputs_of(unit):
                self.read_output(path)
        assert rig.unfinished_files() == []
        report = rig.report()
        assert (report["status"], report["exit_code"]) == ("completed", 0)
        assert report["statuses"]["completed"] == len(self.all_completed(units))
        assert report["failures"] == []

    def test_progress_in_json_is_an_object_a_line_that_adds_up(self, shared: Shared) -> None:
        _, units, done = shared
        events = [json.loads(line) for line in done.out.splitlines()]
        assert {event["event"] for event in events} <= {"progress", "message", "end"}
        (end,) = [event for event in events if event["event"] == "end"]
        worked = len(self.all_completed(units))
        assert (end["done"], end["failed"], end["todo"]) == (worked, 0, worked)

    def test_the_log_file_holds_the_log(self, shared: Shared) -> None:
        rig, _, _ = shared
        lines = (rig.folder / "run.log").read_text().splitlines()
        assert lines
        assert any(" INFO " in line for line in lines)

    def test_a_second_run_skips_everything_and_says_so(self, shared: Shared) -> None:
        rig, units, _ = shared
        outputs, mtimes = rig.outputs(), rig.mtimes()
        again = rig.run("--quiet")
        assert again.code == 0
        assert (again.out, len(again.err.splitlines())) == ("", 1)
        assert f"0 done, {len(units)} up to date" in again.err
        assert rig.report()["counts"]["skipped"] == len(units)
        assert (rig.outputs(), rig.mtimes()) == (outputs, mtimes)

    def test_the_plan_after_a_run_skips_everything_and_touches_nothing(
        self, shared: Shared
    ) -> None:
        rig, units, _ = shared
        before = _everything(rig.output)
        plan = rig.run("--plan")
        assert plan.code == 0
        assert _planned(plan) == dict.fromkeys(units, ("skip", "unchanged"))
        assert plan.out.splitlines()[-1].startswith(f"plan: 0 to work, {len(units)} to skip")
        assert _everything(rig.output) == before

    def test_the_plan_before_a_run_lists_each_unit_and_makes_nothing(self, rig: Rig) -> None:
        units = self.make_inputs(rig.inputs, 2)
        bad = self.make_bad(rig.inputs)
        plan = rig.run("--plan")
        assert plan.code == 0
        assert _planned(plan) == dict.fromkeys([*units, bad], ("work", "new"))
        assert plan.out.splitlines()[-1].startswith("plan: 3 to work, 0 to skip")
        assert not rig.output.exists()
        assert not (rig.folder / "state").exists()

    def test_order_and_number_of_workers_change_no_output(self, shared: Shared, rig: Rig) -> None:
        """One worker, the inputs named one by one and backwards, by size."""
        undisturbed, units, _ = shared
        files = sorted(undisturbed.inputs.rglob(self.pattern), reverse=True)
        done = rig.run("--workers=1", "--order_by=size", inputs=[str(file) for file in files])
        assert done.code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert rig.statuses() == self.all_completed(units)

    def test_all_again_gives_the_same_outputs_by_age_and_with_three_workers(
        self, shared: Shared, rig: Rig
    ) -> None:
        undisturbed, units, _ = shared
        rig.copy_output(undisturbed)
        before = rig.mtimes()
        again = rig.run(
            "--rerun=all",
            "--order_by=mtime",
            "--workers=3",
            inputs=[str(undisturbed.inputs / self.pattern)],
        )
        assert again.code == 0
        assert self.reasons_of(rig) == {"asked for (--rerun all)": len(units)}
        assert rig.outputs() == undisturbed.outputs()
        assert not set(rig.mtimes().values()) & set(before.values())

    def test_what_changed_is_worked_again_and_only_that(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 1)
        assert rig.run().code == 0
        lost, changed, touched, kept = self.make_inputs(rig.inputs, 4)
        assert rig.run().code == 0
        assert set(rig.outputs_of(lost)).isdisjoint(
            path for unit in (changed, touched, kept) for path in rig.outputs_of(unit)
        )
        before, mtimes = rig.outputs(), rig.mtimes()
        self.change(rig.inputs, changed)
        for file in self.files_of(rig.inputs, touched):
            os.utime(file)
        for path in rig.outputs_of(lost):
            path.unlink()
        new = self.make_bad(rig.inputs)
        planned = _planned(rig.run("--plan"))
        assert planned == {
            changed: ("work", "input changed"),
            touched: ("skip", "unchanged"),
            lost: ("work", "output missing"),
            kept: ("skip", "unchanged"),
            new: ("work", "new"),
        }
        assert rig.run().code == 3
        reasons = {"input changed": 1, "output missing": 1, "new": 1}
        assert self.reasons_of(rig) == reasons
        after = rig.outputs()
        assert {name for name in before if after[name] != before[name]} == {
            str(path.relative_to(rig.output)) for path in self.results_of(rig, [changed])
        }
        made = self.results_of(rig, [changed, lost, new])
        untouched = {str(path) for path in self.results_of(rig, [touched, kept]) - made}
        assert {path for path, mtime in rig.mtimes().items() if mtimes[path] == mtime} == untouched

    def test_a_file_that_is_there_is_whole(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 6)
        with rig.started(
            "--workers=2", sabotage=[Sabotage(self.writes, "slow", seconds=0.05)]
        ) as run:
            watcher = Watcher(rig.output, self.read_output)
            done = run.wait()
            found = watcher.stop()
        assert done.code == 0
        assert len(found) >= 6
        assert found == {file: identity(file) for file in rig.output_files()}


def _everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {str(path): identity(path) for path in folder.rglob("*") if path.is_file()}


def _planned(plan: Finished) -> dict[str, tuple[str, str]]:
    """Returns what is planned: unit to action and reason."""
    found = {}
    for line in plan.out.splitlines()[:-1]:
        action, unit, rest = (
            line.split("  ", 2) if line.count("  ") > 1 else (*line.split(None, 2),)
        )
        found[unit] = (action, rest.rpartition(" (")[0].strip())
    return found
