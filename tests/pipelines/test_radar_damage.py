"""Damaged radar files among good ones: one run, nothing lost, each named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import netCDF4
import pytest
from radar_files import SIX_FIELDS, START, file_name, write_volume
from rig import Finished, Rig

from batchio.radar.sinarame import FIELDS

REAL = "RMA1_0301_02_CM_20181111T000457Z.BUFR"
SECTION_3, SECTION_4 = 30, 44  # where they start: 8 bytes of section 0, 22 of section 1
Damage = Callable[[bytes], bytes]


def cut(size: int) -> Damage:
    return lambda data: data[:size]


def put(start: int, new: bytes) -> Damage:
    return lambda data: data[:start] + new + data[start % len(data) + len(new) :]


def flip(start: int, bit: int = 0) -> Damage:
    return lambda data: put(start, bytes([data[start] ^ 1 << bit]))(data)


def zipped(damage: Damage) -> Damage:
    return lambda data: damage(gzip.compress(data, mtime=0))


# What is done to a whole file, and what the report must say of it.
DAMAGES: dict[str, tuple[Damage, str]] = {
    "empty": (cut(0), "the file is empty"),
    "cut in section 0": (cut(6), "is cut short: 6 bytes"),
    "cut in section 1": (cut(20), "is cut short: 20 bytes"),
    "cut in section 3": (cut(SECTION_3 + 5), "is cut short: 35 bytes"),
    "cut at section 4": (cut(SECTION_4), "is cut short: 44 bytes"),
    "cut in the data": (lambda data: data[: len(data) // 2], "is cut short"),
    "cut before 7777": (lambda data: data[:-4], "is cut short"),
    "cut in 7777": (lambda data: data[:-1], "is cut short"),
    "bit in the data": (lambda data: flip(len(data) // 2)(data), "its data "),
    "bit in the month": (flip(25, 3), "the time of"),
    "bit in the closing": (flip(-2), "does not close with 7777"),
    "length too long": (put(4, b"\xff\xff\xff"), "is cut short"),
    "length too short": (put(4, b"\x00\x00\xff"), "does not close with 7777"),
    "section 1 too long": (put(8, b"\x00\xff\xff"), "section"),
    "section 4 too short": (put(SECTION_4, b"\x00\x00\x10"), "section"),
    "edition 3": (put(7, b"\x03"), "is BUFR edition 3, not 4"),
    "other centre": (put(12, b"\x00\x62"), "comes from centre 98, not 41"),
    "other template": (put(SECTION_3 + 7, b"\xc9\x34"), "not 321204 301031 321203"),
    "two messages": (lambda data: data + data, "holds a second message"),
    "more after the end": (lambda data: data + b"more", "after 7777"),
    "a web page": (lambda _: b"<html><h1>404 Not Found</h1></html>", "is not a BUFR file"),
    "zeros": (lambda data: bytes(len(data)), "is not a BUFR file"),
}
ZIPPED: dict[str, tuple[Damage, str]] = {
    "gzip cut": (zipped(cut(2000)), "does not end with its gzip stream"),
    "gzip cut in its head": (zipped(cut(6)), "gzip"),
    "gzip checksum": (zipped(flip(-6)), "cannot be gunzipped"),
    "gzip bit": (zipped(flip(1000)), "gunzip"),
    "gzip of a cut file": (lambda data: gzip.compress(data[:999]), "is cut short: 999 bytes"),
}


class Run(NamedTuple):
    rig: Rig
    done: Finished
    report: dict[str, Any]
    good: list[str]
    files: dict[str, Path]  # damaged alone in its volume, by damage
    together: dict[str, Path]  # all in one volume, by field


@pytest.fixture(scope="module")
def run(radar_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Volumes with one damaged file each, one of nothing but damaged files, and good ones."""
    rig = Rig("pipelines.radar", tmp_path_factory.mktemp("damage"), "*.BUFR*")
    real = (radar_data / REAL).read_bytes()
    good = make_good(rig.inputs, real)
    files = {}
    time = START
    for extension, damages in (("", DAMAGES), (".gz", ZIPPED)):
        for what, (damage, _) in damages.items():
            time += timedelta(minutes=1)
            files[what] = rig.inputs / f"{name_at(time)}{extension}"
            files[what].write_bytes(damage(real))
    together = make_all_damaged(rig.inputs)
    (rig.inputs / name_at(START + timedelta(hours=3))).mkdir()
    (rig.inputs / name_at(START + timedelta(hours=4))).symlink_to("/nowhere/at/all")
    done = rig.run("--workers=2", "--retries=0")
    return Run(rig, done, rig.report(), good, files, together)


def name_at(time: datetime) -> str:
    return REAL.replace("20181111T000457Z", time.strftime("%Y%m%dT%H%M%SZ"))


def make_good(folder: Path, real: bytes) -> list[str]:
    times = [START + timedelta(hours=hours) for hours in (0, 1, 12)]
    made = [write_volume(folder, SIX_FIELDS, time=time, number="01") for time in times]
    (folder / REAL).write_bytes(real)
    return [*made, REAL.replace("_CM", "").removesuffix(".BUFR")]


def make_all_damaged(folder: Path) -> dict[str, Path]:
    volume = write_volume(folder, FIELDS, number="03")
    files = {field: folder / file_name(volume, field) for field in FIELDS}
    for file, (damage, _) in zip(files.values(), DAMAGES.values(), strict=False):
        file.write_bytes(damage(file.read_bytes()))
    return files


def unit_of(file: Path) -> str:
    return file.name.replace("_CM", "").partition(".")[0]


def test_the_run_ends_with_every_good_volume_made(run: Run, radar_data: Path) -> None:
    assert run.done.code == 3
    statuses = run.rig.statuses()
    assert {unit for unit, status in statuses.items() if status == "completed"} == set(run.good)
    failed = {unit_of(file) for file in run.files.values()} | {all_damaged(run)}
    assert {unit for unit, status in statuses.items() if status == "failed"} == failed
    assert {path.stem for path in run.rig.output_files()} == set(run.good)
    assert run.rig.unfinished_files() == []


def all_damaged(run: Run) -> str:
    (unit,) = {file.name.replace(f"_{field}_", "_")[:-5] for field, file in run.together.items()}
    return unit


def test_good_volumes_are_those_of_a_run_without_damaged_ones(
    run: Run, radar_data: Path, tmp_path: Path
) -> None:
    alone = Rig("pipelines.radar", tmp_path, "*.BUFR*")
    make_good(alone.inputs, (radar_data / REAL).read_bytes())
    assert alone.run("--workers=1").code == 0
    assert run.rig.outputs() == alone.outputs()


@pytest.mark.parametrize("what", [*DAMAGES, *ZIPPED])
def test_a_damaged_file_is_named_once_with_its_cause(run: Run, what: str) -> None:
    file = run.files[what]
    cause = {**DAMAGES, **ZIPPED}[what][1]
    (failure,) = [each for each in run.report["failures"] if each["unit"] == unit_of(file)]
    assert failure["file"] == str(file)
    assert failure["step"] == "decode radar BUFR"
    assert cause in failure["cause"]
    assert failure["action"]
    (remark,) = [each for each in run.report["file_remarks"] if each["path"] == str(file)]
    assert remark["remark"] == f"damaged: {failure['cause']}"


def test_each_file_of_a_volume_of_damaged_files_is_named_once(run: Run) -> None:
    (failure,) = [each for each in run.report["failures"] if each["unit"] == all_damaged(run)]
    assert failure["file"] in map(str, run.together.values())
    assert f"{len(FIELDS)} fields lost" in failure["cause"]
    remarks = [each["path"] for each in run.report["file_remarks"]]
    for (_, cause), file in zip(DAMAGES.values(), run.together.values(), strict=False):
        assert remarks.count(str(file)) == 1
        (remark,) = [each for each in run.report["file_remarks"] if each["path"] == str(file)]
        assert cause.partition(":")[0] in remark["remark"]


def test_a_folder_named_like_a_file_is_no_file_and_a_dangling_link_is_remarked(run: Run) -> None:
    remarks = {each["path"]: each["remark"] for each in run.report["file_remarks"]}
    folder = run.rig.inputs / name_at(START + timedelta(hours=3))
    link = run.rig.inputs / name_at(START + timedelta(hours=4))
    assert str(folder) not in remarks
    assert "cannot be looked at" in remarks[str(link)]
    assert not {unit_of(folder), unit_of(link)} & set(run.rig.statuses())


def test_the_terminal_names_each_failed_file(run: Run) -> None:
    lines = [line for line in run.done.err.splitlines() if line.startswith("failed: ")]
    assert len(lines) == len(set(lines)) == len(run.files) + 1
    for file in run.files.values():
        assert sum(f"failed: {file}: decode radar BUFR: " in line for line in lines) == 1


def test_what_a_volume_has_left_is_written_unless_its_table_needs_more(tmp_path: Path) -> None:
    """One of six fields damaged, one unreadable in another volume, no table; then a table."""
    rig = Rig("pipelines.radar", tmp_path, "*.BUFR")
    damaged = write_volume(rig.inputs, SIX_FIELDS)
    unreadable = write_volume(rig.inputs, SIX_FIELDS, time=START + timedelta(hours=1))
    victim = rig.inputs / file_name(damaged, "ZDR")
    victim.write_bytes(victim.read_bytes()[:-9])
    lost = rig.inputs / file_name(unreadable, "KDP")
    lost.unlink()
    lost.symlink_to("/proc/self/mem")  # can be opened by anybody, and read by nobody
    assert rig.run("--workers=2", "--retries=0").code == 3
    assert rig.statuses() == {damaged: "failed", unreadable: "failed"}
    assert fields_of(rig, damaged) == set(SIX_FIELDS) - {"ZDR"}
    assert fields_of(rig, unreadable) == set(SIX_FIELDS) - {"KDP"}
    failures = {each["unit"]: each for each in rig.report()["failures"]}
    assert failures[damaged]["file"] == str(victim)
    assert (failures[unreadable]["file"], failures[unreadable]["step"]) == (str(lost), "read")
    assert "cannot be read" in failures[unreadable]["cause"]

    table = tmp_path / "table.yaml"
    table.write_text(f'"0301": {{"02": [{", ".join(SIX_FIELDS)}]}}')
    strict = Rig("pipelines.radar", tmp_path / "strict")
    inputs = [str(rig.inputs / "*.BUFR")]
    done = strict.run(f"--volume_types={table}", "--retries=0", inputs=inputs)
    assert done.code == 3
    assert strict.statuses() == {damaged: "failed", unreadable: "failed"}
    assert strict.output_files() == []

    write_volume(rig.inputs, ["ZDR"])
    assert rig.run("--retries=0").code == 3
    assert rig.statuses() == {damaged: "completed", unreadable: "failed"}
    assert fields_of(rig, damaged) == set(SIX_FIELDS)


def fields_of(rig: Rig, volume: str) -> set[str]:
    with netCDF4.Dataset(rig.output / f"{volume}.nc") as dataset:
        return set(dataset.variables) & set(FIELDS)
