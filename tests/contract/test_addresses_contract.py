from __future__ import annotations

import json
import signal
from typing import Any

from addresses_hooks import AddressesHooks
from contract import PipelineContract
from contract_hooks import Shared
from contract_interruptions import wait_for_stop
from rig import Rig, Sabotage

READ_BLOCK = "batchio.addresses.csv_read:read_block"
JOIN = "batchio.addresses.csv_write:join_parts"


class TestAddressesContract(AddressesHooks, PipelineContract):
    def test_a_stop_amid_the_blocks_of_a_file_leaves_them_to_the_next_run(
        self, shared: Shared, rig: Rig
    ) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        sabotage = [gate.at(READ_BLOCK, self.marker(undisturbed, units[1]))]
        with rig.started("--workers=1", inputs=inputs, sabotage=sabotage) as run:
            run.reaches(gate)
            run.send(signal.SIGINT)
            wait_for_stop(rig)
            gate.open()
            assert run.wait().code == 130
        assert rig.statuses().get(units[1]) in ("interrupted", None)  # recorded after a second
        assert rig.outputs().items() < undisturbed.outputs().items()
        assert blocks_there(rig) > 0
        assert rig.run(inputs=inputs).code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert rig.statuses() == self.all_completed(units)
        assert not (rig.state / "blocks").exists()

    def test_a_kill_amid_the_joining_costs_no_block(self, shared: Shared, rig: Rig) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        gate = rig.gate()
        with rig.started("--workers=2", inputs=inputs, sabotage=[gate.at(JOIN)]) as run:
            run.reaches(gate, 2)
            run.kill()
        there = blocks_there(rig)
        assert rig.run(inputs=inputs).code == 0
        assert rig.outputs() == undisturbed.outputs()
        told = [measured(rig, unit) for unit in units[1::2]]
        assert sum(each["blocks_from_before"] for each in told) == there > len(told)
        assert {each["blocks"] for each in told} == {0}

    def test_a_block_that_cannot_be_worked_fails_its_file_alone(
        self, shared: Shared, rig: Rig
    ) -> None:
        undisturbed, units, _ = shared
        inputs = [str(undisturbed.inputs / self.pattern)]
        broken = Sabotage(READ_BLOCK, "no_memory", self.marker(undisturbed, units[3]))
        assert rig.run(inputs=inputs, sabotage=[broken]).code == 3
        assert rig.statuses() == self.all_completed(units) | {units[3]: "failed"}
        (failure,) = rig.report()["failures"]
        assert (failure["unit"], failure["error_type"]) == (units[3], "MemoryError")
        assert not (rig.state / "blocks").exists()
        assert rig.run(inputs=inputs).code == 0
        assert rig.outputs() == undisturbed.outputs()


def blocks_there(rig: Rig) -> int:
    return len([*(rig.state / "blocks").glob("*/*.json")])


def measured(rig: Rig, unit: str) -> dict[str, Any]:
    file = (rig.output / unit).with_suffix(".metadata.json")
    told: dict[str, Any] = json.loads(file.read_text())["measured"]
    return told
