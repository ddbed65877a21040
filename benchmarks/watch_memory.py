"""Memory of a command that watches, after few polls and after many, with work in each.

python benchmarks/watch_memory.py --polls 500 [--keep 50]

A volume comes at each look. The inputs of the newest 50 stay, as when old ones are cleaned up: what
grows then is the watcher, and not the list of what there is to look at.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from radar_files import START, write_volume  # noqa: E402

from batchio.database import sqlite_url  # noqa: E402
from batchio.ledger_view import LedgerView  # noqa: E402

_FIRST = 50


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=500)
    parser.add_argument("--keep", type=int, default=50, help="volumes whose inputs stay")
    asked = parser.parse_args()
    polls = asked.polls
    with tempfile.TemporaryDirectory() as folder:
        inputs, output = Path(folder, "in"), Path(folder, "out")
        write_volume(inputs, ["DBZH"])
        command = [sys.executable, "-m", "pipelines.radar", "--input", f"{inputs}/*.BUFR"]
        limits = ["--watch", "0.05", "--max_polls", str(polls), "--progress", "none"]
        with subprocess.Popen([*command, "--output", str(output), *limits]) as process:
            url = sqlite_url(output / ".headrace" / "ledger.db")
            _feed(process, inputs, url, polls, asked.keep)
        made = len(list(output.glob("*.nc")))
    print(f"{made} volumes made")


def _feed(
    process: subprocess.Popen[bytes], inputs: Path, ledger_url: str, polls: int, keep: int
) -> None:
    """Writes a volume after each poll, and removes an old one; prints the memory every so many."""
    shown = fed = 0
    first = 0.0
    with closing(LedgerView(ledger_url)) as view:
        while process.poll() is None:
            time.sleep(0.02)
            done = view.watchers()[0]["polls"] if view.exists() and view.watchers() else 0
            made = len(list(inputs.parent.glob("out/*.nc")))
            if made > fed:
                fed = made
                write_volume(inputs, ["DBZH"], time=START + timedelta(minutes=fed))
                for old in sorted(inputs.iterdir())[:-keep]:
                    old.unlink()
            if done >= shown + _FIRST or shown < done == polls:
                shown = done
                rss_mb = psutil.Process(process.pid).memory_info().rss / 1e6
                first = first or rss_mb
                print(
                    f"{done} polls: {rss_mb:.0f} MB, {rss_mb / first:.3f} of the first", flush=True
                )


if __name__ == "__main__":
    main()
