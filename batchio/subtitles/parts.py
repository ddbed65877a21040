"""What a run keeps of each subtitle file until its reports are made: JSON, a line a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class FileFindings(NamedTuple):
    """What was found in a file.

    Attributes:
        unit_id: The file's unit.
        row: Its row of `files.csv`, by column.
        corrections: Rows of `corrections.csv` without the file.
        issues: Line, cue, kind, text and note of each.
        verses: Rows of `verses.csv` without the file.
        reference: Counts of the comparison with a reference; empty without one.
    """

    unit_id: str
    row: dict[str, Any]
    corrections: list[list[Any]]
    issues: list[list[Any]]
    verses: list[list[Any]]
    reference: dict[str, int]


def write_part(findings: Iterable[FileFindings], path: Path) -> None:
    """Writes the findings of some files."""
    with path.open("wb") as file:
        for each in findings:
            # The name stands alone in front, so that a line need not be read to know whose it is.
            file.write(orjson.dumps(each.unit_id) + b"\t" + orjson.dumps(each[1:]) + b"\n")


def places_in_part(path: str) -> Iterator[tuple[str, int]]:
    """Yields each file's unit, and where its findings begin."""
    with Path(path).open("rb") as file:
        at = 0
        for line in file:
            yield orjson.loads(line.partition(b"\t")[0]), at
            at += len(line)


def read_part(path: str, at: int) -> FileFindings:
    """Returns the findings that begin at a place."""
    with Path(path).open("rb") as file:
        file.seek(at)
        unit_id, _, rest = file.readline().partition(b"\t")
    return FileFindings(orjson.loads(unit_id), *orjson.loads(rest))
