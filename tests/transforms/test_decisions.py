import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from run_samples import a_file, a_run, completed, record

from batchio import stores
from batchio.fileset import FileRef
from batchio.fingerprint import sha256
from batchio.ledger import Ledger
from batchio.ledger_view import LedgerView
from batchio.output import Output
from batchio.records import (
    COMPLETED,
    FAILED,
    INCOMPLETE,
    PENDING,
    InputFile,
    Outcome,
    UnitState,
    ago,
)
from batchio.version import __version__
from transforms import decisions
from transforms.decisions import batches, decide, decide_all
from transforms.units import Unit


class Scene:
    """A unit of two files with an output, as a first run completed it."""

    def __init__(self, folder: Path) -> None:
        self.run = a_run(folder)
        self.files = [a_file(folder / "in" / name, f"of {name}") for name in ("a", "b")]
        out = a_file(folder / "out" / "x.nc")
        self.output = Output(out.path, out.size, "")
        self.unit = Unit("x", tuple(self.files), settings="s1")
        record(self.run, [completed(self.unit, outputs=(self.output,), attempt=3)])

    def decide(self, unit: Unit | None = None, rerun="changed", **changes):
        stats = [Path(file.path).stat() for file in self.files]
        listed = tuple(
            replace(file, size=stat.st_size, mtime=stat.st_mtime)
            for file, stat in zip(self.files, stats, strict=True)
        )
        unit = unit or replace(self.unit, files=listed, **changes)
        with closing(Ledger(self.run.ledger_url)) as ledger:
            (decision,) = decide_all([unit], ledger, self.run.record.scope, rerun=rerun, retries=0)
        return decision


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def told(decision):
    return decision.action, decision.unit.reason


def test_what_is_as_it_was_is_skipped_without_being_read(scene, monkeypatch):
    monkeypatch.setattr(decisions, "sha256_of_file", None)
    decision = scene.decide()
    assert told(decision) == ("skip", "unchanged")
    assert decision.renewed == ()
    assert decision.known_paths == [file.path for file in scene.files]


def test_a_touched_file_is_read_found_the_same_and_known_anew(scene):
    os.utime(scene.files[0].path, (5.0, 5.0))
    decision = scene.decide()
    assert told(decision) == ("skip", "unchanged")
    (renewed,) = decision.renewed
    assert (renewed.path, renewed.mtime, len(renewed.sha256)) == (scene.files[0].path, 5.0, 64)
    assert decision.known_paths == [scene.files[1].path]


def test_a_touched_file_keeps_what_is_remarked_of_it_unless_its_content_changed(scene):
    path = scene.files[0].path
    (known,) = completed(replace(scene.unit, files=tuple(scene.files[:1]))).files
    known = known._replace(remark="duplicate", mtime=1.0)
    (present,) = decisions.present_files(tuple(scene.files[:1]), {path: known})
    assert present.remark == "duplicate"
    (present,) = decisions.present_files(
        tuple(scene.files[:1]), {path: known._replace(sha256="0" * 64)}
    )
    assert present.remark == ""


def test_a_changed_file_of_the_same_size_is_work(scene):
    Path(scene.files[0].path).write_text("OF a")
    os.utime(scene.files[0].path, (5.0, 5.0))
    decision = scene.decide()
    assert told(decision) == ("work", "input changed")
    assert decision.unit.attempt == 4


def test_a_file_of_another_size_is_work(scene):
    Path(scene.files[0].path).write_text("longer than it was")
    assert told(scene.decide()) == ("work", "input changed")


def test_a_file_more_or_less_is_work(scene, tmp_path):
    more = a_file(tmp_path / "in" / "c")
    assert told(scene.decide(replace(scene.unit, files=(*scene.files, more)))) == (
        "work",
        "input changed",
    )
    assert told(scene.decide(replace(scene.unit, files=tuple(scene.files[:1])))) == (
        "work",
        "input changed",
    )


def test_a_file_whose_time_is_not_known_is_read_each_time(scene):
    record(scene.run, [completed(replace(scene.unit, files=_timeless(scene)))])
    decision = scene.decide(replace(scene.unit, files=_timeless(scene)))
    assert told(decision) == ("skip", "unchanged")
    assert len(decision.renewed) == 2


def _timeless(scene):
    return tuple(replace(file, mtime=0.0) for file in scene.files)


def test_a_file_that_cannot_be_read_any_more_is_work_and_stops_nothing(scene):
    os.utime(scene.files[0].path, (5.0, 5.0))
    unit = replace(scene.unit, files=tuple(replace(f, path=f"{f.path}-gone") for f in scene.files))
    assert told(scene.decide(unit)) == (
        "work",
        "input cannot be read: No such file or directory",
    )


def test_a_read_that_falters_is_tried_again(monkeypatch):
    errors = [ConnectionError("reset")]
    real = MemoryFileSystem.cat_file

    def cat_file(*args, **kwargs):
        if errors:
            raise errors.pop()
        return real(*args, **kwargs)

    fsspec.filesystem("memory").pipe("/decided/a", b"text")
    monkeypatch.setattr(MemoryFileSystem, "cat_file", cat_file)
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    (file,) = decisions.present_files((FileRef("memory://decided/a", 4, 1.0),), {}, retries=1)
    assert file.sha256 == sha256(b"text")


def test_a_missing_output_is_work(scene):
    Path(scene.output.path).unlink()
    assert told(scene.decide()) == ("work", "output missing")


def test_a_cut_output_is_work(scene):
    os.truncate(scene.output.path, 3)
    assert told(scene.decide()) == ("work", "output missing")


def test_other_settings_are_work(scene):
    assert told(scene.decide(settings="s2")) == ("work", "settings changed")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("s1;lexicon=a;reference=b", "s1;lexicon=c;reference=b", "lexicon changed"),
        ("s1;lexicon=a", "s1;lexicon=c;reference=b", "lexicon, reference changed"),
        ("s1;lexicon=a;reference=b", "s1;lexicon=a", "reference changed"),
        ("s1;lexicon=a", "s2;lexicon=c", "settings changed"),
        ("s1", "s1;lexicon=a", "lexicon changed"),
    ],
)
def test_settings_that_have_a_name_are_told_by_it(before, after, why):
    state = UnitState("x", "run-1", COMPLETED, 1, __version__, "", before, ())
    assert told(decide(Unit("x", (), settings=after), state, {})) == ("work", why)


def test_another_version_is_work(scene, monkeypatch):
    monkeypatch.setattr(decisions, "__version__", "99.0")
    assert told(scene.decide()) == ("work", f"made by Headrace {__version__}")


def test_all_can_be_asked_for(scene):
    assert told(scene.decide(rerun="all")) == ("work", "asked for (--rerun all)")


def test_what_is_unknown_is_new(scene):
    decision = scene.decide(Unit("other", tuple(scene.files)))
    assert told(decision) == ("work", "new")
    assert decision.unit.attempt == 1


def test_a_unit_knows_its_own_reason_to_be_new(scene):
    unit = Unit("other", tuple(scene.files), reason="incomplete, allowed: KDP missing")
    assert told(scene.decide(unit)) == ("work", "incomplete, allowed: KDP missing")


def test_of_another_pipeline_nothing_is_known(scene):
    with closing(Ledger(scene.run.ledger_url)) as ledger:
        scope = scene.run.record.scope._replace(pipeline="syntax")
        (decision,) = decide_all([scene.unit], ledger, scope, rerun="changed", retries=0)
    assert told(decision) == ("work", "new")


def test_without_a_ledger_all_is_new(scene):
    scope = scene.run.record.scope
    (decision,) = decide_all([scene.unit], None, scope, rerun="changed", retries=0)
    assert told(decision) == ("work", "new")


def state(status, **changes):
    about = {"run_id": "r", "attempt": 1, "version": __version__, "input_fingerprint": ""}
    return UnitState("x", status=status, settings_fingerprint="", outputs=(), **about | changes)


UNIT = Unit("x", ())


@pytest.mark.parametrize(
    ("status", "reason", "why"),
    [
        ("failed", "", "failed last time"),
        ("interrupted", "", "interrupted"),
        ("running", "", "interrupted"),
        ("incomplete", "", "no longer waits"),
        ("pending", "", "no longer waits"),
        ("incomplete", "incomplete, older than 2 h", "incomplete, older than 2 h"),
    ],
)
def test_what_did_not_complete_is_work(status, reason, why):
    decision = decide(replace(UNIT, reason=reason), state(status), {})
    assert told(decision) == ("work", why)
    assert decision.unit.attempt == 2


@pytest.mark.parametrize("status", [None, "failed", "interrupted", "incomplete", "pending"])
@pytest.mark.parametrize("rerun", ["changed", "all"])
def test_a_unit_that_waits_waits_whatever_it_was(status, rerun):
    unit = replace(UNIT, waits="incomplete", reason="incomplete: KDP missing")
    decision = decide(unit, status and state(status), {}, rerun=rerun)
    assert (decision.action, decision.unit) == ("wait", unit)


def test_a_unit_that_waits_is_news_until_it_is_recorded_with_its_files(tmp_path):
    files = (FileRef("/in/a", 1, 1.0),)
    unit = Unit("u", files, waits=INCOMPLETE, reason="missing: VRAD")
    state = UnitState("u", "r", INCOMPLETE, 1, __version__, "", "", ())
    known = {"/in/a": InputFile("/in/a", 1, 1.0)}
    assert decide(unit, None, {}).is_news
    assert not decide(unit, state, known).is_news
    more = replace(unit, files=(*files, FileRef("/in/b", 1, 1.0)))
    assert decide(more, state, known).is_news
    assert decide(replace(unit, waits=PENDING), state, known).is_news


def test_a_unit_that_has_just_failed_rests_until_it_changes_or_is_asked_for(tmp_path):
    run, file = a_run(tmp_path), a_file(tmp_path / "in" / "a")
    unit = Unit("u", (file,), settings="s1")
    record(run, [completed(unit)._replace(status=FAILED)])

    def action(unit, seconds=3600, rerun="changed"):
        with closing(Ledger(run.ledger_url)) as ledger:
            (decision,) = decide_all(
                [unit],
                ledger,
                run.record.scope,
                rerun=rerun,
                retries=0,
                resting_since=ago(seconds),
            )
        return decision.action

    assert action(unit) == "skip"
    assert action(unit, seconds=0) == "work"
    assert action(unit, rerun="failed") == action(unit, rerun="all") == "work"
    assert action(replace(unit, files=(replace(file, size=99),))) == "work"
    assert action(replace(unit, settings="other")) == "work"


@pytest.mark.parametrize("rerun", ["changed", "all"])
def test_a_completed_unit_that_lost_a_file_waits_instead_of_being_made_worse(scene, rerun):
    unit = replace(
        scene.unit, files=tuple(scene.files[:1]), waits="incomplete", reason="incomplete: b missing"
    )
    decision = scene.decide(unit, rerun=rerun)
    assert (decision.action, decision.unit) == ("wait", unit)


def test_a_completed_unit_of_which_more_is_expected_now_waits(scene):
    decision = scene.decide(settings="s2", waits="incomplete", reason="incomplete: KDP missing")
    assert told(decision) == ("wait", "incomplete: KDP missing")


def test_a_completed_unit_that_would_wait_and_is_unchanged_is_skipped(scene):
    assert told(scene.decide(waits="incomplete")) == ("skip", "unchanged")


@pytest.mark.parametrize("status", ["failed", "interrupted", "running"])
def test_only_the_failed_are_worked_when_asked_for(status):
    assert decide(UNIT, state(status), {}, rerun="failed").action == "work"
    waits = replace(UNIT, waits="incomplete")
    assert decide(waits, state(status), {}, rerun="failed").action == "wait"


@pytest.mark.parametrize("status", [None, "completed", "incomplete", "pending"])
def test_of_the_others_none_is_worked_when_the_failed_are_asked_for(status):
    for unit in (UNIT, replace(UNIT, waits="incomplete")):
        decision = decide(unit, status and state(status), {}, rerun="failed")
        assert told(decision) == ("skip", "did not fail last time")


def test_files_that_are_skipped_unread_are_seen_without_a_hash(scene):
    scene.decide(rerun="failed")
    decision = scene.decide(Unit("new", tuple(scene.files)), rerun="failed")
    assert [(file.path, file.sha256) for file in decision.renewed] == [
        (file.path, "") for file in scene.files
    ]


def test_the_newest_record_counts(scene, tmp_path):
    later = replace(scene.run.record, run_id="run-2")
    with closing(Ledger(scene.run.ledger_url)) as ledger:
        ledger.start_run(later)
        ledger.record(later, [Outcome("x", "failed", attempt=7)])
    decision = scene.decide()
    assert told(decision) == ("work", "failed last time")
    assert decision.unit.attempt == 8


def test_many_units_are_decided_at_once(tmp_path):
    run = a_run(tmp_path)
    units = [Unit(f"u{n}", (a_file(tmp_path / f"in/{n}", str(n)),)) for n in range(1200)]
    record(run, [completed(unit) for unit in units[::2]])
    with closing(LedgerView(run.ledger_url)) as ledger:
        found = decide_all(units, ledger, run.record.scope, rerun="changed", retries=0)
    assert [decision.action for decision in found] == ["skip", "work"] * 600


def test_items_come_in_batches():
    assert list(batches(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batches([], 2)) == []


def test_work_of_another_output_root_does_not_count(scene, tmp_path):
    scope = scene.run.record.scope._replace(output=f"{tmp_path}/ou")
    with closing(Ledger(scene.run.ledger_url)) as ledger:
        (decision,) = decide_all([scene.unit], ledger, scope, rerun="changed", retries=0)
    assert told(decision) == ("work", "new")


def test_a_unit_is_given_up_after_its_attempts_until_it_changes_or_is_asked_for(tmp_path):
    run = a_run(tmp_path)
    unit = Unit("x", (), settings=";size=1", attempts_allowed=2)

    def decided(unit, rerun="changed"):
        with closing(Ledger(run.ledger_url)) as ledger:
            (decision,) = decide_all([unit], ledger, run.record.scope, rerun=rerun, retries=0)
        return decision.action, decision.unit.attempt, decision.unit.attempts_allowed

    record(run, [Outcome("x", "failed", settings_fingerprint=";size=1", attempt=1)])
    assert decided(unit) == ("work", 2, 2)
    record(run, [Outcome("x", "incomplete", settings_fingerprint=";size=1", attempt=2)])
    assert decided(unit)[0] == "skip"
    assert decided(replace(unit, settings=";size=2")) == ("work", 1, 2)
    assert decided(replace(unit, attempts_allowed=0)) == ("work", 3, 0)
    assert decided(unit, "all") == ("work", 3, 2)
    record(run, [Outcome("x", "failed", settings_fingerprint=";size=1", attempt=2)])
    assert decided(unit, "failed") == ("work", 3, 2)
