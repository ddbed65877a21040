from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import netCDF4
import pandas
from contract_hooks import Contract
from sounding_files import MODEL

from batchio.soundings import bufkit_weather as weather
from batchio.soundings.bufkit_encode import encode_bufkit
from batchio.soundings.parts import read_part
from batchio.soundings.profiles import Station
from batchio.soundings.scene import forecast_at

CYCLE = datetime(2026, 5, 20, 12, tzinfo=timezone.utc)
STATION = Station("ZZ00", "990000", 35.0, -97.0, 300)
ERROR_PAGE = "<!DOCTYPE html><html><title>503 Service Unavailable</title></html>"


def write_sounding(folder: Path, number: int, warmer_c: float = 0) -> Path:
    """A small file of a station of its own, in the same run of the same model as all others."""
    place = replace(STATION, id=f"ZZ{number:02}", number=str(990_000 + number))
    model = replace(MODEL, hours=range(2 + number % 5), warmer_c=warmer_c)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"hrrr_zz{number:02}.buf"
    file.write_bytes(encode_bufkit([forecast_at(place, weather.SUPERCELLS, model, CYCLE)]))
    return file


class SoundingsHooks(Contract):
    module = "pipelines.soundings"
    pattern = "*.buf"
    arguments = ("--formats", "netcdf", "csv", "json")
    works = "batchio.soundings.bufkit:decode_bufkit"
    writes = "batchio.soundings.cycle_netcdf:_Writer.write_levels"
    bad_step = "read BUFKIT"
    bad_cause = "is a page of HTML"
    further_units = ("HRRR 2026-05-20T12Z", "quality and fetch")

    def make_inputs(self, folder: Path, count: int) -> list[str]:
        return [write_sounding(folder, number).name for number in range(count)]

    def make_bad(self, folder: Path) -> str:
        file = folder / "hrrr_bad.buf"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(ERROR_PAGE)
        return file.name

    def files_of(self, folder: Path, unit: str) -> list[Path]:
        return [folder / unit]

    def change(self, folder: Path, unit: str) -> None:
        write_sounding(folder, int(unit[7:9]), warmer_c=1)

    def read_output(self, path: Path) -> None:
        if path.suffix == ".nc":
            with netCDF4.Dataset(path) as dataset:
                for variable in dataset.variables.values():
                    variable[...]
        elif path.suffix == ".csv":
            pandas.read_csv(path)
            assert path.read_text().endswith("\n")
        elif path.suffix == ".jsonl":
            for line in path.read_text().splitlines():
                json.loads(line)
        else:
            read_part(path)
