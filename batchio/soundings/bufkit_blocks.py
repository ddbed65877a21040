"""The sounding blocks of a BUFKIT file: heads one by one, the levels of all in one conversion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import groupby

import numpy as np

from batchio.soundings.bufkit_columns import LEVEL_COLUMNS, MISSING_BELOW, Column
from batchio.soundings.bufkit_text import BufkitError, Span, Text
from batchio.soundings.profiles import Station, Values

NEEDED = ("PRES", "TMPC", "HGHT")

_STATION_KEYS = frozenset(("STID", "STNM", "TIME", "SLAT", "SLON", "SELV", "STIM"))
# The value may be empty: archived GFS files say `STID = STNM = 725460`.
# Words have an end, so that a megabyte of letters takes no longer than one of anything else.
_PAIR = re.compile(
    r"(?<![A-Z0-9])([A-Z][A-Z0-9]{0,15})[ \t]*=[ \t]*((?:(?![A-Z][A-Z0-9]{0,15}[ \t]*=)\S+)?)"
)
_FIRST_NUMBER = re.compile(rb"^[ \t]*[-+.]?\d", re.M)
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)/(\d\d)(\d\d)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_MAX_NUMBER = 30  # characters: longer ones are damage
_NO_COLUMN = Column("", "")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the levels of a block."""

    station: Station
    time: datetime
    forecast_hour: int
    indices: Mapping[str, float]
    columns: tuple[str, ...]  # empty where the block has no header of its own

    @property
    def cycle(self) -> datetime:
        """The start of the model run."""
        return self.time - timedelta(hours=self.forecast_hour)


@dataclass(eq=False, slots=True)
class Block:
    """A block whose head is whole."""

    start: int
    head: Head
    columns: tuple[str, ...]
    tokens: list[bytes] = field(repr=False)
    body: Span
    values: Values = field(default_factory=lambda: np.empty((0, 0)))  # (level, column)

    @property
    def part(self) -> str:
        """What the block is called where it is lost."""
        return f"sounding of hour {self.head.forecast_hour}"


def read_time(text: str) -> datetime:
    """Returns the time that ``YYMMDD/HHMM`` states, in UTC.

    Raises:
        ValueError: It states none.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{show(text)} is no time YYMMDD/HHMM")
    year, month, day, hour, minute = map(int, match.groups())
    year += 2000 if year < 70 else 1900
    try:
        return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
    except ValueError as error:
        raise ValueError(f"{show(text)} is no time: {error}") from error


def show(token: str) -> str:
    """Returns a piece of the text as a message may quote it."""
    return repr(token[:40])


def read_number(token: str) -> float:
    """Returns the number, NaN where it says that it is missing.

    Raises:
        ValueError: It is none.
    """
    if len(token) > _MAX_NUMBER or not _NUMBER.fullmatch(token):
        raise ValueError(f"{show(token)} is no number")
    value = float(token)
    return value if value > MISSING_BELOW else float("nan")


def bare_number(number: str) -> str:
    """Returns a station's number without leading zeros, which may be dropped."""
    return number.lstrip("0")


def convert(tokens: Sequence[bytes]) -> Values | None:
    """Returns the numbers of all tokens, as written; None where one is none."""
    if b"_" in b"".join(tokens):  # NumPy lets `1_0` pass
        return None
    try:
        values = np.array(tokens, np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def read_blocks(text: Text, spans: Iterable[Span], columns: tuple[str, ...]) -> list[Block]:
    """Returns the blocks that are whole, with their levels, in the order of the file.

    A block without levels is kept, and reported; all others that are not whole are left out.

    Args:
        text: The file, which is told what is lost.
        spans: Where the blocks are.
        columns: Of the levels, where a block has no header of its own.
    """
    blocks = [block for span in spans if (block := _read_head(text, span, columns)) is not None]
    blocks = [block for block in blocks if _has_whole_rows(text, block)]
    whole: list[Block] = []
    for names, alike in groupby(blocks, key=lambda block: block.columns):
        whole += _read_levels(text, list(alike), names)
    return whole


def _read_head(text: Text, span: Span, columns: tuple[str, ...]) -> Block | None:
    first = _FIRST_NUMBER.search(text.data, span.start, span.end)
    body = Span(first.start() if first else span.end, span.end)
    try:
        head = _parse_head(text.data[span.start : body.start].decode("latin-1"))
    except ValueError as error:
        text.lose(span.start, "sounding", str(error))
        return None
    tokens = text.data[body.start : body.end].split()
    return Block(span.start, head, head.columns or columns, tokens, body)


def _parse_head(text: str) -> Head:
    stated: dict[str, str] = dict(_PAIR.findall(text))
    absent = sorted(_STATION_KEYS - stated.keys())
    if absent:
        raise ValueError(f"its head has no {', '.join(absent)}")
    hour = stated["STIM"]
    if not re.fullmatch(r"[0-9]{1,5}", hour):
        raise ValueError(f"STIM {show(hour)} is no forecast hour")
    station = Station(
        stated["STID"],
        stated["STNM"],
        _within(stated, "SLAT", 90),
        _within(stated, "SLON", 360),
        _within(stated, "SELV", 10_000),
    )
    indices = {key: _number(stated, key) for key in stated if key not in _STATION_KEYS}
    # The first word behind the last `=` is its value, the others are the header of the columns.
    columns = tuple(text.rpartition("=")[2].split()[1:])
    return Head(station, read_time(stated["TIME"]), int(hour), indices, columns)


def _number(stated: Mapping[str, str], key: str) -> float:
    try:
        return read_number(stated[key])
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _within(stated: Mapping[str, str], key: str, limit: float) -> float:
    value = _number(stated, key)
    if not abs(value) <= limit:
        raise ValueError(f"{key} is {show(stated[key])}")
    return value


def _has_whole_rows(text: Text, block: Block) -> bool:
    if not block.tokens:
        text.lose(block.start, block.part, "has no levels")
        return True
    columns = block.columns
    if any(name not in columns for name in NEEDED) or len(set(columns)) < len(columns):
        text.lose(block.start, block.part, f"its columns are {' '.join(columns) or 'not named'}")
        return False
    if len(block.tokens) % len(columns):
        cause = f"its {len(block.tokens)} values are no whole rows of {len(columns)}"
        text.lose(_uneven_line(text, block), block.part, cause)
        return False
    return True


def _uneven_line(text: Text, block: Block) -> int:
    """Returns the position of the first line with another number of values than its like."""
    lines: list[tuple[int, int]] = []
    for match in re.finditer(rb"[^\n]+", text.data[block.body.start : block.body.end]):
        if count := len(match[0].split()):
            lines.append((block.body.start + match.start(), count))
    period = -(-len(block.columns) // lines[0][1])
    usual = [Counter(n for _, n in lines[k::period]).most_common(1) for k in range(period)]
    for number, (position, count) in enumerate(lines):
        if count != usual[number % period][0][0]:
            return position
    return lines[-1][0]  # whole lines are missing


def _read_levels(text: Text, blocks: list[Block], names: tuple[str, ...]) -> list[Block]:
    """Gives blocks of the same columns their values; returns those that are whole."""
    values = convert([token for block in blocks for token in block.tokens])
    if values is None:
        blocks = [block for block in blocks if _all_numbers(text, block)]
        values = convert([token for block in blocks for token in block.tokens])
    if values is None:
        raise BufkitError("its numbers cannot be read", action="report this")
    rows = values.reshape(-1, len(names)) if names else values.reshape(0, 0)
    rows[rows <= MISSING_BELOW] = np.nan
    if {"TMWC", "TMPC"} <= set(names):
        wet, dry = names.index("TMWC"), names.index("TMPC")
        rows[rows[:, wet] > rows[:, dry] + 0.5, wet] = np.nan
    ends = np.cumsum([len(block.tokens) // max(1, len(names)) for block in blocks])
    for block, part in zip(blocks, np.split(rows, ends[:-1]) if blocks else (), strict=True):
        block.values = part
        block.tokens = []
    return _plausible(text, blocks, rows, names)


def _all_numbers(text: Text, block: Block) -> bool:
    for match in re.finditer(rb"\S+", text.data[block.body.start : block.body.end]):
        try:
            read_number(match[0].decode("latin-1"))
        except ValueError as error:
            text.lose(block.body.start + match.start(), block.part, str(error))
            return False
    return True


def _plausible(
    text: Text, blocks: list[Block], rows: Values, names: tuple[str, ...]
) -> list[Block]:
    """Returns the blocks whose values can be those of an atmosphere; reports the others."""
    if not len(rows):
        return blocks
    limits = [LEVEL_COLUMNS.get(name, _NO_COLUMN) for name in names]
    low, high = (np.array([getattr(each, end) for each in limits]) for end in ("low", "high"))
    pressure, height = names.index("PRES"), names.index("HGHT")
    outside = (rows < low) | (rows > high)
    outside[:, [pressure, height]] |= np.isnan(rows[:, [pressure, height]])
    wrong = np.logical_or.reduce(outside, axis=1)
    turns = np.zeros(len(rows), np.bool_)
    turns[1:] = (np.diff(rows[:, pressure]) >= 0) | (np.diff(rows[:, height]) <= 0)
    starts = np.cumsum([0, *(len(block.values) for block in blocks[:-1])])
    turns[starts[starts < len(rows)]] = False
    if not (wrong | turns).any():
        return blocks
    return [
        block
        for block, start in zip(blocks, starts.tolist(), strict=True)
        if _is_sound(
            text,
            block,
            wrong[start : start + len(block.values)].tolist(),
            turns[start : start + len(block.values)].tolist(),
        )
    ]


def _is_sound(text: Text, block: Block, wrong: list[bool], turns: list[bool]) -> bool:
    bad = [number for number, pair in enumerate(zip(wrong, turns, strict=True)) if any(pair)]
    if not bad:
        return True
    level = bad[0]
    cause = "has a value that no atmosphere has" if wrong[level] else "does not lie above the last"
    position = _token_position(text, block, level * len(block.columns))
    text.lose(position, block.part, f"its level {level + 1} {cause}")
    return False


def _token_position(text: Text, block: Block, number: int) -> int:
    tokens = re.finditer(rb"\S+", text.data[block.body.start : block.body.end])
    return block.body.start + next(m.start() for k, m in enumerate(tokens) if k == number)
