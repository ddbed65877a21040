"""A real SFTP server of a folder, on loopback, that can be told to misbehave."""

from __future__ import annotations

import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
from ftp_server import PASSWORD, USER
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from serving import serving


class _Login(paramiko.ServerInterface):
    def __init__(self, archive: FaultySftp, transport: paramiko.Transport) -> None:
        self.archive = archive
        self.transport = transport

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        self.archive.logins += 1
        if self.archive.logins <= self.archive.dropped_logins:
            self.transport.close()
        known = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Part(SFTPHandle):
    """An open file, with its `fault`."""

    fault = ""
    login: _Login

    def read(self, offset: int, length: int) -> Any:
        if self.fault == "cut" and offset:
            self.login.transport.close()
            return paramiko.SFTP_FAILURE
        if self.fault == "slow":
            time.sleep(0.7)
        return super().read(offset, length)


class _Files(SFTPServerInterface):
    def __init__(self, server: _Login) -> None:
        self.login = server

    def list_folder(self, path: str) -> Any:
        archive = self.login.archive
        archive.listed += 1
        if archive.listed % archive.drops_every == 0:
            self.login.transport.close()
        archive.gate.wait(60)
        try:
            found = sorted(self._local(path).iterdir(), reverse=True)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        return [SFTPAttributes.from_stat(each.lstat(), each.name) for each in found]

    def stat(self, path: str) -> Any:
        try:
            return SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        faults = self.login.archive.faults[Path(path).name]
        fault = faults.pop(0) if faults else ""
        if fault == "drop":
            self.login.transport.close()
        if fault == "refuse":
            return paramiko.SFTP_PERMISSION_DENIED
        handle = _Part(flags)
        handle.fault, handle.login = fault, self.login
        try:
            handle.readfile = self._local(path).open("rb")
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        return handle

    def _local(self, path: str) -> Path:
        return self.login.archive.folder / self.canonicalize(path).lstrip("/")


class FaultySftp(socketserver.ThreadingTCPServer):
    """What the server does, and what it has seen.

    Attributes:
        faults: By name of a file, what those meet who want it, one by one; then it gives the
            file. `drop` ends the connection, `cut` does so after a part, `slow` makes each part
            take 0.7 s, `refuse` forbids it.
        drops_every: Which listing it answers by ending the connection.
        gate: Listings wait for it.
        logins: How many passwords it was given.
        dropped_logins: How many of them, the first ones, end the connection.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.key = paramiko.ECDSAKey.generate()
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.drops_every = 1_000_000
        self.listed = self.logins = self.dropped_logins = 0
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"sftp://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: FaultySftp

    def handle(self) -> None:
        transport = paramiko.Transport(self.request)
        transport.add_server_key(self.server.key)
        transport.set_subsystem_handler("sftp", SFTPServer, _Files)
        transport.start_server(threading.Event(), _Login(self.server, transport))
        transport.join()


@contextmanager
def faulty_sftp(folder: Path) -> Iterator[FaultySftp]:
    """Serves a folder to one user within the `with`."""
    server = FaultySftp(folder)
    with serving(server):
        try:
            yield server
        finally:
            server.gate.set()
