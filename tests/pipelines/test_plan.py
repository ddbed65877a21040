import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from radar_files import file_name, write_volume
from run_samples import a_run, completed, record

from batchio.errors import CannotRun
from batchio.fileset import list_files
from batchio.ledger import Ledger
from pipelines.launcher.plan import plan_lines
from pipelines.radar import RADAR
from pipelines.radar_options import RadarOptions
from transforms.radar.completeness import VolumeRules, form_volume
from transforms.units import Unit

ID = "RMA1_0301_02_20181111T000457Z"


@pytest.fixture
def inputs(tmp_path):
    write_volume(tmp_path / "in", ("DBZH", "VRAD"))
    return tmp_path / "in"


def lines(tmp_path, *, ledger=None, **about):
    options = RadarOptions(
        input=[f"{tmp_path}/in/*"], output=f"{tmp_path}/out", **{"retries": 0, **about}
    )
    return list(plan_lines(RADAR, options, ledger or f"sqlite:///{tmp_path}/ledger.db"))


def everything(folder):
    """Every file and folder with its content and times."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        stat = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (stat.st_mtime_ns, stat.st_mode, stat.st_ino, content)
    return found


def size_of(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_plan_lists_units_with_action_reason_and_size(tmp_path, inputs):
    kb = f"{size_of(inputs) / 1000:.1f} kB"
    assert lines(tmp_path) == [
        f"work  {ID}  new (2 files, {kb})",
        f"plan: 1 to work, 0 to skip, 0 to wait; {kb} to read",
    ]


def test_of_nothing_it_says_so(tmp_path):
    (tmp_path / "in").mkdir()
    assert lines(tmp_path) == ["plan: 0 to work, 0 to skip, 0 to wait; 0 B to read"]


def test_items_asked_for_by_options_come_first(tmp_path, inputs):
    items = (Unit("fetch a", (), reason="asked for"), Unit("fetch b", (), "", {}, "pending", "no"))
    domain = replace(RADAR, items=lambda options: items)
    options = RadarOptions(input=[f"{inputs}/*"], output=f"{tmp_path}/out")
    found = list(plan_lines(domain, options, f"sqlite:///{tmp_path}/ledger.db"))
    assert found[:2] == ["work  fetch a  asked for", "wait  fetch b  no"]
    assert found[2].startswith(f"work  {ID}  new (")
    assert found[3].startswith("plan: 2 to work, 0 to skip, 1 to wait; ")


def test_what_waits_is_told_and_not_counted_as_reading(tmp_path, inputs):
    table = tmp_path / "types.yaml"
    table.write_text("0301: {02: [DBZH, VRAD, ZDR]}\n")
    unit, total = lines(tmp_path, volume_types=str(table))
    assert unit.startswith(f"wait  {ID}  incomplete: ZDR missing; add the files, or give")
    assert total == "plan: 0 to work, 0 to skip, 1 to wait; 0 B to read"


def test_files_left_out_are_told_with_the_reason(tmp_path, inputs):
    (inputs / "notes.txt").touch()
    (inputs / "link").symlink_to("nowhere")
    (inputs / "a\nb").touch()
    (inputs / os.fsdecode(b"b\xff")).touch()
    found = lines(tmp_path)
    assert [line.split("  ")[1] for line in found if line.startswith("left out")] == [
        f"{inputs}/{name}" for name in ("b\\udcff", "link", "a b", "notes.txt")
    ]
    assert "cannot be looked at: No such file or directory" in found[2]
    assert "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP" in found[4]
    assert found[-1].startswith("plan: 1 to work, 0 to skip, 0 to wait, 4 files left out; ")
    assert not any("\n" in line for line in found)


@pytest.fixture
def done(tmp_path, inputs):
    """The ledger of a run that has made the volume."""
    run = a_run(tmp_path)
    unit = form_volume(list_files([str(inputs)]), VolumeRules(now=None))
    output = run.output.write(f"{ID}.nc", lambda path: path.write_text("made"))
    record(run, [completed(unit, outputs=(output,))])
    return run


def test_what_is_done_is_skipped_and_what_changed_is_work(tmp_path, inputs, done):
    unit, total = lines(tmp_path)
    assert unit.startswith(f"skip  {ID}  unchanged (2 files, ")
    assert total == "plan: 0 to work, 1 to skip, 0 to wait; 0 B to read"
    assert lines(tmp_path, rerun="all")[0].startswith(f"work  {ID}  asked for (--rerun all)")
    write_volume(inputs, ("VRAD",), base=5.0)
    assert lines(tmp_path)[0].startswith(f"work  {ID}  input changed")
    Path(f"{inputs}/{file_name(ID, 'VRAD')}").unlink()
    assert lines(tmp_path, compression=9)[0].startswith(f"work  {ID}  settings changed (1 file, ")


@pytest.mark.parametrize("touched", [False, True])
def test_a_plan_touches_nothing(tmp_path, inputs, done, touched):
    if touched:
        os.utime(inputs / file_name(ID, "DBZH"), (5.0, 5.0))
    before = everything(tmp_path)
    assert lines(tmp_path)[0].startswith("skip")
    assert everything(tmp_path) == before


def test_a_plan_of_what_was_never_run_makes_nothing(tmp_path, inputs):
    before = everything(tmp_path)
    ledger = f"sqlite:///{tmp_path}/out/.headrace/ledger.db"
    assert lines(tmp_path, ledger=ledger)[0].startswith("work")
    assert everything(tmp_path) == before


def test_a_plan_beside_a_run_reads_what_is_committed_and_disturbs_nothing(tmp_path, inputs, done):
    with closing(Ledger(done.ledger_url)) as ledger, ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE units SET status = 'failed'")
        assert lines(tmp_path)[0].startswith("skip")
    assert lines(tmp_path)[0].startswith(f"work  {ID}  failed last time")


def test_a_file_that_is_no_ledger_is_an_error_that_names_it(tmp_path, inputs):
    (tmp_path / "ledger.db").write_text("not a database, and long enough to be looked at" * 100)
    with pytest.raises(CannotRun, match="cannot be used: file is not a database") as caught:
        lines(tmp_path)
    assert caught.value.path == f"{tmp_path}/ledger.db"
