"""Grids as the radar command makes them, on small volumes of two radars."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import netCDF4
import pytest
from radar_files import START, write_volume
from rig import Rig

SMALL = (
    "--grid",
    "--grid_radius_km=10",
    "--grid_top_km=2",
    "--grid_levels=4",
    "--grid_spacing_m=500",
)
LATER = START + timedelta(hours=1)
FIRST, SECOND = "grid/20181111T0000Z", "grid/20181111T0100Z"


def volumes_of(rig: Rig, grid: str) -> list[str]:
    with netCDF4.Dataset(rig.output / f"{grid}.nc") as dataset:
        return list(map(str, netCDF4.chartostring(dataset["volume_id"][:])))


def reasons(rig: Rig) -> dict[str, str]:
    """Why the newest run worked what it worked."""
    run = rig.report()["run_id"]
    return {unit: row["reason"] for unit, row in rig.units().items() if row["run_id"] == run}


class Ran:
    """A run of two slots: two radars in the first, one in the second, velocities as well."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        seconds = timedelta(seconds=20)
        self.one = write_volume(rig.inputs, ["DBZH", "VRAD"])
        self.other = write_volume(rig.inputs, ["DBZH"], time=START + seconds, radar="RMA2")
        self.velocity = write_volume(rig.inputs, ["VRAD"], time=START + seconds, number="03")
        self.later = write_volume(rig.inputs, ["DBZH"], time=LATER)
        self.done = rig.run()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(Rig("pipelines.radar", tmp_path_factory.mktemp("grids"), "**/*.BUFR", SMALL))


def test_volumes_of_a_slot_are_on_one_grid(ran: Ran) -> None:
    assert ran.done.code == 0, ran.done.err
    assert volumes_of(ran.rig, FIRST) == [ran.one, ran.other]
    assert volumes_of(ran.rig, SECOND) == [ran.later]
    volumes = {ran.one, ran.other, ran.velocity, ran.later}
    assert ran.rig.statuses() == dict.fromkeys([*volumes, FIRST, SECOND], "completed")


def test_a_run_that_was_killed_goes_on_and_makes_the_same(ran: Ran, tmp_path: Path) -> None:
    rig = Rig("pipelines.radar", tmp_path, "**/*.BUFR", (*SMALL, "--workers=2"))
    gate, inputs = rig.gate(), [str(ran.rig.inputs / rig.pattern)]
    held = gate.at("batchio.output:OutputRoot._publish", SECOND)
    with rig.started(inputs=inputs, sabotage=[held]) as running:
        running.reaches(gate)
        running.kill()
    assert rig.run(inputs=inputs).code == 0
    assert rig.outputs() == ran.rig.outputs()
    assert not rig.unfinished_files()


def test_a_late_volume_changes_the_grid_of_its_slot_alone(ran: Ran) -> None:
    before = ran.rig.mtimes()
    late = write_volume(ran.rig.inputs, ["DBZH"], time=LATER + timedelta(minutes=1), radar="RMA2")
    # The other radar's files are not asked for: they stay on the grid all the same.
    done = ran.rig.run(inputs=[str(ran.rig.inputs / "RMA2_*.BUFR")])
    assert done.code == 0, done.err
    assert reasons(ran.rig) == {late: "new", SECOND: "volumes changed"}
    assert volumes_of(ran.rig, SECOND) == [ran.later, late]
    changed = {name for name, time in ran.rig.mtimes().items() if before.get(name) != time}
    assert {Path(name).stem for name in changed} == {late, Path(SECOND).name}

    assert ran.rig.run().code == 0  # all of them again: nothing is new
    assert reasons(ran.rig) == {}
    assert ran.rig.report()["counts"]["skipped"] == 7
