from __future__ import annotations

import csv
import json
from pathlib import Path

from contract_hooks import Contract
from rig import Rig

STREETS = ("N Larch St", "Old Mill Rd", "W 14th Ave", "Harbor Blvd", "Sycamore Ln")
PLACES = ("Marfield, OH 45123", "Port Ellery, ME 04988", "Quarry Bend, TX 79011")
ROWS_OF_A_BLOCK = 25


def write_addresses(folder: Path, number: int, *, city: str = "") -> Path:
    """A file of one block if its number is even, else of several; `city` replaces the places'."""
    rows = 10 + number if number % 2 == 0 else ROWS_OF_A_BLOCK * (2 + number % 3)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"list{number:02}.csv"
    lines = ["id,address"]
    for row in range(rows):
        street, place = STREETS[row % len(STREETS)], PLACES[(row + number) % len(PLACES)]
        lines.append(f'{row},"{100 * number + row} {street}, {city or place}"')
    file.write_text("\n".join(lines) + "\n")
    return file


def without_measures(name: str, content: bytes) -> bytes:
    """What of an output is the same in each run."""
    if not name.endswith(".metadata.json"):
        return content
    told = json.loads(content)
    del told["measured"]
    return json.dumps(told).encode()


class AddressesHooks(Contract):
    module = "pipelines.addresses"
    pattern = "*.csv"
    arguments = ("--block_mb=0.001",)
    works = "batchio.addresses.csv_plan:plan_blocks"
    writes = "batchio.addresses.csv_write:_csv_lines"
    bad_step = "read CSV"
    bad_cause = "has a quote in its first row that never closes"

    def rig_in(self, folder: Path) -> Rig:
        return Rig(self.module, folder, self.pattern, self.arguments, lasting=without_measures)

    def make_inputs(self, folder: Path, count: int) -> list[str]:
        return [write_addresses(folder, number).name for number in range(count)]

    def make_bad(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "bad.csv"
        file.write_text('id,"address\n1,5 Larch St\n')
        return file.name

    def files_of(self, folder: Path, unit: str) -> list[Path]:
        return [folder / unit]

    def change(self, folder: Path, unit: str) -> None:
        write_addresses(folder, int(unit[4:6]), city="Newly Built, NV 89003")

    def read_output(self, path: Path) -> None:
        if path.suffix == ".json":
            assert json.loads(path.read_text())["measured"]
            return
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        assert {len(row) for row in rows} == {len(header)}
        assert path.read_bytes().endswith(b"\n")
