import csv
import json
import re
import tracemalloc
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from sample_ledger import (
    a_ledger,
    a_run,
    at,
    beat,
    completed,
    failed,
    incomplete,
    launcher_beat,
    pending,
)

from batchio.errors import UsageError
from batchio.ledger_schema import runs
from batchio.ledger_view import LedgerView
from batchio.records import Beat, InputFile
from pipelines.launcher.report import (
    build_report,
    report_folder,
    summary_lines,
    write_report,
)

SCHEMA = json.loads(files("pipelines.launcher").joinpath("report_schema.json").read_text("utf-8"))
SCRIPT = "<script>alert('x')</script>.BUFR"


@pytest.fixture
def ledger(tmp_path):
    ledger = a_ledger(tmp_path, a_run(output=str(tmp_path / "out")))
    yield ledger
    ledger.close()


@pytest.fixture
def finished(ledger, tmp_path):
    """A run with every kind of unit, ended after 90 seconds."""
    run = a_run(output=str(tmp_path / "out"))
    beat(
        ledger,
        run,
        launcher_beat(
            discovered=1, found=20, left_out=1, units=9, skipped=3, todo=6, peak_rss_bytes=7_000_000
        ),
    )
    timed = {"seconds_decode": 0.25, "seconds_write": 0.5, "fields": 12, "seconds_": "odd"}
    ledger.record(
        run,
        [
            completed("vol-1", metrics=timed),
            completed("vol-2", metrics=timed),
            failed(SCRIPT, action="get it again"),
            incomplete("vol-4", ["DBZV", "ZDR"]),
            pending("vol-5"),
        ],
        [(InputFile("/data/in/notes.txt", 1, 1.0, remark="not a radar file name"), None)],
    )
    finish(ledger, 90, "completed")
    return ledger


def finish(ledger, seconds, status, **totals):
    ledger.finish_run("run-1", status, totals)
    with ledger.engine.begin() as db:
        db.execute(runs.update().values(finished=at(seconds)))


def validated(report):
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert json.loads(json.dumps(report)) == report
    return report


def described(schema, path=""):
    """Yields each key of a schema with its description."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", inner.get("description", "")
        yield from described(inner, f"{path}/{name}")
    if "items" in schema:
        yield from described(schema["items"], f"{path}[]")


def test_the_schema_is_sound_and_describes_every_key():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    keys = dict(described(SCHEMA))
    assert len(keys) > 50
    assert [key for key, text in keys.items() if not text.endswith(".")] == []


def test_a_report_holds_the_run_and_its_totals(finished, tmp_path):
    report = validated(build_report(finished, "run-1"))
    assert report["seconds"] == 90
    assert report["exit_code"] == 3
    assert report["arguments"] == ["--input", "in/*.BUFR", "--output", "out dir"]
    assert report["versions"] == {"headrace": "0.1.0", "apache-beam": "2.70.0"}
    assert report["statuses"] == {
        "completed": 2,
        "failed": 1,
        "incomplete": 1,
        "pending": 1,
        "interrupted": 0,
        "running": 0,
    }
    assert report["counts"]["found"] == 20
    assert report["counts"]["skipped"] == 3
    assert report["counts"]["worked"] == 5
    assert report["units_per_minute"] == pytest.approx(5 / 1.5, abs=0.001)
    assert report["peak_rss_bytes"] == 7_000_000
    assert report["step_seconds"] == {"decode": 0.5, "write": 1.0}
    assert report["unit_seconds"] == 1.25
    assert report["outputs"] == {"count": 2, "bytes": 2000}
    assert report["reasons"] == {"new": 2, "changed": 1}
    assert report["folder"] == report_folder(str(tmp_path / "out"), "run-1")
    assert report["ledger"] == str(tmp_path / "ledger.db")


def test_a_report_lists_what_a_person_must_see(finished):
    report = build_report(finished, "run-1")
    (failure,) = report["failures"]
    assert failure["unit"] == SCRIPT
    assert failure["file"] == f"/data/in/{SCRIPT}"
    assert (failure["step"], failure["cause"]) == ("decode", "the data section is cut off")
    assert (failure["action"], failure["error_type"]) == ("get it again", "InputError")
    assert failure["traceback"].startswith("Traceback")
    (waiting,) = report["incomplete"]
    assert waiting["unit"] == "vol-4"
    assert waiting["waiting_for"] == "DBZV, ZDR missing; add the files"
    assert waiting["details"]["downloaded_fields"] == ["DBZH"]
    assert [unit["unit"] for unit in report["pending"]] == ["vol-5"]
    assert report["file_remarks"] == [
        {"path": "/data/in/notes.txt", "unit": None, "remark": "not a radar file name"}
    ]
    assert report["commands"] == {"retry": "python -m pipelines retry run-1", "resume": None}


@pytest.mark.parametrize(
    ("status", "totals", "outcomes", "code"),
    [
        ("completed", {}, [completed("a")], 0),
        ("completed", {}, [failed("a")], 3),
        ("completed", {}, [incomplete("a"), pending("b")], 0),
        ("failed", {}, [], 1),
        ("interrupted", {}, [failed("a")], 130),
        ("completed", {"exit_code": 1}, [completed("a")], 1),
    ],
)
def test_the_exit_code_is_the_noted_one_or_follows_from_the_end(
    ledger, status, totals, outcomes, code
):
    ledger.record(a_run(), outcomes)
    finish(ledger, 5, status, **totals)
    assert validated(build_report(ledger, "run-1"))["exit_code"] == code


def test_a_run_under_way_has_a_report_too(ledger):
    ledger.record(a_run(), [completed("a")])
    report = validated(build_report(ledger, "run-1"))
    assert (report["exit_code"], report["finished"], report["peak_rss_bytes"]) == (None, None, None)
    assert report["seconds"] > 0
    assert report["commands"]["resume"] == "python -m pipelines resume run-1"


def test_a_run_that_found_nothing_has_a_report(ledger, tmp_path):
    finish(ledger, 0, "completed")
    paths = write_report(ledger, "run-1", tmp_path / "report").paths
    report = validated(json.loads(Path(paths["report.json"]).read_text()))
    assert report["units_per_minute"] is None
    assert "No unit was worked." in Path(paths["report.html"]).read_text()
    assert summary_lines(report)[0] == "radar run-1: completed after 0.0 s: nothing to do"


def test_an_unknown_run_is_named(ledger, tmp_path):
    with pytest.raises(UsageError, match="run-9: report: no such run"):
        build_report(ledger, "run-9")
    missing = LedgerView(f"sqlite:///{tmp_path / 'none' / 'ledger.db'}")
    with pytest.raises(UsageError, match="no such run"):
        write_report(missing, "run-1", tmp_path)
    assert not (tmp_path / "none").exists()


def test_three_files_are_written_and_nothing_is_left_beside_them(finished, tmp_path):
    folder = tmp_path / "elsewhere"
    paths = write_report(finished, "run-1", folder).paths
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.html",
        "report.json",
        "units.csv",
    ]
    assert paths == {path.name: str(path) for path in folder.iterdir()}
    report = validated(json.loads((folder / "report.json").read_text()))
    assert report == {**build_report(finished, "run-1"), "folder": str(folder)}


def test_below_an_output_root_its_scratch_folder_is_used(finished, tmp_path):
    folder = Path(report_folder(str(tmp_path / "out"), "run-1"))
    write_report(finished, "run-1", folder)
    assert len(list(folder.iterdir())) == 3
    assert list((tmp_path / "out" / ".headrace" / "scratch" / "run-1").iterdir()) == []


def test_a_report_goes_to_an_object_store(finished):
    fsspec = pytest.importorskip("fsspec")
    paths = write_report(finished, "run-1", "memory://bucket/out/.headrace/runs/run-1").paths
    assert paths["report.json"] == "memory://bucket/out/.headrace/runs/run-1/report.json"
    with fsspec.open(paths["report.json"]) as file:
        validated(json.load(file))
    store = fsspec.filesystem("memory")
    assert len(store.find("/bucket")) == 3
    store.rm("/bucket", recursive=True)


def test_units_csv_has_a_line_for_each_unit(finished, tmp_path):
    paths = write_report(finished, "run-1", tmp_path / "report").paths
    with Path(paths["units.csv"]).open(newline="") as file:
        rows = {row["unit_id"]: row for row in csv.DictReader(file)}
    assert list(rows) == sorted([SCRIPT, "vol-1", "vol-2", "vol-4", "vol-5"])
    assert rows["vol-1"]["status"] == "completed"
    assert rows["vol-1"]["output_bytes"] == "1000"
    assert json.loads(rows["vol-1"]["outputs"]) == ["/data/out/vol-1.nc"]
    assert json.loads(rows["vol-1"]["metrics"])["fields"] == 12
    assert rows[SCRIPT]["step"] == "decode"
    assert json.loads(rows["vol-4"]["details"])["missing_fields"] == ["DBZV", "ZDR"]


class Page(HTMLParser):
    """Collects tags, texts and addresses; void elements need no end."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.addresses, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def page_text(finished, tmp_path):
    path = write_report(finished, "run-1", tmp_path / "report").paths["report.html"]
    return Path(path).read_text("utf-8")


def test_a_script_in_a_file_name_shows_as_text(page_text):
    page = Page(page_text)
    assert "script" not in page.tags
    assert any(SCRIPT in words for words in page.words)


def test_the_page_is_whole_and_needs_nothing_else(page_text):
    page = Page(page_text)
    assert page.open == []
    assert set(page.addresses) == {"report.json", "units.csv"}
    assert not re.search(r"url\(|@import|https?:", page_text)
    assert "prefers-color-scheme: dark" in page_text


def test_the_page_can_be_read_without_eyes(page_text):
    assert '<html lang="en">' in page_text
    assert 'aria-label="2 completed, 1 failed, 1 incomplete, 1 pending"' in page_text
    page = Page(page_text)
    assert page.tags.count("h1") == 1
    assert page.tags.count("table") == page.tags.count("thead") == 5
    assert page_text.count("<th>") == 0


def test_the_page_shows_what_the_report_holds(page_text):
    words = " ".join(" ".join(Page(page_text).words).split())
    for part in (
        "run-1",
        "completed, exit code 3",
        "the data section is cut off",
        "get it again",
        "DBZV, ZDR missing; add the files",
        "not a radar file name",
        "python -m pipelines retry run-1",
        "--input 'in/*.BUFR' --output 'out dir'",
        "1 min 30 s",
        "7.0 MB",
        "2024-05-01 12:01:30 UTC",
        "headrace 0.1.0, apache-beam 2.70.0",
    ):
        assert part in words


def test_the_summary_tells_the_end_of_a_run(finished, tmp_path):
    out = tmp_path / "out"
    assert summary_lines(build_report(finished, "run-1")) == [
        "radar run-1: completed after 1 min 30 s: "
        "2 completed, 1 failed, 1 incomplete, 1 pending, 3 up to date",
        "Failed:",
        f"  /data/in/{SCRIPT}: decode: the data section is cut off; get it again",
        "Incomplete:",
        "  vol-4: DBZV, ZDR missing; add the files",
        "Pending:",
        "  vol-5: unexpected: strategy 0999 is not in the table",
        f"Outputs: {out} (2 files, 2.0 kB by this run)",
        f"Report: {out}/.headrace/runs/run-1/report.html",
        "Retry what failed: python -m pipelines retry run-1",
    ]


def test_the_summary_names_twenty_and_counts_the_rest(ledger, tmp_path):
    ledger.record(a_run(output=str(tmp_path / "out")), [failed(f"f{n:02}") for n in range(25)])
    ledger.request_stop("run-1", "25 of 25 units failed")
    finish(ledger, 5, "interrupted")
    lines = summary_lines(build_report(ledger, "run-1"))
    assert lines[1:4] == [
        "Stopped: 25 of 25 units failed",
        "Failed:",
        "  /data/in/f00: decode: the data section is cut off",
    ]
    assert lines[23] == "  and 5 more, see units.csv"
    assert lines[-2] == "Go on with the rest: python -m pipelines resume run-1"


def test_lists_stop_at_a_thousand_and_memory_stays_flat(ledger, tmp_path):
    run = a_run()
    big = {"note": "x" * 500}
    for part in range(4):
        numbers = range(part * 1500, (part + 1) * 1500)
        ledger.record(run, [completed(f"c{n:05}")._replace(details=big) for n in numbers])
    ledger.record(run, [failed(f"f{n:05}") for n in range(1100)])
    ledger.record(run, [incomplete(f"i{n:05}") for n in range(1100)])
    finish(ledger, 5, "completed")
    ledger.close()
    tracemalloc.start()
    paths = write_report(ledger, "run-1", tmp_path / "report").paths
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    report = validated(json.loads(Path(paths["report.json"]).read_text()))
    assert (report["statuses"]["failed"], len(report["failures"])) == (1100, 1000)
    assert (report["statuses"]["incomplete"], len(report["incomplete"])) == (1100, 1000)
    assert sum(bool(failure["traceback"]) for failure in report["failures"]) == 50
    assert Path(paths["report.json"]).stat().st_size < 1_000_000
    assert len(Path(paths["units.csv"]).read_text().splitlines()) == 8201
    assert "The first 1,000 of 1,100" in Path(paths["report.html"]).read_text()
    assert peak < 12_000_000


def test_a_dead_launchers_counts_are_not_added(ledger):
    ledger.beat("run-1", a_run().host, [Beat(999_999_999, counters={"found": 50})])
    beat(ledger, a_run(), launcher_beat(found=50))
    assert build_report(ledger, "run-1")["counts"]["found"] == 50
