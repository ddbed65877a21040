"""What blocks leave behind until their file is whole: parts of its outputs, and a note on each.

They are called by the content of the file and by the settings, so that a later run may take them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa

from batchio.addresses.csv_write import Defuse, RowFormat, read_rows, write_rows
from batchio.fileset import STATE_FOLDER, read_bytes
from batchio.fingerprint import of_value
from batchio.output import Output, OutputRoot, is_there
from batchio.version import __version__
from transforms.addresses.blocks import BlockResult, block_of
from transforms.units import Unit

BLOCKS_FOLDER = f"{STATE_FOLDER}/blocks"


def part_name(unit: Unit) -> str:
    """Returns the path of a block's parts below the output root, but for their ends."""
    block, sha256 = block_of(unit)
    known_by = of_value([unit.unit_id, sha256, unit.settings, __version__])[:16]
    return f"{BLOCKS_FOLDER}/{known_by}/{block.start:015}-{block.end:015}"


def find_parts(root: OutputRoot, name: str) -> BlockResult | None:
    """Returns what is told of parts that are there, None if any is not."""
    path = f"{root.folder}{name}.json"
    try:
        result: BlockResult = json.loads(read_bytes(path, retries=root.retries))
    except FileNotFoundError:
        return None
    there = all(is_there(Output(*part), retries=root.retries) for part in result["parts"])
    return {**result, "from_before": True} if there else None


def leave_parts(
    root: OutputRoot,
    name: str,
    rows: tuple[pa.RecordBatch, pa.RecordBatch],
    result: BlockResult,
    *,
    forms: Sequence[RowFormat],
    defuse: Defuse,
) -> BlockResult:
    """Writes a block's rows, then what is told of them; returns that with the parts.

    Args:
        root: The root of all outputs.
        name: As `part_name` gives it.
        rows: The input's columns, and those found.
        result: What is told of the block.
        forms: How parts are written.
        defuse: Which texts in CSV are made sure to be no formulas.
    """
    output, start = replace(root, suffix=""), time.perf_counter()
    write = partial(write_rows, blocks=[rows], header=result["first_row"] == 0, defuse=defuse)
    parts = [output.write(f"{name}.{form}", partial(write, form=form)) for form in forms]
    told: BlockResult = {
        **result,
        "seconds": {**result["seconds"], "write": time.perf_counter() - start},
        "clock": (result["clock"][0], time.time()),
        "parts": [(part.path, part.size, part.sha256) for part in parts],
    }
    output.write(f"{name}.json", lambda path: path.write_text(json.dumps(told)))
    return told


def rows_of_parts(
    results: Sequence[BlockResult], columns: int
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Yields the rows of blocks whose parts are Parquet: the input's columns, and those found.

    Args:
        results: What is told of the blocks.
        columns: How many columns the input has.
    """
    for result in results:
        (part,) = result["parts"]
        table = read_rows(part[0]).combine_chunks()
        (rows,) = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        names = range(rows.num_columns)
        yield rows.select(list(names[:columns])), rows.select(list(names[columns:]))
