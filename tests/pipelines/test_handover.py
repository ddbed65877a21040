import json
from contextlib import closing
from datetime import datetime, timedelta, timezone

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from batchio.errors import UsageError
from batchio.ledger import Ledger
from batchio.radar.samples import write_volumes
from batchio.radar.scene import Scan
from batchio.records import ASKED_TO_STOP, iso
from pipelines.launcher.handover import build_to_the_end, check_handover
from pipelines.launcher.liveness import is_alive
from pipelines.launcher.run import make_run
from pipelines.launcher.samples import write_samples
from pipelines.radar import RADAR
from pipelines.radar import main as radar
from pipelines.radar_options import RadarOptions
from pipelines.syntax import SYNTAX, SyntaxOptions

LEDGER = "postgresql+psycopg://user@host/ledger"
GIVEN = {"input": ["gs://bucket-1/in/*"], "output": "gs://bucket-1/out", "ledger": LEDGER}


def options(**changes) -> RadarOptions:
    return RadarOptions(**{**GIVEN, "runner": "DataflowRunner", **changes})


def test_a_run_in_buckets_with_a_database_is_handed_over():
    check_handover(options())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ledger": None},
            "--ledger is needed with --runner DataflowRunner; give a URL such as "
            "postgresql+psycopg://user@host/database",
        ),
        (
            {"ledger": "sqlite:////srv/ledger.db"},
            "/srv/ledger.db: SQLite is not within reach of the workers of DataflowRunner; "
            "give --ledger a PostgreSQL URL: postgresql+psycopg://user@host/database",
        ),
        (
            {"output": "out"},
            "out: is on this machine, and not within reach of the workers of DataflowRunner; "
            "copy it to a bucket, and give its gs:// URL to --output",
        ),
        (
            {"input": ["gs://bucket-1/in/*", "file:///in/*"]},
            "file:///in/*: is on this machine, and not within reach of the workers of "
            "DataflowRunner; copy it to a bucket, and give its gs:// URL to --input",
        ),
        (
            {"watch": 5},
            "--watch has no meaning with --runner DataflowRunner; "
            "start the run at intervals, with Cloud Scheduler say",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_other_machines_could_not_do_is_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        check_handover(options(**changes))
    assert str(caught.value) == message


def test_the_command_refuses_before_it_asks_any_storage(capsys):
    arguments = ["--input=gs://bucket-1/in/*", "--output=gs://bucket-1/out"]
    assert radar([*arguments, "--runner=DataflowRunner"]) == 2
    assert capsys.readouterr().err.startswith("headrace: --ledger is needed with")


def worked(domain, options):
    """Works a graph as a service would, the end of the run among it; returns the run's row."""
    run = make_run(domain.name, options)
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.create()
        ledger.start_run(run.record)
        pipeline = beam.Pipeline(runner=FnApiRunner())
        build_to_the_end(domain, options, run, pipeline)
        pipeline.run().wait_until_finish()
        return ledger.run(run.run_id)


def report(folder, run_id):
    return json.loads((folder / "out/.headrace/runs" / run_id / "report.json").read_text())


def some_volumes(folder):
    return write_volumes(folder / "in", 2, fields=["VRAD"], scan=Scan((0.5, 1.5), (40, 40), 36))


def radar_options(folder, **changes):
    given = {"input": [f"{folder}/in/*"], "output": f"{folder}/out", "run_id": "one"}
    return RadarOptions(**{**given, **changes})


def test_the_graph_itself_ends_the_run(tmp_path):
    some_volumes(tmp_path)
    row = worked(RADAR, radar_options(tmp_path))
    assert (row["status"], row["totals"]["exit_code"]) == ("completed", 0)
    assert row["finished"]
    assert (row["totals"]["found"], row["totals"]["units"]) == (2, 2)
    assert row["totals"]["peak_rss_bytes"] > 0
    assert report(tmp_path, "one")["statuses"]["completed"] == 2


def test_the_end_tells_that_a_unit_failed(tmp_path):
    damaged, _ = some_volumes(tmp_path)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    row = worked(RADAR, radar_options(tmp_path))
    assert (row["status"], row["totals"]["exit_code"]) == ("completed", 3)
    assert report(tmp_path, "one")["statuses"]["failed"] == 1


def test_the_run_ends_after_the_clean_up(tmp_path):
    files = [str(path) for path in some_volumes(tmp_path)]
    worked(RADAR, radar_options(tmp_path))
    row = worked(RADAR, radar_options(tmp_path, run_id="two", cleanup_after_hours=1e-6))
    assert (row["status"], row["totals"]["exit_code"]) == ("completed", 0)
    remarks = {each["path"]: each["remark"] for each in report(tmp_path, "two")["file_remarks"]}
    assert remarks == dict.fromkeys(files, "cleaned up by two")
    assert list((tmp_path / "in").iterdir()) == []


def test_the_end_tells_that_no_file_matched(tmp_path):
    (tmp_path / "in").mkdir()
    row = worked(RADAR, radar_options(tmp_path))
    assert (row["status"], row["totals"]["exit_code"]) == ("failed", 1)
    assert "no file matches" in row["totals"]["error"]


def test_the_end_tells_that_the_run_was_asked_to_stop(tmp_path):
    some_volumes(tmp_path)

    def build(pipeline, options, run):
        with closing(Ledger(run.ledger_url)) as ledger:
            ledger.request_stop(run.run_id, f"{ASKED_TO_STOP} by a test")
        return RADAR.build(pipeline, options, run)

    domain = type(RADAR)(**{**vars(RADAR), "build": build})
    row = worked(domain, radar_options(tmp_path))
    assert (row["status"], row["totals"]["exit_code"]) == ("interrupted", 130)


def test_the_run_ends_after_the_tables(tmp_path):
    write_samples(str(tmp_path / "in"), ["syntax"])
    options = SyntaxOptions(
        input=[f"{tmp_path}/in/**/*.json*"], output=f"{tmp_path}/out", run_id="one"
    )
    row = worked(SYNTAX, options)
    assert row["totals"]["exit_code"] == 3  # a sample is damaged on purpose
    assert (tmp_path / "out" / "symbols.parquet").exists()
    shown = report(tmp_path, "one")
    assert shown["statuses"]["completed"] + shown["statuses"]["failed"] == shown["counts"]["todo"]


@pytest.mark.parametrize(
    ("runner", "silent_s", "alive"),
    [
        ("DataflowRunner", 300, True),
        ("DataflowRunner", 1200, False),
        ("FlinkRunner", 300, False),
    ],
)
def test_a_service_may_be_silent_while_it_starts_workers(runner, silent_s, alive):
    then = iso(datetime.now(timezone.utc) - timedelta(seconds=silent_s))
    run = {
        "arguments": [f"--runner={runner}"],
        "host": "elsewhere",
        "pid": 1,
        "started": then,
    }
    assert is_alive(run, []) is alive
    worker = {"host": "elsewhere", "pid": 2, "counters": {"done": 1}, "beat": then}
    assert is_alive(run, [worker]) is alive
