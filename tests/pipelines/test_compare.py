import json
import tracemalloc

import pytest
from sample_ledger import a_ledger, a_run, at, completed, failed

from batchio.errors import UsageError
from batchio.ledger import Ledger
from batchio.ledger_view import LedgerView
from batchio.output import Output
from pipelines.launcher.compare import compare

FIRST = a_run("first", started=at(0))
SECOND = a_run("second", started=at(60))


@pytest.fixture
def ledger(tmp_path):
    ledger = a_ledger(tmp_path, FIRST)
    yield ledger
    ledger.close()


def second_run(ledger, outcomes, *, still_seen=()):
    """Records a second run that worked some units and saw the files of others."""
    ledger.start_run(SECOND)
    seen = [(file, outcome.unit_id) for outcome in still_seen for file in outcome.files]
    ledger.record(SECOND, outcomes, seen)


def compared(ledger):
    return compare(ledger, "first", ledger, "second")


def test_added_removed_changed_and_unchanged_units_are_told_apart(ledger):
    same, gone = completed("same"), completed("gone")
    ledger.record(FIRST, [same, gone, completed("other")])
    second_run(ledger, [completed("other", sha="bb"), completed("new")], still_seen=[same])
    result = compared(ledger)
    assert result.counts == {"unchanged": 1, "changed": 1, "added": 1, "removed": 1}
    assert result.added == ["new"]
    assert result.removed == ["gone"]
    assert [change.unit for change in result.changed] == ["other"]
    assert result.changed[0].outputs == ("other.nc",)
    assert not result.same


def test_a_changed_status_is_told(ledger):
    ledger.record(FIRST, [failed("a")])
    second_run(ledger, [completed("a")])
    (change,) = compared(ledger).changed
    assert change.status == ("failed", "completed")


def test_changed_metrics_are_told_but_not_times(ledger):
    before = {"cells": 10, "seconds_decode": 1.0, "seconds": 2.0, "left": 1}
    after = {"cells": 12, "seconds_decode": 9.0, "seconds": 3.0, "came": 2}
    ledger.record(FIRST, [completed("a", metrics=before), completed("b", metrics={"seconds": 1})])
    second_run(ledger, [completed("a", metrics=after), completed("b", metrics={"seconds": 2})])
    result = compared(ledger)
    (change,) = result.changed
    assert change.metrics == {"cells": (10, 12), "came": (None, 2), "left": (1, None)}
    assert change.outputs == ()
    assert result.counts["unchanged"] == 1


def test_a_run_compared_with_itself_is_the_same(ledger):
    ledger.record(FIRST, [completed("a"), failed("b")])
    result = compare(ledger, "first", ledger, "first")
    assert result.same
    assert result.counts["unchanged"] == 2


def test_the_state_is_that_of_each_run_whatever_came_later(ledger):
    unit = completed("a")
    ledger.record(FIRST, [unit])
    second_run(ledger, [], still_seen=[unit])
    third = a_run("third", started=at(120))
    ledger.start_run(third)
    ledger.record(third, [completed("a", sha="cc")])
    assert compared(ledger).same
    assert compare(ledger, "second", ledger, "third").counts["changed"] == 1


def test_two_ledgers_are_compared_below_their_output_roots(tmp_path):
    ledgers = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        run = a_run(name, output=f"file://{folder}/")
        ledger = a_ledger(folder, run)
        output = Output(f"{folder}/a.nc", 5, "aa")
        ledger.record(run, [completed("a")._replace(outputs=(output,))])
        ledgers.append(ledger)
    assert compare(ledgers[0], "one", ledgers[1], "two").same
    for ledger in ledgers:
        ledger.close()


@pytest.mark.parametrize(
    ("units_a", "units_b", "counts"),
    [
        ([], [], (0, 0, 0)),
        (["a"], [], (0, 0, 1)),
        ([], ["a"], (0, 1, 0)),
        (["a", "c"], ["b", "d"], (0, 2, 2)),
        (["B", "a", "é", "Z"], ["a", "é"], (2, 0, 2)),
        (["a b", "a-b", "a.b", "a_b", "ab", "\U0001f600", "\uffff"], ["ab", "a_b"], (2, 0, 5)),
    ],
)
def test_both_streams_are_joined_in_one_order(tmp_path, units_a, units_b, counts):
    views = []
    for name, names in (("a", units_a), ("b", units_b)):
        ledger = Ledger(f"sqlite:///{tmp_path}/{name}.db")
        ledger.create()
        ledger.start_run(a_run(name))
        ledger.record(a_run(name), [completed(unit) for unit in names])
        views.append(ledger)
    result = compare(views[0], "a", views[1], "b")
    told = result.counts
    assert (told["unchanged"], told["added"], told["removed"]) == counts
    for view in views:
        view.close()


def test_text_names_each_difference(ledger):
    ledger.record(FIRST, [failed("a"), completed("b", metrics={"cells": 1}), completed("c")])
    second_run(
        ledger,
        [completed("a"), completed("b", metrics={"cells": 2}, sha="bb"), completed("d")],
    )
    assert compared(ledger).as_text().splitlines() == [
        "radar: first -> second: 0 unchanged, 2 changed, 1 added, 1 removed",
        "Added:",
        "  d",
        "Removed:",
        "  c",
        "Changed:",
        "  a: failed -> completed; other outputs: a.nc",
        "  b: cells 1 -> 2; other outputs: b.nc",
    ]


def test_text_and_json_list_few_and_count_all(ledger):
    ledger.record(FIRST, [completed(f"u{n:04}") for n in range(1100)])
    ledger.start_run(SECOND)
    result = compared(ledger)
    lines = result.as_text(listed=3).splitlines()
    assert lines[1:] == ["Removed:", "  u0000", "  u0001", "  u0002", "  and 1,097 more"]
    content = json.loads(json.dumps(result.as_json()))
    assert content["counts"]["removed"] == 1100
    assert len(content["removed"]) == 1000
    assert content["same"] is False


def test_memory_stays_flat(ledger):
    big = {"note": "x" * 1000}
    for part in range(5):
        numbers = range(part * 1000, part * 1000 + 1000)
        units = [completed(f"u{n:04}")._replace(details=big) for n in numbers]
        ledger.record(FIRST, units)
        ledger.start_run(SECOND)
        ledger.record(SECOND, units)
    tracemalloc.start()
    assert compared(ledger).same
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


def test_an_unknown_run_is_named(ledger, tmp_path):
    with pytest.raises(UsageError, match="nowhere: compare: no such run"):
        compare(ledger, "first", ledger, "nowhere")
    missing = LedgerView(f"sqlite:///{tmp_path}/none/ledger.db")
    with pytest.raises(UsageError, match="second: compare: no such run"):
        compare(ledger, "first", missing, "second")
    assert not (tmp_path / "none").exists()


def test_runs_of_two_pipelines_are_refused(ledger):
    ledger.start_run(a_run("subs", pipeline="subtitles"))
    with pytest.raises(UsageError, match="first is a run of radar, subs of subtitles"):
        compare(ledger, "first", ledger, "subs")
