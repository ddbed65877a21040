"""The addresses pipeline beside plain loops of usaddress and fastaddress, and its memory.

python benchmarks/addresses_pipeline.py [--texts addresses.csv] [--rows 200000] [--repeat 3]
    [--parts speed memory] [--memory_rows 500000 5000000]

Rows all differ; they are made out of real addresses (the last column of a CSV) as
`addresses_tag.py` says, or out of a few of its own. `speed` times whole commands from the shell,
one worker process, in turns, and takes the best of the repeats: CSV in, CSV out, confidence and
standard lines included for ours, neither for usaddress. "In the run" is from the file's first block
to its last output, as the metadata of the file have it: without the start of Python and Beam, which
takes as long for five rows as for five million. `memory` is the peak of all processes together.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from addresses_tag import different_rows, read_texts  # noqa: E402 - needs the path above
from timed_command import timed  # noqa: E402

PEERS = ("usaddress", "fastaddress")


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=("speed", "memory"), default=["speed"])
    parser.add_argument("--memory_rows", type=int, nargs="+", default=[500_000, 5_000_000])
    args = parser.parse_args()
    texts = read_texts(args.texts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "speed" in args.parts:
            write_csv(folder / "rows.csv", different_rows(texts, args.rows), args.rows)
            measure_speed(folder, args.rows, args.repeat)
        if "memory" in args.parts:
            rows = different_rows(texts, args.rows)
            for count in args.memory_rows:
                write_csv(folder / "many.csv", rows, count)
                measure_memory(folder, count)


def write_csv(path: Path, rows: Sequence[str], count: int) -> None:
    """Writes a CSV of so many rows, which come again with other numbers if there are fewer."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "address"])
        for number in range(count):
            again = number // len(rows)
            writer.writerow([number, f"{again or ''}{rows[number % len(rows)]}"])


def measure_speed(folder: Path, rows: int, repeat: int) -> None:
    """Prints the seconds and the rows per second of ours and of the peers."""
    source, best = folder / "rows.csv", dict[str, float]()
    for _ in range(repeat):
        for peer in PEERS:
            loop = [sys.executable, str(HERE / "addresses_peers.py"), peer]
            taken = timed([*loop, str(source), str(folder / "peer.csv")]).seconds
            best[peer] = min(taken, best.get(peer, taken))
        output = folder / "out"
        taken = timed([*command(source, output), "--workers=1", "--rerun=all"]).seconds
        in_run = json.loads((output / "rows.metadata.json").read_text())["measured"]["seconds"]
        best["ours"] = min(taken, best.get("ours", taken))
        best["ours, in the run"] = min(in_run, best.get("ours, in the run", in_run))
    print("| | seconds | rows/s | times usaddress |\n|---|---|---|---|")
    for name, seconds in best.items():
        times = best["usaddress"] / seconds
        print(f"| {name} | {seconds:.2f} | {rows / seconds:,.0f} | {times:.1f} |", flush=True)


def measure_memory(folder: Path, rows: int) -> None:
    """Prints time and peak memory of a file of so many rows, with two workers."""
    source = folder / "many.csv"
    run = timed([*command(source, folder / f"out-{rows}"), "--workers=2"])
    size = source.stat().st_size / 1e6
    print(f"{rows:,} rows, {size:.0f} MB: {run.seconds:.1f} s, peak {run.peak_mb:.0f} MB")


def command(source: Path, output: Path) -> list[str]:
    """Returns the command that a user types."""
    module = [sys.executable, "-m", "pipelines.addresses"]
    return [*module, "--input", str(source), "--output", str(output), "--quiet"]


if __name__ == "__main__":
    main()
