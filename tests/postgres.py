"""A PostgreSQL server of the tests' own, which can be stopped and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from ports import free_port


def find_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@dataclass(frozen=True)
class Server:
    binaries: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://test@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._call("initdb", "-U", "test", "-A", "trust", "--no-sync")

    def start(self) -> None:
        settings = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off"
        self._control("start", "-o", f"{settings} -k {self.folder}", "-l", f"{self.folder}/log")

    def stop(self, mode: str = "immediate") -> None:
        self._control("stop", "-m", mode)

    def restart(self, mode: str) -> None:
        self._control("restart", "-m", mode, "-l", f"{self.folder}/log")

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _control(self, *arguments: str) -> None:
        self._call("pg_ctl", "-w", *arguments)

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.binaries / program), "-D", f"{self.folder}/data", *arguments],
            check=True,
            user=_server_user(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server
            stderr=subprocess.DEVNULL,
        )


def _server_user() -> str | None:
    """The server refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


@contextlib.contextmanager
def running_server(binaries: Path) -> Iterator[Server]:
    """Runs a server on loopback."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if user := _server_user():
            shutil.chown(folder, user)
        server = Server(binaries, Path(folder), port)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def own_schema(server_url: str) -> Iterator[str]:
    """Makes an empty schema for as long as the `with`; yields the URL of a ledger in it."""
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server_url, poolclass=sa.pool.NullPool)
    with engine.begin() as db:
        db.execute(sa.schema.CreateSchema(schema))
    url = sa.make_url(server_url).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as db:
        db.execute(sa.schema.DropSchema(schema, cascade=True))
