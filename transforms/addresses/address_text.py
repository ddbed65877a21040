"""The text of each row's address: one column, or several joined."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from batchio.errors import InputError

BETWEEN = ", "
_TOLD = 20  # columns of a file that lacks one


def find_columns(
    names: Sequence[str],
    wanted: Sequence[str],
    option: str = "--address_column or --address_columns",
) -> list[int]:
    """Returns where columns stand, by their names; capitals count only where they have to.

    Args:
        names: Of all columns.
        wanted: Of those to find.
        option: What names them on the command line.

    Raises:
        InputError: There is none of a name, or more than one.
    """
    return [_find_column(names, name, option) for name in wanted]


def _find_column(names: Sequence[str], wanted: str, option: str) -> int:
    for key in (str, str.casefold):
        found = [at for at, name in enumerate(names) if key(name) == key(wanted)]
        if len(found) == 1:
            return found[0]
    told = ", ".join(names[:_TOLD]) + (", ..." if len(names) > _TOLD else "")
    raise InputError(
        f"has no column {wanted!r}, but {told}",
        step="find columns",
        action=f"name its columns with {option}",
    )


def address_texts(table: pa.RecordBatch, columns: Sequence[int]) -> pa.StringArray:
    """Returns the fields of some columns joined with a comma, without those that are blank."""
    if len(columns) == 1:
        return table.column(columns[0])
    return join_filled([pc.utf8_trim_whitespace(table.column(c)) for c in columns], BETWEEN)


def join_filled(columns: Sequence[pa.StringArray], between: str) -> pa.StringArray:
    """Returns the texts of each row joined, without those that are empty or null."""
    filled = [pc.if_else(pc.equal(column, ""), None, column) for column in columns]
    # Arrow, where it skips nulls, drops a row that has nothing else.
    filled[0] = pc.if_else(pc.is_null(pc.coalesce(*filled)), "", filled[0])
    return pc.binary_join_element_wise(*filled, between, null_handling="skip")
