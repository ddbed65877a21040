"""Ends a run: its record, its report, its exit code."""

from __future__ import annotations

import logging
import sys
from typing import Any

from batchio.errors import CannotRun, HeadraceError
from batchio.ledger import Ledger
from batchio.output import NO_ROOM, no_room
from batchio.records import ASKED_TO_STOP, COMPLETED, FAILED, INTERRUPTED, NO_SPACE
from batchio.stores import StoreError
from pipelines.launcher.attend import Ending
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE, SOME_FAILED, WAS_INTERRUPTED
from pipelines.launcher.notify import notify
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.progress import counters_of
from pipelines.launcher.progress_views import View
from pipelines.launcher.report import build_report, report_folder, summary_lines, write_report
from transforms.run import Run

logger = logging.getLogger(__name__)

_PATTERNS_TOLD = 3


def finish(options: CommonOptions, run: Run, ledger: Ledger, view: View, ending: Ending) -> int:
    """Closes the run's record, writes the report, tells the user; returns the exit code."""
    counters = counters_of(ledger.run(run.run_id), ledger.workers(run.run_id))
    error = ending.error
    looked = options.patterns and not run.poll_s
    nothing_found = not counters.get("found") and not ending.stop_reason
    if (
        looked
        and error is None
        and nothing_found
        and not ledger.knows_cleaned_files(run.record.scope)
    ):
        patterns = " ".join(options.patterns[:_PATTERNS_TOLD])
        error = CannotRun(
            "no file matches",
            path=patterns,
            step="match files",
            action="check the pattern, and put quotes around it",
        )
    code = _exit_code(ending, error, ledger.counts(run.run_id))
    status = {COULD_NOT_RUN: FAILED, WAS_INTERRUPTED: INTERRUPTED}.get(code, COMPLETED)
    totals: dict[str, Any] = {
        **counters,
        "exit_code": code,
        "peak_rss_bytes": ending.peak_rss_bytes,
    }
    if error is not None:
        totals["error"] = str(error)
    ledger.finish_run(run.run_id, status, totals)
    folder = report_folder(run.record.output, run.run_id)
    try:
        report = write_report(ledger, run.run_id, folder).report
    except StoreError as unwritten:  # the run is told of all the same
        error, code = error or unwritten, COULD_NOT_RUN
        report = build_report(ledger, run.run_id)
    run.output.clear_scratch()
    for line in summary_lines(report)[: 1 if options.quiet else None]:
        view.message(line)
    if error is not None:
        print(f"headrace: {_named(error, run.record.output)}", file=sys.stderr)
        logger.debug("%s", error, exc_info=error)
    notify(options.notify, options.notify_on, report)
    return code


def _named(error: BaseException, output: str) -> str:
    origin: BaseException | None = error
    while origin is not None:  # Beam raises a copy, without what our errors know
        if isinstance(origin, HeadraceError) and origin.path:
            return str(origin)
        if isinstance(origin, OSError) and origin.errno in NO_ROOM:
            return str(no_room(output))
        origin = origin.__cause__ or origin.__context__
    if isinstance(error, HeadraceError):
        return str(error)
    return f"{type(error).__name__}: {error}; this is a fault of Headrace, --log_file has its trace"


def _exit_code(ending: Ending, error: BaseException | None, counts: dict[str, int]) -> int:
    if ending.signal or ending.stop_reason.startswith(ASKED_TO_STOP):
        return WAS_INTERRUPTED
    if error is not None or ending.stop_reason.startswith(NO_SPACE):
        return COULD_NOT_RUN
    return SOME_FAILED if counts.get(FAILED) else DONE
