import json

import pytest

from batchio.addresses.csv_dialect import Dialect
from batchio.addresses.csv_plan import Plan
from batchio.addresses.csv_read import Block
from batchio.fileset import FileRef
from batchio.records import COMPLETED, FAILED, Outcome
from transforms.addresses.blocks import (
    BLOCK,
    JOIN,
    RESULT,
    after_blocks,
    block_of,
    block_units,
    ended,
    is_planned,
    plan_details,
    weigh,
)
from transforms.units import Attempt, Made, Unit

DIALECT = Dialect("cp1252", ";", ("id", "address"))
PLAN = Plan(
    [
        Block(DIALECT, 11, 500, 0, 9),
        Block(DIALECT, 500, 520, 9, 1, open_quote=True),
        Block(DIALECT, 520, 900, 10, 7),
    ],
    "a" * 64,
)
FILE = Unit("in/a.csv", (FileRef("/data/in/a.csv", 900, 5.0),), "settings", reason="new", attempt=2)


def outcome_of(unit: Unit, made: Made) -> Outcome:
    return Attempt(lambda _: made)(unit)


def failure_of(unit: Unit) -> Outcome:
    def fails(_unit: Unit) -> Made:
        raise ValueError("no")

    return Attempt(fails)(unit)


@pytest.fixture
def planned() -> Outcome:
    details = json.loads(json.dumps(plan_details(PLAN)))  # as it travels
    return outcome_of(FILE, Made(details=details))


@pytest.fixture
def units(planned: Outcome) -> list[Unit]:
    return list(block_units(planned))


def worked(units: list[Unit]) -> list[Outcome]:
    return [
        outcome_of(unit, Made(details={RESULT: {"first_row": block_of(unit)[0].first_row}}))
        for unit in units
    ]


def test_a_file_in_blocks_is_told_from_one_that_is_done(planned):
    assert is_planned(planned)
    assert not is_planned(outcome_of(FILE, Made()))
    assert not is_planned(failure_of(FILE))


def test_each_block_is_a_unit_of_its_file(units):
    assert [block_of(unit) for unit in units] == [(block, PLAN.sha256) for block in PLAN.blocks]
    for unit in units:
        assert (unit.unit_id, unit.files, unit.settings) == (FILE.unit_id, FILE.files, "settings")
        assert (unit.reason, unit.attempt) == ("new", 2)


def test_a_step_weighs_what_it_reads_and_never_nothing(units):
    weights = [weigh(unit) for unit in units]
    assert weights[0] - weights[1] == 489 - 20
    assert weigh(FILE) - weigh(units[0]) == 900 - 489
    assert weigh(Unit("empty.csv", (FileRef("/data/empty.csv", 0, 5.0),))) > 0


def test_when_all_blocks_are_done_they_are_joined_in_order(units):
    done = worked(units)
    join = after_blocks([done[2], done[0], done[1]])
    assert isinstance(join, Unit)
    assert (join.unit_id, join.files, join.attempt) == (FILE.unit_id, FILE.files, 2)
    whole = join.details[JOIN]
    assert [result["first_row"] for result in whole["results"]] == [0, 9, 10]
    assert whole["sha256"] == PLAN.sha256
    assert BLOCK not in join.details


def test_nothing_follows_a_stop_before_the_last_block(units):
    assert after_blocks(worked(units)[:2]) is None


@pytest.mark.parametrize("missing", [False, True])
def test_a_failed_block_fails_the_file(units, missing):
    done = worked(units)
    blocks = (
        [failure_of(units[1]), done[0]] if missing else [done[0], failure_of(units[1]), done[2]]
    )
    failed = after_blocks(blocks)
    assert isinstance(failed, Outcome)
    assert (failed.unit_id, failed.status, failed.error_message) == (FILE.unit_id, FAILED, "no")
    assert failed.details == {}


def test_what_steps_know_is_not_recorded(planned):
    last = planned._replace(details={**planned.details, "more": 1})
    assert ended(last).details == {"more": 1}
    assert ended(last).status == COMPLETED
