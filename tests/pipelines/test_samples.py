from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from batchio.errors import CannotRun, UsageError
from batchio.fileset import list_files
from pipelines.domains import DOMAINS, Entry
from pipelines.launcher import samples
from pipelines.launcher.samples import SampleSet, main, write_samples
from pipelines.radar import forming
from pipelines.radar_options import RadarOptions
from transforms.units import Unit

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def radar_set(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    folder = tmp_path_factory.mktemp("set") / "my samples"
    (written,) = write_samples(str(folder), ["radar"])
    return written


@pytest.fixture(scope="module")
def radar(radar_set: SampleSet) -> Path:
    return radar_set.folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        name: Entry("", partial(iter, [("a/one.txt", b"one"), ("two.txt", name.encode())]), "-x")
        for name in ("radar", "soundings")
    }
    monkeypatch.setattr(samples, "DOMAINS", entries)


def read_tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.usefixtures("small")
def test_each_pipeline_gets_a_folder(tmp_path: Path) -> None:
    sets = write_samples(str(tmp_path / "new"))
    assert [(each.pipeline, each.files, each.size_bytes) for each in sets] == [
        ("radar", 2, 8),
        ("soundings", 2, 12),
    ]
    assert read_tree(tmp_path / "new") == {
        "radar/a/one.txt": b"one",
        "radar/two.txt": b"radar",
        "soundings/a/one.txt": b"one",
        "soundings/two.txt": b"soundings",
    }


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "words",
    ["soundings --output {}", "--output {} soundings", "--output={} soundings soundings"],
)
def test_pipelines_can_be_named(tmp_path: Path, words: str) -> None:
    assert main(shlex.split(words.format(tmp_path))) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"soundings"}


@pytest.mark.usefixtures("small")
def test_without_an_output_the_samples_go_below_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {"radar", "soundings"}


@pytest.mark.usefixtures("small")
def test_a_file_that_is_not_whole_is_written_again(tmp_path: Path) -> None:
    write_samples(str(tmp_path))
    (tmp_path / "radar/two.txt").write_bytes(b"ra")
    write_samples(str(tmp_path))
    assert (tmp_path / "radar/two.txt").read_bytes() == b"radar"


@pytest.mark.usefixtures("small")
def test_the_same_samples_again_leave_the_files_alone(tmp_path: Path) -> None:
    write_samples(str(tmp_path))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (0, 0))
    write_samples(str(tmp_path))
    assert [path.stat().st_mtime for path in files] == [0] * 4


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["radr"], 2, "there are no samples for radr; did you mean radar?"),
        (["zzz"], 2, "there are no samples for zzz; there is addresses, radar"),
        (["--output", "s3://bucket/a"], 2, "s3://bucket/a: samples: is no local folder"),
        (["--output", ""], 2, "is no local folder; give one as --output"),
        (["--otput", "x"], 2, "--otput is unknown; did you mean --output?"),
        (["--job_name", "x"], 2, "--job_name is for pipelines, not for samples"),
    ],
)
def test_wrong_usage_is_told_and_nothing_written(
    words: list[str],
    code: int,
    told: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == code
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "radar").write_bytes(b"in the way")
    with pytest.raises(CannotRun, match="cannot be written"):
        write_samples(str(tmp_path))
    assert main(["--output", str(tmp_path)]) == 1
    assert str(tmp_path / "radar") in capsys.readouterr().err


def test_unknown_pipelines_are_refused_before_any_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_samples(str(tmp_path), ["radar", "radr"])
    assert list(tmp_path.iterdir()) == []


def test_the_help_names_every_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert "--output" in shown
    assert all(name in shown for name in DOMAINS)


def test_the_radar_set_has_volumes_of_every_kind(radar: Path) -> None:
    options = RadarOptions(
        input=[f"{radar}/**/*"], output="out", volume_types=str(radar / "volume_types.yaml")
    )
    formed = list(forming(options).units_of(list_files(options.input)))
    units = [each for each in formed if isinstance(each, Unit)]
    left_out = [each for each in formed if not isinstance(each, Unit)]
    reasons = {unit.unit_id: (unit.waits, unit.reason.partition(";")[0]) for unit in units}
    assert reasons == {
        "RMA1_0315_01_20000101T120000Z": ("", ""),
        "RMA1_0315_02_20000101T120430Z": ("", ""),
        "RMA1_0315_01_20000101T121000Z": ("", ""),
        "RMA1_0315_02_20000101T121430Z": ("", ""),
        "RMA1_0315_01_20000101T122000Z": ("incomplete", "incomplete: PHIDP missing"),
        "RMA1_0200_02_20000101T122500Z": (
            "pending",
            "unexpected: strategy 0200, volume 02 is not in the table",
        ),
        "RMA5_0315_02_20000101T120630Z": ("", ""),
    }
    assert {each.file.name for each in left_out} == {"README.txt", "volume_types.yaml"}


def test_the_command_shown_runs_the_pipeline(radar_set: SampleSet, tmp_path: Path) -> None:
    environment = {**os.environ, "HEADRACE_STATE": str(tmp_path / "state")}
    python, *arguments = shlex.split(radar_set.command)
    assert python == "python"
    found = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3, found.stderr
    (report_file,) = tmp_path.glob("out/.headrace/runs/*/report.json")
    report = json.loads(report_file.read_text())
    assert {path.name for path in (tmp_path / "out").glob("*.nc")} == {
        "RMA1_0315_01_20000101T120000Z.nc",
        "RMA1_0315_02_20000101T120430Z.nc",
        "RMA1_0315_01_20000101T121000Z.nc",
        "RMA5_0315_02_20000101T120630Z.nc",
    }
    assert [Path(failure["file"]).name for failure in report["failures"]] == [
        "RMA1_0315_02_VRAD_20000101T121430Z.BUFR"
    ]
    assert [each["unit"] for each in report["incomplete"]] == ["RMA1_0315_01_20000101T122000Z"]
    assert [each["unit"] for each in report["pending"]] == ["RMA1_0200_02_20000101T122500Z"]
    assert {Path(each["path"]).name for each in report["file_remarks"]} == {
        "RMA1_0315_01_DBZH_20000101T121000Z.BUFR.gz",
        "RMA1_0315_02_VRAD_20000101T121430Z.BUFR",
        "README.txt",
        "volume_types.yaml",
    }
