"""The soundings pipeline: a profile beside MetPy, whole runs, fetching, and memory.

python benchmarks/soundings_pipeline.py --data DIR [--parts profile archive fetch memory]
    [--repeat 3] [--profiles 100] [--files 244] [--stations 2000]

DIR is an archive of HRRR and RAP runs, in the layout of Iowa State's. `profile` works all files in
one process by the pipeline's own functions, and some of their profiles, spread evenly, by MetPy;
time is that of the processor, so other work does not count. The other parts time whole commands:
over the archive; fetching copies of its files from a server that waits before each answer; over
copies as so many stations of one HRRR run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import soundings_metpy  # noqa: E402 - needs the path above
from soundings_commands import measure_archive, measure_fetch, measure_memory  # noqa: E402

from batchio.fileset import FileRef  # noqa: E402
from batchio.output import OutputRoot  # noqa: E402
from batchio.soundings.bufkit import decode_bufkit  # noqa: E402
from batchio.soundings.parts import write_part  # noqa: E402
from batchio.soundings.profiles import StationForecast  # noqa: E402
from transforms.soundings.cycles import CycleChoice, Format, MakeCycle  # noqa: E402
from transforms.soundings.indices import compute_indices  # noqa: E402
from transforms.soundings.take_forecasts import TakeForecasts  # noqa: E402
from transforms.units import Unit  # noqa: E402

PARTS = ("profile", "archive", "fetch", "memory")
DECODE, INDICES, PART = "read and decode", "all indices", "part"
TAKE = "a file to its part"
MAKE: dict[str, tuple[Format, ...]] = {
    "parts of a run to its NetCDF": ("netcdf",),
    "parts of a run to its CSV tables": ("csv",),
    "parts of a run to both": ("netcdf", "csv"),
}
*_, BOTH = MAKE


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder of BUFKIT files")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profiles", type=int, default=100, help="worked by MetPy (100)")
    parser.add_argument("--files", type=int, default=244, help="to fetch (244)")
    parser.add_argument("--stations", type=int, default=2000, help="of a run (2000)")
    options = parser.parse_args()
    files = sorted(options.data.resolve().rglob("*.buf"))
    if not files:
        parser.error(f"no *.buf in {options.data}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HEADRACE_STATE"] = str(folder / "state")
        if "profile" in options.parts:
            measure_profile(files, folder, options.repeat, options.profiles)
        if "archive" in options.parts:
            measure_archive(options.data.resolve(), folder, options.repeat)
        if "fetch" in options.parts:
            measure_fetch(files, folder, options.files, options.repeat)
        if "memory" in options.parts:
            measure_memory(files, folder, options.stations)


def measure_profile(files: Sequence[Path], folder: Path, repeat: int, count: int) -> None:
    """Prints what a profile costs, step by step, and by MetPy."""
    take_all(files, folder / "first")  # what is made once, as tables of adiabats
    forecasts = [forecast for each in decode_all(files) for forecast in each]
    n_profiles = sum(map(len, forecasts))
    seconds: dict[str, list[float]] = {}
    for number in range(repeat):
        for name, value in measure_ours(files, folder / str(number)).items():
            seconds.setdefault(name, []).append(value)
    ours = {name: 1000 * statistics.median(each) / n_profiles for name, each in seconds.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metpy = measure_metpy(forecasts, count)
    print(f"\n{len(files)} files, {n_profiles} profiles; {count} of them by MetPy\n")
    print("| step | ms a profile |\n|---|---|")
    for owner, steps in (("Headrace", ours), ("MetPy", metpy)):
        for name, ms in steps.items():
            print(f"| {owner}: {name} | {ms:.3f} |")
    theirs, whole = sum(metpy.values()), ours[TAKE] + ours[BOTH]
    without = theirs - metpy["effective layer"]
    print(f"| Headrace: from files to NetCDF and tables | {whole:.3f} |")
    print(f"| MetPy: all indices | {theirs:.1f} |")
    print(f"\nHeadrace, reading and writing included: {theirs / whole:.0f} times as fast;", end=" ")
    print(f"{without / whole:.0f} times where MetPy is spared the effective layer", flush=True)


def measure_ours(files: Sequence[Path], folder: Path) -> dict[str, float]:
    """Returns the seconds of the pipeline's two functions, and of what they are made of."""
    seconds: dict[str, float] = {}
    runs = _timed(seconds, TAKE, lambda: take_all(files, folder))
    decoded = _timed(seconds, DECODE, lambda: decode_all(files))
    computed = _timed(seconds, INDICES, lambda: [list(map(compute_indices, d)) for d in decoded])
    _timed(
        seconds,
        PART,
        lambda: [
            write_part(*each, folder / f"{number}.part")
            for number, each in enumerate(zip(decoded, computed, strict=True))
        ],
    )
    for name, formats in MAKE.items():
        make = MakeCycle(OutputRoot(str(folder), "run"), CycleChoice(formats))
        _timed(seconds, name, lambda make=make: list(map(make, runs)))
    return seconds


def _timed(seconds: dict[str, float], name: str, step: Callable[[], Any]) -> Any:
    start = time.process_time()
    found = step()
    seconds[name] = time.process_time() - start
    return found


def take_all(files: Sequence[Path], folder: Path) -> list[Unit]:
    """Works all files as the pipeline does, and returns the units of their model runs."""
    take = TakeForecasts(OutputRoot(str(folder), "run"))
    runs = {}
    for path in files:
        made = take(Unit(str(path), (FileRef(str(path), path.stat().st_size, 0.0),)))
        parts, model = made.outputs[0].path.rpartition("/")[0], made.details["model"]
        runs[parts] = Unit(parts, (), details={"parts": parts, "model": model})
    return list(runs.values())


def decode_all(files: Sequence[Path]) -> list[tuple[StationForecast, ...]]:
    """Returns the forecasts of each file."""
    return [decode_bufkit(path.read_bytes(), str(path)).forecasts for path in files]


def measure_metpy(forecasts: Sequence[StationForecast], count: int) -> dict[str, float]:
    """Returns ms a profile of each step."""
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
    return {name: 1000 * each / count for name, each in seconds.items()}


if __name__ == "__main__":
    main()
