"""From what was found in files to the tables and the report of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from batchio.fileset import local_copy
from batchio.fingerprint import of_value
from batchio.output import Output, OutputRoot, files_below, remove
from batchio.records import FAILED, RunRecord
from batchio.subtitles.parts import FileFindings, places_in_part, read_part
from batchio.subtitles.srt_issues import KINDS
from batchio.subtitles.tables import CORRECTIONS, FILES, ISSUES, VERSES, defused, table_writer
from transforms.subtitles.correct_files import PARTS_FOLDER
from transforms.subtitles.lexicons import KEPT_FOLDER, Lexicons, kept_path
from transforms.subtitles.report_page import report_page
from transforms.subtitles.summary import Summary
from transforms.units import Made, Unit

if TYPE_CHECKING:  # workers need no database
    from batchio.ledger_view import LedgerView, LiveUnit

REPORTS_UNIT = "reports"
_ENTRY = CORRECTIONS.index("entry") - 1  # of rows without their file

_TABLES = {"files": FILES, "corrections": CORRECTIONS, "issues": ISSUES}
_TABLES_OF_VERSES = {**_TABLES, "verses": VERSES}


class _Live(NamedTuple):
    """A file that counts: the part with what was found in it, or why there is none."""

    unit_id: str
    part: str
    size: int
    error: str


@dataclass(frozen=True)
class RunReports:
    """Writes the tables `files`, `corrections`, `issues` and `verses`, and the report.

    Attributes:
        output: The root of all outputs.
        profile: The limits of readable cues.
        asked: How files are corrected, as the report tells it.
        lexicons: Those of the run.
        are_current: Whether all files are as these have them: not where only failed ones are tried.
    """

    output: OutputRoot
    profile: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    lexicons: Lexicons = field(default_factory=Lexicons)
    are_current: bool = True

    def prepare(self, ledger: LedgerView, run: RunRecord) -> tuple[Unit, _WriteReports] | None:
        """Returns the unit of work that the reports are, and what writes them.

        None if the run has seen no file: reports are not emptied by a pattern that matches nothing.
        """
        live = sorted(_live(unit) for unit in ledger.live_units(run.scope, run.started))
        if not live:
            return None
        settings = of_value([live, self.profile, dict(self.asked), self.are_current])
        return Unit(REPORTS_UNIT, (), settings=settings), _WriteReports(self, live)


def _live(unit: LiveUnit) -> _Live:
    part = next((path for path in unit.outputs if f"/{PARTS_FOLDER}/" in path), "")
    failed = unit.status == FAILED
    error = unit.error_message.partition(f"{unit.path}: ")[2] or unit.error_message
    return _Live(unit.unit_id, "" if failed else part, unit.size, error if failed else "")


@dataclass(frozen=True)
class _WriteReports:
    reports: RunReports
    live: Sequence[_Live]

    def __call__(self, _unit: Unit) -> Made:
        """Writes all of them from one reading of the parts, each file when it comes."""
        output, reports = self.reports.output, self.reports
        summary = Summary(reports.profile, reports.asked)
        with TemporaryDirectory(prefix="headrace-parts-") as copies, ExitStack() as opened:
            folder = Path(copies)
            tables = {
                name: opened.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8"))
                for name in (_TABLES_OF_VERSES if "verses" in reports.asked else _TABLES)
            }
            made_with: set[str] = set()
            findings = self._as_of_now(_findings(self.live, folder), made_with)
            rows = _write_tables(tables, findings, summary)
            for file in tables.values():
                file.flush()
            made = [_publish(output, Path(file.name)) for file in tables.values()]
        content = summary.content()
        told = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        page = report_page(content)
        made += [
            output.write("report.json", lambda path: path.write_text(told, encoding="utf-8")),
            output.write("report.md", lambda path: path.write_text(page, encoding="utf-8")),
        ]
        self._remove_dead_parts()
        self._keep_lexicons(made_with)
        return Made(outputs=tuple(made), metrics=rows)

    def _as_of_now(
        self, findings: Iterable[tuple[_Live, FileFindings | None]], made_with: set[str]
    ) -> Iterator[tuple[_Live, FileFindings | None]]:
        """Yields what was found in files as the lexicons of the run have it.

        Entries get their places, for which parts have names. The digests of the lexicons that files
        were made with are added to `made_with`.
        """
        lexicons, places = self.reports.lexicons.digest, self.reports.lexicons.places
        for each, found in findings:
            if found is not None:
                made_with.add(found.row["lexicon_hash"])
                if self.reports.are_current:
                    found.row["lexicon_hash"] = lexicons
                for made in found.corrections:
                    made[_ENTRY] = places.get(made[_ENTRY], made[_ENTRY])
            yield each, found

    def _keep_lexicons(self, made_with: set[str]) -> None:
        """Keeps the entries of lexicons that files were made with, for when these change."""
        root, lexicons = replace(self.reports.output, suffix=""), self.reports.lexicons
        kept, now = lexicons.kept, kept_path(lexicons.digest)
        alive = {now, *map(kept_path, made_with)}
        root.write(now, lambda path: path.write_text(kept, encoding="utf-8"))
        for path in files_below(f"{root.folder}{KEPT_FOLDER}"):
            if path.removeprefix(root.folder) not in alive:
                remove(path)

    def _remove_dead_parts(self) -> None:
        alive = {each.part for each in self.live}
        for part in files_below(f"{self.reports.output.folder}{PARTS_FOLDER}"):
            if part not in alive:
                remove(part)


def _publish(output: OutputRoot, table: Path) -> Output:
    return output.write(table.name, lambda path: copyfile(table, path))


def _findings(live: Sequence[_Live], copies: Path) -> Iterator[tuple[_Live, FileFindings | None]]:
    """Yields each file with what was found in it, in the order of names."""
    local = {each.part: local_copy(each.part, copies) for each in live if each.part}
    places = {
        (part, unit_id): at for part, path in local.items() for unit_id, at in places_in_part(path)
    }
    for each in live:
        at = places.get((each.part, each.unit_id))
        yield each, None if at is None else read_part(local[each.part], at)


def _write_tables(
    tables: Mapping[str, IO[str]],
    findings: Iterator[tuple[_Live, FileFindings | None]],
    summary: Summary,
) -> dict[str, int]:
    """Writes a row at a time, and adds the files up; returns how many rows there are."""
    writers = {name: table_writer(file) for name, file in tables.items()}
    for name in tables:
        writers[name].writerow(_TABLES_OF_VERSES[name])
    counts = dict.fromkeys((f"rows_{name}" for name in tables), 0)
    for each, found in findings:
        if found is None:
            summary.add_failed()
            row = {"status": "failed", "error": each.error, "size": each.size}
        else:
            summary.add(found)
            row = found.row
            for made in found.corrections:
                writers["corrections"].writerow(defused([each.unit_id, *made]))
            for line, cue, kind, text, note in found.issues:
                about = KINDS[kind]
                cells = [line, cue, about.group, kind, "yes" if about.fault else "no", text, note]
                writers["issues"].writerow(defused([each.unit_id, *cells]))
            for made in found.verses:
                writers["verses"].writerow(defused([each.unit_id, *made]))
                counts["rows_verses"] += 1
            counts["rows_corrections"] += len(found.corrections)
            counts["rows_issues"] += len(found.issues)
        row = {"file": each.unit_id, **row}
        writers["files"].writerow(defused(row.get(column, "") for column in FILES))
        counts["rows_files"] += 1
    return counts
