import re
from dataclasses import replace

import pytest

from batchio.errors import CannotRun, InputError, doing
from batchio.fileset import FileRef
from batchio.fingerprint import of_inputs
from batchio.output import Output
from batchio.records import InputFile
from transforms.units import Attempt, Made, Unit, died, input_fingerprint, running, waiting
from transforms.worker_process import Died

FILES = (FileRef("/in/a", 10, 1.5), FileRef("/in/b", 20, 2.5))
UNIT = Unit("unit-1", FILES, settings="s", details={"radar": "RMA1"}, reason="new", attempt=2)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def attempt(error):
    def process(unit):
        raise error

    return Attempt(process)(UNIT)


def about_the_unit(outcome):
    assert re.fullmatch(TIME, outcome.started)
    return (
        outcome.unit_id,
        outcome.reason,
        outcome.settings_fingerprint,
        outcome.attempt,
        [file.path for file in outcome.files],
    )


ABOUT = ("unit-1", "new", "s", 2, ["/in/a", "/in/b"])


def test_a_unit_has_the_size_of_its_files():
    assert UNIT.size == 30
    assert Unit("empty", ()).size == 0


def test_what_was_made_becomes_a_completed_outcome():
    made = Made(
        outputs=(Output("/out/a", 1, "ff"),),
        sha256={"/in/a": "aa", "/in/b": "bb"},
        remarks={"/in/b": "duplicate"},
        metrics={"rays": 3},
        details={"is_complete": True},
    )
    outcome = Attempt(lambda unit: made)(UNIT)
    assert about_the_unit(outcome) == ABOUT
    assert (outcome.status, outcome.outputs) == ("completed", made.outputs)
    assert (outcome.metrics, outcome.details) == ({"rays": 3}, {"radar": "RMA1", "is_complete": 1})
    assert outcome.files == (
        InputFile("/in/a", 10, 1.5, "aa"),
        InputFile("/in/b", 20, 2.5, "bb", "duplicate"),
    )
    assert outcome.input_fingerprint == of_inputs([("a", "aa"), ("b", "bb")])
    assert (outcome.error_type, outcome.error_message, outcome.traceback) == ("", "", "")
    assert 0 <= outcome.seconds < 5


def test_a_file_that_was_not_read_leaves_the_inputs_without_a_fingerprint():
    outcome = Attempt(lambda unit: Made(sha256={"/in/a": "aa"}))(UNIT)
    assert (outcome.status, outcome.input_fingerprint) == ("completed", "")


def test_a_unit_may_turn_out_to_have_to_wait():
    made = Made(waits="incomplete", reason="not there yet", details={"url": "ftp://a/b"})
    outcome = Attempt(lambda unit: made)(UNIT)
    assert (outcome.status, outcome.error_message) == ("incomplete", "not there yet")
    assert outcome.details["url"] == "ftp://a/b"


def test_a_part_that_was_bad_fails_the_unit_and_keeps_what_was_made():
    error = InputError("is cut off", path="/in/b", step="decode", action="fetch it again")
    made = Made(outputs=(Output("/out/a", 1, "ff"),), metrics={"rays": 3}, error=error)
    outcome = Attempt(lambda unit: made)(UNIT)
    assert about_the_unit(outcome) == ABOUT
    assert (outcome.status, outcome.step, outcome.error_type) == ("failed", "decode", "InputError")
    assert outcome.error_message == "/in/b: is cut off; fetch it again"
    assert (outcome.outputs, outcome.metrics, outcome.traceback) == (made.outputs, {"rays": 3}, "")


@pytest.mark.parametrize(
    ("error", "step", "message"),
    [
        (InputError("bad", path="a", step="s", action="do"), "s", "a: bad; do"),
        (InputError("bad", action="do"), "process", "bad; do"),
        (InputError("bad"), "process", "bad"),
        (CannotRun("no decoder"), "process", "no decoder"),
        (ValueError("two\n  lines"), "process", "two lines"),
        (ValueError(), "process", "ValueError"),
        (KeyError("k"), "process", "'k'"),
        (ImportError("no module x", path=None), "process", "no module x"),
        (MemoryError(), "process", "MemoryError"),
        (SystemExit(3), "process", "3"),
        (RecursionError("too deep"), "process", "too deep"),
        (ValueError("a\0b\udcff"), "process", "a\\0b\\udcff"),
    ],
)
def test_an_error_becomes_a_failed_outcome_with_its_step_and_trace(error, step, message):
    outcome = attempt(error)
    assert about_the_unit(outcome) == ABOUT
    assert (outcome.status, outcome.error_type) == ("failed", type(error).__name__)
    assert (outcome.step, outcome.error_message) == (step, message)
    assert outcome.traceback.startswith("Traceback (most recent call last):")
    assert "raise error" in outcome.traceback
    outcome.traceback.encode()


def test_the_step_and_file_of_any_error_are_told():
    def process(unit):
        with doing("build", "/in/a"):
            raise ZeroDivisionError("division by zero")

    outcome = Attempt(process)(UNIT)
    assert (outcome.step, outcome.error_message) == ("build", "/in/a: division by zero")


def test_long_messages_and_traces_are_cut():
    outcome = attempt(ValueError("x" * 100_000))
    assert outcome.error_message == "x" * 2000
    assert outcome.traceback == "x" * 7999 + "\n"


@pytest.mark.parametrize("signal", [KeyboardInterrupt, GeneratorExit])
def test_what_ends_a_process_is_no_failure_of_a_unit(signal):
    with pytest.raises(signal):
        attempt(signal())


def test_a_death_is_a_failure_that_says_how():
    outcome = died(UNIT, Died("the worker process was ended by SIGSEGV", "Fatal\0", 1.23456789))
    assert about_the_unit(outcome) == ABOUT
    assert (outcome.status, outcome.step, outcome.error_type) == ("failed", "worker", "WorkerDied")
    assert outcome.error_message == (
        "the worker process was ended by SIGSEGV; see whether its files are damaged, then retry"
    )
    assert (outcome.traceback, outcome.seconds) == ("Fatal\\0", 1.234568)


def test_a_waiting_unit_has_an_outcome_that_says_why():
    unit = replace(UNIT, waits="incomplete", reason="incomplete: KDP missing")
    outcome = waiting(unit)
    assert (outcome.status, outcome.error_message) == ("incomplete", "incomplete: KDP missing")
    assert (outcome.details, len(outcome.files)) == ({"radar": "RMA1"}, 2)
    assert re.fullmatch(TIME, outcome.started)


def test_a_unit_being_worked_is_running():
    assert about_the_unit(running(UNIT)) == ABOUT
    assert running(UNIT).status == "running"


def test_inputs_are_known_by_name_and_content_wherever_they_lie():
    here = (InputFile("/in/a", 1, 1.0, "aa"), InputFile("/in/b", 1, 1.0, "bb"))
    there = (InputFile("gs://x/b", 1, 9.0, "bb"), InputFile("gs://x/a", 1, 9.0, "aa"))
    assert input_fingerprint(here) == input_fingerprint(there)
    assert input_fingerprint((*here, InputFile("/in/c", 1, 1.0))) == ""
