"""The tables that a run tells of subtitles in: their columns, and how they are written."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO, Any, Final

from batchio.spreadsheets import FORMULA_BEGINS
from batchio.subtitles.srt_issues import KINDS

RULES: Final = (
    *("lexicon", "compound", "case", "fuzzy", "number", "filler", "repeat", "space"),
    "verse",
)
LIMITS: Final = (
    *("cps", "line_chars", "cue_chars", "lines", "min_ms", "max_ms", "min_gap_ms", "wpm"),
)
GROUPS: Final = tuple(dict.fromkeys(kind.group for kind in KINDS.values()))

CORRECTIONS: Final = (
    *("file", "cue", "time", "line", "column"),
    *("before", "after", "rule", "entry", "score"),
)
VERSES: Final = (
    *("file", "cue", "last_cue", "time", "line", "reference", "score", "share", "text"),
)
ISSUES: Final = ("file", "line", "cue", "group", "kind", "fault", "text", "note")
FILES: Final = (
    *("file", "output", "status", "error", "size", "sha256"),
    *("encoding", "encoding_source", "line_end", "cues", "lost"),
    *(f"{group}_issues" for group in GROUPS),
    "corrections",
    *(f"by_{rule}" for rule in RULES),
    "verses",
    *(f"{part}_{when}" for part in ("score", "structure", "readability", "text")
      for when in ("before", "after")),
    *("cps_median", "cps_p95"),
    *(f"over_{limit}" for limit in LIMITS),
    *("overlaps", "words", "suspects", "word_list"),
    *("reference_words", "wer_before", "wer_after", "cer_before", "cer_after"),
    *("right", "wrong", "missed", "lexicon_hash", "settings_hash"),
)  # fmt: skip


def table_writer(file: IO[str]) -> Any:
    """Returns a writer of CSV."""
    return csv.writer(file, lineterminator="\n")


def defused(cells: Iterable[Any]) -> list[Any]:
    """Returns cells of which no text is a formula: one that might be gets an apostrophe."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS) else cell
        for cell in cells
    ]
