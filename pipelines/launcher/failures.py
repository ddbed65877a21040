"""Tells a failed unit in one line, and what a waiting unit waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from batchio.ledger_schema import files, runs, units
from batchio.ledger_view import LedgerView, Row
from batchio.records import FAILED
from pipelines.launcher.human import one_line


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that failed: which, in which file, at which step, why, and what to do."""

    unit: str
    file: str
    step: str
    cause: str
    action: str
    error_type: str
    attempt: int

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file or self.unit, self.step, self.cause) if part)
        return one_line(f"{where}; {self.action}" if self.action else where)


def failed_units(view: LedgerView, run_id: str, *, limit: int, newest: bool = False) -> list[Row]:
    """Returns the rows of failed units, each with the `file` that its message begins with.

    Args:
        view: The ledger of the run.
        run_id: The run.
        limit: How many units at most.
        newest: Take the latest, oldest of them first; else the first in the order of units.
    """
    head = files.c.path + ": "
    named = sa.and_(
        files.c.pipeline == units.c.pipeline,
        files.c.output == runs.c.output,
        files.c.unit_id == units.c.unit_id,
        sa.func.substr(units.c.error_message, 1, sa.func.length(head)) == head,
    )
    query = (
        sa.select(units, files.c.path.label("file"))
        .select_from(units.join(runs, runs.c.run_id == units.c.run_id).outerjoin(files, named))
        .where(units.c.run_id == run_id, units.c.status == FAILED)
        .order_by(units.c.recorded.desc() if newest else units.c.unit_id)
        .limit(limit)
    )
    rows: list[Row] = view.transact(lambda db: [{**row} for row in db.execute(query).mappings()])
    return rows[::-1] if newest else rows


def failure_of(row: Row) -> Failure:
    """Returns the failure that a row of `failed_units` tells of.

    Its message is `path: cause; action`, path and action only where they are known.
    """
    message = str(row["error_message"])
    if row["file"]:
        message = message[len(f"{row['file']}: ") :]
    cause, separator, action = message.rpartition("; ")
    if not separator:
        cause, action = message, ""
    return Failure(
        row["unit_id"],
        row["file"] or "",
        row["step"],
        cause,
        action,
        row["error_type"],
        row["attempt"],
    )


def waiting_for(unit: Row) -> str:
    """Returns in words what a unit waits for, as far as its row tells."""
    told = unit["error_message"] or unit["reason"] or _missing(unit["details"])
    return one_line(str(told).removeprefix(f"{unit['status']}: "))


def _missing(details: Mapping[str, Any]) -> str:
    missing = details.get("missing_fields") or []
    return f"{', '.join(missing)} missing" if missing else ""
