"""The report of a run for people: Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_LIMIT_NAMES = {
    "cps": "characters a second",
    "line_chars": "characters a line",
    "cue_chars": "characters a cue",
    "lines": "lines",
    "min_ms": "ms at least",
    "max_ms": "ms at most",
    "min_gap_ms": "ms to the next cue at least",
    "wpm": "words a minute",
    "overlaps": "overlap with the next cue, ms",
}


def report_page(content: Mapping[str, Any]) -> str:
    """Returns a page that tells the content of `report.json`."""
    return "\n".join(_lines(content)) + "\n"


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    files, made = content["files"], content["corrections"]
    yield "# Subtitles"
    yield from _section("Files and cues", ("", "count"), [
        ("files", f"{files['all']:,}"),
        ("files without faults", f"{files['ok']:,}"),
        ("files with faults, see issues.csv", f"{files['warnings']:,}"),
        ("files that could not be read, see files.csv", f"{files['failed']:,}"),
        ("files that are not in English", f"{files['other_language']:,}"),
        ("files with corrections", f"{files['corrected']:,}"),
        ("cues", f"{content['cues']:,}"),
        ("blocks that are lost, see issues.csv", f"{content['lost']:,}"),
        ("corrections", f"{made['all']:,}"),
    ])  # fmt: skip
    yield from _corrections(made)
    yield from _quality(content["quality"])
    yield from _limits(content["limits"], content["cues"])
    yield from _reference(content.get("reference"))
    yield from _section("Verses quoted, see verses.csv", ("verse", "times"), (
        (name, f"{count:,}") for name, count in content.get("verses", {}).items()
    ))  # fmt: skip
    yield from _section("Issues", ("issue", "meaning", "count"), (
        (each["kind"], each["meaning"], f"{each['count']:,}") for each in content["issues"]
    ))  # fmt: skip
    yield from _section("Encodings", ("encoding", "files"), (
        (name, f"{count:,}") for name, count in content["encodings"].items()
    ))  # fmt: skip
    yield from _section("Settings", ("setting", "value"), (
        (name, _told(value)) for name, value in content["settings"].items()
    ))  # fmt: skip


def _corrections(made: Mapping[str, Any]) -> Iterator[str]:
    by_type = [(name, f"{count:,}") for name, count in made["by_type"].items() if count]
    yield from _section("Corrections by type", ("type", "count"), by_type)
    confidences = [(name, f"{count:,}") for name, count in made["confidence"].items() if count]
    yield from _section("Confidence of corrections", ("score", "count"), confidences)
    yield from _section("Most frequent corrections", ("before", "after", "type", "count"), (
        (_quoted(each["before"]), _quoted(each["after"]), each["rule"], f"{each['count']:,}")
        for each in made["most_frequent"]
    ))  # fmt: skip


def _quality(quality: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for name, label in (("by_cues", "weighted by cues"), ("by_files", "mean of files")):
        if name in quality:
            for when in ("before", "after"):
                parts = quality[name][when]
                shares = (f"{100 * parts[each]:.2f} %" for each in _SHARES)
                rows.append((label, when, f"{parts['score']:.2f}", *shares))
    yield from _section("Quality", ("files", "when", "score", *_SHARES), rows)
    yield ""
    yield f"{quality['formula']}."


_SHARES = ("structure", "readability", "text")


def _limits(limits: Mapping[str, Any], cues: int) -> Iterator[str]:
    title = f"Cues over the limits of {limits['profile']} ({limits['source']})"
    yield from _section(title, ("limit", "value", "cues", "share"), (
        (
            _LIMIT_NAMES[each["name"]],
            f"{each['limit']:g}",
            f"{each['cues']:,}",
            f"{each['cues'] / cues if cues else 0:.1%}",
        )
        for each in limits["over"]
    ))  # fmt: skip


def _reference(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    title = f"Beside the reference: {found['files']:,} files, {found['words']:,} words"
    yield from _section(title, ("", "before", "after"), [
        ("word error rate", f"{found['wer_before']:.4f}", f"{found['wer_after']:.4f}"),
        ("character error rate", f"{found['cer_before']:.4f}", f"{found['cer_after']:.4f}"),
    ])  # fmt: skip
    yield ""
    right, wrong, missed = (f"{found[name]:,}" for name in ("right", "wrong", "missed"))
    yield f"{right} words put right, {wrong} wrong, {missed} missed."


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yields a heading and a table; nothing if it has no rows."""
    told = [f"| {' | '.join(row)} |" for row in rows]
    if told:
        yield from (
            "",
            f"## {title}",
            "",
            f"| {' | '.join(columns)} |",
            "|---" * len(columns) + "|",
        )
        yield from told


def _quoted(text: str) -> str:
    """Returns a text as it stands, whatever Markdown would make of it."""
    if not text:
        return "(nothing)"
    if not text.strip(" "):
        return text.replace(" ", "␣")
    return "`" + text.replace("\n", "⏎").replace("|", "\\|").replace("`", "'") + "`"


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
