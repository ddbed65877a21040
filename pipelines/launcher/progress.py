"""Reads from the ledger how far a run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from batchio.ledger_view import LedgerView, Row
from batchio.records import COMPLETED, FAILED, INCOMPLETE, PENDING
from pipelines.launcher.failures import Failure, failed_units, failure_of

FRESH_S = 10.0  # a process that has given no sign of life for longer is not counted as alive
_FAILURES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class WorkerProgress:
    """What one worker process is at."""

    pid: int
    unit: str
    seconds: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; percent and ETA are None while they cannot be known."""

    elapsed_s: float
    discovered: bool
    found: int
    left_out: int
    units: int
    skipped: int
    todo: int
    bytes_todo: int
    done: int
    failed: int
    incomplete: int
    pending: int
    percent: float | None
    rate_per_minute: float | None
    eta_s: float | None
    rss_bytes: int
    workers: tuple[WorkerProgress, ...]
    failures: tuple[Failure, ...]  # the latest, oldest first

    @property
    def ended(self) -> int:
        """The number of units that have an outcome."""
        return self.done + self.failed + self.incomplete + self.pending


def read_progress(
    view: LedgerView, run_id: str, *, elapsed_s: float, ended_before: int = 0
) -> Progress:
    """Returns how far a run is.

    Args:
        view: The ledger of the run.
        run_id: The run.
        elapsed_s: Time since the run, or its resumption, began.
        ended_before: Units that had an outcome when the run was resumed.
    """
    counts = view.counts(run_id)
    progress = progress_of(
        view.run(run_id), view.workers(run_id), counts, elapsed_s=elapsed_s, before=ended_before
    )
    if not progress.failed:
        return progress
    return replace(progress, failures=_latest_failures(view, run_id))


def progress_of(
    run: Row | None,
    processes: list[Row],
    counts: Mapping[str, int],
    *,
    elapsed_s: float,
    before: int = 0,
) -> Progress:
    """Returns how far a run is, without its failures.

    Args:
        run: Its row.
        processes: Their rows.
        counts: How many units have each status.
        elapsed_s: Time since the run, or its resumption, began.
        before: Units that had an outcome when the run was resumed.
    """
    counters = counters_of(run, processes)
    discovered = counters.get("discovered", 0) > 0
    todo, failed = counters.get("todo", 0), counts.get(FAILED, 0)
    ended = sum(counts.get(status, 0) for status in (COMPLETED, FAILED, INCOMPLETE, PENDING))
    worked = max(0, ended - before)
    rate = worked / elapsed_s * 60 if worked and elapsed_s > 0 else None
    left = max(0, todo - worked)
    alive = alive_processes(processes)
    return Progress(
        elapsed_s=elapsed_s,
        discovered=discovered,
        found=counters.get("found", 0),
        left_out=counters.get("left_out", 0),
        units=counters.get("units", 0),
        skipped=counters.get("skipped", 0),
        todo=todo,
        bytes_todo=counters.get("bytes_todo", 0),
        done=counts.get(COMPLETED, 0),
        failed=failed,
        incomplete=counts.get(INCOMPLETE, 0),
        pending=counts.get(PENDING, 0),
        percent=100 * (1 - left / todo if todo else 1) if discovered else None,
        rate_per_minute=rate,
        eta_s=left / rate * 60 if discovered and rate else None,
        rss_bytes=sum(process["rss_bytes"] for process in alive),
        workers=current_work(alive),
        failures=(),
    )


def counters_of(run: Row | None, processes: list[Row]) -> dict[str, int]:
    """Returns what a run has counted.

    The launcher's row holds it all if it has listed the files. A resumed run has the rows of its
    dead launcher too, which counted the same files; only where other processes than the launcher
    did the work, or it left no row, are the processes summed.
    """
    total: dict[str, int] = {}
    for process in processes:
        is_launcher = run and (process["host"], process["pid"]) == (run["host"], run["pid"])
        if is_launcher and "found" in process["counters"]:
            return dict(process["counters"])
        for name, count in process["counters"].items():
            total[name] = total.get(name, 0) + count
    return total


def alive_processes(processes: list[Row]) -> list[Row]:
    """Returns the processes whose last sign of life is not old beside the newest."""
    if not processes:
        return []
    newest = max(parse_time(process["beat"]) for process in processes)
    oldest = newest - timedelta(seconds=FRESH_S)
    return [process for process in processes if parse_time(process["beat"]) >= oldest]


def current_work(processes: list[Row]) -> tuple[WorkerProgress, ...]:
    """Returns what each busy process is at, the longest at its unit first."""
    busy = [
        WorkerProgress(
            process["pid"],
            process["unit_id"],
            seconds_since(process["since"]),
            process["rss_bytes"],
        )
        for process in processes
        if process["unit_id"]
    ]
    return tuple(sorted(busy, key=lambda worker: -worker.seconds))


def parse_time(text: str) -> datetime:
    """Returns a time as the ledger writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds_since(text: str) -> float:
    """Returns how long ago a time of the ledger is; 0 where there is none."""
    if not text:
        return 0.0
    return max(0.0, (datetime.now(timezone.utc) - parse_time(text)).total_seconds())


def _latest_failures(view: LedgerView, run_id: str) -> tuple[Failure, ...]:
    rows = failed_units(view, run_id, limit=_FAILURES_AT_ONCE, newest=True)
    return tuple(map(failure_of, rows))
