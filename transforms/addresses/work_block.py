"""Works a block of rows: from its bytes to the columns that stand behind the input's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa

from batchio.addresses.csv_read import Block, read_block
from transforms.addresses.blocks import BlockResult
from transforms.addresses.describe import Reading, describe
from transforms.addresses.device import BATCH_ROWS, Device, DeviceChoice, choose_device
from transforms.addresses.tagger import Tagger


@dataclass(frozen=True)
class MatchChoice:
    """The list that addresses are matched with.

    Attributes:
        reference: A CSV, path or URL.
        columns: Names of its columns that make an address together.
        top_k: How many rows of it an address gets at most.
        min_score: From which score on, 0 to 1.
    """

    reference: str
    columns: tuple[str, ...]
    top_k: int = 1
    min_score: float = 0.6


@dataclass(frozen=True)
class Choice:
    """What is found out about rows, and by what.

    Attributes:
        reading: How rows are read as addresses.
        match: The list they are matched with, if any.
        device: What works them.
        dedupe: The score from which on two rows of a file are the same place; None not to look.
        batch_rows: How many addresses a GPU is given at once.
    """

    reading: Reading
    match: MatchChoice | None = None
    dedupe: float | None = None
    device: DeviceChoice = "auto"
    batch_rows: int = BATCH_ROWS


class WorkedBlock(NamedTuple):
    """The rows of a block, what was found out about them, and their addresses."""

    given: pa.RecordBatch
    found: pa.RecordBatch
    texts: pa.StringArray
    result: BlockResult


def work_block(path: str, block: Block, choice: Choice) -> WorkedBlock:
    """Returns the rows of a block with all that is found out about them.

    Raises:
        InputError: The file has changed, or has no column of a name.
        CannotRun: A GPU is asked for and cannot be used.
    """
    device = choose_device(choice.device, choice.batch_rows)
    began, busy_before, batches_before = time.time(), device.busy_s(), device.load.batches
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        rows = read_block(path, block)
    description = describe(rows, choice.reading, _tagger(device))
    seconds |= description.seconds
    columns = dict(zip(description.table.schema.names, description.table.columns, strict=True))
    if choice.match is not None:
        with _timed(seconds, "match"):
            columns |= _matches(description.texts, choice.match, device)
    columns["raw_row"] = rows.raw
    result = BlockResult(
        first_row=block.first_row,
        rows=block.rows,
        statuses=dict(description.statuses),
        seconds=seconds,
        busy_s=device.busy_s() - busy_before,
        batches=device.load.batches - batches_before,
        device=device.name,
        clock=(began, time.time()),
        from_before=False,
        parts=[],
    )
    found = pa.RecordBatch.from_pydict(columns)
    return WorkedBlock(rows.table, found, description.texts, result)


def _matches(texts: pa.StringArray, choice: MatchChoice, device: Device) -> dict[str, pa.Array]:
    from transforms.addresses import match_columns  # needs the extra [match]

    listed = _reference(choice, device)
    return match_columns.match_columns(texts, listed, choice.top_k, choice.min_score)


def duplicates(texts: pa.StringArray, choice: Choice) -> dict[str, pa.Array]:
    """Returns columns that tell which rows of a whole file are the same place."""
    from transforms.addresses import match_columns  # needs the extra [match]

    device = choose_device(choice.device, choice.batch_rows)
    return match_columns.duplicate_columns(texts, choice.dedupe or 0.0, device)


@cache
def _tagger(device: Device) -> Tagger:
    return Tagger(device=device)


@cache
def _reference(choice: MatchChoice, device: Device) -> Any:
    from transforms.addresses import match_columns

    return match_columns.read_reference(choice.reference, choice.columns, device)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
