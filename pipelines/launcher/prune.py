"""The command `python -m pipelines prune`: takes out old runs and their reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field, model_validator

from batchio.database import PATIENCE_S, shown, sqlite_path
from batchio.errors import CannotRun, UsageError
from batchio.fileset import absolute, is_local
from batchio.ledger import Ledger
from batchio.ledger_prune import Gone, OldRuns, compact, old_runs, take_out, would_go
from batchio.ledger_view import LedgerView
from batchio.output import files_below, remove_folder
from batchio.records import RUNNING, ago
from pipelines.launcher.command_line import parse
from pipelines.launcher.exit_codes import DONE
from pipelines.launcher.human import one_line, plural, size_text
from pipelines.launcher.liveness import is_alive, lives
from pipelines.launcher.options import (
    LEDGER_URLS,
    READ_AND_WRITE,
    WHAT_TO_SEE,
    LedgerUrl,
    Option,
    Options,
)
from pipelines.launcher.registry import default_ledger_url
from pipelines.launcher.report import report_folder

_WHAT_TO_KEEP = "what to keep"
_AT_ONCE = 200  # runs; others write to the ledger in between


class PruneOptions(Options):
    """The options of the command."""

    output: Annotated[str | None, Option(READ_AND_WRITE, "ROOT")] = Field(
        None, min_length=1, description="Output root whose runs to prune; all of --ledger if not."
    )
    ledger: Annotated[LedgerUrl | None, Option(READ_AND_WRITE, "URL", accepts=LEDGER_URLS)] = Field(
        None, description="Ledger to prune, if it does not lie below --output."
    )
    keep_days: Annotated[float | None, Option(_WHAT_TO_KEEP)] = Field(
        None, gt=0, description="Keep the runs of the last so many days, and the newest run."
    )
    keep_runs: Annotated[int | None, Option(_WHAT_TO_KEEP)] = Field(
        None, ge=1, description="Keep so many runs of each pipeline and output root, the newest."
    )
    plan: Annotated[bool, Option(WHAT_TO_SEE, aliases=("dry_run",))] = Field(
        False, description="Tell what would go, and touch nothing."
    )

    @model_validator(mode="after")
    def _check_what_is_named(self) -> PruneOptions:
        if self.output is None and self.ledger is None:
            raise ValueError("--output or --ledger is needed")
        if (self.keep_days is None) == (self.keep_runs is None):
            raise ValueError("either --keep_days or --keep_runs is needed")
        return self

    @property
    def ledger_url(self) -> str:
        """The ledger that was named, or that of the output root."""
        return self.ledger or default_ledger_url(self.output or "")


def prune(argv: Sequence[str]) -> int:
    """Takes out old runs and their reports: prune --keep_days N --output ROOT"""
    description = prune.__doc__ or ""
    parsed = parse(PruneOptions, argv, prog="python -m pipelines prune", description=description)
    if parsed.beam_arguments:
        raise UsageError(f"{parsed.beam_arguments[0]} is for pipelines, not for prune")
    for line in prune_lines(parsed.options):
        print(one_line(line))
    return DONE


def prune_lines(options: PruneOptions) -> Iterator[str]:
    """Takes out what is old, or only looks with --plan; yields what there is to tell of it.

    Raises:
        CannotRun: There is no ledger, or it or a report cannot be written.
    """
    with closing(Ledger(options.ledger_url, patience_s=PATIENCE_S)) as ledger:
        if not ledger.exists():
            raise CannotRun(
                "there is no ledger",
                path=shown(ledger.url),
                step="prune",
                action="name the --output or --ledger of runs",
            )
        found = old_runs(
            ledger,
            keep_runs=options.keep_runs or 1,
            since=ago(options.keep_days * 86_400) if options.keep_days else "",
            output=absolute(options.output) if options.output else None,
        )
        for old in found:
            yield _line(old, *(_look(ledger, old) if options.plan else _prune(ledger, old)))
        if options.plan:
            yield "plan: nothing was touched"
        elif any(old.run_ids for old in found):
            yield from _compacted(ledger)


def _line(old: OldRuns, reports: int, gone: Gone) -> str:
    told = f"{old.scope.pipeline}  {old.scope.output}  {len(old.run_ids)} of {old.known} runs old"
    if not old.run_ids:
        return told
    stay = len(old.run_ids) - gone.runs
    kept = f"; {plural(stay, 'run')} still named by units" if stay else ""
    out = [plural(reports, "report"), plural(gone.records, "record"), plural(gone.runs, "run")]
    return f"{told}: {out[0]}, {out[1]} of units and {out[2]} out{kept}"


def _look(view: LedgerView, old: OldRuns) -> tuple[int, Gone]:
    return len(_reports(old)), would_go(view, old)


def _prune(ledger: Ledger, old: OldRuns) -> tuple[int, Gone]:
    """Takes out the old runs of a root; the reports first, as the ledger alone tells of them."""
    reports, runs, records = set(_reports(old)), 0, 0
    for start in range(0, len(old.run_ids), _AT_ONCE):
        run_ids = old.run_ids[start : start + _AT_ONCE]
        for run_id in reports.intersection(run_ids):
            _remove_report(report_folder(old.scope.output, run_id))
        gone = take_out(ledger, old, run_ids)
        runs, records = runs + gone.runs, records + gone.records
    return len(reports), Gone(runs, records)


def _reports(old: OldRuns) -> list[str]:
    """Returns the old runs that have a report."""
    if not old.run_ids:
        return []
    folder = report_folder(old.scope.output, "")
    found = {path.removeprefix(folder).partition("/")[0] for path in files_below(folder)}
    return [run_id for run_id in old.run_ids if run_id in found]


def _remove_report(folder: str) -> None:
    remove_folder(folder)
    if is_local(folder) and Path(folder).exists():
        raise CannotRun(
            "the report cannot be removed",
            path=folder,
            step="prune",
            action="start it as the user who started the run; it goes on where it was",
        )


def _compacted(ledger: Ledger) -> Iterator[str]:
    """Makes the file of the ledger smaller if nobody else is at work."""
    path = sqlite_path(ledger.url)
    if path is None:
        return
    before = path.stat().st_size
    if _is_in_use(ledger):
        yield f"{path}: {size_text(before)}, not made smaller: runs or watchers are at work"
        return
    try:
        compact(ledger)
    except sa.exc.OperationalError as error:
        yield f"{path}: {size_text(before)}, not made smaller: {error.orig}"
        return
    yield f"{path}: {size_text(path.stat().st_size)}, {size_text(before)} before"


def _is_in_use(view: LedgerView) -> bool:
    watched = any(
        not row["ended"] and lives(row["host"], row["pid"], row["beat"]) for row in view.watchers()
    )
    runs = (row for row in view.runs() if row["status"] == RUNNING)
    return watched or any(is_alive(row, view.workers(row["run_id"])) for row in runs)
