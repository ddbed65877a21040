"""From the parts that files left behind to the outputs of a model run.

A model run (model and cycle) is a unit of work of its own: what it is made of are the parts of its
stations, whichever run left them. Its settings are the fingerprint of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple

from batchio.fileset import STATE_FOLDER, local_copy
from batchio.fingerprint import of_value
from batchio.output import OutputRoot, files_below, remove
from batchio.soundings.columns import ValueTable
from batchio.soundings.cycle import SoundingCycle, key_of, split_stations, station_id
from batchio.soundings.cycle_netcdf import write_soundings
from batchio.soundings.json_lines import write_profiles
from batchio.soundings.parts import read_part
from batchio.soundings.profiles import StationForecast, Values
from batchio.soundings.tables import write_table
from batchio.tables import TableFormat
from transforms.soundings.index_names import INDICES
from transforms.units import Made, Unit

if TYPE_CHECKING:  # workers need no database
    from batchio.ledger_view import LiveUnit

Format = Literal["netcdf", "csv", "json", "parquet"]

PARTS_FOLDER = f"{STATE_FOLDER}/parts"
TABLES: tuple[ValueTable, ...] = ("levels", "indices", "surface")

_PART = re.compile(
    rf"{re.escape(PARTS_FOLDER)}/(?P<cycle>\d{{10}})/(?P<model>[^/]+)/"
    r"[^/]+-(?P<unit>[0-9a-f]{12})-[0-9a-f]{12}\.part$"
)


def part_path(forecast: StationForecast, model: str, unit_id: str, digest: str) -> str:
    """Returns the path of a file's part below the output root.

    Args:
        forecast: The first of the file.
        model: Its model.
        unit_id: The file's unit: parts of different files never have the same name.
        digest: SHA-256 of the file: parts of other contents have other names.
    """
    station = _in_a_name(station_id(forecast))
    name = f"{station}-{of_value(unit_id)[:12]}-{digest[:12]}.part"
    return f"{PARTS_FOLDER}/{forecast.cycle:%Y%m%d%H}/{_in_a_name(model)}/{name}"


def picture_path(forecast: StationForecast, model: str, hour: int) -> str:
    """Returns the path of a skew-T below the output root."""
    station = " ".join(key_of(forecast)).strip()
    folder = f"{forecast.cycle:%Y/%m/%d}/skewt"
    return f"{folder}/{_run_name(model, forecast.cycle)}_{_in_a_name(station)}_f{hour:03}.png"


def _run_name(model: str, cycle: datetime) -> str:
    return f"{_in_a_name(model)}_{cycle:%Y%m%d%H}"


def _in_a_name(text: str) -> str:
    return re.sub(r"[^\w#.-]", "_", text.lower())


class CycleChoice(NamedTuple):
    """What is written of a model run, and how."""

    formats: tuple[Format, ...] = ("netcdf",)
    per_station: bool = False
    compression: int = 1


def cycle_units(
    seen: Iterable[LiveUnit], choice: CycleChoice, *, alone: bool = False
) -> Iterator[Unit]:
    """Yields a unit for each model run of which this run has seen a file.

    Parts of these files that are not their newest ones are removed before.

    Args:
        seen: The newest record of each file that this run has seen.
        choice: What is written.
        alone: Whether parts of files that this run has not seen are removed too.
    """
    current: dict[str, str] = {}  # part by file
    folders: dict[str, re.Match[str]] = {}
    for unit in seen:
        found = next(filter(None, map(_PART.search, unit.outputs)), None)
        current[of_value(unit.unit_id)[:12]] = found.string if found else ""
        if found:
            folders[found.string.rpartition("/")[0]] = found
    for folder, found in sorted(folders.items()):
        names = [path.rpartition("/")[2] for path in _live_parts(folder, current, alone=alone)]
        cycle = datetime.strptime(found["cycle"], "%Y%m%d%H")
        yield Unit(
            f"{found['model'].upper()} {cycle:%Y-%m-%dT%HZ}",
            (),
            settings=of_value([names, list(choice)]),
            details={"parts": folder, "model": found["model"].upper()},
        )


def _live_parts(folder: str, current: dict[str, str], *, alone: bool) -> Iterator[str]:
    for path in sorted(files_below(folder)):
        found = _PART.search(path)
        if found is None:
            continue
        if current.get(found["unit"], "" if alone else path) == path:
            yield path
        else:
            remove(path)


@dataclass(frozen=True)
class MakeCycle:
    """Writes the outputs of a model run from the parts of its stations.

    Attributes:
        output: The root of all outputs.
        choice: What is written, and how.
    """

    output: OutputRoot
    choice: CycleChoice

    def __call__(self, unit: Unit) -> Made:
        """Writes all that is asked for of one model run."""
        cycle, twice = _read_cycle(unit.details["parts"], unit.details["model"])
        start = cycle.forecasts[0].cycle
        base = f"{start:%Y/%m/%d}/{_run_name(cycle.model, start)}"
        outputs = tuple(
            self.output.write(f"{base}{name}", write) for name, write in self._files(cycle)
        )
        return Made(
            outputs=outputs,
            metrics={
                "stations": len(cycle.forecasts),
                "profiles": sum(map(len, cycle.forecasts)),
                **({"duplicates": twice} if twice else {}),
            },
        )

    def _files(self, cycle: SoundingCycle) -> Iterator[tuple[str, Callable[[Path], object]]]:
        """Yields the end of each file's name, and what writes it."""
        compression = self.choice.compression
        for form in self.choice.formats:
            if form == "netcdf":
                yield ".nc", partial(write_soundings, cycle, compression=compression)
                for station, alone in split_stations(cycle) if self.choice.per_station else ():
                    write = partial(write_soundings, alone, compression=compression)
                    yield f"/{_in_a_name(station)}.nc", write
            elif form == "json":
                yield "_profiles.jsonl", partial(write_profiles, cycle)
            else:
                for table in TABLES:
                    yield f"_{table}.{form}", partial(_write_table, cycle, table, form)


def _write_table(cycle: SoundingCycle, table: ValueTable, form: TableFormat, path: Path) -> None:
    write_table(cycle, table, path, form)


def _read_cycle(folder: str, model: str) -> tuple[SoundingCycle, int]:
    """Returns what all parts hold, and how many forecasts are left out.

    Of several files of the same station and member the one with the most profiles counts, of equal
    ones the first by name.
    """
    best: dict[tuple[str, str], tuple[StationForecast, dict[str, Values]]] = {}
    count = 0
    with TemporaryDirectory(prefix="headrace-parts-") as copies:
        for path in sorted(files_below(folder)):
            part = read_part(Path(local_copy(path, Path(copies))))
            for forecast, indices in zip(*part, strict=True):
                key = key_of(forecast)
                count += 1
                if key not in best or len(forecast) > len(best[key][0]):
                    best[key] = forecast, indices
    forecasts, computed = zip(*best.values(), strict=True)
    cycle = SoundingCycle(model, forecasts, computed, INDICES)
    return cycle.in_order(), count - len(best)
