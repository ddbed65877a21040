"""One pipeline in one process, in several, and on Flink: what distribution costs and gives.

python benchmarks/scaling.py [--files 100000] [--mean_bytes 7000] [--repeat 2]

Syntax trees of many small files. Times whole commands in turn, start to report, into an empty
output each; then tells whether all of them made the same tables. The Flink cluster, of one
TaskManager, is on this machine: it adds no cores, so what it shows is the cost.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "flink")]

from flink_cluster import FlinkCluster  # noqa: E402 - needs the path above
from syntax_corpus import dump_small  # noqa: E402
from syntax_speed import TABLES, pipeline  # noqa: E402
from timed_command import Timed, timed  # noqa: E402


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--mean_bytes", type=int, default=7_000)
    parser.add_argument("--repeat", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HEADRACE_STATE"] = str(folder / "state")
        size = dump_small(folder / "small", args.files, args.mean_bytes)
        print(f"{args.files:,} files, {size / 1e6:,.0f} MB\n")
        with FlinkCluster(folder / "flink", task_managers=1) as cluster:
            measure(folder, cluster, args.files, args.repeat)


def measure(folder: Path, cluster: FlinkCluster, files: int, repeat: int) -> None:
    """Times each place in turn and prints a table."""
    places = {
        "DirectRunner, 1 worker process": direct(folder, 1),
        "DirectRunner, 2 worker processes": direct(folder, 2),
        "Flink, LOOPBACK, parallelism 2": on_flink(folder, cluster, "LOOPBACK"),
        "Flink, EXTERNAL worker pool, parallelism 2": on_flink(
            folder, cluster, "EXTERNAL", "--environment_config", cluster.worker_pool
        ),
    }
    times: dict[str, list[Timed]] = {name: [] for name in places}
    tables = set()
    for _ in range(repeat):
        for name, command in places.items():
            shutil.rmtree(folder / "out", ignore_errors=True)
            times[name].append(timed(command))
            tables.add(digest(folder / "out"))
    print("| | best, s | median, s | files/min | peak memory, MB |\n|---|---|---|---|---|")
    for name, runs in times.items():
        best = min(run.seconds for run in runs)
        median = statistics.median(run.seconds for run in runs)
        peak = max(run.peak_mb for run in runs)
        print(f"| {name} | {best:.1f} | {median:.1f} | {files / best * 60:,.0f} | {peak:.0f} |")
    print(f"\nThe tables are {'the same' if len(tables) == 1 else 'DIFFERENT'} in all of them.")
    print("Memory is that of the command's processes, without Flink's and its worker pool's.")


def direct(folder: Path, workers: int) -> list[str]:
    """Returns the command on the DirectRunner."""
    return pipeline(folder / "small", folder / "out", workers=workers)


def on_flink(folder: Path, cluster: FlinkCluster, environment: str, *arguments: str) -> list[str]:
    """Returns the command on the cluster."""
    master = ["--runner", "FlinkRunner", "--flink_master", cluster.master]
    server = ["--flink_job_server_jar", cluster.job_server, "--parallelism", "2"]
    return [*direct(folder, 1), *master, *server, "--environment_type", environment, *arguments]


def digest(output: Path) -> str:
    """Returns one hash of all tables."""
    hashed = hashlib.sha256()
    for name in TABLES:
        hashed.update((output / f"{name}.parquet").read_bytes())
    return hashed.hexdigest()


if __name__ == "__main__":
    main()
