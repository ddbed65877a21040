"""Reads how runs stand: the list of them, one of them, two of them beside each other."""

from __future__ import annotations

import re
from dataclasses import asdict

from batchio.errors import CannotRun
from batchio.ledger_view import Row
from batchio.records import FAILED, RUNNING
from pipelines.dashboard.models import (
    Cause,
    ComparisonPage,
    RunDetail,
    Runs,
    RunSummary,
    UnreadableLedger,
    WatcherState,
    Worker,
)
from pipelines.dashboard.sources import Source, Sources
from pipelines.launcher.compare import compare
from pipelines.launcher.failures import failed_units, failure_of
from pipelines.launcher.human import one_line
from pipelines.launcher.liveness import last_sign, lives
from pipelines.launcher.progress import (
    counters_of,
    parse_time,
    progress_of,
    seconds_since,
)
from pipelines.launcher.status import KILLED, is_killed

_RUNS = 50
_FAILURES = 1000  # the latest so many are grouped
_UNITS_A_CAUSE = 5
_CHANGES = 200


class RunReadings:
    """Reads runs; the counts of those that have ended are read once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._ended: dict[tuple[str, str, str], dict[str, int]] = {}

    def runs(self) -> Runs:
        """Returns the latest runs of all ledgers."""
        found: list[RunSummary] = []
        watchers: list[WatcherState] = []
        unreadable: list[UnreadableLedger] = []
        for source in self.sources.all():
            try:
                if source.view.exists():
                    found += [self._summary(source, row) for row in source.view.runs(limit=_RUNS)]
                    watchers += map(_watcher_state, source.view.watchers())
            except CannotRun as error:
                unreadable.append(unreadable_ledger(source, error))
        found.sort(key=lambda run: run.started, reverse=True)
        return Runs(watchers=watchers, runs=found[:_RUNS], unreadable=unreadable)

    def run(self, key: str, run_id: str) -> RunDetail:
        """Returns a run in detail.

        Raises:
            UsageError: There is no such ledger or run.
        """
        source = self.sources.by_key(key)
        row = source.known_run(run_id)
        processes = source.view.workers(run_id)
        summary = self._summary(source, row, processes)
        progress = progress_of(row, processes, summary.counts, elapsed_s=summary.seconds)
        totals = row["totals"]
        return RunDetail(
            **summary.model_dump(),
            found=progress.found,
            left_out=progress.left_out,
            todo=progress.todo,
            host=row["host"],
            stop_reason=row["stop_requested"],
            error=totals.get("error"),
            command=["python", "-m", f"pipelines.{row['pipeline']}", *row["arguments"]],
            versions=row["versions"],
            rss_bytes=progress.rss_bytes if summary.live else 0,
            peak_rss_bytes=totals.get("peak_rss_bytes"),
            workers=[Worker(**asdict(each)) for each in progress.workers] if summary.live else [],
            causes=causes(source, run_id) if summary.counts.get(FAILED) else [],
            failures_looked_at=_FAILURES,
        )

    def compare(self, a: tuple[str, str], b: tuple[str, str]) -> ComparisonPage:
        """Returns what differs between two runs, each named by its ledger's key and its own name.

        Raises:
            UsageError: A run is unknown, or they are of different pipelines.
        """
        view_a, view_b = (self.sources.by_key(key).view for key, _ in (a, b))
        result = compare(view_a, a[1], view_b, b[1]).as_json()
        for kind in ("added", "removed", "changed"):
            del result[kind][_CHANGES:]
        return ComparisonPage.model_validate(result)

    def _summary(self, source: Source, row: Row, processes: list[Row] | None = None) -> RunSummary:
        if processes is None:
            processes = source.view.workers(row["run_id"])
        live = row["status"] == RUNNING and not is_killed(row, processes)
        seconds = _seconds(row, processes, live=live)
        counts = self._counts(source, row)
        progress = progress_of(row, processes, counts, elapsed_s=seconds)
        return RunSummary(
            ledger=source.key,
            run_id=row["run_id"],
            pipeline=row["pipeline"],
            status=KILLED if row["status"] == RUNNING and not live else row["status"],
            live=live,
            started=row["started"],
            finished=row["finished"],
            seconds=seconds,
            exit_code=row["totals"].get("exit_code"),
            output=row["output"],
            counts=counts,
            up_to_date=counters_of(row, processes).get("skipped", 0),
            percent=progress.percent if live else None,
            rate_per_minute=progress.rate_per_minute,
            eta_s=progress.eta_s if live else None,
        )

    def _counts(self, source: Source, row: Row) -> dict[str, int]:
        run_id, finished = row["run_id"], row["finished"]
        if not finished:
            return source.view.counts(run_id)
        place = (source.key, run_id, finished)
        if place not in self._ended:
            self._ended[place] = source.view.counts(run_id)
        return self._ended[place]


def unreadable_ledger(source: Source, error: CannotRun) -> UnreadableLedger:
    """Returns what to tell of a ledger that cannot be read."""
    return UnreadableLedger(ledger=source.name, why=one_line(f"{error.cause}; {error.action}"))


def causes(source: Source, run_id: str) -> list[Cause]:
    """Returns the latest failures of a run by cause, the most frequent first."""
    found: dict[tuple[str, ...], Cause] = {}
    for row in failed_units(source.view, run_id, limit=_FAILURES, newest=True):
        failure = failure_of(row)
        alike = (failure.step, failure.error_type, re.sub(r"\d+", "0", failure.cause))
        cause = found.setdefault(
            alike,
            Cause(
                step=failure.step,
                cause=failure.cause,
                action=failure.action,
                error_type=failure.error_type,
                count=0,
                units=[],
            ),
        )
        cause.count += 1
        if len(cause.units) < _UNITS_A_CAUSE:
            cause.units.append(failure.unit)
    return sorted(found.values(), key=lambda cause: -cause.count)


def _seconds(row: Row, processes: list[Row], *, live: bool) -> float:
    if live:
        return seconds_since(row["started"])
    end = parse_time(row["finished"] or last_sign(row, processes))
    return (end - parse_time(row["started"])).total_seconds()


def _watcher_state(row: Row) -> WatcherState:
    alive = not row["ended"] and lives(row["host"], row["pid"], row["beat"])
    return WatcherState.model_validate({**row, "lives": alive})
