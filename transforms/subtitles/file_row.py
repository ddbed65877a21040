"""A subtitle file's row in `files.csv`, and its rows in the other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from batchio.subtitles.srt_issues import KINDS, Issue, printable
from batchio.subtitles.srt_model import Subtitles
from batchio.subtitles.srt_times import format_time
from transforms.subtitles.edits import Change
from transforms.subtitles.quality import Quality
from transforms.subtitles.reference import Comparison
from transforms.subtitles.verses import Quotation

_LINE_ENDS = {"\n": "LF", "\r\n": "CRLF", "\r": "CR", "\r\r\n": "CRCRLF"}
_PARTS = ("score", "structure", "readability", "text")


@dataclass(frozen=True)
class Corrected:
    """A file, what was changed in it, and how good it is.

    Attributes:
        changes: Of each cue that was changed, by its place.
        issues: Of reading and of writing.
        english: Whether words were judged by the list of English words.
        quotations: The verses that the file quotes; None if they were not looked for.
    """

    subtitles: Subtitles
    changes: Mapping[int, tuple[Change, ...]]
    issues: list[Issue]
    before: Quality
    after: Quality
    english: bool
    comparison: Comparison | None = None
    quotations: Sequence[Quotation] | None = None

    @property
    def total(self) -> int:
        """The number of corrections."""
        return sum(map(len, self.changes.values()))


def row_of(found: Corrected) -> dict[str, Any]:
    """Returns what `files.csv` has of a file, but for its names and hashes."""
    subtitles, groups = found.subtitles, Counter(KINDS[each.kind].group for each in found.issues)
    rules = Counter(change.rule for some in found.changes.values() for change in some)
    faults = any(KINDS[each.kind].fault for each in found.issues)
    end = _LINE_ENDS.get(subtitles.line_end, "")
    row: dict[str, Any] = {
        "status": "warnings" if faults else "ok",
        "size": len(subtitles.data),
        "encoding": subtitles.encoding.name,
        "encoding_source": subtitles.encoding.source,
        "line_end": end if subtitles.ends is None else f"mixed, most {end}",
        "cues": len(subtitles.cues),
        "lost": subtitles.lost,
        "corrections": found.total,
        "word_list": "en" if found.english else "",
    }
    if found.quotations is not None:
        row["verses"] = len(found.quotations)
    row |= {f"{group}_issues": count for group, count in groups.items()}
    row |= {f"by_{rule}": count for rule, count in rules.items()}
    return row | _quality(found.before, found.after) | _rates(found.comparison)


def _quality(before: Quality, after: Quality) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in _PARTS:
        row[f"{name}_before"] = round(getattr(before, name), 5)
        row[f"{name}_after"] = round(getattr(after, name), 5)
    row |= {f"over_{limit}": count for limit, count in after.over.items()}
    return row | {
        "cps_median": round(after.cps_median, 2),
        "cps_p95": round(after.cps_p95, 2),
        "overlaps": after.overlaps,
        "words": after.words,
        "suspects": after.suspects,
    }


def _rates(comparison: Comparison | None) -> dict[str, Any]:
    if comparison is None:
        return {}
    rates = ("wer_before", "wer_after", "cer_before", "cer_after")
    return {
        "reference_words": comparison.words,
        **{name: round(getattr(comparison, name), 6) for name in rates},
        **{name: getattr(comparison, name) for name in ("right", "wrong", "missed")},
    }


def counts_of(comparison: Comparison | None) -> dict[str, int]:
    """Returns the counts of a comparison."""
    return asdict(comparison) if comparison else {}


def correction_rows(found: Corrected) -> Iterator[list[Any]]:
    """Yields a row of each change: all columns of `corrections.csv` but the file."""
    for place, changes in found.changes.items():
        cue = found.subtitles.cues[place]
        for change in changes:
            yield [
                printable(cue.number) or str(place + 1),
                format_time(cue.start),
                cue.text_line + change.line - 1,
                change.column,
                printable(change.original),
                printable(change.corrected),
                change.rule,
                change.entry,
                change.score,
            ]


def verse_rows(found: Corrected) -> Iterator[list[Any]]:
    """Yields a row of each quoted verse: all columns of `verses.csv` but the file."""
    cues = found.subtitles.cues
    for quotation in found.quotations or ():
        first, last = cues[quotation.first], cues[quotation.last]
        yield [
            printable(first.number) or str(quotation.first + 1),
            printable(last.number) or str(quotation.last + 1),
            format_time(first.start),
            first.text_line,
            quotation.reference,
            round(quotation.score, 1),
            round(quotation.share, 3),
            quotation.text,
        ]


def issue_rows(subtitles: Subtitles, issues: Iterable[Issue]) -> Iterator[list[Any]]:
    """Yields line, cue, kind, text and note of each issue."""
    for issue in issues:
        cue = ""
        if issue.cue >= 0:
            cue = printable(subtitles.cues[issue.cue].number) or str(issue.cue + 1)
        yield [issue.line, cue, issue.kind, printable(issue.text), printable(issue.note)]
