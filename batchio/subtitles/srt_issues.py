"""What a SubRip file may do that it should not: each deviation by its name."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A deviation: what it concerns, whether it is a fault of the cue, and its meaning."""

    group: str  # file, parse, time
    fault: bool  # not one of those that every player takes as they are
    meaning: str


KINDS = {
    "encoding_guessed": Kind("file", False, "no mark, not UTF-8: the encoding is a guess"),
    "undecodable": Kind("file", True, "bytes that the encoding does not know"),
    "line_ends_mixed": Kind("file", False, "lines do not all end alike"),
    "stray_lines": Kind("parse", True, "lines before the first cue"),
    "cue_lost": Kind("parse", True, "no readable times: the block is no cue"),
    "number_missing": Kind("parse", True, "no number above the times"),
    "number_invalid": Kind("parse", True, "the line in the number's place is no number"),
    "number_apart": Kind("parse", True, "blank lines between number and times"),
    "number_repeated": Kind("parse", False, "an earlier cue has this number"),
    "number_order": Kind("parse", False, "the number is lower than that of the cue before"),
    "number_gap": Kind("parse", False, "numbers are left out"),
    "no_blank_line": Kind("parse", True, "no blank line between two cues"),
    "trailer": Kind("parse", False, "words after the times"),
    "blank_in_text": Kind("parse", True, "blank lines within the text of a cue"),
    "no_text": Kind("parse", True, "a cue without text"),
    "time_format": Kind("time", True, "times that are not written 00:00:00,000"),
    "time_negative": Kind("time", True, "a time before zero"),
    "end_before_start": Kind("time", True, "the cue does not end after it starts"),
    "time_order": Kind("time", True, "the cue starts before the one above it"),
    "overlap": Kind("time", True, "the cue starts before the one above it ends"),
    "encoding_changed": Kind("file", False, "the file's encoding lacks letters of the new text"),
    "bytes_changed": Kind("file", False, "the encoding has several bytes for a letter"),
}


class Issue(NamedTuple):
    """A deviation at its place."""

    line: int  # from 1
    kind: str  # one of KINDS
    text: str = ""  # as it stands in the file; several lines for a lost cue
    note: str = ""  # how it was read
    cue: int = -1  # the cue's place among the cues that were read, from 0

    def __str__(self) -> str:
        said = f"line {self.line}: {KINDS[self.kind].meaning}"
        if self.note:
            said += f" ({self.note})"
        return f"{said}: {self.text!r}" if self.text else said


def printable(text: str) -> str:
    """Returns the text with what is no letter of any encoding written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
