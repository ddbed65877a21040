"""The times line of a SubRip cue, as it should be and as it is met."""

from __future__ import annotations

import re
from typing import NamedTuple

_SIDE = "([0-9]{2}):([0-5][0-9]):([0-5][0-9]),([0-9]{3})"
_USUAL = re.compile(f"{_SIDE} --> {_SIDE}").fullmatch
_HOURS = {f"{value:02}": value * 3_600_000 for value in range(100)}
_MINUTES = {f"{value:02}": value * 60_000 for value in range(60)}
_SECONDS = {f"{value:02}": value * 1_000 for value in range(60)}
_MILLISECONDS = {f"{value:03}": value for value in range(1_000)}

_MINUS = "-\N{MINUS SIGN}"
_FIELD = r"(\d{1,6})"
_FRACTION = r"(?:\s*([,.:;])\s*(\d{1,9}))?"
_ODD_SIDE = rf"(?:([{_MINUS}])\s*)?(?:{_FIELD}\s*:\s*)?{_FIELD}\s*:\s*{_FIELD}{_FRACTION}"
_ODD_ARROW = "(-{1,3} ?>|[\N{EN DASH}\N{EM DASH}]>)"  # word processors make dashes of hyphens
_ODD = re.compile(rf"\s*{_ODD_SIDE}\s*{_ODD_ARROW}\s*{_ODD_SIDE}(?!\d)(.*)", re.DOTALL).fullmatch
_ARROW_LIKE = re.compile(rf"\s*[{_MINUS}]?\d[\d:.,;\s]*{_ODD_ARROW}").match
_LONGEST = 1_000  # characters of a line that is looked at; beyond, it is text
_CLOCK = r"\d{1,6}\s?:\s?\d{1,6}"
_TIMES_LIKE = re.compile(
    rf"\s*[{_MINUS}]?{_CLOCK}.*(?:{_ODD_ARROW}|-- >|{_CLOCK}\s?:\s?\d)|.*-->.*{_CLOCK}|\s*-->\s*$"
).match


class Times(NamedTuple):
    """Start and end in milliseconds, the words after them, and how they were read if oddly."""

    start: int
    end: int
    trailer: str = ""
    notes: str = ""


def is_candidate(line: str) -> bool:
    """Returns whether the line has an arrow that may stand between two times."""
    return len(line) <= _LONGEST and ("-->" in line or _ARROW_LIKE(line) is not None)


def looks_like_times(line: str) -> bool:
    """Returns whether a line that cannot be read was meant as times rather than as text."""
    return len(line) <= _LONGEST and _TIMES_LIKE(line) is not None


def read_times(line: str) -> Times | None:
    """Returns the times of a line, or None if it has none that can be read."""
    usual = _USUAL(line)
    if usual is None:
        return _read_odd(line)
    a, b, c, d, e, f, g, h = usual.groups()
    start = _HOURS[a] + _MINUTES[b] + _SECONDS[c] + _MILLISECONDS[d]
    end = _HOURS[e] + _MINUTES[f] + _SECONDS[g] + _MILLISECONDS[h]
    return Times._make((start, end, "", ""))


def format_time(ms: int) -> str:
    """Returns milliseconds as ``HH:MM:SS,mmm``."""
    seconds, rest = divmod(abs(ms), 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if ms < 0 else ''}{hours:02}:{minutes:02}:{seconds:02},{rest:03}"


def format_times(start: int, end: int, trailer: str = "") -> str:
    """Returns a times line in the usual form."""
    line = f"{format_time(start)} --> {format_time(end)}"
    return f"{line} {trailer}" if trailer else line


def _read_odd(line: str) -> Times | None:
    odd = _ODD(line)
    if odd is None:
        return None
    groups = odd.groups()
    notes: list[str] = []
    start = _read_side(groups[:6], notes)
    end = _read_side(groups[7:13], notes)
    trailer = groups[13].strip()
    if not notes and not _is_plain(line, trailer):
        notes.append("blanks or digits out of place")
    return Times(start, end, trailer, "; ".join(dict.fromkeys(notes)))


def _is_plain(line: str, trailer: str) -> bool:
    """Returns whether the line is in the usual form but for what follows the times."""
    times = line.rstrip()
    if trailer:
        times = times[: -len(trailer)]
    return _USUAL(times.rstrip()) is not None


def _read_side(groups: tuple[str | None, ...], notes: list[str]) -> int:
    sign, hours, minutes, seconds, mark, fraction = groups
    ms = (int(hours or 0) * 3_600 + int(minutes or 0) * 60 + int(seconds or 0)) * 1_000
    if hours is None:
        notes.append("no hours")
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        notes.append("60 or more carried over")
    ms += _read_fraction(mark, fraction, notes)
    return -ms if sign else ms


def _read_fraction(mark: str | None, fraction: str | None, notes: list[str]) -> int:
    """Returns the milliseconds: after a point a decimal fraction, else a number of them."""
    if mark is None or fraction is None:
        notes.append("no milliseconds")
        return 0
    decimal = mark == "." or len(fraction) > 4
    ms = int(fraction[:3].ljust(3, "0")) if decimal else int(fraction)
    if len(fraction) != 3:
        notes.append(f"'{mark}{fraction}' read as {ms} ms")
    elif mark != ",":
        notes.append(f"'{mark}' for ','")
    return ms
