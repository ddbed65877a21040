"""The syntax pipeline beside its peers: radon on whole modules, a bare pool on small files.

python benchmarks/syntax_speed.py [--copies 12] [--files 100000] [--mean_bytes 7000] [--workers 2]
                                    [--repeat 3]

Dumps the standard library's modules (about 600, 100 MB of AST JSON), once and in copies, and as
many small files of its statements as asked. Times whole commands in turn, start to end, and prints
for each the best and the median of the repeats; then a run killed half-way and started again, whose
tables have to be those of an undisturbed one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from core_units import kill_and_resume  # noqa: E402 - needs the path above
from syntax_corpus import dump_modules, dump_small  # noqa: E402
from timed_command import Timed, timed  # noqa: E402

TABLES = ("calls", "symbols", "imports", "files", "inherits", "quarantine")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--mean_bytes", type=int, default=7_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HEADRACE_STATE"] = str(folder / "state")
        for copies in sorted({1, args.copies}):
            measure_modules(folder, copies, args.repeat)
        size = dump_small(folder / "small", args.files, args.mean_bytes)
        print(f"\n{args.files:,} files, {size / 1e6:,.0f} MB, {args.workers} workers\n")
        measure_small(folder, args.files, args.workers, args.repeat)
        measure_resume(folder, args.files, args.workers)


def measure_modules(folder: Path, copies: int, repeat: int) -> None:
    """Times one worker on whole modules beside radon on their sources."""
    for name in ("modules", "sources"):
        shutil.rmtree(folder / name, ignore_errors=True)
    size = dump_modules(folder / "modules", folder / "sources", copies)
    count = sum(1 for _ in (folder / "modules").rglob("*.json"))
    print(f"\n{count:,} modules, {size / 1e6:.0f} MB of AST JSON, one core\n")
    radon = [sys.executable, "-m", "radon", "cc", "--json", str(folder / "sources")]
    output = folder / "out"
    ours = pipeline(folder / "modules", output, workers=1)
    times = compare([("radon cc", one_core(radon)), ("headrace", one_core(ours))], output, repeat)
    best = min(time.seconds for time in times["headrace"])
    print(f"\nheadrace: {size / 1e6 / best:.0f} MB/s, {count / best * 60:,.0f} files/min")


def measure_small(folder: Path, files: int, workers: int, repeat: int) -> None:
    """Times small files beside the same functions in a bare pool."""
    output = folder / "out"
    pool = [sys.executable, str(HERE / "syntax_pool.py"), str(folder / "small"), str(output)]
    pool += ["--workers", str(workers), "--rows"]
    times = compare(
        [
            ("bare pool, rows to the parent", [*pool, "parent"]),
            ("bare pool, parts by the workers", [*pool, "parts"]),
            ("headrace", pipeline(folder / "small", output, workers=workers)),
        ],
        output,
        repeat,
    )
    best = min(time.seconds for time in times["headrace"])
    print(f"\nheadrace: {files / best * 60:,.0f} files/min")


def measure_resume(folder: Path, files: int, workers: int) -> None:
    """Kills a run half-way, starts it again, and compares the tables with those of `out`."""
    output = folder / "killed"
    command = pipeline(folder / "small", output, workers=workers)
    quiet = subprocess.DEVNULL
    begin = partial(subprocess.Popen, command, stdout=quiet, stderr=quiet)
    told = kill_and_resume(begin, output, files)
    same = all(
        (folder / "out" / f"{name}.parquet").read_bytes()
        == (output / f"{name}.parquet").read_bytes()
        for name in TABLES
    )
    print(f"{told}; tables {'equal' if same else 'DIFFER'}")


def pipeline(folder: Path, output: Path, *, workers: int) -> list[str]:
    """Returns the command over a folder of dumps."""
    return [
        sys.executable,
        "-m",
        "pipelines.syntax",
        "--input",
        f"{folder}/**/*.json",
        "--output",
        str(output),
        "--workers",
        str(workers),
        "--quiet",
    ]


def one_core(command: Sequence[str]) -> list[str]:
    """Returns the command held to one core."""
    return ["taskset", "--cpu-list", "0", *command]


def compare(
    commands: Sequence[tuple[str, Sequence[str]]], output: Path, repeat: int
) -> dict[str, list[Timed]]:
    """Times commands in turn, each into an empty output, and prints a table."""
    times: dict[str, list[Timed]] = {name: [] for name, _ in commands}
    for _ in range(repeat):
        for name, command in commands:
            shutil.rmtree(output, ignore_errors=True)
            times[name].append(timed(command))
    print("| | best, s | median, s | peak memory, MB |\n|---|---|---|---|")
    for name, runs in times.items():
        seconds = [run.seconds for run in runs]
        peak = max(run.peak_mb for run in runs)
        print(f"| {name} | {min(seconds):.1f} | {statistics.median(seconds):.1f} | {peak:.0f} |")
    *peers, ours = ((name, min(run.seconds for run in runs)) for name, runs in times.items())
    print()
    for name, seconds in peers:
        print(f"{ours[0]} has {seconds / ours[1]:.2f} times the speed of {name} (best)")
    return times


if __name__ == "__main__":
    main()
