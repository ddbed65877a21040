import logging

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from batchio import stores
from batchio.errors import HeadraceError
from batchio.stores import StoreError, ask, retrying


class Falters:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "read"


@pytest.fixture
def waits(monkeypatch):
    waits = []
    monkeypatch.setattr(stores.time, "sleep", waits.append)
    return waits


def test_a_call_is_tried_again_after_waits_that_double(waits, caplog):
    call = Falters(OSError("reset"), TimeoutError("slow"), ConnectionError("gone"))
    assert retrying(call, retries=3) == "read"
    assert all(0.5 <= wait / due <= 1.5 for wait, due in zip(waits, (0.2, 0.4, 0.8), strict=True))
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert caplog.messages[0].startswith("reset; trying again in 0.")


def test_the_last_error_is_raised_when_no_try_is_left(waits):
    call = Falters(OSError("first"), OSError("second"), OSError("third"))
    with pytest.raises(OSError, match="third"):
        retrying(call, retries=2)
    assert (call.calls, len(waits)) == (3, 2)


@pytest.mark.parametrize(
    "error", [FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError]
)
def test_an_error_that_cannot_pass_is_raised_at_once(waits, error):
    call = Falters(error("no"))
    with pytest.raises(error):
        retrying(call, retries=5)
    assert (call.calls, waits) == (1, [])


def test_a_call_that_took_long_to_fail_is_not_made_again(waits, monkeypatch):
    """Its client has tried again already."""
    clock = iter([0.0, 21.0])
    monkeypatch.setattr(stores.time, "monotonic", lambda: next(clock))
    call = Falters(OSError("503"), OSError("503"))
    with pytest.raises(OSError, match="503"):
        retrying(call, retries=5)
    assert (call.calls, waits) == (1, [])


class ClientError(Exception):
    """As the clients of stores raise them: of no base that others know."""


def asked(*errors, retries=1):
    call = Falters(*errors)
    return ask("memory://box/a", lambda fs, name: (fs, name, call()), step="read", retries=retries)


def test_a_store_is_asked_for_the_name_that_it_knows(waits):
    fs, name, answer = asked(ClientError("slow down"))
    assert (type(fs), name, answer) == (MemoryFileSystem, "/box/a", "read")
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ClientError("slow\ndown"), "ClientError: slow down"),
        (ClientError(), "ClientError"),
        (OSError("Forbidden"), "Forbidden"),
        (PermissionError(13, "Access Denied"), "Access Denied"),
        (OSError(), "OSError"),
        (ValueError("bad bucket"), "ValueError: bad bucket"),
    ],
)
def test_what_a_store_refuses_has_file_step_cause_and_action(waits, error, cause):
    with pytest.raises(StoreError) as caught:
        asked(error, error)
    action = "check the address, the credentials and the network, and start again"
    assert str(caught.value) == f"memory://box/a: read: {cause}; {action}"
    assert caught.value.strerror == cause
    assert isinstance(caught.value, HeadraceError)


def test_what_is_not_there_is_told_as_of_a_local_file(waits):
    with pytest.raises(FileNotFoundError) as caught:
        asked(FileNotFoundError("box/a"))
    assert caught.value.filename == "memory://box/a"
    assert caught.value.strerror == "No such file or directory"


@pytest.mark.parametrize("url", ["nosuch://x/y", "memory+zstd://x"])
def test_a_store_that_nothing_is_known_of_is_an_error(waits, url):
    with pytest.raises(StoreError, match="Protocol not known"):
        ask(url, lambda fs, name: None, step="read")
    assert waits == []
