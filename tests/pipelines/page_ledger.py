"""A ledger with one of all that the page shows, and the page of it on a free port."""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sample_ledger import a_ledger, a_run, ago, completed, failed, incomplete, launcher_beat

from batchio.ledger import Ledger
from batchio.output import Output
from batchio.records import Beat, Outcome
from pipelines.dashboard.app import make_app
from pipelines.dashboard.guard import Access
from pipelines.dashboard.sources import Sources

SCRIPT = "<script>alert(1)</script>"
TOKEN = "a-token-of-enough-characters"


def a_png(width: int = 40, height: int = 30) -> bytes:
    """A picture of one grey, by the specification of PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x99" * width) * height
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def write_ledger(folder: Path, *, units: int = 120, url: str = "") -> str:
    """Writes a run that has ended and one at work; returns the URL of their ledger.

    That is an SQLite file in the folder if no other is given.
    """
    out = folder / "out"
    pictures = _write_outputs(folder, out)
    first = a_run("first", started=ago(300), output=str(out))
    with closing(Ledger(url) if url else a_ledger(folder)) as ledger:
        ledger.create()
        ledger.start_run(first)
        many = [completed(f"unit-{number:04d}", metrics={"gates": 7}) for number in range(units)]
        cut = [failed(f"cut-{n}", f"has {n} bytes of 500", "fetch it again") for n in (1, 2, 3)]
        nasty = failed(f"{SCRIPT}.BUFR", f"says {SCRIPT}", f"remove {SCRIPT}")
        pictured = completed("pictured")._replace(outputs=pictures)
        waiting = incomplete("waiting")
        volume = _volume("waits-for-DBZV", ago(60))
        ledger.record(first, [*many, *cut, nasty, pictured, waiting, volume])
        ledger.finish_run("first", "completed", {"exit_code": 3, "found": units + 6})
        second = a_run("second", started=ago(30), output=str(out))
        ledger.start_run(second)
        ledger.record(second, [completed("unit-0000", sha="bb"), completed("cut-1")])
        busy = Beat(4711, unit_id="unit-0001", since=ago(5), rss_bytes=9_000_000)
        counters = {"found": 10, "units": 10, "todo": 8, "skipped": 2, "discovered": 1}
        ledger.beat("second", second.host, [launcher_beat(**counters), busy])
        return ledger.url


def _volume(name: str, observed: str) -> Outcome:
    unit = incomplete(name)
    more = {"radar_code": "RMA1", "observation_datetime": f"{observed[:19]}Z"}
    return unit._replace(details={**unit.details, **more})


def _write_outputs(folder: Path, out: Path) -> tuple[Output, ...]:
    """Writes a picture, and what only seems to be one of ours."""
    out.mkdir()
    (out / "quick-look.png").write_bytes(a_png())
    (out / "text.png").write_text("no picture")
    (folder / "outside.png").write_bytes(a_png())
    (out / "link.png").symlink_to(folder / "outside.png")
    (out / "volume.nc").write_bytes(a_png())
    names = ("quick-look.png", "text.png", "link.png", "../outside.png", "volume.nc", "gone.png")
    return tuple(Output(str(out / name), 100, "ab" * 32) for name in names)


@contextmanager
def page_of(*ledgers: str, token: str = "") -> Iterator[httpx.Client]:
    """The page of some ledgers, served in a thread."""
    app = make_app(Sources(ledgers), Access(token))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=url, timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def key_of(client: httpx.Client) -> str:
    """The word that stands for the ledger in addresses."""
    return str(client.get("/api/v1/runs").json()["runs"][0]["ledger"])


def all_units(client: httpx.Client, run: str, **asked: Any) -> Sequence[str]:
    """The names of a run's units, page after page."""
    names: list[str] = []
    after = ""
    while after is not None:
        found = client.get(f"/api/v1/{run}/units", params={**asked, "after": after}).json()
        names += [unit["unit_id"] for unit in found["units"]]
        after = found["next_after"]
    return names
