from __future__ import annotations

import json
from dataclasses import replace

import pytest

from batchio.addresses.csv_dialect import Dialect
from batchio.fileset import FileRef
from transforms.addresses.blocks import BlockResult
from transforms.addresses.describe import Reading
from transforms.addresses.device import CPU
from transforms.addresses.metadata import Account, Aims, count_rows, measure, metadata, suggest
from transforms.addresses.statuses import STATUSES
from transforms.addresses.work_block import Choice, MatchChoice
from transforms.units import Unit

CHOICE = Choice(Reading(("street", "zip"), 0.4), MatchChoice("list.csv", ("a",), 3), batch_rows=800)
UNIT = Unit("in/a.csv", (FileRef("/data/in/a.csv", 1234, 5.0),))
GPU = "NVIDIA Tesla T4"


def result(rows: int = 100, **changes: object) -> BlockResult:
    made: BlockResult = {
        "first_row": 0,
        "rows": rows,
        "statuses": {"ok": rows},
        "seconds": {"read": 1.0, "tag": 3.0},
        "busy_s": 1.0,
        "batches": 2,
        "device": CPU.name,
        "clock": (1000.0, 1004.0),
        "from_before": False,
        "parts": [],
    }
    return {**made, **changes}  # type: ignore[typeddict-item]


def account(*results: BlockResult) -> Account:
    dialect = Dialect("cp1252", ";", ("street", "zip"))
    return Account("f" * 64, dialect, results, ("join", 2.0), 1010.0)


def suggestions(told: Account, choice: Choice = CHOICE, **aims: float) -> list[str]:
    return list(suggest(count_rows(told.results), measure(told), choice, Aims(**aims)))


def test_rows_are_counted_by_status_those_of_earlier_runs_too():
    results = [result(5, statuses={"ok": 3, "empty": 2}), result(2, from_before=True)]
    zeros = dict.fromkeys(STATUSES, 0)
    assert count_rows(results) == {**zeros, "rows": 7, "ok": 5, "empty": 2}


def test_only_what_this_run_has_worked_is_measured():
    told = measure(account(result(100), result(50, clock=(900.0, 901.0), from_before=True)))
    assert told == {
        "devices": ["CPU"],
        "blocks": 1,
        "blocks_from_before": 1,
        "batches": 2,
        "seconds": 10.0,
        "rows_per_s": 10,
        "busy_share": 0.25,
        "seconds_by_stage": {"join": 2.0, "read": 1.0, "tag": 3.0},
    }


def test_blocks_that_overlap_in_time_are_one_span():
    told = measure(account(result(), result(clock=(998.0, 1002.0), device=GPU)))
    assert (told["seconds"], told["rows_per_s"]) == (12.0, 17)
    assert told["devices"] == ["CPU", GPU]
    assert told["seconds_by_stage"] == {"join": 2.0, "read": 2.0, "tag": 6.0}


def test_what_was_not_measured_is_not_told():
    told = measure(account(result(from_before=True)))
    assert told["devices"] == []
    assert (told["rows_per_s"], told["busy_share"], told["seconds"]) == (None, None, 0.0)
    assert suggestions(account(result(from_before=True))) == []


def test_all_of_it_is_json_and_what_differs_between_runs_is_measured():
    told = metadata(UNIT, account(result()), CHOICE, Aims())
    assert json.loads(json.dumps(told)) == {
        **told,
        "settings": json.loads(json.dumps(told["settings"])),
    }
    later = replace(account(result(clock=(2000.0, 2300.0), seconds={"read": 9.0})), ended=2400.0)
    again = metadata(UNIT, later, CHOICE, Aims())
    assert told.pop("measured") != again.pop("measured")
    assert told == again
    assert (told["input"], told["bytes"], told["rows"]) == ("in/a.csv", 1234, 100)
    assert (told["encoding"], told["delimiter"]) == ("cp1252", ";")
    assert told["columns"] == ["street", "zip"]
    assert told["settings"]["match"]["top_k"] == 3


def test_the_stage_that_takes_most_is_named_where_the_aim_is_missed():
    (told,) = suggestions(account(result()), rows_per_s=50.0)
    assert told == (
        "10 rows/s are less than the 50 aimed at; most of the time, 50%, goes to tag: "
        "give more --workers, or a GPU"
    )
    assert suggestions(account(result()), rows_per_s=10.0) == []


@pytest.mark.parametrize("stage", ["read", "tag", "standardise", "score", "write", "join", "match"])
def test_there_is_advice_for_each_stage(stage):
    (told,) = suggestions(account(result(seconds={stage: 100.0})), rows_per_s=1e6)
    assert f"goes to {stage}: " in told


def test_larger_batches_are_suggested_for_a_gpu_that_waits():
    waiting = account(result(device=GPU))
    (told,) = suggestions(waiting, rows_per_s=0)
    assert told == (
        "the GPU had work for 25% of the time, less than 90%: raise --gpu_batch_size (800)"
    )
    assert suggestions(waiting, rows_per_s=0, busy_share=0.25) == []
    assert suggestions(waiting, replace(CHOICE, batch_rows=16_000), rows_per_s=0) == []


@pytest.mark.parametrize("status", ["invalid_row", "empty", "low_confidence", "not_us"])
def test_many_rows_of_a_status_are_remarked_on(status):
    many = account(result(100, statuses={"ok": 79, status: 21}))
    (told,) = suggestions(many, rows_per_s=0)
    assert told.startswith(f"21% of the rows are {status}: ")
    few = account(result(100, statuses={"ok": 80, status: 20}))
    assert suggestions(few, rows_per_s=0) == []


def test_a_file_without_rows_needs_no_advice():
    assert suggestions(account(result(0, statuses={}))) == []
