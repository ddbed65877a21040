"""What is deleted at the end of a run, and what keeps files where they are."""

import gzip
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import fsspec
import pytest
from radar_fields import encoded, put_field
from radar_files import a_field, write_volume
from run_samples import a_run, left_out

from batchio.fileset import list_files
from batchio.fingerprint import sha256_of_file
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.radar.cfradial import read_cfradial, write_cfradial
from batchio.radar.volume import SourceFile
from transforms.decisions import decide_all
from transforms.radar.clean_up import CleanUpRules, clean_up, listed_in, old_volumes, plan_lines
from transforms.radar.completeness import VolumeRules, form_volume
from transforms.radar.make_volume import MakeVolume
from transforms.units import Attempt

LATER = datetime.now(timezone.utc) + timedelta(hours=48)
VOLUME = "RMA1_0301_02_20181111T000457Z"


class Scene:
    """A volume of two fields as a run has made it, and what another run thinks of it."""

    def __init__(self, folder: Path, *, root: str = "", table=None) -> None:
        self.folder = folder
        self.run = a_run(folder)
        if root:
            record = replace(self.run.record, output=root)
            self.run = replace(self.run, record=record, output=OutputRoot(root, "run-1"))
            with closing(Ledger(self.run.ledger_url)) as ledger:
                ledger.start_run(record)
        self.inputs = folder / "in"
        self.patterns = [str(self.inputs)]
        self.rules = VolumeRules(LATER, table, allow_incomplete=True)

    def unit(self):
        return form_volume(list_files(self.patterns), self.rules)

    def work(self):
        make = MakeVolume(self.run.output)
        with closing(Ledger(self.run.ledger_url)) as ledger:
            ledger.record(self.run.record, [Attempt(make)(self.unit())])

    def decide(self, run=None, rerun="changed"):
        """What a run does with the volume; it has seen its files then."""
        with closing(Ledger(self.run.ledger_url)) as ledger:
            (made,) = decide_all(
                [self.unit()], ledger, self.run.record.scope, rerun=rerun, retries=0
            )
            if made.action == "skip":
                files = [(file, VOLUME) for file in made.renewed]
                ledger.record((run or self.run).record, (), files, made.known_paths)
        return made.action, made.unit.reason, made.unit.waits

    def look(self, *, hours=24.0, now=LATER):
        with closing(Ledger(self.run.ledger_url)) as ledger:
            listed = list(listed_in(ledger, self.run.record.scope, self.run.record.started))
            rules = CleanUpRules(hours, now, retries=0)
            return list(old_volumes(ledger, self.run.record.scope, listed, rules))

    def clean(self, volumes=None):
        with closing(Ledger(self.run.ledger_url)) as ledger:
            volumes = self.look() if volumes is None else volumes
            return [clean_up(ledger, self.run.record, volume, retries=0) for volume in volumes]

    def sql(self, statement, *values):
        with closing(sqlite3.connect(self.folder / "ledger.db")) as db, db:
            db.execute(statement, values)

    def left(self):
        return sorted(path.name for path in self.inputs.rglob("*.BUFR*"))

    @property
    def output(self):
        return Path(self.run.output.path(f"{VOLUME}.nc"))


def keep_time(path: Path, data: bytes) -> None:
    """Other bytes that look the same in a listing."""
    stat = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    for field in ("DBZH", "VRAD"):
        put_field(made.inputs, field)
    made.work()
    return made


def path_of(scene, field):
    return scene.inputs / f"RMA1_0301_02_{field}_20181111T000457Z.BUFR"


def test_inputs_of_an_old_volume_go_and_the_ledger_remembers_them(scene):
    (volume,) = scene.look()
    files = [str(path_of(scene, field)) for field in ("DBZH", "VRAD")]
    assert list(plan_lines([volume])) == [
        f"clean up  {path}  is in {scene.output}" for path in files
    ]
    assert scene.left() == [
        "RMA1_0301_02_DBZH_20181111T000457Z.BUFR",
        "RMA1_0301_02_VRAD_20181111T000457Z.BUFR",
    ]
    (done,) = scene.clean()
    assert [file.path for file in done.files] == files
    assert not done.why_kept
    assert scene.left() == []
    assert left_out(scene.run) == dict.fromkeys(files, "cleaned up by run-1")
    assert scene.look() == [replace(volume, files=())]  # nothing is left to do, or to complain of


def test_a_young_an_incomplete_and_a_failed_volume_keep_their_inputs_without_a_word(tmp_path):
    scene = Scene(tmp_path, table={"0301": {"02": ("DBZH", "VRAD")}})
    put_field(scene.inputs, "DBZH")
    scene.work()
    assert scene.look() == []
    put_field(scene.inputs, "VRAD")
    scene.work()
    assert scene.look(hours=49) == []
    assert scene.look(now=datetime.now(timezone.utc)) == []
    assert len(scene.look()) == 1
    scene.sql("UPDATE units SET status = 'failed'")
    assert scene.look() == []


def damage_output(scene):
    data = scene.output.read_bytes()
    keep_time(scene.output, flipped(data, len(data) // 2))


def cut_output(scene):
    scene.output.write_bytes(scene.output.read_bytes()[:-100])


def remove_output(scene):
    scene.output.unlink()


def replace_output(scene):
    """A whole file that says it was made of something else, and a ledger that agrees with it."""
    volume = read_cfradial(scene.output)
    others = (volume.inputs[0], SourceFile(volume.inputs[1].name, "ab" * 32))
    write_cfradial(replace(volume, inputs=others), scene.output)
    digest, size = sha256_of_file(str(scene.output)), scene.output.stat().st_size
    scene.sql("UPDATE units SET outputs = ?", f'[["{scene.output}", {size}, "{digest}"]]')


def foreign_output(scene):
    """What the ledger names is no file of ours."""
    scene.output.write_bytes(b"x" * 100)
    digest = sha256_of_file(str(scene.output))
    scene.sql("UPDATE units SET outputs = ?", f'[["{scene.output}", 100, "{digest}"]]')


def change_input(scene):
    path_of(scene, "VRAD").write_bytes(encoded(a_field("VRAD", 5.0)))


def change_input_unseen(scene):
    path = path_of(scene, "VRAD")
    keep_time(path, flipped(path.read_bytes(), 100))


def remove_input(scene):
    path_of(scene, "VRAD").unlink()


def forget_unit(scene):
    scene.sql("DELETE FROM units")


def forget_outputs(scene):
    scene.sql("UPDATE units SET outputs = '[]'")


def forget_digest(scene):
    scene.sql("UPDATE files SET sha256 = '' WHERE path LIKE '%VRAD%'")


def forget_file(scene):
    scene.sql("DELETE FROM files WHERE path LIKE '%VRAD%'")


def add_conflict(scene):
    other = put_field(scene.inputs / "other", "VRAD", base=7.0)
    assert other.path > str(path_of(scene, "VRAD"))
    scene.work()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (damage_output, "out/{volume}.nc: is not what was written: its size or SHA-256 is another"),
        (cut_output, "out/{volume}.nc: is not what was written: its size or SHA-256 is another"),
        (remove_output, "out/{volume}.nc: is not there any more"),
        (replace_output, "out/{volume}.nc: is not made of the files that the ledger knows"),
        (foreign_output, "out/{volume}.nc: cannot be read: "),
        (change_input, "_VRAD_20181111T000457Z.BUFR: has changed since the volume was made"),
        (change_input_unseen, "_VRAD_20181111T000457Z.BUFR: has another content than"),
        (remove_input, "_VRAD_20181111T000457Z.BUFR: is not there any more"),
        (forget_unit, "the ledger has no record of it"),
        (forget_outputs, "the ledger has no output of it"),
        (forget_digest, "_VRAD_20181111T000457Z.BUFR: the ledger has no SHA-256 of it"),
        (forget_file, "its files are not those that it was made of"),
        (add_conflict, "_VRAD_20181111T000457Z.BUFR: conflict: other content than "),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_nothing_of_a_volume_goes_unless_all_of_it_is_as_the_ledger_says(scene, spoil, why):
    spoil(scene)
    before = scene.left()
    (volume,) = scene.look()
    assert volume.files == ()
    assert why.format(volume=VOLUME) in volume.why_kept
    assert list(plan_lines([volume])) == [f"keep inputs  {VOLUME}  {volume.why_kept}"]
    assert scene.clean() == [volume]
    assert scene.left() == before
    told = [remark for remark in left_out(scene.run).values() if "not cleaned up" in remark]
    assert told == [f"inputs not cleaned up: {volume.why_kept}"]


def test_duplicates_of_what_was_used_go_as_well(scene):
    path = path_of(scene, "VRAD")
    path.with_suffix(".BUFR.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    scene.work()
    (done,) = scene.clean()
    assert (len(done.files), done.why_kept) == (3, "")
    assert scene.left() == []


def test_a_file_that_changes_at_the_last_moment_stays_and_the_rest_goes_next_time(scene):
    path = path_of(scene, "VRAD")
    data, stat = path.read_bytes(), path.stat()
    volumes = scene.look()
    path.write_bytes(b"another")
    (done,) = scene.clean(volumes)
    assert [Path(file.path).name for file in done.files] == [path_of(scene, "DBZH").name]
    assert done.why_kept.endswith(
        "VRAD_20181111T000457Z.BUFR: has changed since the volume was made"
    )
    assert scene.left() == [path.name]
    assert scene.decide()[0] == "wait"

    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for rerun in ("changed", "failed", "all"):
        assert scene.decide(rerun=rerun)[:2] == ("skip", "unchanged; cleaned up")
    (done,) = scene.clean()
    assert (len(done.files), done.why_kept) == (1, "")
    assert scene.left() == []


def test_after_a_kill_between_two_deletions_the_next_run_goes_on(scene):
    path = path_of(scene, "VRAD")
    data, stat = path.read_bytes(), path.stat()
    scene.clean()
    path.write_bytes(data)  # as if the kill had come before
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    run = a_run(scene.folder, "run-2")
    assert scene.decide(run)[:2] == ("skip", "unchanged; cleaned up")
    scene.run = run
    (done,) = scene.clean()
    assert [file.path for file in done.files] == [str(path)]
    assert scene.left() == []
    assert left_out(run) == {str(path): "cleaned up by run-2"}


def test_a_late_file_waits_and_never_replaces_what_was_made_of_all(scene):
    scene.clean()
    put_field(scene.inputs, "ZDR")
    for rerun in ("changed", "failed", "all"):
        action, reason, waits = scene.decide(rerun=rerun)
        assert (action, waits) == ("wait", "pending")
        assert reason.startswith("2 of its files were cleaned up; give them all again")
    put_field(scene.inputs, "VRAD", base=3.0)  # one of them again, of other content
    action, reason, _ = scene.decide()
    assert (action, reason[:13]) == ("wait", "1 of its file")
    put_field(scene.inputs, "DBZH")
    assert scene.decide()[:2] == ("work", "input changed")


def test_files_that_are_delivered_again_are_known_and_go_again(scene):
    scene.clean()
    put_field(scene.inputs, "VRAD")
    assert scene.decide()[:2] == ("skip", "unchanged; cleaned up")
    (done,) = scene.clean()
    assert [Path(file.path).name for file in done.files] == [path_of(scene, "VRAD").name]

    scene.run = a_run(scene.folder, "run-2")
    scene.patterns = [str(scene.folder / "elsewhere")]
    scene.inputs = scene.folder / "elsewhere"
    for field in ("DBZH", "VRAD"):
        put_field(scene.inputs, field)
    assert scene.decide()[:2] == ("skip", "unchanged")
    (done,) = scene.clean()
    assert (len(done.files), done.why_kept) == (2, "")
    assert scene.left() == []


def test_a_cleaned_volume_still_counts_as_what_a_later_run_has(scene):
    scene.clean()
    later = a_run(scene.folder, "run-2")
    with closing(Ledger(scene.run.ledger_url)) as ledger:
        row = ledger.known_run(later.run_id, step="test")
        assert [unit["status"] for unit in ledger.units_as_of(row)] == ["completed"]


def test_clean_up_works_on_other_storage(tmp_path, request):

    memory = fsspec.filesystem("memory")
    request.addfinalizer(lambda: memory.store.clear())
    scene = Scene(tmp_path, root="memory://kept")
    write_volume(tmp_path / "local")
    memory.put(str(tmp_path / "local"), "/arrived", recursive=True)
    scene.patterns = ["memory://arrived/**"]
    scene.work()
    assert scene.decide()[0] == "skip"
    good = memory.cat("/kept/" + VOLUME + ".nc")
    memory.pipe("/kept/" + VOLUME + ".nc", flipped(good, len(good) // 2))
    (kept,) = scene.clean()
    assert "memory://kept/" in kept.why_kept
    assert "SHA-256" in kept.why_kept
    assert len(memory.find("/arrived")) == 2
    memory.pipe("/kept/" + VOLUME + ".nc", good)
    (done,) = scene.clean()
    assert (len(done.files), done.why_kept) == (2, "")
    assert memory.find("/arrived") == []
