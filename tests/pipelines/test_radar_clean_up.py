"""`--cleanup_after_hours` from the command line, run after run."""

from __future__ import annotations

from pathlib import Path

from radar_files import file_name, write_volume
from rig import Rig

AT_ONCE = "--cleanup_after_hours=0.000001"


def left(rig: Rig) -> list[str]:
    return sorted(path.name for path in rig.inputs.iterdir())


def test_inputs_are_planned_deleted_and_not_missed_afterwards(tmp_path: Path) -> None:
    rig = Rig("pipelines.radar", tmp_path, "**/*.BUFR*")
    volume = write_volume(rig.inputs)
    damaged = write_volume(rig.inputs, number="03")
    assert rig.run("--run_id=first").code == 0
    assert len(left(rig)) == 4
    netcdf = rig.output / f"{damaged}.nc"
    content = netcdf.read_bytes()
    netcdf.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    made = rig.outputs()

    plan = rig.run(AT_ONCE, "--plan").out.splitlines()
    files = [str(rig.inputs / file_name(volume, field)) for field in ("DBZH", "VRAD")]
    cause = f"{netcdf}: is not what was written: its size or SHA-256 is another"
    why = f"{cause}; remove it, and the next run makes it again"
    assert plan[2:-1] == [
        *(f"clean up  {path}  is in {rig.output}/{volume}.nc" for path in files),
        f"keep inputs  {damaged}  {why}",
    ]
    assert len(left(rig)) == 4

    done = rig.run(AT_ONCE)
    assert done.code == 0
    assert left(rig) == [file_name(damaged, field) for field in ("DBZH", "VRAD")]
    assert f"{damaged}: inputs not cleaned up: {why}" in done.err
    assert "Cleaned up: inputs of volumes 1e-06 h old or older: 2, 0.0 MB" in done.err
    remarks = {each["path"]: each["remark"] for each in rig.report()["file_remarks"]}
    by_run = f"cleaned up by {rig.report()['run_id']}"
    assert remarks == {
        **dict.fromkeys(files, by_run),
        str(netcdf): f"inputs not cleaned up: {why}",
    }

    for path in rig.inputs.iterdir():
        path.unlink()
    write_volume(rig.inputs, ["ZDR"])
    late = rig.run("--rerun=all", AT_ONCE, "--run_id=late")
    assert late.code == 0
    assert rig.statuses() == {volume: "pending", damaged: "completed"}
    assert f"{volume}: 2 of its files were cleaned up; give them all again" in late.err
    assert rig.outputs() == made

    for path in rig.inputs.iterdir():
        path.unlink()
    assert rig.run(AT_ONCE, "--run_id=empty").code == 0
    assert rig.outputs() == made
