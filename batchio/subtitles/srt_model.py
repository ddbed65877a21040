"""A subtitle file in memory: its lines as they are, and the cues found in them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from batchio.subtitles.srt_encoding import Encoding
from batchio.subtitles.srt_issues import Issue

# A return before CRLF is the trace of a text that was converted twice.
_LINE_END = re.compile(r"(\r\r\n|\r\n|\r|\n)")


class Cue(NamedTuple):
    """A text and the time it is shown; lines of the file count from 1."""

    number: str  # as written, empty if there is none
    start: int  # ms
    end: int  # ms
    trailer: str  # words after the times
    lines: tuple[str, ...]  # the text, with blank lines that stand within it
    line: int  # where the cue begins: its number, or its times
    times_line: int
    text_line: int  # of the first line of text, or where it would be


@dataclass(slots=True)
class Subtitles:
    """A subtitle file: cues in the order of the file, and all that was odd in it."""

    data: bytes  # the file
    encoding: Encoding
    lines: list[str]
    line_end: str  # that of most lines
    ends: list[str] | None  # of each line, where they differ
    cues: list[Cue] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """The number of blocks that could not be read."""
        return sum(issue.kind == "cue_lost" for issue in self.issues)


def split_lines(text: str) -> tuple[list[str], str, list[str] | None]:
    """Returns lines, the end of most of them, and if they differ the end of each.

    A text that ends with a line end has an empty last line; joined, the text is as before.
    """
    returns, feeds = text.count("\r"), text.count("\n")
    if not returns:
        return text.split("\n"), "\n", None
    if not feeds:
        return text.split("\r"), "\r", None
    if text.count("\r\n") == returns == feeds:
        return text.split("\r\n"), "\r\n", None
    parts = _LINE_END.split(text)
    ends = parts[1::2]
    return parts[::2], Counter(ends).most_common(1)[0][0], [*ends, ""]
