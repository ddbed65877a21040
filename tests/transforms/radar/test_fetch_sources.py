"""A day of a radar from servers other than FTP: as it lies there, and once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fetched_day import STRANGE, fetched, files_of, listed, make_day
from ftp_server import login_file
from serving import serving
from sftp_server import faulty_sftp

from batchio.folders import Folders
from batchio.logins import netrc_login


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@contextmanager
def web_server(top) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(top)))
    with serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@contextmanager
def sftp_server(top) -> Iterator[str]:
    with faulty_sftp(top) as server:
        yield server.url


@pytest.fixture(params=[sftp_server, web_server])
def source(request, tmp_path, monkeypatch):
    """A server of the day, the files that are asked for, and whether it tells their sizes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    asked = make_day(tmp_path / "served" / "L2")
    logins = str(login_file(tmp_path))
    with request.param(tmp_path / "served") as url:
        server = Folders(f"{url}/L2", retries=1, login=lambda url: netrc_login(url, logins))
        yield server, asked, request.param is sftp_server
        server.close()


def test_a_day_is_fetched_as_it_lies_there_and_once(source, tmp_path):
    server, asked, tells_sizes = source
    units, left_out = listed(server)
    assert [unit.unit_id for unit in units] == sorted(asked)
    assert left_out == [STRANGE]
    sizes = {unit.unit_id: unit.details["size"] for unit in units}
    assert sizes == {name: len(data) if tells_sizes else None for name, data in asked.items()}
    assert fetched(server, units, tmp_path / "out") == ["fetched"] * len(asked)
    assert files_of(tmp_path / "out") == asked
    assert fetched(server, units, tmp_path / "out") == ["present"] * len(asked)


def test_a_file_that_grows_is_fetched_when_it_is_whole(source, tmp_path):
    server, asked, _ = source
    name = min(asked)
    file = tmp_path / "served" / "L2" / name
    file.write_bytes(asked[name][:200])
    units, _ = listed(server)
    assert fetched(server, units[:1], tmp_path / "out") == ["half"]
    file.write_bytes(asked[name])
    units, _ = listed(server)
    assert fetched(server, units[:1], tmp_path / "out") == ["fetched"]
    assert files_of(tmp_path / "out") == {name: asked[name]}
