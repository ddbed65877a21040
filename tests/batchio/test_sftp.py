"""Folders and files of an SFTP server, one that misbehaves too."""

import pytest
from ftp_server import PASSWORD, USER, login_file
from ports import free_port
from sftp_server import faulty_sftp

from batchio.download import download
from batchio.folders import Entry, Folders
from batchio.logins import netrc_login, source_login
from batchio.stores import StoreError

CONTENT = bytes(range(256)) * 400  # more than comes at once


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    top = tmp_path_factory.mktemp("tree")
    (top / "RMA1" / "2025").mkdir(parents=True)
    (top / "RMA1" / "a.BUFR").write_bytes(CONTENT)
    (top / "RMA1" / "empty").touch()
    (top / "RMA1" / "link").symlink_to("a.BUFR")
    with faulty_sftp(top) as server:
        yield server


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    """There are none, whatever the user has."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def login(server, tmp_path):
    server.drops_every, server.listed, server.logins = 1_000_000, 0, 0
    server.dropped_logins = 0
    server.faults.clear()
    file = str(login_file(tmp_path))
    return lambda url: netrc_login(url, file)


@pytest.fixture
def folders(server, login):
    folders = Folders(server.url, retries=1, timeout_s=10, login=login)
    yield folders
    folders.close()


def test_a_folder_is_listed_over_one_connection(server, folders):
    found = [
        each if not each.is_folder else Entry(each.name, True) for each in folders.entries("RMA1")
    ]
    assert found == [
        Entry("2025", True),
        Entry("a.BUFR", False, len(CONTENT)),
        Entry("empty", False, 0),
        Entry("link", False),  # what is told is the size of the link itself
    ]
    assert folders.entries("RMA1/2025") == []
    with pytest.raises(FileNotFoundError, match="No such file"):
        folders.entries("RMA1/2026")
    assert server.logins == 1


def test_a_connection_that_drops_is_made_anew(server, folders):
    server.drops_every = 2
    assert [len(folders.entries("RMA1")) for _ in range(4)] == [4] * 4
    server.drops_every = 1
    with pytest.raises(StoreError, match=r"list: .*dropped.*; check"):
        folders.entries("RMA1")


def test_a_server_that_says_nothing_is_not_waited_for_without_end(server, folders):
    folders.timeout_s, folders.retries = 2, 0
    server.gate.clear()
    with pytest.raises(StoreError, match=r"list: no whole answer within 2 s; check"):
        folders.entries("RMA1")
    server.gate.set()


def test_a_slow_file_ends_at_the_limit_of_time(server, login):
    server.faults["a.BUFR"] = ["slow"]
    with pytest.raises(StoreError, match=r"fetch: no whole answer within 2 s; check"):
        download(f"{server.url}/RMA1/a.BUFR", retries=0, timeout_s=2, login=login)


def test_a_login_that_breaks_off_is_not_taken_for_a_refusal(server, login):
    server.dropped_logins = 1
    assert download(f"{server.url}/RMA1/empty", retries=1, timeout_s=10, login=login) == b""


@pytest.mark.parametrize("fault", ["drop", "cut"])
def test_a_file_comes_whole_at_the_second_try(server, login, fault):
    server.faults["a.BUFR"] = [fault]
    found = download(f"{server.url}/RMA1/a.BUFR", retries=1, timeout_s=10, login=login)
    assert found == CONTENT
    assert server.logins == 2


def test_what_is_not_there_or_forbidden_is_asked_for_once(server, login):
    server.faults["a.BUFR"] = ["refuse"]
    with pytest.raises(StoreError, match=r"(?i)a\.BUFR: fetch: permission denied"):
        download(f"{server.url}/RMA1/a.BUFR", login=login)
    with pytest.raises(FileNotFoundError, match="No such file"):
        download(f"{server.url}/RMA1/b.BUFR", login=login)
    assert server.logins == 2


def test_the_environment_has_the_login(server, login, monkeypatch):
    monkeypatch.setenv("HEADRACE_SOURCE_USER", USER)
    monkeypatch.setenv("HEADRACE_SOURCE_PASSWORD", PASSWORD)
    assert download(f"{server.url}/RMA1/link", login=source_login) == CONTENT


def test_a_wrong_password_is_tried_once_and_told_without_it(server, login, monkeypatch):
    monkeypatch.setenv("HEADRACE_SOURCE_USER", USER)
    monkeypatch.setenv("HEADRACE_SOURCE_PASSWORD", "guessed")
    with pytest.raises(StoreError, match="the server refuses: SSH: Authentication fail") as caught:
        Folders(server.url, login=source_login).entries("RMA1")
    assert "guessed" not in str(caught.value)
    assert server.logins == 1


def test_without_password_and_key_nothing_is_tried(server, login):
    url = server.url.replace("//", f"//{USER}@")
    with pytest.raises(StoreError, match="the server refuses: SSH: No authentication") as caught:
        Folders(url, login=lambda _url: None).entries("RMA1")
    assert USER not in str(caught.value)
    assert server.logins == 0


def test_nobody_listens(login):
    with pytest.raises(StoreError, match=r"list: .*nable to connect to port"):
        Folders(f"sftp://127.0.0.1:{free_port()}", retries=0, login=login).entries("RMA1")
