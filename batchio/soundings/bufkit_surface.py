"""The surface section of a BUFKIT file: rows of near-ground values, each with its valid time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from batchio.soundings.bufkit_blocks import bare_number, convert, read_number, read_time, show
from batchio.soundings.bufkit_columns import MISSING_BELOW
from batchio.soundings.bufkit_text import Span, Text
from batchio.soundings.profiles import SurfaceTable, Values

_ROW = re.compile(rb"^[ \t]*(\d\S*)[ \t]+(\d{6}/\d{4})\s", re.M)
_NO_SYMBOL = 999.0  # of WSYM
_PART = "surface row"


@dataclass(eq=False, slots=True)
class _Row:
    start: int
    station: str
    time: datetime
    columns: tuple[str, ...]  # without station and time
    tokens: list[bytes]
    values: dict[str, float] = field(default_factory=dict)


def read_surface(text: Text, spans: Iterable[Span], number: str) -> SurfaceTable:
    """Returns the rows that are whole, those of all spans together, in the order of time.

    Args:
        text: The file, which is told what is lost.
        spans: Where the surface sections are.
        number: Of the station; rows of another one are left out.
    """
    rows: dict[datetime, _Row] = {}
    for row in (row for span in spans for row in _read_rows(text, span)):
        if bare_number(row.station) != bare_number(number):
            text.lose(row.start, _PART, f"is of station {show(row.station)}, not {number}")
        elif row.time in rows:
            text.lose(row.start, _PART, f"its time {row.time:%Y-%m-%d %H:%M} was there before")
        else:
            rows[row.time] = row
    return _to_table([rows[time] for time in sorted(rows)])


def _read_rows(text: Text, span: Span) -> list[_Row]:
    marks = list(_ROW.finditer(text.data, span.start, span.end))
    header = text.data[span.start : marks[0].start() if marks else span.end].split()
    columns = tuple(word.decode("latin-1") for word in header[2:])
    if not marks or len(set(columns)) < len(columns):
        cause = "names a column twice" if marks else "has no rows"
        text.lose(span.start, "surface section", cause)
        return []
    ends = [match.start() for match in marks[1:]] + [span.end]
    rows = []
    for match, end in zip(marks, ends, strict=True):
        tokens = text.data[match.end() : end].split()
        if len(tokens) > len(columns):
            tokens = _lose_what_follows(text, Span(match.end(), end), tokens[: len(columns)])
        if len(tokens) != len(columns):
            cause = f"has {len(tokens)} values, not {len(columns)}"
            text.lose(match.start(), _PART, cause)
            continue
        try:
            time = read_time(match[2].decode("latin-1"))
        except ValueError as error:
            text.lose(match.start(), _PART, str(error))
            continue
        station = match[1].decode("latin-1")
        rows.append(_Row(match.start(), station, time, columns, tokens))
    return _give_values(text, rows)


def _lose_what_follows(text: Text, span: Span, tokens: list[bytes]) -> list[bytes]:
    """Returns the row's tokens if they end with a line; all tokens of the span if they do not."""
    lines = text.data[span.start : span.end].splitlines(keepends=True)
    left, position = len(tokens), span.start
    for line in lines:
        if left == 0 and line.strip():
            text.lose(position, _PART, f"{show(line.strip().decode('latin-1'))} begins no row")
            return tokens
        left -= len(line.split())
        position += len(line)
    return text.data[span.start : span.end].split()


def _give_values(text: Text, rows: Sequence[_Row]) -> list[_Row]:
    tokens = [token for row in rows for token in row.tokens]
    values = convert(tokens)
    if not rows:
        return []
    if values is not None:
        values[values <= MISSING_BELOW] = np.nan
        for row, part in zip(rows, values.reshape(len(rows), -1).tolist(), strict=True):
            row.values = dict(zip(row.columns, part, strict=True))
        return list(rows)
    whole = []
    for row in rows:
        try:
            row.values = dict(zip(row.columns, map(_read_number, row.tokens), strict=True))
        except ValueError as error:
            text.lose(row.start, _PART, str(error))
            continue
        whole.append(row)
    return whole


def _read_number(token: bytes) -> float:
    return read_number(token.decode("latin-1"))


def _to_table(rows: Sequence[_Row]) -> SurfaceTable:
    time = np.array([row.time.replace(tzinfo=None) for row in rows], "datetime64[s]")
    interval_s = np.full(len(rows), np.nan)
    interval_s[1:] = np.diff(time).astype(np.float64)
    names = list(dict.fromkeys(name for row in rows for name in row.columns))
    columns: dict[str, Values] = {
        name: np.array([row.values.get(name, np.nan) for row in rows], np.float64) for name in names
    }
    if "WSYM" in columns:
        columns["WSYM"][columns["WSYM"] == _NO_SYMBOL] = np.nan
    if "VSBK" in columns:  # HRRR writes -10 where it has none
        columns["VSBK"][columns["VSBK"] < 0] = np.nan
    return SurfaceTable(time, interval_s, columns)
