import os
from contextlib import closing
from functools import partial

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from run_samples import a_file, a_run, completed, counters, left_out, record, recorder_of

from batchio.fileset import FileRef
from batchio.ledger import Ledger
from transforms import filesets
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile, Grouped, LeftOut
from transforms.units import Unit


def pipeline():
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))


def counter(result, name):
    """The counts of a metric, by transform."""
    found = result.metrics().query(beam.metrics.MetricsFilter().with_name(name))["counters"]
    return [each.committed for each in found]


@pytest.fixture
def files(tmp_path):
    return [a_file(tmp_path / "in" / name, name) for name in ("c", "a.x", "b.x")]


def test_files_are_listed_in_the_run_s_order_and_counted(tmp_path, files):
    os.utime(files[2].path, (5.0, 5.0))
    run = a_run(tmp_path, patterns=(f"{tmp_path}/in/*",), exclude=("a*",), order_by="mtime")
    with recorder_of(run), pipeline() as p:
        found = p | MatchFiles(run)
        expected = [FileRef(files[2].path, 3, 5.0), files[0]]
        assert_that(
            found | beam.combiners.ToList(), lambda lists: equal_to([expected])(list(lists))
        )
    assert counter(p.result, "files_out") == [2]
    assert counters(run)["found"] == 2


def test_after_a_collection_the_files_are_those_that_it_has_made(tmp_path):
    run = a_run(tmp_path, patterns=(f"{tmp_path}/in/*",))
    (tmp_path / "in").mkdir()
    with recorder_of(run), pipeline() as p:
        made = p | beam.Create(["a", "b"]) | beam.Map(lambda n: a_file(tmp_path / "in" / n).name)
        assert_that(made | MatchFiles(run) | beam.Map(lambda f: f.name), equal_to(["a", "b"]))


def test_files_that_cannot_be_read_are_recorded_as_left_out(tmp_path, files):
    link = tmp_path / "in" / "d"
    link.symlink_to("nowhere")
    run = a_run(tmp_path, patterns=(f"{tmp_path}/in/*",))
    with recorder_of(run), pipeline() as p:
        assert_that(p | MatchFiles(run) | beam.Map(lambda f: f.name), equal_to(["a.x", "b.x", "c"]))
    assert left_out(run) == {str(link): "cannot be looked at: No such file or directory"}
    assert counters(run)["left_out"] == 1


def test_the_listing_of_a_run_that_stops_ends(tmp_path, files):
    run = a_run(tmp_path, patterns=(f"{tmp_path}/in/*",))
    with recorder_of(run) as recorder:
        recorder.stop("enough")
        with pipeline() as p:
            assert_that(p | MatchFiles(run), equal_to([]))


def form(file):
    return LeftOut(file, "is odd") if file.name == "c" else Unit(file.name, (file,))


def key(file):
    return LeftOut(file, "is odd") if file.name == "c" else file.name[-1]


def together(files):
    return Unit("both", tuple(sorted(files, key=lambda file: file.path)))


@pytest.mark.parametrize(
    ("forming", "names"),
    [
        (EachFile(form), {"a.x": ["a.x"], "b.x": ["b.x"]}),
        (Grouped(key, together), {"both": ["a.x", "b.x"]}),
    ],
    ids=["each", "grouped"],
)
def test_units_are_formed_the_same_in_a_graph_and_without(tmp_path, files, forming, names):
    run = a_run(tmp_path)
    with recorder_of(run), pipeline() as p:
        units = p | beam.Create(files) | FormUnits(forming, run)
        assert_that(units, equal_to([u for u in forming.units_of(files) if isinstance(u, Unit)]))
    assert left_out(run) == {files[0].path: "is odd"}
    assert counters(run)["left_out"] == 1
    listed = list(forming.units_of(files))
    assert [each.why for each in listed if isinstance(each, LeftOut)] == ["is odd"]
    found = {u.unit_id: [f.name for f in u.files] for u in listed if isinstance(u, Unit)}
    assert found == names


def units_of(files):
    return [Unit(f"u{n}", (file,), settings="s") for n, file in enumerate(files)]


def test_what_is_done_is_left_out_and_the_rest_goes_on_in_packs_with_its_reason(tmp_path, files):
    run = a_run(tmp_path)
    units = units_of(files)
    waits = Unit("u3", (), waits="incomplete", reason="incomplete: KDP missing")
    record(run, [completed(units[0])])
    later = a_run(tmp_path, "run-2")
    os.utime(files[0].path, (5.0, 5.0))
    touched = Unit("u0", (FileRef(files[0].path, 1, 5.0),), settings="s")
    with recorder_of(later), pipeline() as p:
        packs = p | beam.Create([touched, *units[1:], waits]) | SkipUpToDate(later)
        about = packs | beam.Map(lambda pack: [(u.unit_id, u.reason, u.waits) for u in pack])
        expected = [
            ("u1", "new", ""),
            ("u2", "new", ""),
            ("u3", "incomplete: KDP missing", "incomplete"),
        ]
        assert_that(about, equal_to([expected]))
    assert (counter(p.result, "units_in"), counter(p.result, "units_out")) == ([4], [3])
    found = counters(later)
    assert {name: found[name] for name in ("units", "skipped", "todo", "bytes_todo")} == {
        "units": 4,
        "skipped": 1,
        "todo": 3,
        "bytes_todo": 6,
    }
    with closing(Ledger(run.ledger_url)) as ledger:
        assert ledger.known_files(run.record.scope, [files[0].path])[files[0].path].mtime == 5.0


@pytest.mark.parametrize(("pack_units", "pack_bytes"), [(2, 1000), (200, 15)])
def test_packs_are_full_at_a_number_of_units_or_bytes(
    tmp_path, monkeypatch, pack_units, pack_bytes
):
    monkeypatch.setattr(filesets, "_PACK_BYTES", pack_bytes)
    monkeypatch.setattr(filesets, "_ASK_AT_ONCE", 3)
    run = a_run(tmp_path)
    units = [Unit(f"u{n}", (FileRef(f"/in/{n}", 10, 1.0),)) for n in range(5)]
    with recorder_of(run), pipeline() as p:
        packs = p | beam.Create(units, reshuffle=False) | SkipUpToDate(run, pack_units)
        assert_that(packs | beam.Map(len), equal_to([2, 2, 1]))
        ids = packs | beam.FlatMap(lambda pack: [unit.unit_id for unit in pack])
        assert_that(ids, equal_to([unit.unit_id for unit in units]), label="all of them")


def test_nothing_is_decided_once_a_run_stops(tmp_path, files):
    run = a_run(tmp_path)
    with recorder_of(run) as recorder:
        recorder.stop("enough")
        with pipeline() as p:
            packs = p | beam.Create(units_of(files)) | SkipUpToDate(run)
            assert_that(packs, equal_to([]))


@pytest.mark.parametrize("forming", [EachFile, partial(Grouped, key=str)])
def test_steps_have_the_same_names_in_each_run(tmp_path, forming):
    def labels():
        p = pipeline()
        p | beam.Create([]) | FormUnits(forming(form=partial(print, object())), a_run(tmp_path))
        return p.applied_labels

    assert labels() == labels()  # Beam keeps each name for as long as its process lives
