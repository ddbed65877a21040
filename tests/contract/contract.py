"""What every pipeline must keep, tested by its real command.

A domain inherits `PipelineContract`, says how its inputs are made, and has all of these tests.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from rig import Finished, Rig, Running, Sabotage, is_dead, wait_until

logger = logging.getLogger(__name__)

UNITS = 6
KILLS = 20


class PipelineContract(ABC):
    """The tests; a subclass named `Test…` fills in its domain.

    Attributes:
        module: What is run with `python -m`.
        pattern: The glob of the inputs in their folder.
        arguments: Further arguments of every run.
        works: The function ("module:function") that works the bytes of an input, whose path is
            among its arguments.
        writes: A function called while an output is written, before it is whole.
        bad_step: The step at which the bad input fails.
        bad_cause: Part of the cause that is given for it.
    """

    module: ClassVar[str]
    pattern: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    works: ClassVar[str]
    writes: ClassVar[str]
    bad_step: ClassVar[str]
    bad_cause: ClassVar[str]

    @abstractmethod
    def make_inputs(self, folder: Path, count: int) -> list[str]:
        """Makes the inputs of `count` units, of different sizes; returns the units' names."""

    @abstractmethod
    def make_bad(self, folder: Path) -> str:
        """Makes a unit whose input is damaged; returns its name."""

    @abstractmethod
    def files_of(self, folder: Path, unit: str) -> list[Path]:
        """Returns the input files of a unit."""

    @abstractmethod
    def change(self, folder: Path, unit: str) -> None:
        """Changes an input of the unit so that its output changes."""

    @abstractmethod
    def read_output(self, path: Path) -> None:
        """Reads all of an output; raises if it is not whole."""

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        return self.rig_in(tmp_path)

    def test_an_undisturbed_run_makes_every_output_and_reports_it(self, shared) -> None:
        rig, units, done = shared
        assert done.code == 0, done.err
        assert rig.statuses() == dict.fromkeys(units, "completed")
        assert {path for unit in units for path in rig.outputs_of(unit)} == set(rig.output_files())
        for path in rig.output_files():
            self.read_output(path)
        assert rig.unfinished_files() == []
        report = rig.report()
        assert (report["status"], report["exit_code"]) == ("completed", 0)
        assert report["statuses"]["completed"] == len(units)
        assert report["failures"] == []

    def test_progress_in_json_is_an_object_a_line_that_adds_up(self, shared) -> None:
        _, units, done = shared
        events = [json.loads(line) for line in done.out.splitlines()]
        assert {event["event"] for event in events} <= {"progress", "message", "end"}
        (end,) = [event for event in events if event["event"] == "end"]
        assert (end["done"], end["failed"], end["todo"]) == (len(units), 0, len(units))

    def test_the_log_file_holds_the_log(self, shared) -> None:
        rig, _, _ = shared
        lines = (rig.folder / "run.log").read_text().splitlines()
        assert lines
        assert any(" INFO " in line for line in lines)

    def test_a_second_run_skips_everything_and_says_so(self, shared) -> None:
        rig, units, _ = shared
        outputs, mtimes = rig.outputs(), rig.mtimes()
        again = rig.run("--quiet")
        assert again.code == 0
        assert (again.out, len(again.err.splitlines())) == ("", 1)
        assert f"0 done, {len(units)} up to date" in again.err
        assert rig.report()["counts"]["skipped"] == len(units)
        assert (rig.outputs(), rig.mtimes()) == (outputs, mtimes)

    def test_the_plan_after_a_run_skips_everything_and_touches_nothing(self, shared) -> None:
        rig, units, _ = shared
        before = _everything(rig.output)
        plan = rig.run("--plan")
        assert plan.code == 0
        assert _planned(plan) == {unit: ("skip", "unchanged") for unit in units}
        assert plan.out.splitlines()[-1].startswith(f"plan: 0 to work, {len(units)} to skip")
        assert _everything(rig.output) == before

    def test_the_plan_before_a_run_lists_each_unit_and_makes_nothing(self, rig: Rig) -> None:
        units = self.make_inputs(rig.inputs, 2)
        bad = self.make_bad(rig.inputs)
        plan = rig.run("--plan")
        assert plan.code == 0
        assert _planned(plan) == {unit: ("work", "new") for unit in [*units, bad]}
        assert plan.out.splitlines()[-1].startswith("plan: 3 to work, 0 to skip")
        assert not rig.output.exists()
        assert not (rig.folder / "state").exists()

    def test_order_and_number_of_workers_change_no_output(self, shared, rig: Rig) -> None:
        """One worker, the inputs named one by one and backwards, by size."""
        undisturbed, units, _ = shared
        files = sorted(undisturbed.inputs.rglob(self.pattern), reverse=True)
        done = rig.run("--workers=1", "--order_by=size", inputs=[str(file) for file in files])
        assert done.code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert rig.statuses() == dict.fromkeys(units, "completed")

    def test_all_again_gives_the_same_outputs_by_age_and_with_three_workers(
        self, shared, rig: Rig
    ) -> None:
        undisturbed, units, _ = shared
        shutil.copytree(undisturbed.output, rig.output)
        before = rig.mtimes()
        again = rig.run(
            "--rerun=all",
            "--order_by=mtime",
            "--workers=3",
            inputs=[str(undisturbed.inputs / self.pattern)],
        )
        assert again.code == 0
        assert rig.report()["reasons"] == {"asked for (--rerun all)": len(units)}
        assert rig.outputs() == undisturbed.outputs()
        assert not set(rig.mtimes().values()) & set(before.values())

    def test_exactly_the_units_that_were_hurt_fail(self, hurt) -> None:
        rig, units, hurts, done = hurt
        assert done.code == 3
        expected = dict.fromkeys(units, "completed") | dict.fromkeys(hurts, "failed")
        assert rig.statuses() == expected
        for unit, status in expected.items():
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
        self, hurt, what: str, error_type: str, step: str, cause: str
    ) -> None:
        rig, _, hurts, _ = hurt
        (unit,) = [unit for unit, how in hurts.items() if how == what]
        failures = {failure["unit"]: failure for failure in rig.report()["failures"]}
        failure = failures[unit]
        assert failure["error_type"] == error_type
        assert cause in failure["cause"]
        assert failure["step"] == step if step else failure["step"]
        assert what in failure["traceback"] or what == "leave"

    def test_a_bad_file_is_named_with_step_cause_and_action(self, hurt) -> None:
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

    def test_the_failed_units_alone_are_worked_again(self, hurt, rig: Rig) -> None:
        hurt_rig, units, hurts, _ = hurt
        shutil.copytree(hurt_rig.output, rig.output)
        before = rig.mtimes()
        inputs = [str(hurt_rig.inputs / self.pattern)]
        again = rig.run("--rerun=failed", inputs=inputs)
        assert again.code == 3  # the bad file still is
        report = rig.report()
        assert report["reasons"] == {"failed last time": len(hurts)}
        assert [failure["attempt"] for failure in report["failures"]] == [2]
        assert [hurts[failure["unit"]] for failure in report["failures"]] == ["bad"]
        assert report["statuses"]["completed"] == len(hurts) - 1
        assert before.items() <= rig.mtimes().items() or _moved(rig, before)

    def test_a_run_goes_on_after_kills(self, shared, rig: Rig) -> None:
        """Killed twice: while an input is worked, then in the middle of writing."""
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        reading, writing = rig.gate("reading"), rig.gate("writing")
        kills = {
            "first": (reading, reading.at(self.works, self.marker(undisturbed, units[2]))),
            "second": (writing, writing.at(self.writes)),
        }
        for run_id, (gate, sabotage) in kills.items():
            arguments = ("--workers=2", f"--run_id={run_id}")
            with rig.started(*arguments, inputs=inputs, sabotage=[sabotage]) as run:
                gate.wait_for(1)
                workers = run.workers()
                assert len(workers) == 2
                run.kill()
                wait_until(lambda: all(map(is_dead, workers)), "the end", timeout_s=2)  # noqa: B023
            for path in rig.output_files():
                self.read_output(path)
        assert rig.unfinished_files() != []
        done = rig.run("--workers=2", inputs=inputs)
        assert done.code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert rig.statuses() == dict.fromkeys(units, "completed")
        assert rig.unfinished_files() == []
        runs = [row["status"] for row in rig.rows("SELECT status FROM runs ORDER BY started")]
        assert runs == ["interrupted", "interrupted", "completed"]

    def test_no_worker_outlives_its_launcher_even_when_it_hangs_in_c(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 1)
        gate = rig.gate()
        sabotage = [gate.at(self.works), Sabotage(self.works, "hang_in_c")]
        gate.open()
        with rig.started("--workers=1", sabotage=sabotage) as run:
            gate.wait_for(1)
            workers = run.workers()
            run.kill()
            wait_until(lambda: all(map(is_dead, workers)), "the worker's end", timeout_s=2)

    @pytest.mark.timeout(240)
    def test_a_run_goes_on_after_twenty_kills_at_random_moments(
        self, rig: Rig, tmp_path: Path
    ) -> None:
        units = self.make_inputs(rig.inputs, 24)
        dice = random.Random(20181111)
        arguments = ("--workers=2", "--progress=none")
        sabotage = [
            Sabotage(self.works, "slow", seconds=0.1),
            Sabotage(self.writes, "slow", seconds=0.02),
        ]
        progress = []
        for _ in range(KILLS):
            seen = _runs_in(rig)
            with rig.started(*arguments, sabotage=sabotage) as run:
                if dice.random() < 0.8:  # else at any moment of its start
                    wait_until(lambda: _runs_in(rig) > seen, "the run's start")  # noqa: B023
                    time.sleep(dice.uniform(0, 1.5))
                else:
                    time.sleep(dice.uniform(0, 3))
                run.kill()
            for path in rig.output_files():
                self.read_output(path)
            progress.append(len(rig.output_files()))
        logger.info("outputs after each kill: %s", progress)
        assert rig.run(*arguments).code == 0
        undisturbed = self.rig_in(tmp_path / "undisturbed")
        assert undisturbed.run(*arguments, inputs=[str(rig.inputs / self.pattern)]).code == 0
        assert rig.outputs() == undisturbed.outputs()
        newest = rig.rows(
            "SELECT unit_id, status FROM units u WHERE recorded ="
            " (SELECT max(recorded) FROM units n WHERE n.unit_id = u.unit_id)"
        )
        assert Counter((row["unit_id"], row["status"]) for row in newest) == Counter(
            (unit, "completed") for unit in units
        )
        statuses = Counter(row["status"] for row in rig.rows("SELECT status FROM runs"))
        assert statuses["completed"] >= 1
        assert set(statuses) <= {"completed", "interrupted"}
        assert rig.unfinished_files() == []

    def test_a_file_that_is_there_is_whole(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, UNITS)
        with rig.started(
            "--workers=2", sabotage=[Sabotage(self.writes, "slow", seconds=0.05)]
        ) as run:
            watcher = _Watcher(rig.output, self.read_output)
            done = run.wait()
            found = watcher.stop()
        assert done.code == 0
        assert len(found) >= UNITS
        assert found == {file: _identity(file) for file in rig.output_files()}

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_finishes_the_unit_being_worked_and_begins_no_other(
        self, shared, rig: Rig, number: signal.Signals
    ) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        with rig.started("--workers=1", inputs=inputs, sabotage=[gate.at(self.works)]) as run:
            gate.wait_for(1)
            workers = run.workers()
            run.send(number)
            _wait_for_stop(rig)
            gate.open()
            done = run.wait()
        assert done.code == 130
        assert f"{number.name}: finishing what is being worked" in done.err
        assert list(rig.statuses().values()) == ["completed"]
        assert len(rig.output_files()) == 1
        assert all(map(is_dead, workers))
        report = rig.report()
        assert (report["status"], report["exit_code"]) == ("interrupted", 130)
        assert report["stop_reason"] == f"interrupted by {number.name}"
        assert rig.run(inputs=inputs).code == 0
        assert rig.report()["counts"]["skipped"] == 1
        assert rig.outputs() == undisturbed.outputs()

    def test_a_second_signal_leaves_at_once(self, shared, rig: Rig) -> None:
        undisturbed, _, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        with rig.started("--workers=2", inputs=inputs, sabotage=[gate.at(self.works)]) as run:
            gate.wait_for(2)
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

    def test_a_killed_worker_costs_the_unit_it_was_at(self, shared, rig: Rig) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        sabotage = [gate.at(self.works, self.marker(undisturbed, units[1]))]
        with rig.started("--workers=2", inputs=inputs, sabotage=sabotage) as run:
            (worker,) = gate.wait_for(1)
            os.kill(worker, signal.SIGKILL)
            done = run.wait()
        assert done.code == 3
        assert rig.statuses() == dict.fromkeys(units, "completed") | {units[1]: "failed"}
        (failure,) = rig.report()["failures"]
        assert failure["unit"] == units[1]
        assert (failure["step"], failure["error_type"]) == ("worker", "WorkerDied")
        assert "SIGKILL" in failure["cause"]
        assert rig.run(inputs=inputs).code == 0
        assert rig.report()["reasons"] == {"failed last time": 1}
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
        assert rig.statuses() == dict.fromkeys(units, "completed")

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

    def test_what_changed_is_worked_again_and_only_that(self, rig: Rig) -> None:
        changed, touched, lost, kept = self.make_inputs(rig.inputs, 4)
        assert rig.run().code == 0
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
        assert rig.report()["reasons"] == reasons
        after = rig.outputs()
        assert {name for name in before if after[name] != before[name]} == {
            str(path.relative_to(rig.output)) for path in rig.outputs_of(changed)
        }
        untouched = {str(path) for unit in (touched, kept) for path in rig.outputs_of(unit)}
        assert {path for path, mtime in rig.mtimes().items() if mtimes[path] == mtime} == untouched

    def test_a_second_run_on_the_same_output_is_refused_while_one_works(self, rig: Rig) -> None:
        self.make_inputs(rig.inputs, 2)
        gate = rig.gate()
        with rig.started("--run_id=the-first", sabotage=[gate.at(self.works)]) as first:
            gate.wait_for(1)
            second = rig.run()
            gate.open()
            assert first.wait().code == 0
        assert second.code == 1
        (line,) = second.err.splitlines()
        assert "the-first" in line
        assert f"process {first.process.pid}" in line
        assert [row["run_id"] for row in rig.rows("SELECT run_id FROM runs")] == ["the-first"]

    def test_what_cannot_run_says_so_in_one_line_and_leaves_nothing(self, rig: Rig) -> None:
        """An input that is not there, an output that cannot be written, a mistyped option."""
        self.make_inputs(rig.inputs, 1)
        (rig.folder / "file").write_text("no folder")
        cases: dict[str, tuple[dict, list[str], int, list[str]]] = {
            "no input": (
                {"inputs": [str(rig.folder / "nowhere" / "*")]},
                [],
                1,
                [f"{rig.folder}/nowhere: ", "preflight: ", "; check"],
            ),
            "no output": (
                {},
                ["--output", f"{rig.folder}/file/out"],
                1,
                [f"{rig.folder}/file/out: ", "preflight: ", "cannot be written", "; check"],
            ),
            "mistyped": ({}, ["--wokers=2"], 2, ["--wokers", "did you mean --workers"]),
            "bad value": ({}, ["--workers=none"], 2, ["--workers", "none"]),
        }
        with ExitStack() as stack:
            running = {
                name: stack.enter_context(rig.started(*arguments, **inputs))
                for name, (inputs, arguments, _, _) in cases.items()
            }
            finished = {name: run.wait() for name, run in running.items()}
        for name, (_, _, code, parts) in cases.items():
            assert finished[name].code == code, name
            (line,) = finished[name].err.splitlines()
            for part in parts:
                assert part in line, name
        assert not rig.output.exists()
        assert not (rig.folder / "state").exists()

    def test_no_match_is_an_error_and_leaves_no_output(self, rig: Rig) -> None:
        rig.inputs.mkdir(parents=True)
        done = rig.run()
        assert done.code == 1
        said = f"{rig.inputs / self.pattern}: match files: no file matches; check the pattern"
        assert sum(said in line for line in done.err.splitlines()) == 1
        assert rig.output_files() == []
        assert rig.unfinished_files() == []
        report = rig.report()
        assert (report["status"], report["exit_code"]) == ("failed", 1)

    def rig_in(self, folder: Path) -> Rig:
        return Rig(self.module, folder, self.pattern, self.arguments)

    def marker(self, rig: Rig, unit: str) -> str:
        """Returns what the paths of the unit's files have in common, in front at least."""
        return str(self.files_of(rig.inputs, unit)[0])


class _Watcher:
    """Reads each output at the moment it appears."""

    def __init__(self, folder: Path, read: Callable[[Path], None]) -> None:
        self._folder, self._read = folder, read
        self._found: dict[Path, tuple[int, int, int]] = {}
        self._errors: list[Exception] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> dict[Path, tuple[int, int, int]]:
        self._stopped.set()
        self._thread.join()
        assert self._errors == []
        return self._found

    def _watch(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopped.is_set()  # one more look after the end
            for file in self._outputs():
                if file not in self._found:
                    self._look_at(file)

    def _outputs(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self._folder):
            if ".headrace" in folders:
                folders.remove(".headrace")
            yield from (Path(folder, name) for name in files)

    def _look_at(self, file: Path) -> None:
        try:
            self._found[file] = _identity(file)
            self._read(file)
        except Exception as error:
            self._errors.append(error)


def _identity(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {str(path): _identity(path) for path in folder.rglob("*") if path.is_file()}


def _planned(plan: Finished) -> dict[str, tuple[str, str]]:
    """Returns what is planned: unit to action and reason."""
    found = {}
    for line in plan.out.splitlines()[:-1]:
        action, unit, rest = (
            line.split("  ", 2) if line.count("  ") > 1 else (*line.split(None, 2),)
        )
        found[unit] = (action, rest.rpartition(" (")[0].strip())
    return found


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
