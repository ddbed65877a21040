"""The matches of a block of addresses with a reference list, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_read import read_block
from batchio.errors import InputError, doing
from transforms.addresses.address_text import address_texts, find_columns
from transforms.addresses.device import CPU, Device
from transforms.addresses.match import MatchSettings, Reference, dedupe, make_reference, match

_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True, eq=False)
class ReferenceList:
    """A reference list as it was read: what is matched against, and what is told of a match."""

    reference: Reference
    texts: pa.StringArray


def check_reference(path: str, columns: tuple[str, ...]) -> None:
    """Checks that a reference list can be read and has its columns.

    Raises:
        InputError: It cannot be read, or has no column of a name.
    """
    step = "reference list"
    try:
        plan = plan_blocks(path, _BLOCK_BYTES)
    except OSError as error:
        cause = f"cannot be read: {error.strerror or error}"
        raise InputError(cause, path=path, step=step, action="check --match") from error
    names = plan.blocks[0].dialect.columns
    with doing(step, path):
        find_columns(names, columns, option="--match_columns")


def read_reference(path: str, columns: tuple[str, ...], device: Device = CPU) -> ReferenceList:
    """Returns the addresses of a CSV in the form that is matched against.

    Args:
        path: Path or URL.
        columns: Names of the columns that make an address together.
        device: What searches.

    Raises:
        InputError: It cannot be read, or has no column of a name.
    """
    texts = []
    for block in plan_blocks(path, _BLOCK_BYTES).blocks:
        table = read_block(path, block).table
        texts.append(address_texts(table, find_columns(table.schema.names, columns)))
    addresses = pa.chunked_array(texts).combine_chunks()
    return ReferenceList(make_reference(addresses.to_pylist(), device=device), addresses)


def match_columns(
    texts: pa.StringArray, listed: ReferenceList, top_k: int, min_score: float
) -> dict[str, pa.Array]:
    """Returns row (from 1), address and score of the best matches of each text, best first.

    Columns are named `match_1_row`, `match_1_address`, `match_1_score`, `match_2_row` and so on;
    null where there are not so many.
    """
    found = match(texts.to_pylist(), listed.reference, MatchSettings(top_k, min_score))
    rank = np.arange(len(found.row)) - np.searchsorted(found.row, found.row)
    columns: dict[str, pa.Array] = {}
    for place in range(top_k):
        chosen = rank == place
        row = np.full(len(texts), -1, np.int64)
        score = np.full(len(texts), np.nan)
        row[found.row[chosen]] = found.reference[chosen]
        score[found.row[chosen]] = found.score[chosen]
        rows = pa.array(row, mask=row < 0)
        columns[f"match_{place + 1}_row"] = pa.array(row + 1, mask=row < 0)
        columns[f"match_{place + 1}_address"] = listed.texts.take(rows)
        columns[f"match_{place + 1}_score"] = pa.array(score, from_pandas=True)
    return columns


def duplicate_columns(
    texts: pa.StringArray, min_score: float, device: Device = CPU
) -> dict[str, pa.Array]:
    """Returns the group of each row, named by its first row (from 1), and the row it is like."""
    found = dedupe(texts.to_pylist(), min_score, device=device)
    unlike = found.like < 0
    return {
        "duplicate_group": pa.array(found.group + 1),
        "duplicate_of": pa.array(found.like + 1, mask=unlike),
        "duplicate_score": pa.array(found.score, mask=unlike),
    }
