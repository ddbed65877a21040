"""Reads SubRip files (.srt) line by line: each cue that can be read, and all that is odd.

There is no standard. The nearest to one: https://en.wikipedia.org/wiki/SubRip. A block whose times
cannot be read is lost and reported with its lines; these never become text of the cue above.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from batchio.subtitles.srt_encoding import SubtitleError, check_encoding, decode, is_escaped
from batchio.subtitles.srt_issues import Issue, printable
from batchio.subtitles.srt_model import Cue, Subtitles, split_lines
from batchio.subtitles.srt_times import Times, is_candidate, looks_like_times, read_times

__all__ = ["Cue", "SubtitleError", "Subtitles", "check_encoding", "read_srt"]

_RIVALS: Final = 3  # other encodings that a report names
_LONGEST_NUMBER: Final = 9  # digits; what is longer numbers no cue


def read_srt(data: bytes, encoding: str = "") -> Subtitles:
    """Returns the cues of an .srt file, and an issue for everything odd in it.

    Args:
        data: The whole file.
        encoding: Its encoding, if it has no mark; without, UTF-8 or a guess.

    Raises:
        SubtitleError: It is no SubRip file, or not one cue of it can be read.
        UsageError: There is no such encoding.
    """
    text, found = decode(data, encoding)
    if not text or text.isspace():
        raise SubtitleError("the file is empty", action="make it again")
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        raise SubtitleError("this is WebVTT, not SubRip", action="convert it to .srt")
    lines, line_end, ends = split_lines(text)
    subtitles = Subtitles(data, found, lines, line_end, ends)
    _report_file(subtitles, text)
    _Reader(subtitles).read()
    subtitles.issues.sort(key=lambda issue: issue.line)
    return subtitles


def _report_file(subtitles: Subtitles, text: str) -> None:
    encoding, issues = subtitles.encoding, subtitles.issues
    if encoding.source == "guess":
        others = f"; or {', '.join(encoding.rivals[:_RIVALS])}" if encoding.rivals else ""
        note = f"read as {encoding.name}, confidence {encoding.confidence:.2f}{others}"
        issues.append(Issue(1, "encoding_guessed", note=note))
    if encoding.source != "utf-8" and is_escaped(text):
        issues += [
            Issue(at, "undecodable", printable(line))
            for at, line in enumerate(subtitles.lines, 1)
            if is_escaped(line)
        ]
    if subtitles.ends is not None:
        issues.append(Issue(1, "line_ends_mixed", note=f"most {subtitles.line_end!r}"))


class _Reader:
    """Walks the lines from one times line to the next."""

    def __init__(self, subtitles: Subtitles) -> None:
        self._lines = subtitles.lines
        self._cues = subtitles.cues
        self._issues = subtitles.issues
        self._numbers: set[int] = set()
        self._bad: set[int] = set()  # lines with an arrow that are no times

    def read(self) -> None:
        """Reads all cues."""
        found = self._find_times()
        if not found:
            raise _no_cue(self._lines)
        heads = self._find_heads([at for at, _ in found])
        self._read_before(heads[0], found[0][0])
        heads.append(len(self._lines))
        for place, (at, times) in enumerate(found):
            self._read_cue(heads[place], at, times, heads[place + 1])
        self._report_order()

    def _find_times(self) -> list[tuple[int, Times]]:
        found = []
        for at, line in enumerate(self._lines):
            if ">" in line and is_candidate(line):
                times = read_times(line)
                if times is None:
                    self._bad.add(at)
                else:
                    found.append((at, times))
        return found

    # Where a cue begins

    def _find_heads(self, times_at: list[int]) -> list[int]:
        """Returns for each times line where its cue begins: there, or at its number."""
        heads: list[int] = []
        before = -1
        numbered = True
        for at in times_at:
            head = at - 1
            # Nearly always: a blank line, a number, the times.
            if head - 1 <= before or self._lines[head - 1] or not _is_number(self._lines[head]):
                head = self._find_head(at, before, numbered)
            numbered = head < at
            heads.append(head)
            before = at
        return heads

    def _find_head(self, at: int, before: int, numbered: bool) -> int:
        """Returns the line of the number of the cue with times at ``at``, or ``at``.

        Args:
            at: The times line.
            before: The times line above, or -1.
            numbered: Whether the cue above has a number.
        """
        lines, above = self._lines, at - 1
        while above > before and _is_blank(lines[above]):
            above -= 1
        if above == before:
            return at
        apart = above < at - 1
        begins = above - 1 == before or _is_blank(lines[above - 1])
        if _is_number(lines[above]):
            # Right below the times above, a number is text of a file that numbers no cue.
            own = begins if apart else numbered or above - 1 > before
            is_text = above - 1 == before >= 0 and (apart or not numbered)
            return above if own and not is_text else at
        in_place = not apart and begins and (above - 1 > before or before < 0)
        return above if in_place and numbered and above not in self._bad else at

    # What stands between

    def _read_before(self, head: int, times_at: int) -> None:
        """Reports the lines before the first cue."""
        start = next(at for at in range(times_at + 1) if not _is_blank(self._lines[at]))
        if start >= head:
            return
        cuts = self._find_lost(0, head, None, head)
        stray = "\n".join(self._lines[start : cuts[0] if cuts else head]).strip()
        if stray:
            self._issues.append(Issue(start + 1, "stray_lines", printable(stray)))
        self._report_lost(cuts, head)

    def _read_cue(self, head: int, at: int, times: Times, stop: int) -> None:
        """Adds the cue from ``head`` on, with times at ``at``, before the next at ``stop``."""
        lines = self._lines
        first = at + 1
        number = lines[head].strip(" \t\ufeff") if head < at else ""
        place = len(self._cues)
        end = stop
        while end > first and (not lines[end - 1] or lines[end - 1].isspace()):
            end -= 1
        text = lines[first:end]
        bad = bool(self._bad) and not self._bad.isdisjoint(range(first, end))
        if bad or "" in text or any(map(str.isspace, text)):
            cuts = self._find_lost(first, end, _value(number), stop)
            self._report_lost(cuts, end)
            first, end = self._trim(first, cuts[0] if cuts else end)
            text = lines[first:end]
            if "" in text or any(map(str.isspace, text)) or (text and first > at + 1):
                self._issues.append(
                    Issue(first + 1, "blank_in_text", printable(text[0]), cue=place)
                )
        elif end == stop < len(lines) and text:
            self._issues.append(
                Issue(stop + 1, "no_blank_line", printable(lines[stop]), cue=place + 1)
            )
        start_ms, end_ms, trailer, notes = times
        places = head + 1, at + 1, first + 1
        # By `_make`, in half the time of a call by name.
        cue = Cue._make((number, start_ms, end_ms, trailer, tuple(text), *places))
        self._cues.append(cue)
        if number != str(place + 1) or trailer or notes or not text or at > head + 1:
            self._report_cue(cue, notes, place)

    def _trim(self, first: int, end: int) -> tuple[int, int]:
        """Returns the range without blank lines at its ends."""
        start = first
        while end > start and _is_blank(self._lines[end - 1]):
            end -= 1
        while start < end and _is_blank(self._lines[start]):
            start += 1
        return (start, end) if start < end else (first, first)

    def _find_lost(self, first: int, end: int, lower: int | None, stop: int) -> list[int]:
        """Returns the lines at which blocks begin that were meant as cues.

        Args:
            first: The line from which on to look.
            end: The line before which to stop.
            lower: The number of the cue above.
            stop: Where the cue below begins.
        """
        last = stop == len(self._lines)
        upper = None if last else _value(self._lines[stop])
        cuts: list[int] = []
        for at in range(first, end):
            line = self._lines[at]
            if _is_blank(line):
                continue
            begins = (at > first and _is_blank(self._lines[at - 1])) or at == 0
            value = _value(line)
            if begins and value is not None:
                followed = at + 1 < end and not _is_blank(self._lines[at + 1])
                times = followed and looks_like_times(self._lines[at + 1])
                if times or _is_missing(value, lower, upper, followed, last):
                    cuts.append(at)
                    lower = value
            elif cuts[-1:] != [at - 1] and (begins or at in self._bad) and looks_like_times(line):
                above = at > first and _value(self._lines[at - 1]) is not None
                cuts.append(at - 1 if above else at)
        return cuts

    def _report_lost(self, cuts: list[int], end: int) -> None:
        for start, stop in pairwise([*cuts, end]):
            raw = "\n".join(self._lines[start:stop]).rstrip()
            self._issues.append(Issue(start + 1, "cue_lost", printable(raw)))

    # What is odd in a cue

    def _report_cue(self, cue: Cue, notes: str, place: int) -> None:
        times = printable(self._lines[cue.times_line - 1])
        if cue.line == cue.times_line:
            self._issues.append(Issue(cue.line, "number_missing", times, cue=place))
        elif not _is_number(cue.number):
            self._issues.append(Issue(cue.line, "number_invalid", printable(cue.number), cue=place))
        if cue.times_line > cue.line + 1:
            self._issues.append(Issue(cue.line, "number_apart", cue.number, cue=place))
        if notes:
            self._issues.append(Issue(cue.times_line, "time_format", times, notes, place))
        if cue.trailer:
            self._issues.append(Issue(cue.times_line, "trailer", printable(cue.trailer), cue=place))
        if not cue.lines:
            self._issues.append(Issue(cue.line, "no_text", times, cue=place))

    def _report_order(self) -> None:
        """Reports numbers and times that do not rise."""
        issues, lines = self._issues, self._lines
        expected, last_start, last_end = 1, 0, 0
        for place, cue in enumerate(self._cues):
            number, start, end = cue.number, cue.start, cue.end
            if number != str(expected):
                self._report_number(cue, expected, place)
            value = int(number) if number.isdecimal() else _value(number)
            expected = (expected if value is None else value) + 1
            self._numbers.add(expected - 1)
            if start < last_end or end <= start:
                kinds = _time_faults(start, end, last_start, last_end)
                raw = printable(lines[cue.times_line - 1])
                issues += [Issue(cue.times_line, kind, raw, cue=place) for kind in kinds]
            last_start, last_end = start, end

    def _report_number(self, cue: Cue, expected: int, place: int) -> None:
        value = _value(cue.number)
        if value is None or value == expected:
            return
        if value in self._numbers:
            kind = "number_repeated"
        else:
            kind = "number_gap" if value > expected else "number_order"
        self._issues.append(Issue(cue.line, kind, cue.number, f"expected {expected}", place))


def _no_cue(lines: list[str]) -> SubtitleError:
    at, line = next((at, line) for at, line in enumerate(lines, 1) if not _is_blank(line))
    cause = f"no line has times that can be read (line {at}: {printable(line[:40])!r})"
    return SubtitleError(cause, action="check that it is a subtitle file")


def _is_blank(line: str) -> bool:
    return not line or line.isspace()


def _is_number(line: str) -> bool:
    if line.isdecimal():
        return len(line) <= _LONGEST_NUMBER
    return _value(line) is not None


def _value(line: str) -> int | None:
    """Returns the number that a line consists of."""
    digits = line.strip(" \t\ufeff")
    return int(digits) if digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else None


def _is_missing(
    value: int, lower: int | None, upper: int | None, followed: bool, last: bool
) -> bool:
    """Returns whether a number alone on its line, after a blank one, is that of a lost cue.

    Where the numbers around it leave none out, nothing was lost, and it is text.

    Args:
        value: The number.
        lower: The number of the cue above.
        upper: The number of the cue below.
        followed: Whether a line of text comes right after it.
        last: Whether no cue is below.
    """
    if lower is not None and upper is not None and lower < upper:
        return lower < value < upper
    if lower is None:
        return followed
    return value == lower + 1 or (followed and (value > lower or not last))


def _time_faults(start: int, end: int, last_start: int, last_end: int) -> list[str]:
    faults = []
    if start < 0 or end < 0:
        faults.append("time_negative")
    if end <= start:
        faults.append("end_before_start")
    if start < last_start:
        faults.append("time_order")
    elif start < last_end:
        faults.append("overlap")
    return faults
