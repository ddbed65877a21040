"""Adds up the units of a run while they stream into its table."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from batchio.ledger_view import Row
from batchio.records import INCOMPLETE, PENDING
from pipelines.launcher.failures import waiting_for

LISTED = 1000  # units of a kind in the report; the table has all
_STEP_PREFIX = "seconds_"

_AS_IS = (
    "unit_id",
    "status",
    "reason",
    "attempt",
    "step",
    "error_type",
    "error_message",
    "seconds",
    "started",
    "recorded",
    "version",
    "input_fingerprint",
    "settings_fingerprint",
)
CSV_COLUMNS = (*_AS_IS, "output_bytes", "outputs", "metrics", "details")


@dataclass(slots=True)
class Tally:
    """Totals of a run's units, and the first of those that a person must see."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    step_seconds: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    outputs: int = 0
    output_bytes: int = 0
    incomplete: list[dict[str, Any]] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)
    _paths: set[str] = field(default_factory=set)

    def counted(self, units: Iterable[Row]) -> Iterator[Row]:
        """Yields the units on, each added up."""
        for unit in units:
            self.add(unit)
            yield unit

    def add(self, unit: Row) -> None:
        """Adds a unit."""
        self.statuses[unit["status"]] += 1
        if unit["reason"] and unit["status"] not in (INCOMPLETE, PENDING):
            self.reasons[unit["reason"].partition(":")[0]] += 1
        self.seconds += unit["seconds"]
        for name, value in unit["metrics"].items():
            if name.startswith(_STEP_PREFIX) and isinstance(value, int | float):
                step = name.removeprefix(_STEP_PREFIX)
                self.step_seconds[step] = self.step_seconds.get(step, 0.0) + value
        for path, size, _ in unit["outputs"]:
            if path not in self._paths:  # units that share an output give it once
                self._paths.add(path)
                self.outputs += 1
                self.output_bytes += size
        self._list(unit)

    def _list(self, unit: Row) -> None:
        if unit["status"] == INCOMPLETE and len(self.incomplete) < LISTED:
            self.incomplete.append(_waiting(unit))
        elif unit["status"] == PENDING and len(self.pending) < LISTED:
            self.pending.append(_waiting(unit))


def write_units_csv(units: Iterable[Row], path: Path) -> None:
    """Writes the table of units, one at a time."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(CSV_COLUMNS)
        as_is = itemgetter(*_AS_IS)
        for unit in units:
            table.writerow(
                [
                    *as_is(unit),
                    _bytes_of(unit),
                    _json([output[0] for output in unit["outputs"]]),
                    _json(unit["metrics"]),
                    _json(unit["details"]),
                ]
            )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else "{}" if value == {} else "[]"


def _waiting(unit: Row) -> dict[str, Any]:
    return {
        "unit": unit["unit_id"],
        "waiting_for": waiting_for(unit),
        "details": unit["details"],
    }


def _bytes_of(unit: Row) -> int:
    return sum(output[1] for output in unit["outputs"])
