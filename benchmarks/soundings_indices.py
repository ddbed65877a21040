"""Measures reading BUFKIT files, all indices and NetCDF beside MetPy's same list of indices.

Run: ``python benchmarks/soundings_indices.py --data DIR [--profiles N] [--repeat N]``, where DIR
holds BUFKIT files. One process; time is that of the processor, so other work does not count. All
profiles of all files are worked by Headrace, N of them, spread evenly, by MetPy, which is given
arrays that were read already.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs in a bare checkout too

import soundings_metpy

from batchio.bufkit import decode_bufkit
from batchio.profiles import StationForecast
from batchio.sounding_cycle import SoundingCycle
from batchio.sounding_netcdf import write_soundings
from transforms.soundings.bufkit_recipes import reproduce_indices
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices
from transforms.soundings.layers import key_levels

READ, OURS, WRITE = "read BUFKIT", "all indices", "write NetCDF, a file a run and model"


def read(contents: Sequence[bytes]) -> list[StationForecast]:
    """Returns the forecasts of all files."""
    return [each for data in contents for each in decode_bufkit(data, "").forecasts]


def runs(forecasts: Sequence[StationForecast]) -> list[SoundingCycle]:
    """Returns the forecasts by run, each with what was computed for it."""
    found: dict[tuple[object, ...], dict[str, StationForecast]] = {}
    for each in forecasts:
        place = each.cycle, each.levels["PRES"].shape[1], len(each)
        found.setdefault(place, {})[each.station.number] = each
    groups = [tuple(group.values()) for group in found.values()]
    return [
        SoundingCycle("model", group, tuple(map(compute_indices, group)), INDICES)
        for group in groups
    ]


def measure_ours(
    contents: Sequence[bytes], forecasts: Sequence[StationForecast], folder: Path, repeat: int
) -> dict[str, float]:
    """Returns ms a profile of each step."""
    n_profiles = sum(map(len, forecasts))
    cycles = runs(forecasts)
    work: dict[str, Callable[[], object]] = {
        READ: lambda: read(contents),
        OURS: lambda: [compute_indices(each) for each in forecasts],
        WRITE: lambda: [write_soundings(each, folder / "out.nc") for each in cycles],
        "key levels": lambda: [key_levels(each.levels) for each in forecasts],
        "BUFKIT's own indices again": lambda: [reproduce_indices(each) for each in forecasts],
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeat):
        for name, step in work.items():
            start = time.process_time()
            step()
            seconds[name].append(time.process_time() - start)
    return {name: 1000 * statistics.median(each) / n_profiles for name, each in seconds.items()}


def measure_metpy(forecasts: Sequence[StationForecast], count: int) -> tuple[dict[str, float], int]:
    """Returns ms a profile of each step, and how many profiles were worked."""
    places = [(each, k) for each in forecasts for k in np.flatnonzero(each.n_levels).tolist()]
    chosen = [places[k] for k in np.linspace(0, len(places) - 1, count).astype(int)]
    seconds: dict[str, float] = {}
    for forecast, number in chosen:
        levels = {name: values[number] for name, values in forecast.levels.items()}
        found: dict[str, Any] = {}
        for name, step in soundings_metpy.steps(levels).items():
            start = time.process_time()
            found[name] = step(found)
            seconds[name] = seconds.get(name, 0.0) + time.process_time() - start
    return {name: 1000 * each / len(chosen) for name, each in seconds.items()}, len(chosen)


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder of BUFKIT files")
    parser.add_argument("--profiles", type=int, default=100, help="worked by MetPy (100)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of our steps (3)")
    options = parser.parse_args()
    contents = [path.read_bytes() for path in sorted(options.data.rglob("*.buf"))]
    if not contents:
        parser.error(f"no *.buf in {options.data}")
    forecasts = read(contents)
    with tempfile.TemporaryDirectory() as folder:
        ours = measure_ours(contents, forecasts, Path(folder), options.repeat)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metpy, worked = measure_metpy(forecasts, options.profiles)
    print(f"{len(contents)} files, {sum(map(len, forecasts))} profiles; {worked} by MetPy\n")
    print("| step | ms a profile |\n|---|---|")
    for owner, steps in (("Headrace", ours), ("MetPy", metpy)):
        for name, ms in steps.items():
            print(f"| {owner}: {name} | {ms:.3f} |")
    theirs, whole = sum(metpy.values()), ours[READ] + ours[OURS] + ours[WRITE]
    without = theirs - metpy["effective layer"]
    print(f"| Headrace: read, all indices, write | {whole:.3f} |\n| MetPy: all | {theirs:.1f} |")
    print(f"\nHeadrace, reading and writing included: {theirs / whole:.0f} times as fast;", end=" ")
    print(f"{without / whole:.0f} times where MetPy is spared the effective layer")


if __name__ == "__main__":
    main()
