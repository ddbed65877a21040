"""Reads units: a run's list of them, one of them with all that is known of it, its pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from batchio.errors import UsageError
from batchio.fileset import is_local, local_path
from batchio.ledger_schema import files, runs, units
from batchio.ledger_view import Row
from batchio.storable import storable
from pipelines.dashboard.models import (
    InputLine,
    OutputLine,
    PastLine,
    UnitDetail,
    UnitLine,
    Units,
)
from pipelines.dashboard.sources import Source
from pipelines.launcher.failures import failure_of

UNITS_A_PAGE = 50
_LISTED = 200  # inputs, outputs
_RUNS_OF_A_UNIT = 50
_MESSAGE_CHARACTERS = 300
_PICTURE_BYTES = 20_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def list_units(
    source: Source, run_id: str, *, status: str = "", text: str = "", after: str = ""
) -> Units:
    """Returns a page of a run's units by name.

    Args:
        source: The ledger.
        run_id: The run.
        status: Units of this status only.
        text: Units only whose name or message holds this, in capitals or not.
        after: The last unit of the page before.
    """
    table = units.c
    query = sa.select(
        table.unit_id,
        table.status,
        table.attempt,
        table.seconds,
        table.step,
        sa.func.substr(table.error_message, 1, _MESSAGE_CHARACTERS).label("message"),
        table.recorded,
    ).where(table.run_id == run_id)
    if status:
        query = query.where(table.status == status)
    if text:
        held = (column.icontains(storable(text), autoescape=True) for column in _SEARCHED)
        query = query.where(sa.or_(*held))
    if after:
        query = query.where(table.unit_id > storable(after))
    query = query.order_by(table.unit_id).limit(UNITS_A_PAGE + 1)
    rows = source.view.transact(lambda db: db.execute(query).mappings().all())
    page = [UnitLine.model_validate({**row}) for row in rows[:UNITS_A_PAGE]]
    return Units(units=page, next_after=page[-1].unit_id if len(rows) > UNITS_A_PAGE else None)


_SEARCHED = (units.c.unit_id, units.c.error_message)


def read_unit(source: Source, pipeline: str, unit_id: str, run_id: str = "") -> UnitDetail:
    """Returns what is known of a unit: as the named run left it, or the newest one.

    Raises:
        UsageError: There is no such unit, or the run did not work it.
    """
    past = _past(source, pipeline, unit_id, run_id)
    if not past:
        raise UsageError(
            "no run has worked this unit",
            path=unit_id,
            step="page",
            action="begin at the list of runs",
        )
    row = _row(source, pipeline, unit_id, run_id or past[0].run_id)
    run = source.known_run(row["run_id"])
    inputs = _inputs(source, run, row["unit_id"])
    message = row["error_message"]
    row["file"] = next((i.path for i in inputs if message.startswith(f"{i.path}: ")), "")
    failure = failure_of(row)
    outputs = json.loads(row["outputs"])
    return UnitDetail(
        ledger=source.key,
        file=failure.file,
        cause=failure.cause,
        action=failure.action,
        metrics=json.loads(row["metrics"]),
        details=json.loads(row["details"]),
        inputs=inputs[:_LISTED],
        inputs_count=len(inputs),
        outputs=_outputs(source, row, outputs[:_LISTED]),
        outputs_count=len(outputs),
        history=past,
        **{name: row[name] for name in _AS_STORED},
    )


_AS_STORED = (
    "pipeline",
    "run_id",
    "unit_id",
    "status",
    "attempt",
    "reason",
    "step",
    "error_type",
    "traceback",
    "seconds",
    "started",
    "recorded",
)


def read_picture(source: Source, run_id: str, unit_id: str, index: int) -> bytes:
    """Returns the bytes of a recorded output that is a PNG below its run's output root.

    The path comes from the ledger alone. It is resolved first, so that no link leads elsewhere.

    Raises:
        UsageError: There is no such picture.
    """
    run = source.known_run(run_id)
    row = _row(source, run["pipeline"], unit_id, run_id)
    outputs = json.loads(row["outputs"])
    found = None
    if 0 <= index < len(outputs) and _may_be_picture(outputs[index][0]):
        found = _read_below(run["output"], outputs[index][0])
    if found is None or not found.startswith(_PNG):
        raise UsageError(
            f"output {index} is no picture that is there",
            path=unit_id,
            step="page",
            action="look at the unit's page",
        )
    return found


def _read_below(root: str, path: str) -> bytes | None:
    try:
        file = Path(local_path(path)).resolve(strict=True)
        below = file.is_relative_to(Path(local_path(root)).resolve(strict=True))
        if not below or not file.is_file() or file.stat().st_size > _PICTURE_BYTES:
            return None
        return file.read_bytes()
    except (OSError, RuntimeError, ValueError):  # gone, a loop of links, a NUL in its name
        return None


def _may_be_picture(path: str) -> bool:
    return is_local(local_path(path)) and path.lower().endswith(".png")


def _past(source: Source, pipeline: str, unit_id: str, run_id: str) -> list[PastLine]:
    """Returns the runs that worked a unit for one output: that of the named or the newest run."""
    table = units.c
    of_unit = (table.pipeline == pipeline) & (table.unit_id == storable(unit_id))
    query = (
        sa.select(
            table.run_id,
            table.status,
            table.attempt,
            table.reason,
            table.seconds,
            table.recorded,
            runs.c.output,
        )
        .join(runs, runs.c.run_id == table.run_id)
        .where(of_unit)
        .order_by(table.recorded.desc())
    )
    rows = source.view.transact(lambda db: db.execute(query).mappings().all())
    chosen = next((row for row in rows if run_id in ("", row["run_id"])), None)
    if chosen is None:
        return []
    same = [row for row in rows if row["output"] == chosen["output"]]
    return [PastLine.model_validate({**row}) for row in same[:_RUNS_OF_A_UNIT]]


def _row(source: Source, pipeline: str, unit_id: str, run_id: str) -> dict[str, Any]:
    query = sa.select(units).where(
        units.c.pipeline == pipeline,
        units.c.unit_id == storable(unit_id),
        units.c.run_id == run_id,
    )
    row = source.view.transact(lambda db: db.execute(query).mappings().first())
    if row is None:
        raise UsageError(
            f"{run_id} did not work this unit",
            path=unit_id,
            step="page",
            action="begin at the list of runs",
        )
    return {**row}


def _inputs(source: Source, run: Row, unit_id: str) -> list[InputLine]:
    query = (
        sa.select(files)
        .where(
            files.c.pipeline == run["pipeline"],
            files.c.unit_id == unit_id,
            files.c.output == run["output"],
        )
        .order_by(files.c.path)
    )
    rows = source.view.transact(lambda db: db.execute(query).mappings().all())
    return [InputLine.model_validate({**row}) for row in rows]


def _outputs(source: Source, row: Row, outputs: Sequence[Sequence[Any]]) -> list[OutputLine]:
    lines = []
    for index, (path, size, sha256) in enumerate(outputs):
        question = urlencode({"unit": row["unit_id"], "index": index})
        address = f"/ledgers/{source.key}/runs/{row['run_id']}/picture?{question}"
        picture = address if _may_be_picture(path) else None
        lines.append(OutputLine(path=path, size=size, sha256=sha256, picture=picture))
    return lines
