from datetime import timedelta
from pathlib import Path

import netCDF4
from contract_hooks import Contract
from radar_files import START, file_name, write_volume

FIELDS = ("DBZH", "VRAD")


class RadarHooks(Contract):
    module = "pipelines.radar"
    pattern = "*.BUFR"
    works = "batchio.radar.sinarame:decode_field"
    writes = "batchio.radar.cfradial:write_cells"
    bad_step = "decode radar BUFR"
    bad_cause = "cut short"

    def make_inputs(self, folder: Path, count: int) -> list[str]:
        times = [START + timedelta(minutes=10 * number) for number in range(count)]
        return [
            write_volume(folder, FIELDS[: 1 + number % 2], time=time, base=number)
            for number, time in enumerate(times)
        ]

    def make_bad(self, folder: Path) -> str:
        unit = write_volume(folder, ["DBZH"], time=START - timedelta(days=1))
        file = folder / file_name(unit, "DBZH")
        file.write_bytes(file.read_bytes()[:-100])
        return unit

    def files_of(self, folder: Path, unit: str) -> list[Path]:
        files = [folder / file_name(unit, field) for field in FIELDS]
        return [file for file in files if file.exists()]

    def change(self, folder: Path, unit: str) -> None:
        time = START.strptime(unit.rpartition("_")[2], "%Y%m%dT%H%M%SZ").replace(
            tzinfo=START.tzinfo
        )
        write_volume(folder, ["DBZH"], time=time, base=30)

    def read_output(self, path: Path) -> None:
        with netCDF4.Dataset(path) as dataset:
            for variable in dataset.variables.values():
                variable[...]
