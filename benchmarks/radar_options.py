"""Measures what each option adds to the time of a radar volume.

Run: ``python benchmarks/radar_options.py --data DIR [--repeat N]``, where DIR holds BUFR files of
any volumes. One process, one thread; seconds of processor time, so that other work on the machine
counts little: the median of N runs of each choice, in turns, after one that imports and is not
counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # runs in a bare checkout too

from batchio.fileset import FileRef
from batchio.output import OutputRoot
from batchio.radar.sinarame import parse_name
from transforms.radar.completeness import VolumeRules, form_volume
from transforms.radar.grid_choice import PREFIX, GridChoice, slot_of
from transforms.radar.make_grid import MakeGrid
from transforms.radar.make_volume import MakeVolume
from transforms.radar.quality_settings import QualitySettings
from transforms.radar.quicklook import Quicklook
from transforms.units import Made, Unit


def read_units(folder: Path) -> list[Unit]:
    """Returns the volumes of the folder."""
    files = defaultdict(list)
    for path in sorted(folder.glob("*.BUFR*")):
        ref = FileRef(str(path), path.stat().st_size, path.stat().st_mtime)
        files[parse_name(path.name).volume_id].append(ref)
    rules = VolumeRules(datetime.now(timezone.utc))
    return [form_volume(each, rules) for each in files.values()]


def choices(root: OutputRoot, unit: Unit) -> dict[str, Callable[[Unit], Made]]:
    """Returns what makes a volume, by the options that ask for it."""
    every = tuple(unit.details["downloaded_fields"])
    usual = ("usual",)
    return {
        "none of these": MakeVolume(root),
        "`--format cfradial2`": MakeVolume(root, format="cfradial2"),
        "`--qc`": MakeVolume(root, quality=QualitySettings()),
        "`--quicklook`": MakeVolume(root, quicklook=Quicklook(usual)),
        "`--quicklook --quicklook_geotiff`": MakeVolume(
            root, quicklook=Quicklook(usual, geotiff=True)
        ),
        "`--quicklook` of all fields": MakeVolume(root, quicklook=Quicklook(every)),
        "`--grid`": _MakeBoth(MakeVolume(root), MakeGrid(root, GridChoice())),
    }


@dataclass(frozen=True)
class _MakeBoth:
    """Makes a volume, and the grid of it alone."""

    make_volume: MakeVolume
    make_grid: MakeGrid

    def __call__(self, unit: Unit) -> Made:
        made = self.make_volume(unit)
        volumes = {"it": made.outputs[0].path}
        if "DBZH" not in unit.details["downloaded_fields"]:  # it is on no grid
            return made
        slot = slot_of(unit.details["observation_datetime"], self.make_grid.choice.minutes)
        self.make_grid(Unit(f"{PREFIX}{slot}", (), details={"volumes": volumes}))
        return made


def measure(unit: Unit, root: OutputRoot, repeat: int) -> dict[str, float]:
    """Returns the processor time of each choice, in seconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeat + 1):
        for words, make in choices(root, unit).items():
            start = time.process_time()
            make(unit)
            found[words].append(time.process_time() - start)
    return {words: statistics.median(seconds[1:]) for words, seconds in found.items()}


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder of the BUFR files")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each choice (3)")
    options = parser.parse_args()
    units = read_units(options.data)
    if not units:
        parser.error(f"no *.BUFR* in {options.data}")
    with tempfile.TemporaryDirectory() as folder:
        root = OutputRoot(folder, "benchmark")
        measured = [measure(unit, root, options.repeat) for unit in units]
    about = (
        f"{unit.unit_id.rpartition('_')[0]}, {len(unit.details['downloaded_fields'])} fields"
        for unit in units
    )
    print(f"| options | {' | '.join(about)} |\n|---|{'---|' * len(units)}")
    for words in measured[0]:
        print(f"| {words} | {' | '.join(f'{each[words]:.2f}' for each in measured)} |")


if __name__ == "__main__":
    main()
