from __future__ import annotations

from pathlib import Path

import pytest
from contract_hooks import Contract, Hurt, Shared
from rig import Rig, Sabotage

pytest.register_assert_rewrite(
    "contract_failures", "contract_interruptions", "contract_results", "watcher"
)


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    contract: Contract = request.instance
    return contract.rig_in(tmp_path)


@pytest.fixture(scope="class")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """A finished, undisturbed run and its units; tests may run it again but change nothing."""
    contract: Contract = request.cls()
    rig = contract.rig_in(tmp_path_factory.mktemp("shared"))
    units = contract.make_inputs(rig.inputs, 6)
    log_file = rig.folder / "run.log"
    done = rig.run("--workers=2", "--progress=json", f"--log_file={log_file}", "--verbose")
    return Shared(rig, units, done)


@pytest.fixture(scope="class")
def hurt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hurt:
    """A run in which a file is bad and workers crash, leave, hang, spin and lack memory."""
    contract: Contract = request.cls()
    rig = contract.rig_in(tmp_path_factory.mktemp("hurt"))
    units = contract.make_inputs(rig.inputs, 9)
    actions = ("segfault", "leave", "hang", "hang_in_c", "spin", "no_memory")
    hurts = dict(zip(units, actions, strict=False))
    sabotage = [
        Sabotage(contract.works, action, contract.marker(rig, unit))
        for unit, action in hurts.items()
    ]
    hurts[contract.make_bad(rig.inputs)] = "bad"
    done = rig.run("--workers=2", "--timeout=3", sabotage=sabotage)
    return Hurt(rig, units, hurts, done)
