"""Measures writing and reading radar volumes in each format, with and without undetect.

Run: ``python benchmarks/radar_formats.py --data DIR [--repeat N]``, where DIR holds BUFR files of
any number of volumes. One process, one thread; each step N times, in turns; deflate level 1;
times are of the processor, for those of a clock depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs in a bare checkout too

from batchio.radar.formats import WRITERS, read_volume
from batchio.radar.sinarame import decode_field, parse_name
from batchio.radar.volume import Volume
from transforms.radar.volume import build_volume


def volume_id(path: Path) -> str:
    """Returns the volume that a file's name tells."""
    return parse_name(path.name).volume_id


def read_bufr(paths: list[Path]) -> Volume:
    """Returns the volume that the files, one a field, make up."""
    fields = [decode_field(path.read_bytes(), parse_name(path.name), path.name) for path in paths]
    return build_volume(parse_name(paths[0].name), fields)


def seconds(step: Callable[[], object]) -> float:
    """Returns how long the processor works on the step."""
    start = time.process_time()
    step()
    return time.process_time() - start


def measure(volume: Volume, folder: Path, repeat: int) -> None:
    """Prints a row of the table for each format and choice."""
    cases = [(name, each) for name in WRITERS for each in (volume, replace(volume, undetect=None))]
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in cases]
    sizes = [0] * len(cases)
    for _ in range(repeat):
        for number, (name, each) in enumerate(cases):
            path = folder / f"{number}.nc"
            path.unlink(missing_ok=True)
            times[number][0].append(
                seconds(lambda: WRITERS[name](each, path, compression=1))  # noqa: B023
            )
            times[number][1].append(seconds(lambda: read_volume(path)))  # noqa: B023
            sizes[number] = path.stat().st_size
    for (name, each), (writing, reading), size in zip(cases, times, sizes, strict=True):
        undetect = "no" if each.undetect is None else "yes"
        medians = " | ".join(f"{statistics.median(found):.3f}" for found in (writing, reading))
        print(f"| {volume.volume_id} | {name} | {undetect} | {medians} | {size / 1e6:.2f} |")


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder of the BUFR files")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each step (5)")
    options = parser.parse_args()
    paths = sorted(options.data.glob("*.BUFR*"), key=volume_id)
    print("| volume | format | undetect | write, CPU s | read, CPU s | MB |")
    print("|---|---|---|---|---|---|")
    for _, group in groupby(paths, key=volume_id):
        with tempfile.TemporaryDirectory() as folder:
            measure(read_bufr(list(group)), Path(folder), options.repeat)


if __name__ == "__main__":
    main()
