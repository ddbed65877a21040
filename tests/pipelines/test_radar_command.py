"""The radar command's own rules, on small volumes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import netCDF4
import pytest
from radar_files import START, file_name, write_volume
from rig import Rig

from batchio.radar.sinarame import FIELDS

TABLE = {"0301": {"02": ["DBZH", "VRAD"]}}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig("pipelines.radar", tmp_path, "**/*.BUFR*")


def table_option(rig: Rig, table: Mapping[str, Mapping[str, list[str]]] = TABLE) -> str:
    path = rig.folder / "table.yaml"
    path.write_text(json.dumps(table))
    return f"--volume_types={path}"


def fields_of(rig: Rig, volume: str) -> set[str]:
    with netCDF4.Dataset(rig.output / f"{volume}.nc") as dataset:
        return set(dataset.variables) & set(FIELDS)


def values_of(rig: Rig, volume: str, field: str) -> list[float]:
    with netCDF4.Dataset(rig.output / f"{volume}.nc") as dataset:
        return list(map(float, dataset[field][0, :3]))


def test_a_volume_waits_for_its_missing_field(rig: Rig) -> None:
    volume = write_volume(rig.inputs, ["DBZH"])
    table = table_option(rig)
    waiting = rig.run(table)
    assert waiting.code == 0
    assert rig.statuses() == {volume: "incomplete"}
    assert rig.output_files() == []
    assert f"{volume}: VRAD missing; add the files, or give --allow_incomplete" in waiting.err

    write_volume(rig.inputs, ["VRAD"])
    plan = rig.run(table, "--plan")
    assert plan.out.splitlines()[0].startswith(f"work  {volume}  no longer waits (2 files, ")
    assert rig.run(table).code == 0
    assert rig.statuses() == {volume: "completed"}
    assert fields_of(rig, volume) == {"DBZH", "VRAD"}


def test_a_volume_made_without_a_field_is_made_again_when_the_field_comes(rig: Rig) -> None:
    volume = write_volume(rig.inputs, ["DBZH"])
    table = table_option(rig)
    assert rig.run(table, "--allow_incomplete").code == 0
    assert fields_of(rig, volume) == {"DBZH"}
    with netCDF4.Dataset(rig.output / f"{volume}.nc") as dataset:
        assert dataset.missing_fields == "VRAD"
    assert rig.run(table, "--allow_incomplete").code == 0
    assert rig.report()["counts"]["skipped"] == 1

    write_volume(rig.inputs, ["VRAD"])
    assert rig.run(table).code == 0
    assert rig.report()["reasons"] == {"input changed": 1}
    assert fields_of(rig, volume) == {"DBZH", "VRAD"}


def test_what_is_old_enough_is_not_waited_for_and_what_is_unexpected_is_told(rig: Rig) -> None:
    table = table_option(rig)
    recent = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)
    whole = write_volume(rig.inputs)
    old = write_volume(rig.inputs, ["VRAD"], time=START + timedelta(hours=1))
    young = write_volume(rig.inputs, ["DBZH"], time=recent)
    strange = write_volume(rig.inputs, strategy="0999")
    odd_number = write_volume(rig.inputs, number="07")
    done = rig.run(table, "--incomplete_timeout_hours=3")
    assert done.code == 0
    assert rig.statuses() == {
        whole: "completed",
        old: "completed",
        young: "incomplete",
        strange: "pending",
        odd_number: "pending",
    }
    assert {path.stem for path in rig.output_files()} == {whole, old}
    report = rig.report()
    assert report["reasons"]["incomplete, older than 3 h"] == 1
    (waiting,) = report["incomplete"]
    assert waiting["waiting_for"].endswith("VRAD missing; waits until 3 h old")
    told = {each["unit"]: each["waiting_for"] for each in report["pending"]}
    assert "strategy 0999, volume 02 is not in the table" in told[strange]
    assert "strategy 0301, volume 07 is not in the table" in told[odd_number]

    plan = rig.run(table, "--incomplete_timeout_hours=3", "--plan")
    actions = {line.split()[1]: line.split()[0] for line in plan.out.splitlines()[:-1]}
    assert actions == {
        whole: "skip",
        old: "skip",
        young: "wait",
        strange: "wait",
        odd_number: "wait",
    }

    assert rig.run(table, "--incomplete_timeout_hours=1.5", "--allow_unexpected").code == 0
    assert set(rig.statuses().values()) == {"completed"}
    assert rig.report()["counts"]["skipped"] == 2


def test_duplicates_conflicts_and_foreign_names(rig: Rig) -> None:
    """Of several files of a field the first by path that decodes is used; the rest is told."""
    first, second, third = rig.inputs / "a", rig.inputs / "b", rig.inputs / "c"
    volume = write_volume(first, ["DBZH"], base=1)
    name = file_name(volume, "DBZH")
    write_volume(second, ["DBZH"], base=7)  # other content
    write_volume(third, ["DBZH"], base=1)
    plain = first / name
    (first / f"{name}.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    (third / name).write_bytes(plain.read_bytes())
    for foreign in ("notes.BUFR", f"copy of {name}", name.replace("DBZH", "NOPE"), f"{name}.part"):
        (first / foreign).write_bytes(plain.read_bytes())
    (first / name.replace("T0004", "T2504")).write_bytes(plain.read_bytes())

    assert rig.run().code == 0
    assert rig.statuses()[volume] == "completed"
    assert values_of(rig, volume, "DBZH") == pytest.approx([1, 1 + 1 / 256, 1 + 2 / 256])
    remarks = {each["path"]: each["remark"] for each in rig.report()["file_remarks"]}
    used = ", which is used"
    assert remarks.pop(f"{first}/{name}.gz") == f"duplicate: the same as {plain}{used}"
    assert remarks.pop(f"{third}/{name}") == f"duplicate: the same as {plain}{used}"
    conflict = remarks.pop(f"{second}/{name}")
    assert conflict.startswith(f"conflict: other content than {plain}{used}")
    not_a_name = "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP.BUFR[.gz]"
    assert not_a_name in remarks.pop(f"{first}/notes.BUFR")
    assert not_a_name in remarks.pop(f"{first}/copy of {name}")
    assert not_a_name in remarks.pop(f"{first}/{name}.part")
    assert "is no time" in remarks.pop(str(first / name.replace("T0004", "T2504")))
    assert "NOPE" in remarks.pop(str(first / name.replace("DBZH", "NOPE")))
    assert remarks == {}

    plain.write_bytes(b"BUFR")  # the first that decodes is now its copy
    assert rig.run().code == 0
    assert values_of(rig, volume, "DBZH")[0] == 1
    remarks = {each["path"]: each["remark"] for each in rig.report()["file_remarks"]}
    assert remarks[str(plain)].startswith("damaged: is cut short")
    assert f"{first}/{name}.gz" not in remarks


def test_settings_of_the_result_count_and_others_do_not(rig: Rig) -> None:
    volume = write_volume(rig.inputs)
    other = write_volume(rig.inputs, strategy="0315")
    table = {**TABLE, "0315": {"02": ["DBZH", "VRAD"]}}
    assert rig.run(table_option(rig, table)).code == 0
    before = rig.mtimes()
    smaller = {**table, "0315": {"02": ["DBZH"]}}
    assert rig.run(table_option(rig, smaller), "--workers=1", "--order_by=size").code == 0
    assert rig.report()["reasons"] == {"settings changed": 1}
    after = rig.mtimes()
    assert {Path(path).stem for path in after if after[path] != before[path]} == {other}
    assert rig.run(table_option(rig, smaller), "--compression=0").code == 0
    assert rig.report()["reasons"] == {"settings changed": 2}
    with netCDF4.Dataset(rig.output / f"{volume}.nc") as dataset:
        assert dataset["DBZH"].filters()["zlib"] is False


def test_timestamped_outputs_stay_beside_each_other(rig: Rig) -> None:
    volume = write_volume(rig.inputs)
    write_volume(rig.inputs, time=START + timedelta(hours=1))
    left_out = f"--exclude=*{(START + timedelta(hours=1)):%Y%m%dT%H}*"
    assert rig.run(left_out).code == 0
    assert rig.run(left_out, "--timestamped", "--rerun=all").code == 0
    plain, stamped = sorted(rig.output_files(), key=lambda path: len(path.name))
    assert plain.name == f"{volume}.nc"
    assert stamped.name.startswith(f"{volume}_20")
    assert plain.read_bytes() == stamped.read_bytes()
