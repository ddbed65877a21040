"""What the core costs: 100,000 small files through it, beside a plain ProcessPoolExecutor.

python benchmarks/core_units.py [--units 100000] [--bytes 2000] [--workers 2]

Prints a Markdown table: wall time, microseconds a unit, peak memory of all processes; then a
second run with nothing to do, and a run killed half-way and started again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import trivial_work  # noqa: E402 - needs the path above
from process_memory import PeakMemory  # noqa: E402


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADRACE_STATE"] = str(Path(folder) / "state")
        inputs = Path(folder) / "in"
        make_files(inputs, args.units, args.bytes)
        print(f"{args.units:,} files of {args.bytes:,} bytes, {args.workers} workers\n")
        print("| | seconds | µs a unit | peak memory, MB |\n|---|---|---|---|")
        for chunk in (1, 100):
            measure_plain(inputs, args.workers, chunk, args.units)
        measure_core(inputs, Path(folder) / "out", args.workers, args.units)
        measure_resume(inputs, Path(folder) / "killed", args.workers, args.units)


def make_files(folder: Path, count: int, size: int) -> None:
    """Writes `count` files of random bytes, 1,000 to a folder."""
    source = random.Random(1)
    for number in range(count):
        place = folder / f"{number // 1000:04d}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        (place / f"{number:07d}.bin").write_bytes(source.randbytes(size))


def measure_plain(inputs: Path, workers: int, chunk: int, units: int) -> None:
    """Times a ProcessPoolExecutor that does the same and keeps the results in a dict."""
    with PeakMemory(os.getpid()) as memory:
        start = time.perf_counter()
        paths = [str(path) for path in sorted(inputs.rglob("*.bin"))]
        with ProcessPoolExecutor(workers) as pool:
            results = dict(
                zip(paths, pool.map(trivial_work.work, paths, chunksize=chunk), strict=True)
            )
        seconds = time.perf_counter() - start
    assert len(results) == units
    _row(f"ProcessPoolExecutor, chunks of {chunk}", seconds, units, memory.bytes)


def measure_core(inputs: Path, output: Path, workers: int, units: int) -> None:
    """Times the whole command, then the same command again with nothing to do."""
    for title in ("core, first run", "core, second run: all up to date"):
        start = time.perf_counter()
        process = start_command(inputs, output, workers)
        with PeakMemory(process.pid) as memory:
            code = process.wait()
        assert code == 0, code
        _row(title, time.perf_counter() - start, units, memory.bytes)
    assert recorded(output) == units


def measure_resume(inputs: Path, output: Path, workers: int, units: int) -> None:
    """Kills a run half-way, starts it again and times how long until new work is recorded."""
    print(kill_and_resume(partial(start_command, inputs, output, workers), output, units))
    assert recorded(output) == units


def kill_and_resume(begin: Callable[[], subprocess.Popen[bytes]], output: Path, units: int) -> str:
    """Kills a run half-way, starts it again to the end, and tells how long that took."""
    process = begin()
    while recorded(output) < units // 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1)
    before = recorded(output)
    start = time.perf_counter()
    process = begin()
    while recorded(output) <= before:
        time.sleep(0.1)
    again = time.perf_counter() - start
    assert process.wait() == 0
    return (
        f"\nkilled (SIGKILL) after {before:,} units; started again: first new unit recorded "
        f"after {again:.1f} s, all done after {time.perf_counter() - start:.1f} s"
    )


def start_command(inputs: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    """Starts the command of the smallest domain."""
    return subprocess.Popen(
        [
            sys.executable,
            str(HERE / "trivial_domain.py"),
            "--input",
            f"{inputs}/**/*.bin",
            "--output",
            str(output),
            "--workers",
            str(workers),
            "--quiet",
        ],
        stderr=subprocess.DEVNULL,
    )


def recorded(output: Path) -> int:
    """Returns how many units the ledger below an output has as completed."""
    ledger = output / ".headrace" / "ledger.db"
    if not ledger.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5) as db:
            return int(
                db.execute(
                    "select count(distinct unit_id) from units where status = 'completed'"
                ).fetchone()[0]
            )
    except sqlite3.OperationalError:
        return 0


def _row(title: str, seconds: float, units: int, peak_bytes: int) -> None:
    print(
        f"| {title} | {seconds:.1f} | {seconds / units * 1e6:.0f} | {peak_bytes / 1e6:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
