"""Reading and writing of subtitles, beside `srt`.

python benchmarks/subtitles_read.py --data ../shared/data/subtitles [--files 300] [--repeat 5]

The captions of 3b1b, repeated in memory up to the number of files; one process, no disk. `srt`
parses and composes; ours reads, reports and writes with a letter more in every tenth cue, and is
timed with its measures too. Prints files/s and cues/s of processor time, the best of the repeats,
and ratios within each repeat.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import srt

sys.path.insert(0, str(Path(__file__).parents[1]))

from batchio.subtitles.srt import read_srt
from batchio.subtitles.srt_write import write_srt
from transforms.subtitles.profiles import PROFILES
from transforms.subtitles.quality import Suspects, assess

SUSPECTS = Suspects(None)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    paths = sorted((args.data / "3b1b").rglob("*.srt"))
    files = list(islice(cycle([path.read_bytes() for path in paths]), args.files))
    cues = sum(len(read_srt(data).cues) for data in files)
    print(
        f"Python {platform.python_version()}, {len(files)} files, {cues / len(files):.0f} cues each"
    )
    compare(files, cues, args.repeat)


def compare(files: list[bytes], cues: int, repeat: int) -> None:
    """Prints the speeds, and how many times that of `srt` they are."""
    runs = [{name: _time(way, files) for name, way in WAYS.items()} for _ in range(repeat)]
    for name in WAYS:
        best = min(run[name] for run in runs)
        ratio = statistics.median(run[PEER] / run[name] for run in runs)
        print(
            f"{name:24} {len(files) / best:8,.0f} files/s {cues / best:10,.0f} cues/s "
            f"{best / len(files) * 1e3:7.2f} ms a file {ratio:6.2f} x {PEER}"
        )


def parse_and_compose(data: bytes) -> None:
    """Does what users of `srt` do, who get no report of what is lost."""
    srt.compose(list(srt.parse(data.decode(), ignore_errors=True)), reindex=False).encode()


def read_unchanged(data: bytes) -> None:
    """Reads, and writes what was read."""
    write_srt(read_srt(data), {})


def read_and_change(data: bytes) -> None:
    """Reads, and writes with some texts changed."""
    subtitles = read_srt(data)
    changed = {
        place: [f"{line}." for line in cue.lines]
        for place, cue in enumerate(subtitles.cues)
        if place % 10 == 0
    }
    write_srt(subtitles, changed)


def read_and_assess(data: bytes) -> None:
    """Reads, measures, and writes what was read."""
    subtitles = read_srt(data)
    assess(subtitles, PROFILES["lecture"], SUSPECTS)
    write_srt(subtitles, {})


PEER = "srt parse+compose"
WAYS: dict[str, Callable[[bytes], None]] = {
    PEER: parse_and_compose,
    "read, write unchanged": read_unchanged,
    "read, write changed": read_and_change,
    "read, measure, write": read_and_assess,
}


def _time(way: Callable[[bytes], None], files: list[bytes]) -> float:
    start = time.process_time()
    for data in files:
        way(data)
    return time.process_time() - start


if __name__ == "__main__":
    main()
