"""Peak memory of the radar pipeline over 20 and over 200 volumes.

python benchmarks/radar_memory.py [--workers 2]

Prints a Markdown table; memory is the sum over all processes of a run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from process_memory import PeakMemory  # noqa: E402 - needs the path above

from batchio.radar.samples import write_volumes  # noqa: E402
from batchio.radar.scene import Scan  # noqa: E402

FIELDS = ("DBZH", "ZDR", "RHOHV", "PHIDP", "KDP")
SCAN = Scan((0.5, 1.5, 2.5, 3.5, 4.5), (480,) * 5)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    print("| volumes | files, MB | seconds | peak memory, MB |\n|---|---|---|---|")
    peaks = [measure(count, workers) for count in (20, 200)]
    print(f"\n200 volumes take {peaks[1] / peaks[0]:.2f} times the memory of 20")


def measure(volumes: int, workers: int) -> int:
    """Runs the pipeline over that many volumes; returns its peak memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "in"
        files = write_volumes(inputs, volumes, fields=FIELDS, scan=SCAN)
        start = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipelines.radar",
                "--input",
                str(inputs),
                "--output",
                f"{folder}/out",
                "--workers",
                str(workers),
                "--quiet",
            ],
            env={**os.environ, "HEADRACE_STATE": f"{folder}/state"},
            cwd=HERE.parent,
            stderr=subprocess.DEVNULL,
        )
        with PeakMemory(process.pid) as memory:
            code = process.wait()
        if code != 0:
            raise SystemExit(f"the run ended with exit code {code}")
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in files)
    peak = memory.bytes
    print(f"| {volumes} | {size / 1e6:.0f} | {seconds:.1f} | {peak / 1e6:.0f} |", flush=True)
    return peak


if __name__ == "__main__":
    main()
