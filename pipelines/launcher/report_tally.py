"""Adds up the units of a run while they stream into its table."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from batchio.ledger_schema import units as units_table
from batchio.ledger_view import UnitRow
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

# By place, which is ten times as fast as by name, and there may be a million rows.
_place_of = units_table.c.keys().index
_STATUS, _REASON, _SECONDS = map(_place_of, ("status", "reason", "seconds"))
_OUTPUTS, _METRICS, _DETAILS = map(_place_of, ("outputs", "metrics", "details"))
_copied = itemgetter(*map(_place_of, _AS_IS))


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
    _outputs: set[str] = field(default_factory=set)

    def counted(self, units: Iterable[UnitRow]) -> Iterator[UnitRow]:
        """Yields the units on, each added up."""
        for unit in units:
            self.add(unit)
            yield unit

    def add(self, unit: UnitRow) -> None:
        """Adds a unit."""
        status, reason, outputs = unit[_STATUS], unit[_REASON], unit[_OUTPUTS]
        self.statuses[status] += 1
        self.seconds += unit[_SECONDS]
        if unit[_METRICS] != "{}":
            self._add_metrics(json.loads(unit[_METRICS]))
        if outputs not in self._outputs:  # units of a pack share theirs
            self._outputs.add(outputs)
            files = json.loads(outputs)
            self.outputs += len(files)
            self.output_bytes += sum(file[1] for file in files)
        if status in (INCOMPLETE, PENDING):
            waiting = self.incomplete if status == INCOMPLETE else self.pending
            if len(waiting) < LISTED:
                waiting.append(_waiting(unit))
        elif reason:
            self.reasons[reason.partition(":")[0]] += 1

    def _add_metrics(self, metrics: dict[str, Any]) -> None:
        for name, value in metrics.items():
            if name.startswith(_STEP_PREFIX) and isinstance(value, int | float):
                step = name.removeprefix(_STEP_PREFIX)
                self.step_seconds[step] = self.step_seconds.get(step, 0.0) + value


def write_units_csv(units: Iterable[UnitRow], path: Path) -> None:
    """Writes the table of units, one at a time."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(CSV_COLUMNS)
        for unit in units:
            size, paths = _outputs_of(unit[_OUTPUTS])
            about = (size, paths, _readable(unit[_METRICS]), _readable(unit[_DETAILS]))
            table.writerow((*_copied(unit), *about))


def _waiting(unit: UnitRow) -> dict[str, Any]:
    row = {**unit._mapping, "details": json.loads(unit.details)}
    return {
        "unit": row["unit_id"],
        "waiting_for": waiting_for(row),
        "details": row["details"],
    }


@lru_cache(maxsize=64)
def _outputs_of(text: str) -> tuple[int, str]:
    """Returns the bytes of outputs, and their paths as JSON."""
    outputs = json.loads(text)
    paths = json.dumps([output[0] for output in outputs], ensure_ascii=False)
    return sum(output[1] for output in outputs), paths


def _readable(text: str) -> str:
    """Returns JSON with its letters as they are."""
    return json.dumps(json.loads(text), ensure_ascii=False) if "\\u" in text else text
