"""What every pipeline must keep on a Flink cluster, by the command that a user types.

A domain inherits `FlinkContract` beside its hooks, in a class named `Test…`, and in another one
`DisturbedFlinkContract`, which is slow: one domain stands for all in `.ci/run`.
"""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from contract_hooks import Contract
from flink_cluster import FlinkCluster
from rig import Rig, wait_until

from batchio.ledger import Ledger

LOOPBACK = ("--environment_type", "LOOPBACK")
ON_FLINK_S = 240.0  # a job takes about ten seconds, with nothing else on the machine


@pytest.mark.timeout(900)
class FlinkContract(Contract):
    def rig_on(self, flink: FlinkCluster, folder: Path, *arguments: str) -> Rig:
        return rig_on(flink, self.rig_in(folder), *arguments)

    @pytest.fixture
    def direct(self, tmp_path: Path) -> Rig:
        """A run of some units, one of them bad, on the DirectRunner."""
        rig = self.rig_in(tmp_path / "direct")
        self.make_inputs(rig.inputs, 6)
        self.make_bad(rig.inputs)
        assert rig.run("--workers=2").code == 3
        return rig

    def test_flink_gives_what_the_direct_runner_gives(
        self, flink: FlinkCluster, direct: Rig, tmp_path: Path
    ) -> None:
        rig = self.rig_on(flink, tmp_path / "flink", *LOOPBACK, "--parallelism=2")
        units = self.make_inputs(rig.inputs, 6)
        bad = self.make_bad(rig.inputs)
        done = rig.run(timeout_s=ON_FLINK_S)
        assert done.code == 3, done.err
        assert rig.outputs() == direct.outputs() != {}
        assert rig.statuses() == direct.statuses() == {**self.all_completed(units), bad: "failed"}
        assert told(rig) == told(direct)
        assert rig.unfinished_files() == []

        mtimes = rig.mtimes()
        assert rig.run(timeout_s=ON_FLINK_S).code == 3
        assert rig.report()["counts"]["skipped"] == len(units)
        for path, mtime in rig.mtimes().items():
            assert mtime == mtimes[path] or self.further_units, path


class DisturbedFlinkContract(FlinkContract):
    """What only a cluster brings: workers of a pool, a lost machine, an interruption."""

    @pytest.fixture
    def whole(self, tmp_path: Path) -> Rig:
        """The same without the bad one, which a disturbed run may try twice."""
        rig = self.rig_in(tmp_path / "whole")
        self.make_inputs(rig.inputs, 6)
        assert rig.run("--workers=2").code == 0
        return rig

    def test_workers_of_a_pool_with_a_ledger_in_postgresql(
        self, flink_with_pool: FlinkCluster, direct: Rig, tmp_path: Path, postgres_url: str
    ) -> None:
        """As on a cluster of many machines: nothing of the work is in the launcher's process."""
        flink = flink_with_pool
        pool = ("--environment_type", "EXTERNAL", "--environment_config", flink.worker_pool)
        ledger = ("--ledger", postgres_url)
        rig = self.rig_on(flink, tmp_path / "flink", *pool, *ledger, "--parallelism=2")
        self.make_inputs(rig.inputs, 6)
        self.make_bad(rig.inputs)
        done = rig.run(timeout_s=ON_FLINK_S)
        assert done.code == 3, done.err
        assert rig.outputs() == direct.outputs()
        assert told(rig) == told(direct)
        with closing(Ledger(postgres_url)) as records:
            (run,) = records.runs()
            statuses = {row.unit_id: row.status for row in records.unit_rows(run["run_id"])}
        assert statuses == direct.statuses()

    def test_a_lost_task_manager_costs_nothing_but_time(
        self, flink: FlinkCluster, whole: Rig, tmp_path: Path
    ) -> None:
        rig = self.rig_on(flink, tmp_path / "flink", *LOOPBACK, "--parallelism=2")
        units = self.make_inputs(rig.inputs, 6)
        gate = rig.gate()
        with rig.started(sabotage=[gate.at(self.works)]) as run:
            run.reaches(gate, timeout_s=ON_FLINK_S)
            flink.lose_task_manager()
            flink.start_task_manager()
            gate.open()
            done = run.wait(ON_FLINK_S)
        assert done.code == 0, done.err
        assert rig.outputs() == whole.outputs()
        assert rig.statuses() == self.all_completed(units)
        assert len(rig.rows("SELECT * FROM units")) == len(rig.statuses())
        assert rig.unfinished_files() == []

    def test_an_interrupted_run_goes_on_where_it_was(
        self, flink: FlinkCluster, whole: Rig, tmp_path: Path
    ) -> None:
        rig = self.rig_on(flink, tmp_path / "flink", *LOOPBACK, "--parallelism=2")
        units = self.make_inputs(rig.inputs, 6)
        gate = rig.gate()
        with rig.started(sabotage=[gate.at(self.works)]) as run:
            run.reaches(gate, timeout_s=ON_FLINK_S)
            run.send(signal.SIGINT)
            wait_until(lambda: "finishing what is being worked" in run.err, "the stop")
            gate.open()
            assert run.wait(ON_FLINK_S).code == 130
        assert not flink.running_jobs()
        assert rig.run(timeout_s=ON_FLINK_S).code == 0
        assert rig.outputs() == whole.outputs()
        assert rig.statuses() == self.all_completed(units)


def rig_on(flink: FlinkCluster, rig: Rig, *arguments: str) -> Rig:
    """Returns a rig with whose command a cluster works; waits until all its slots are free."""
    flink.wait_for_slots(2 if flink.worker_pool else 4)
    runner = ("--runner", "FlinkRunner", "--flink_master", flink.master)
    server = ("--flink_job_server_jar", flink.job_server)
    return replace(rig, arguments=(*rig.arguments, *runner, *server, *arguments))


def told(rig: Rig) -> dict[str, object]:
    """What the report counts that is the same wherever a run works."""
    report = rig.report()
    counts = report["counts"]
    same = ("found", "left_out", "units", "skipped", "todo")
    return {"statuses": report["statuses"], **{name: counts[name] for name in same}}
