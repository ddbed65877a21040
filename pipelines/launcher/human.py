"""Says numbers, sizes, times and names the way a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

_STEP = 1000.0
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def count_text(count: int) -> str:
    """Returns a count with its thousands set apart: 4,210."""
    return f"{count:,}"


def size_text(size_bytes: float) -> str:
    """Returns a size in decimal units: 12.3 MB."""
    for unit in _UNITS:
        if abs(size_bytes) < _STEP or unit == _UNITS[-1]:
            break
        size_bytes /= _STEP
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"


def duration_text(seconds: float) -> str:
    """Returns a duration in its two largest units: 1 h 02 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def rate_text(per_minute: float) -> str:
    """Returns a rate of work: 4,210 units/min."""
    return f"{per_minute:,.0f} units/min" if per_minute >= 10 else f"{per_minute:.1f} units/min"


def time_text(iso_time: str) -> str:
    """Returns a time of the ledger to the second: 2024-05-01 12:30:05."""
    return iso_time[:19].replace("T", " ")


def plural(count: int, noun: str) -> str:
    """Returns a count with its noun: 1 unit, 2 units."""
    return f"{count_text(count)} {noun}" if count == 1 else f"{count_text(count)} {noun}s"


def one_line(text: str) -> str:
    """Returns a text fit for one line of a terminal: control characters written out."""
    return "".join(c if c.isprintable() else _written_out(c) for c in text.rstrip())


def _written_out(character: str) -> str:
    return " " if character in "\n\t" else character.encode("unicode_escape").decode()


def table_text(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Returns rows of text as a table with aligned columns."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
