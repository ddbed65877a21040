"""The steps of a file: planned, worked in blocks of rows, joined.

Each is a unit with the file's own name whose details tell, as JSON, what is to be done. A file of
one block is done in its first step. Between steps no row travels, but where blocks begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypedDict

from batchio.addresses.csv_dialect import Dialect
from batchio.addresses.csv_plan import Plan
from batchio.addresses.csv_read import Block
from batchio.fileset import FileRef
from batchio.records import COMPLETED, FAILED, Outcome
from transforms.units import Unit

BLOCKS = "blocks"
BLOCK = "block"
RESULT = "result"
JOIN = "join"
_STEP_WEIGHS_BYTES = 4096


class BlockResult(TypedDict):
    """What a block left behind, and what is told of it.

    ``parts`` are path, size and SHA-256 of an output for each format. ``seconds`` are by stage;
    ``clock`` is when the work began and ended, in seconds of Unix time.
    """

    first_row: int
    rows: int
    statuses: dict[str, int]
    seconds: dict[str, float]
    busy_s: float
    batches: int
    device: str
    clock: tuple[float, float]
    from_before: bool
    parts: list[tuple[str, int, str]]


def plan_details(plan: Plan) -> dict[str, Any]:
    """Returns what a plan says, as details of a file's unit."""
    cuts = [[b.start, b.end, b.first_row, b.rows, b.open_quote] for b in plan.blocks]
    dialect = asdict(plan.blocks[0].dialect)
    return {BLOCKS: {"sha256": plan.sha256, "dialect": dialect, "cuts": cuts}}


def is_planned(outcome: Outcome) -> bool:
    """Tells whether a file is to be worked in blocks."""
    return outcome.status == COMPLETED and BLOCKS in outcome.details


def block_units(planned: Outcome) -> Iterator[Unit]:
    """Yields a unit for each block of a file."""
    plan = planned.details[BLOCKS]
    about = {"sha256": plan["sha256"], "dialect": plan["dialect"], "count": len(plan["cuts"])}
    for cut in plan["cuts"]:
        yield _step(planned, {BLOCK: {**about, "cut": cut}})


def block_of(unit: Unit) -> tuple[Block, str]:
    """Returns the block of a unit, and the SHA-256 of the whole file."""
    details = unit.details[BLOCK]
    return Block(dialect_of(details["dialect"]), *details["cut"]), details["sha256"]


def dialect_of(details: Mapping[str, Any]) -> Dialect:
    """Returns a dialect from its JSON."""
    return Dialect(**{**details, "columns": tuple(details["columns"])})


def weigh(unit: Unit) -> float:
    """Weighs a step by the bytes that it reads, and by what it costs beside them."""
    if BLOCK in unit.details:
        start, end, *_ = unit.details[BLOCK]["cut"]
        return float(_STEP_WEIGHS_BYTES + end - start)
    return float(_STEP_WEIGHS_BYTES + unit.size)


def after_blocks(blocks: Iterable[Outcome]) -> Unit | Outcome | None:
    """Returns what follows when all blocks of a file that could be worked have been.

    That is the joining, or the file's failure if one failed. Nothing follows if the run was stopped
    before the last.
    """
    known = sorted(blocks, key=lambda outcome: outcome.details[BLOCK]["cut"])
    for outcome in known:
        if outcome.status == FAILED:
            return ended(outcome)
    about = known[0].details[BLOCK]
    if len(known) < about["count"]:
        return None
    results = [outcome.details[RESULT] for outcome in known]
    whole = {"sha256": about["sha256"], "dialect": about["dialect"], "results": results}
    return _step(known[0], {JOIN: whole})


def ended(outcome: Outcome) -> Outcome:
    """Returns the last outcome of a file as it is recorded: without what only steps know."""
    steps = (BLOCKS, BLOCK, RESULT, JOIN)
    details = {name: value for name, value in outcome.details.items() if name not in steps}
    return outcome._replace(details=details)


def _step(outcome: Outcome, details: dict[str, Any]) -> Unit:
    return Unit(
        outcome.unit_id,
        tuple(FileRef(file.path, file.size, file.mtime) for file in outcome.files),
        outcome.settings_fingerprint,
        details,
        reason=outcome.reason,
        attempt=outcome.attempt,
    )
