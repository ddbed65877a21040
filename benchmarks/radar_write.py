"""Measures decoding, building and writing a radar volume beside Py-ART's writing of it.

Run: ``python benchmarks/radar_write.py --data DIR [--repeat N]``, where DIR holds the files of
RMA1 0301/02 of 2018-11-11 00:04:57. One process, one thread; each step N times, in turns.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs in a bare checkout too

from batchio.netcdf import DEFAULT_COMPRESSION
from batchio.radar.cfradial import write_cfradial
from batchio.radar.sinarame import FieldVolume, decode_field, parse_name
from batchio.radar.volume import SourceFile, Volume
from transforms.radar.volume import build_volume

os.environ["PYART_QUIET"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyart

    from transforms.radar.pyart import to_pyart

FILES = "RMA1_0301_02_*_20181111T000457Z.BUFR*"
LEVELS = range(7)
OURS = "Headrace: write, level {}"
PYART = "Py-ART: write"
ALL_OF_OURS = f"Headrace: decode + build + write, level {DEFAULT_COMPRESSION}"


def decode(paths: Sequence[Path]) -> list[FieldVolume]:
    """Returns the fields of the files."""
    return [decode_field(path.read_bytes(), parse_name(path.name), path.name) for path in paths]


def build(paths: Sequence[Path], fields: Sequence[FieldVolume], digests: Sequence[str]) -> Volume:
    """Returns the volume of the fields, with its provenance."""
    names = [path.name for path in paths]
    inputs = [SourceFile(*each) for each in zip(names, digests, strict=True)]
    return build_volume(parse_name(names[0]), fields, inputs=inputs)


def convert(paths: Sequence[Path], digests: Sequence[str], output: Path) -> None:
    """Decodes the files, builds their volume and writes it."""
    write_cfradial(build(paths, decode(paths), digests), output)


def measure(paths: Sequence[Path], folder: Path, repeat: int) -> dict[str, tuple[list[float], int]]:
    """Returns the seconds of each run and the bytes written (0: none), step by step."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    fields = decode(paths)
    volume = build(paths, fields, digests)
    radar = to_pyart(volume)
    output = folder / "volume.nc"
    steps: dict[str, Callable[[], object]] = {
        "Headrace: decode": lambda: decode(paths),
        "Headrace: build": lambda: build(paths, fields, digests),
        ALL_OF_OURS: lambda: convert(paths, digests, output),
        PYART: lambda: pyart.io.write_cfradial(str(output), radar),
    }
    for level in LEVELS:
        steps[OURS.format(level)] = partial(write_cfradial, volume, output, compression=level)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    sizes: dict[str, int] = {}
    for _ in range(repeat):
        for name, step in steps.items():
            output.unlink(missing_ok=True)
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
            sizes[name] = output.stat().st_size if output.exists() else 0
    return {name: (seconds[name], sizes[name]) for name in steps}


def print_table(results: dict[str, tuple[list[float], int]]) -> None:
    """Prints the results as Markdown, times and sizes also as parts of Py-ART's."""
    pyart_s, pyart_bytes = statistics.median(results[PYART][0]), results[PYART][1]
    print("| step | best s | median s | of Py-ART's | MB | of Py-ART's |")
    print("|---|---|---|---|---|---|")
    for name, (seconds, size) in results.items():
        median_s = statistics.median(seconds)
        written = f"{size / 1e6:.2f} | {size / pyart_bytes:.2f}" if size else "- | -"
        times = f"{min(seconds):.3f} | {median_s:.3f} | {median_s / pyart_s:.2f}"
        print(f"| {name} | {times} | {written} |")


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder of the BUFR files")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each step (5)")
    options = parser.parse_args()
    paths = sorted(options.data.glob(FILES))
    if not paths:
        parser.error(f"no {FILES} in {options.data}")
    with tempfile.TemporaryDirectory() as folder:
        results = measure(paths, Path(folder), options.repeat)
    print(f"{len(paths)} fields of RMA1 0301/02, {options.repeat} runs\n")
    print_table(results)
    (ours_s, our_bytes), (theirs_s, their_bytes) = results[ALL_OF_OURS], results[PYART]
    faster = statistics.median(ours_s) < statistics.median(theirs_s)
    print(
        f"\nAll of ours against Py-ART's write alone: faster: {'yes' if faster else 'no'},", end=""
    )
    print(f" smaller: {'yes' if our_bytes < their_bytes else 'no'}")


if __name__ == "__main__":
    main()
