"""A real FTP server of a folder, on loopback, that can be told to misbehave."""

from __future__ import annotations

import random
import threading
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

with warnings.catch_warnings():  # it stands on asyncore, which Python 3.11 has deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

USER, PASSWORD = "anna", "not-to-be-seen"


class _Cut:
    """A file of which only the first bytes can be read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = 100
        self.name = file.name
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            raise OSError("the disk is broken")
        self._left = 0
        return self._file.read(100)

    def close(self) -> None:
        self.closed = True
        self._file.close()


class _Disorder(AbstractedFS):
    """Lists in any order, and some names twice."""

    def listdir(self, path: str) -> list[str]:
        names = super().listdir(path)
        return random.sample(names, len(names)) + names[:1]


class _Handler(FTPHandler):
    archive: FaultyFtp
    abstracted_fs = _Disorder
    banner = "ready"

    def handle_max_cons_per_ip(self) -> None:
        self.respond("530 Sorry, the maximum number of clients are already connected.")
        self.close_when_done()

    def on_file_sent(self, file: str) -> None:
        self.archive.sent[Path(file).name] += 1

    def ftp_MLSD(self, path: str) -> Any:
        self.archive.listed += 1
        if self.archive.listed % self.archive.drops_every == 0:
            self.close()
            return None
        if not self.archive.knows_mlsd:
            self.respond("500 MLSD not understood.")
            return None
        return super().ftp_MLSD(path)

    def ftp_RETR(self, file: str) -> Any:
        faults = self.archive.faults[Path(file).name]
        fault = faults.pop(0) if faults else ""
        if fault == "drop":
            self.close()
        elif fault[:1].isdecimal():
            self.respond(fault)
        elif fault == "cut":
            whole, self.fs.open = self.fs.open, lambda *how: _Cut(AbstractedFS.open(self.fs, *how))
            try:
                return super().ftp_RETR(file)
            finally:
                self.fs.open = whole
        else:
            return super().ftp_RETR(file)
        return None


class FaultyFtp:
    """What the server does, and what it has seen.

    Attributes:
        faults: By name of a file, what it answers to those who want it, one by one: `drop` closes
            the connection, `cut` sends a part, a reply is sent as it is. Then it gives the file.
        drops_every: Which listing it answers by closing the connection.
        sent: How often it has sent a file whole, by name.
    """

    def __init__(self, folder: Path, max_users: int) -> None:
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.drops_every = 1_000_000
        self.knows_mlsd = True
        self.sent: Counter[str] = Counter()
        self.listed = 0
        authorizer = DummyAuthorizer()
        authorizer.add_user(USER, PASSWORD, str(folder), perm="elr")
        about = {"archive": self, "authorizer": authorizer}
        self._server = FTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), about))
        self._server.max_cons_per_ip = max_users
        self.url = f"ftp://127.0.0.1:{self._server.address[1]}"
        self._ends = threading.Event()

    def serve(self) -> None:
        while not self._ends.is_set():
            self._server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)
        self._server.close_all()

    def stop(self) -> None:
        self._ends.set()


@contextmanager
def faulty_ftp(folder: Path, max_users: int = 100) -> Iterator[FaultyFtp]:
    """Serves a folder to one user within the `with`."""
    archive = FaultyFtp(folder, max_users)
    thread = threading.Thread(target=archive.serve, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.stop()
        thread.join()


def login_file(folder: Path) -> Path:
    """Writes the login as `.netrc` has it."""
    path = folder / "logins"
    path.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    path.chmod(0o600)
    return path
