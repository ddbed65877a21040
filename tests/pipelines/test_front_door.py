import json
import shutil
from pathlib import Path

import pytest

from batchio.ledger import Ledger
from batchio.radar.samples import write_volumes
from batchio.radar.scene import Scan
from batchio.records import RunRecord
from pipelines import radar
from pipelines.__main__ import main
from pipelines.domains import DOMAINS
from pipelines.launcher.registry import default_ledger_url

SCAN = Scan((0.5, 1.5), (40, 40), 36)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Two runs over three volumes: the first with one damaged, the second with it mended."""
    folder = tmp_path_factory.mktemp("worked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_STATE", str(folder / "state"))
        files = write_volumes(folder / "in", 3, fields=["VRAD"], scan=SCAN)
        whole = files[1].read_bytes()
        files[1].write_bytes(whole[:-100])
        assert run(folder, "one") == 3
        files[1].write_bytes(whole)
        more = write_volumes(folder / "more", 4, fields=["VRAD"], scan=SCAN)
        shutil.move(more[-1], folder / "in")
        assert run(folder, "two") == 0
    return folder


def run(folder: Path, run_id: str, *more: str) -> int:
    arguments = ["--input", str(folder / "in"), "--output", str(folder / "out")]
    return radar.main([*arguments, "--run_id", run_id, "--progress", "none", *more])


@pytest.fixture
def copy(worked, tmp_path, monkeypatch):
    """What `worked` left, to be changed by the test."""
    monkeypatch.setenv("HEADRACE_STATE", str(tmp_path / "state"))
    for name in ("in", "out"):
        shutil.copytree(worked / name, tmp_path / name)
    return tmp_path


def test_list_names_the_pipelines(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(DOMAINS)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_help_names_pipelines_and_commands(arguments, capsys):
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("radar", "syntax", "status", "resume", "compare"))


def test_the_version_is_shown(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "headrace 0.1.0\n"


def test_a_pipeline_can_be_run_by_its_name(capsys):
    assert main(["radar", "--inptu", "x"]) == 2
    assert "did you mean --input" in capsys.readouterr().err


def test_an_unknown_command_is_refused_with_the_nearest(capsys):
    assert main(["statsu"]) == 2
    assert capsys.readouterr().err == ("headrace: unknown command statsu; did you mean status?\n")


@pytest.mark.parametrize("command", ["resume", "retry", "stop", "report", "compare"])
def test_a_command_without_its_run_is_refused(command, capsys):
    assert main([command]) == 2
    assert "python -m pipelines status lists the runs" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["resume", "retry", "stop", "report"])
def test_an_unknown_run_is_refused(command, worked, capsys):
    assert main([command, "nobody", "--output", str(worked / "out")]) == 2
    assert f"nobody: {command}: no such run; name" in capsys.readouterr().err


def test_status_lists_the_runs_of_an_output(worked, capsys):
    assert main(["status", "--output", str(worked / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["two", "one"]


def test_status_of_one_run_as_json(worked, capsys):
    assert main(["status", "one", "--output", str(worked / "out"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["run_id"], shown["counts"]["failed"]) == ("one", 1)


def test_compare_tells_what_was_added_and_mended(worked, capsys):
    assert main(["compare", "one", "two", "--output", str(worked / "out"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["counts"]["added"] == 1
    assert result["counts"]["changed"] == 1
    assert "2" in json.dumps(result["counts"])


def test_report_writes_the_report_anew(copy, capsys):
    folder = next((copy / "out" / ".headrace" / "runs").glob("two"))
    (folder / "report.json").unlink()
    assert main(["report", "two", "--output", str(copy / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == "two"


def test_resume_gives_the_command_again_in_its_own_folder(copy, capsys, monkeypatch):
    monkeypatch.chdir(copy)
    assert (
        radar.main(
            ["--input", "in", "--output", "out", "--run_id", "relative", "--progress", "none"]
        )
        == 0
    )
    next((copy / "out").glob("*.nc")).unlink()
    monkeypatch.chdir("/")
    assert main(["resume", "relative"]) == 0
    assert len(list((copy / "out" / ".headrace" / "runs").iterdir())) == 4
    assert len(list((copy / "out").glob("*.nc"))) == 4


def test_retry_works_only_what_failed(copy, monkeypatch):
    broken = sorted((copy / "in").iterdir())[0]
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-50])
    assert run(copy, "broken") == 3
    broken.write_bytes(whole)
    max((copy / "out").glob("*.nc")).unlink()
    assert main(["retry", "broken"]) == 0
    assert len(list((copy / "out").glob("*.nc"))) == 3


def test_stop_asks_only_a_run_that_goes_on(worked, capsys):
    assert main(["stop", "two", "--output", str(worked / "out")]) == 0
    assert "is not running" in capsys.readouterr().out


def test_stop_is_noted_in_the_ledger(copy, capsys):
    ledger = Ledger(default_ledger_url(str(copy / "out")))
    ledger.start_run(next_run(ledger))
    assert main(["stop", "live", "--output", str(copy / "out")]) == 0
    assert ledger.run("live")["stop_requested"].startswith("asked to stop")
    ledger.close()


def next_run(ledger):
    known = ledger.run("two")
    return RunRecord(
        **{name: known[name] for name in RunRecord.__dataclass_fields__} | {"run_id": "live"}
    )
