import logging
import re
import time
from datetime import datetime, timezone

import pytest

from batchio.errors import CannotRun
from pipelines.launcher.logs import logging_to
from transforms.recording_fn import TO_THE_USER


class Recording:
    """A view that keeps its messages."""

    def __init__(self):
        self.messages = []

    def update(self, progress):
        raise NotImplementedError

    def message(self, text):
        self.messages.append(text)

    def close(self, progress):
        raise NotImplementedError


@pytest.fixture
def view():
    return Recording()


logger = logging.getLogger("test.of.logs")


def log_all():
    logger.debug("a detail")
    logger.info("file %s is read", "a")
    logger.warning("two\nlines")
    logger.error("it failed")


def test_warnings_and_errors_are_messages_of_the_view(view):
    with logging_to(view, None, verbose=False):
        log_all()
    assert view.messages == ["two\nlines", "it failed"]


def test_what_is_meant_for_the_user_is_a_message_too(view):
    with logging_to(view, None, verbose=False):
        logger.info("10 of 20 are fetched", extra={TO_THE_USER: True})
    assert view.messages == ["10 of 20 are fetched"]


def test_with_verbose_the_view_shows_more(view):
    with logging_to(view, None, verbose=True):
        log_all()
    assert view.messages == ["file a is read", "two\nlines", "it failed"]


@pytest.fixture
def far_from_greenwich(monkeypatch):
    monkeypatch.setenv("TZ", "XYZ-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_the_file_holds_everything_in_utc_with_level_and_name(view, tmp_path):
    path = tmp_path / "run.log"
    path.write_text("what was there\n")
    with logging_to(view, str(path), verbose=False):
        log_all()
    lines = path.read_text().splitlines()
    assert lines[0] == "what was there"
    assert any(line.endswith(" INFO test.of.logs: file a is read") for line in lines)
    assert any(line.endswith(" ERROR test.of.logs: it failed") for line in lines)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", lines[1])
    written = datetime.strptime(lines[1][:19], "%Y-%m-%d %H:%M:%S")
    assert abs(written.replace(tzinfo=timezone.utc).timestamp() - time.time()) < 60


@pytest.mark.parametrize("path", ["gone/run.log", "."])
def test_a_file_that_cannot_be_written_is_refused_and_changes_nothing(
    view, tmp_path, monkeypatch, path
):
    monkeypatch.chdir(tmp_path)
    before = list(logging.getLogger().handlers)
    with pytest.raises(CannotRun) as caught, logging_to(view, path, verbose=False):
        pass
    assert (caught.value.path, caught.value.step) == (path, "log")
    assert caught.value.action == "check --log_file"
    assert logging.getLogger().handlers == before


def test_all_is_as_before_afterwards_even_after_an_error(view):
    root, beam = logging.getLogger(), logging.getLogger("apache_beam")
    before = list(root.handlers), root.level, beam.level
    with pytest.raises(KeyError), logging_to(view, None, verbose=False):
        raise KeyError(beam.level)
    assert (list(root.handlers), root.level, beam.level) == before
    logger.error("afterwards")
    assert view.messages == []


@pytest.mark.parametrize(("verbose", "shown"), [(False, ["bad"]), (True, ["routine", "bad"])])
def test_beam_is_quiet_unless_asked(view, verbose, shown):
    beam = logging.getLogger("apache_beam.runners")
    with logging_to(view, None, verbose=verbose):
        beam.info("routine")
        beam.warning("No shards found to finalize. Returning.")
        beam.warning("bad")
    assert view.messages == shown


def log_a_trace():
    try:
        raise ValueError("odd")
    except ValueError:
        logger.exception("it failed")


def test_an_error_is_shown_in_its_own_words(view):
    """Its trace is for those who ask: a library may have mended what it logs."""
    with logging_to(view, None, verbose=False):
        log_a_trace()
    assert view.messages == ["it failed"]


def test_with_verbose_and_in_the_file_an_error_has_its_traceback(view, tmp_path):
    with logging_to(view, f"{tmp_path}/run.log", verbose=True):
        log_a_trace()
    (message,) = view.messages
    for text in (message, (tmp_path / "run.log").read_text().strip()):
        assert "it failed\nTraceback (most recent call last):" in text
        assert text.endswith("ValueError: odd")


def record(text, *arguments):
    return logger.makeRecord(logger.name, logging.ERROR, "", 0, text, arguments, None)


def test_a_message_that_does_not_fit_its_arguments_stops_nothing(view, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    before = list(logging.getLogger().handlers)
    with logging_to(view, None, verbose=False):
        (handler,) = [each for each in logging.getLogger().handlers if each not in before]
        handler.handle(record("%d files", "no"))
        handler.handle(record("the next"))
    assert view.messages == ["the next"]


def test_a_name_that_is_not_utf_8_can_be_logged(view, tmp_path):
    path = tmp_path / "run.log"
    before = list(logging.getLogger().handlers)
    with logging_to(view, str(path), verbose=False):
        for handler in logging.getLogger().handlers:
            if handler not in before:
                handler.handle(record("b\udcff.csv has a name that is not UTF-8"))
    assert "b\\udcff.csv has a name" in path.read_text()
