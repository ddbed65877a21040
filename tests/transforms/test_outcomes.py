import threading
from collections import Counter

import apache_beam as beam
import psutil
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from rig import wait_until
from run_samples import a_run, counters, recorder_of, rows
from worker_functions import fail_unit, make

from batchio.errors import CannotRun
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.units import Unit


def pipeline():
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))


def units(*orders, **about):
    return [
        Unit(order.replace(" ", "-"), (), details={"order": order}, **about) for order in orders
    ]


def work(run, *packs, process=make):
    """Works packs to the end; returns the statuses by unit, and the metrics by name."""
    with pipeline() as p:
        outcomes = p | beam.Create(packs) | ProcessUnits(process, run) | RecordOutcomes(run)
        assert_that(outcomes | beam.FlatMap(list), lambda ids: list(ids))
    counts = p.result.metrics().query()["counters"]
    metrics = Counter()
    for each in counts:
        metrics[each.key.metric.name] += each.committed
    return {unit: row["status"] for unit, row in rows(run).items()}, metrics


def test_units_become_recorded_outcomes_and_the_bad_ones_cost_only_themselves(tmp_path):
    run = a_run(tmp_path, workers=2, timeout_s=1.0)
    others = set(psutil.Process().children())
    good = [f"echo {number}" for number in range(20)]
    bad = {"segfault x": "SIGSEGV", "exit 7": "status 7", "hang x": "longer than 1 s"}
    with recorder_of(run):
        found, metrics = work(run, units(*good[:10], *bad), units(*good[10:], "nothing of this"))
        expected = dict.fromkeys([order.replace(" ", "-") for order in good], "completed")
        failed = [order.replace(" ", "-") for order in (*bad, "nothing of this")]
        assert found == expected | dict.fromkeys(failed, "failed")
        recorded = rows(run)
    for order, cause in bad.items():
        row = recorded[order.replace(" ", "-")]
        assert (row["step"], row["error_type"]) == ("worker", "WorkerDied")
        assert cause in row["error_message"]
    row = recorded["nothing-of-this"]
    assert (row["step"], row["error_type"]) == ("process", "KeyError")
    assert recorded["echo-3"]["metrics"] == '{"answer": "3"}'
    assert (metrics["units_in"], metrics["units_out"]) == (24, 24)
    assert (metrics["units_completed"], metrics["units_failed"]) == (20, 4)
    assert counters(run)["done"] == 24
    assert set(psutil.Process().children()) <= others


def test_the_outcomes_are_handed_on(tmp_path):
    run = a_run(tmp_path)
    with recorder_of(run), pipeline() as p:
        outcomes = p | beam.Create([units("echo a", "echo b")]) | ProcessUnits(make, run)
        recorded = outcomes | RecordOutcomes(run)
        about = recorded | beam.FlatMap(
            lambda outcomes: [(o.unit_id, o.status, o.metrics["answer"]) for o in outcomes]
        )
        assert_that(about, equal_to([("echo-a", "completed", "a"), ("echo-b", "completed", "b")]))


def test_units_that_wait_pass_through_unworked_and_start_no_process(tmp_path):
    run = a_run(tmp_path)
    waits = units("exit 1", waits="incomplete", reason="incomplete: KDP missing")
    with recorder_of(run):
        found, metrics = work(run, waits, process=fail_unit)
        assert found == {"exit-1": "incomplete"}
        assert rows(run)["exit-1"]["error_message"] == "incomplete: KDP missing"
    assert (metrics["units_in"], metrics["units_incomplete"]) == (1, 1)


def test_of_a_run_that_has_stopped_only_what_waits_is_recorded(tmp_path):
    run = a_run(tmp_path)
    with recorder_of(run) as recorder:
        recorder.stop("enough")
        found, _ = work(run, [*units("echo a"), *units("echo b", waits="pending")])
        assert found == {"echo-b": "pending"}


def test_a_stop_finishes_what_is_worked_and_begins_no_other(tmp_path):
    run = a_run(tmp_path, workers=1)
    orders = [f"wait_for {tmp_path}/x", *(f"touch {tmp_path}/t{n}" for n in range(50))]
    with recorder_of(run) as recorder:

        def stop():
            wait_until((tmp_path / "x.at").exists, "the unit")
            recorder.stop("enough")
            wait_until(lambda: recorder._pools[0]._stopping, "the pool")
            (tmp_path / "x").touch()

        stopper = threading.Thread(target=stop)
        stopper.start()
        found, _ = work(run, units(*orders))
        stopper.join()
        assert list(found.values()) == ["completed"]
    assert not list(tmp_path.glob("t*"))


def test_slow_units_do_not_fill_the_memory(tmp_path):
    run = a_run(tmp_path, workers=1)
    packs = [units(*(f"sleep 0.00{pack}{n}" for n in range(30))) for pack in range(5)]
    with recorder_of(run):
        found, _ = work(run, *packs)
        assert Counter(found.values()) == {"completed": 150}


def test_a_function_that_no_worker_can_load_ends_the_run(tmp_path):
    def local(unit):
        return None

    run = a_run(tmp_path)
    with recorder_of(run), pytest.raises(Exception, match=r"local|pickle"):
        work(run, units("echo a"), process=local)


def test_workers_that_do_not_start_end_the_run_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("transforms.worker_process.sys.executable", "/bin/false")
    run = a_run(tmp_path)
    with (
        recorder_of(run),
        pytest.raises(Exception, match="worker processes do not start") as caught,
    ):
        work(run, units("echo a"))
    assert isinstance(caught.value, CannotRun) or "CannotRun" in str(caught.value)
