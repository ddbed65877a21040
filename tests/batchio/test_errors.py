import pickle

import pytest

from batchio.errors import CannotRun, HeadraceError, InputError, UsageError, doing


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ({}, "is cut off"),
        ({"path": "a.x"}, "a.x: is cut off"),
        ({"step": "decode"}, "decode: is cut off"),
        ({"action": "fetch it"}, "is cut off; fetch it"),
        (
            {"path": "a.x", "step": "decode", "action": "fetch it"},
            "a.x: decode: is cut off; fetch it",
        ),
    ],
)
def test_a_message_is_file_step_cause_action_as_far_as_known(about, text):
    assert str(InputError("is cut off", **about)) == text


@pytest.mark.parametrize("kind", [UsageError, CannotRun, InputError])
def test_each_error_is_a_headrace_error_and_survives_pickling(kind):
    error = kind("cause", path="a", step="read", action="do")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, HeadraceError)
    assert (type(again), str(again)) == (kind, "a: read: cause; do")


@pytest.mark.parametrize("error", [InputError("bad"), OSError("gone"), ImportError("no module")])
def test_doing_names_step_and_path_on_an_error_that_has_none(error):
    with pytest.raises(type(error)), doing("decode", "a.x"):
        raise error
    assert (error.step, error.path) == ("decode", "a.x")


def test_doing_leaves_what_the_error_knows_better():
    error = InputError("bad", path="inner.x", step="inflate")
    with pytest.raises(InputError), doing("decode", "outer.x"):
        raise error
    assert (error.step, error.path) == ("inflate", "inner.x")


def test_doing_without_a_path_names_the_step_alone():
    error = InputError("bad")
    with pytest.raises(InputError), doing("build"):
        raise error
    assert (error.step, error.path) == ("build", "")


def test_doing_changes_nothing_where_nothing_goes_wrong():
    with doing("decode", "a.x"):
        done = True
    assert done
