"""What a run tells of its files: how good each is, and what became of each that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from batchio.fingerprint import of_value
from batchio.output import OutputRoot
from batchio.records import Outcome, RunRecord
from batchio.soundings.columns import FETCH, QUALITY
from batchio.soundings.tables import write_rows
from batchio.tables import TableFormat
from transforms.soundings.check_file import WrongPlace
from transforms.soundings.cycles import Format
from transforms.soundings.fetch import FETCHED, PRESENT, WRONG_PLACE, fetch_status
from transforms.soundings.find_wanted import Search
from transforms.soundings.items import item_id
from transforms.soundings.sources import archive_path
from transforms.soundings.take_forecasts import LOST
from transforms.soundings.wanted import Wanted
from transforms.units import Made, Unit

if TYPE_CHECKING:  # workers need no database
    from batchio.ledger_view import LedgerView, Row

TABLES_UNIT = "quality and fetch"

_SCHEMAS: Mapping[str, pa.Schema] = {"quality": QUALITY, "fetch": FETCH}
_MISSING = "missing"  # in the archive, and not asked for from anywhere
_TABLE_FORMATS: Mapping[Format, TableFormat] = {"csv": "csv", "parquet": "parquet", "json": "jsonl"}


@dataclass(frozen=True)
class RunTables:
    """Writes the tables `quality`, a row a file, and `fetch`, a row a file asked for.

    Attributes:
        output: The root of all outputs.
        formats: Those of the run; where none of them is one of tables, CSV is written.
        search: What a date asks for.
    """

    output: OutputRoot
    formats: tuple[Format, ...]
    search: Search | None = None

    def prepare(self, ledger: LedgerView, run: RunRecord) -> tuple[Unit, _WriteTables]:
        """Returns the unit of work that the tables are, and what writes them."""
        row = ledger.known_run(run.run_id, step="quality")
        remarks = {file["unit_id"]: file["remark"] for file in ledger.left_out(row)}
        files = {unit["unit_id"]: unit for unit in ledger.units_as_of(row)}
        tables = {}
        if files or not self.search:  # else nothing was read
            rows = [_quality_row(unit, remarks.get(name, "")) for name, unit in files.items()]
            tables["quality"] = rows
        if self.search:
            asked = self.search.found()
            items = ledger.newest_rows(run.scope, list(map(item_id, asked)))
            tables["fetch"] = [
                _fetch_row(
                    wanted,
                    items.get(item_id(wanted)),
                    is_there=archive_path(wanted) in files,
                )
                for wanted in asked
            ]
        forms = [_TABLE_FORMATS[form] for form in self.formats if form in _TABLE_FORMATS] or ["csv"]
        unit = Unit(TABLES_UNIT, (), settings=of_value([str(tables), forms]))
        return unit, _WriteTables(self.output, tables, tuple(forms))


@dataclass(frozen=True)
class _WriteTables:
    output: OutputRoot
    tables: Mapping[str, list[dict[str, Any]]]
    formats: tuple[TableFormat, ...]

    def __call__(self, _unit: Unit) -> Made:
        """Writes the tables, each in all formats."""
        outputs = tuple(
            self.output.write(f"{name}.{form}", partial(_write, rows, name, form))
            for name, rows in self.tables.items()
            for form in self.formats
        )
        counts = {f"rows_{name}": len(rows) for name, rows in self.tables.items()}
        return Made(outputs=outputs, metrics=counts)


def _write(rows: list[dict[str, Any]], name: str, form: TableFormat, path: Path) -> None:
    write_rows(rows, _SCHEMAS[name], path, form)


def _quality_row(unit: Row, remark: str) -> dict[str, Any]:
    about, counts = unit["details"], unit["metrics"]
    return {
        "file": unit["unit_id"],
        "station_id": about.get("station"),
        "model": about.get("model"),
        "cycle": _time(about["cycle"]) if "cycle" in about else None,
        "status": WRONG_PLACE if unit["error_type"] == WrongPlace.__name__ else unit["status"],
        "profiles": counts.get("profiles", 0),
        "levels": counts.get("levels", 0),
        "lost": counts.get("lost", 0),
        "losses": remark.removeprefix(LOST) or None,
        "error": _without_path(unit) or None,
    }


def _fetch_row(wanted: Wanted, item: Row | None, *, is_there: bool) -> dict[str, Any]:
    status, why, about = wanted.problem or (PRESENT if is_there else _MISSING), wanted.why, {}
    size = None
    if item is not None and not wanted.problem:
        status, why, about = fetch_status(_outcome(item)), item["error_message"], item["details"]
        size = sum(output[1] for output in item["outputs"]) or None
    return {
        "model": wanted.model,
        "cycle": wanted.cycle,
        "offices": " ".join(wanted.offices) or None,
        "station": wanted.station,
        "status": status,
        "distance_km": round(wanted.distance_km, 1),
        "bytes": size,
        "url": about.get("url"),
        "file": archive_path(wanted) if status in (FETCHED, PRESENT) else None,
        "message": why or None,
    }


def _without_path(unit: Row) -> str:
    """Returns a unit's error without its file, which lies elsewhere on another machine."""
    message: str = unit["error_message"]
    return message.partition(f"{unit['unit_id']}: ")[2] or message


def _outcome(item: Row) -> Outcome:
    return Outcome(
        item["unit_id"], item["status"], details=item["details"], error_type=item["error_type"]
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
