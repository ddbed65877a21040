"""Measures where threads within a radar volume help, beside processes that share volumes.

Run: ``python benchmarks/radar_threads.py decoding|making --data GLOB [--repeat N]``, where GLOB
matches BUFR files of whole volumes. ``decoding``: each volume by one thread, then with its fields,
or the sweeps of each field, shared by two. ``making``: whole volumes (decode, build, write) by one
or two processes of one or two threads.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs in a bare checkout too

from batchio.fileset import list_files
from batchio.output import OutputRoot
from batchio.radar import sinarame
from batchio.radar.sinarame import decode_field, parse_name
from batchio.radar.sinarame_bits import COUNT, BitReader
from batchio.radar.sinarame_frame import read_frame
from transforms.forming import Grouped
from transforms.radar.completeness import VolumeRules, form_volume, volume_of
from transforms.radar.make_volume import MakeVolume
from transforms.units import Unit

THREADS = 2
VOLUMES = 4  # made in one go by the processes


def decode(path: Path) -> object:
    """Decodes a field as the pipeline does."""
    return decode_field(path.read_bytes(), parse_name(path.name), path.name)


def decode_by_sweeps(threads: ThreadPoolExecutor, path: Path) -> object:
    """Decodes a field whose sweeps are shared by threads once the streams are found."""
    name = parse_name(path.name)
    frame = read_frame(path.read_bytes())
    reader = BitReader(frame.message, frame.data_start, frame.data_end)
    sinarame._read_radar(reader)
    sinarame._read_site(reader)
    headers, streams = [], []
    for _ in range(reader.integer(COUNT)):
        headers.append(sinarame._read_header(reader, name.field))
        streams.append(sinarame._read_stream(reader))
    return list(threads.map(sinarame._to_sweep, headers, streams))


def inflate(path: Path) -> None:
    """Inflates the sweeps of a field, and nothing else beside finding them."""
    frame = read_frame(path.read_bytes())
    reader = BitReader(frame.message, frame.data_start, frame.data_end)
    sinarame._read_radar(reader)
    sinarame._read_site(reader)
    for _ in range(reader.integer(COUNT)):
        header = sinarame._read_header(reader, parse_name(path.name).field)
        sinarame._inflate(sinarame._read_stream(reader), header.n_rays * header.n_bins * 8)


class Times(NamedTuple):
    """Seconds of a step: best and median on the clock, and least of all threads' CPU time."""

    best: float
    median: float
    cpu: float


def measured(steps: dict[str, Callable[[], object]], repeat: int) -> dict[str, Times]:
    """Returns how long each step takes, all steps in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    cpu: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeat):
        for name, step in steps.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            step()
            seconds[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - cpu_start)
    return {
        name: Times(min(each), statistics.median(each), min(cpu[name]))
        for name, each in seconds.items()
    }


def print_decoding(volumes: Sequence[Unit], repeat: int) -> None:
    """Prints how long each volume takes to decode."""
    print("| volume | fields | decoding by | best s | median s | CPU s |")
    print("|---|---|---|---|---|---|")
    with ThreadPoolExecutor(THREADS) as threads:
        for unit in volumes:
            paths = [Path(file.path) for file in unit.files]
            steps: dict[str, Callable[[], object]] = {
                "1 thread": lambda paths=paths: list(map(decode, paths)),
                "1 thread, inflating alone": lambda paths=paths: list(map(inflate, paths)),
                f"{THREADS} threads, a field each": lambda paths=paths: list(
                    threads.map(decode, paths)
                ),
                f"{THREADS} threads, a sweep each": lambda paths=paths: [
                    decode_by_sweeps(threads, path) for path in paths
                ],
            }
            for name, times in measured(steps, repeat).items():
                told = f"{times.best:.3f} | {times.median:.3f} | {times.cpu:.3f}"
                print(f"| {unit.unit_id} | {len(paths)} | {name} | {told} |", flush=True)


def make(threads: int, folder: str, job: tuple[int, Unit]) -> None:
    """Makes a volume in a folder of its own."""
    number, unit = job
    MakeVolume(OutputRoot(f"{folder}/{number}", "benchmark"), decode_threads=threads)(unit)


def print_making(volumes: Sequence[Unit], repeat: int) -> None:
    """Prints how fast processes make volumes, with and without threads."""
    print("| processes | threads of each | best s a volume | median s a volume |")
    print("|---|---|---|---|")
    jobs = [(number, volumes[number % len(volumes)]) for number in range(VOLUMES)]
    steps: dict[str, Callable[[], object]] = {}
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        pools = {count: ProcessPoolExecutor(count, mp_context=spawn) for count in (1, 2)}
        for count, pool in pools.items():
            for threads in (1, THREADS):
                call = partial(make, threads, folder)
                steps[f"{count} | {threads}"] = lambda pool=pool, call=call: list(
                    pool.map(call, jobs)
                )
        measured(steps, 1)  # imports, and the files into memory
        for name, times in measured(steps, repeat).items():
            told = f"{times.best / VOLUMES:.3f} | {times.median / VOLUMES:.3f}"
            print(f"| {name} | {told} |", flush=True)
        for pool in pools.values():
            pool.shutdown()


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("table", choices=("decoding", "making"), help="what to measure")
    parser.add_argument("--data", required=True, help="glob of the BUFR files")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each step (5)")
    options = parser.parse_args()
    rules = VolumeRules(now=datetime.now(timezone.utc))
    formed = Grouped(volume_of, partial(form_volume, rules=rules)).units_of(
        list_files([options.data])
    )
    volumes = [unit for unit in formed if isinstance(unit, Unit)]
    if not volumes:
        parser.error(f"no volume in {options.data}")
    (print_decoding if options.table == "decoding" else print_making)(volumes, options.repeat)


if __name__ == "__main__":
    main()
