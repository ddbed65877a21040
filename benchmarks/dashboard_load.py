"""What the web page costs a run: 100,000 small units with and without 50 clients that poll it.

python benchmarks/dashboard_load.py [--units 100000] [--clients 50] [--pairs 2] [--workers 2]

Each client asks every two seconds for what a browser would show: the list of runs, or the page of
the run that is at work. All are on this machine, in one process of the lowest priority, for they
would be elsewhere. Prints a Markdown table of the runs, their ratio, and how long answers took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from core_units import make_files, recorded, start_command  # noqa: E402 - needs the path above

_EVERY_S = 2.0


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--poll", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.poll:
        asyncio.run(poll(args.poll, args.clients))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADRACE_STATE"] = str(Path(folder) / "state")
        compare(args, Path(folder))


def compare(args: argparse.Namespace, folder: Path) -> None:
    """Times runs, every other one under the eyes of the clients."""
    make_files(folder / "in", args.units, 200)
    print(f"{args.units:,} units, {args.workers} workers, {args.clients} clients\n")
    print("| alone, s | watched, s |\n|---|---|")
    alone, watched, answers, cpu_s = [], [], [], []
    for pair in range(args.pairs):
        alone.append(timed_run(folder, f"alone-{pair}", args))
        with serving(cpu_s) as url, polling(url, args.clients) as waits_s:
            watched.append(timed_run(folder, f"watched-{pair}", args))
        answers += waits_s
        print(f"| {alone[-1]:.1f} | {watched[-1]:.1f} |", flush=True)
    ratios = [seen / unseen for unseen, seen in zip(alone, watched, strict=True)]
    print(f"\nratio of the medians {statistics.median(watched) / statistics.median(alone):.3f}")
    print(f"ratio of the best {min(watched) / min(alone):.3f}")
    print(f"ratio of each pair {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
    answers.sort()
    told = ", ".join(
        f"{name} {1000 * answers[int(share * (len(answers) - 1))]:.0f} ms"
        for name, share in (("median", 0.5), ("95 %", 0.95), ("longest", 1))
    )
    print(f"{len(answers):,} answers: {told}")
    print(f"the page took {sum(cpu_s) / sum(watched):.1%} of one core")


def timed_run(folder: Path, name: str, args: argparse.Namespace) -> float:
    """Returns how many seconds a run took from start to report."""
    began = time.perf_counter()
    code = start_command(folder / "in", folder / name, args.workers).wait()
    took = time.perf_counter() - began
    assert code == 0, code
    assert recorded(folder / name) == args.units
    return took


@contextmanager
def serving(cpu_s: list[float]) -> Iterator[str]:
    """Serves the page; yields its address. At the end, adds what it took of a core, in seconds."""
    command = [sys.executable, "-m", "pipelines", "serve", "--port", "0"]
    page = subprocess.Popen(command, cwd=HERE.parent, stderr=subprocess.PIPE, text=True)
    try:
        assert page.stderr is not None
        url = page.stderr.readline().split()[-1].rstrip("/")
        _wait_for(url)
        before = _cpu_s(page.pid)
        yield url
        cpu_s.append(_cpu_s(page.pid) - before)
    finally:
        page.terminate()
        assert page.wait() == 0


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/healthz").close()
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def polling(url: str, clients: int) -> Iterator[list[float]]:
    """Lets clients ask for the page; afterwards the list holds how long each answer took."""
    waits_s: list[float] = []
    command = ["nice", "-n", "19", sys.executable, __file__]
    command += ["--poll", url, "--clients", str(clients)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield waits_s
    waits_s += json.loads(process.communicate()[0])  # closes its input, which ends it


async def poll(url: str, clients: int) -> None:
    """Asks as so many browsers would, until the input is closed; prints the waits as JSON."""
    waits_s: list[float] = []
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    tasks = [
        asyncio.create_task(browse(url, number / clients * _EVERY_S, number % 2 == 0, waits_s))
        for number in range(clients)
    ]
    ending = asyncio.create_task(ended.wait())
    done, _ = await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in done - {ending}:
        task.result()  # raises what went wrong
    print(json.dumps(waits_s))


async def browse(url: str, offset_s: float, looks_at_run: bool, waits_s: list[float]) -> None:
    """Asks as one browser would: on one connection, and for what has changed only."""
    host, _, port = url.removeprefix("http://").partition(":")
    await asyncio.sleep(offset_s)
    reader, writer = await asyncio.open_connection(host, int(port))
    path, tag = "/", ""
    while True:
        if looks_at_run and path == "/":
            path = await _newest_run(reader, writer, host)
        began = time.perf_counter()
        head, _ = await _ask(reader, writer, host, path, tag)
        waits_s.append(time.perf_counter() - began)
        tag = head.get("etag", "")
        await asyncio.sleep(_EVERY_S)


async def _newest_run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> str:
    _, body = await _ask(reader, writer, host, "/api/v1/runs", "")
    live = [run for run in json.loads(body)["runs"] if run["live"]]
    return f"/ledgers/{live[0]['ledger']}/runs/{live[0]['run_id']}" if live else "/"


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str, tag: str
) -> tuple[dict[str, str], bytes]:
    known = f"If-None-Match: {tag}\r\n" if tag else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{known}\r\n".encode())
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    head = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:])}
    code = int(lines[0].split()[1])
    assert code in (200, 304), lines[0]
    size = 0 if code == 304 else int(head["content-length"])
    return head, await reader.readexactly(size)


if __name__ == "__main__":
    main()
