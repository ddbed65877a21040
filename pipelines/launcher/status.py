"""Tells which runs there are and how they stand, in text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from batchio.database import shown
from batchio.errors import CannotRun
from batchio.ledger_prune import PRUNED
from batchio.ledger_view import LedgerView, Row
from batchio.records import COMPLETED, FAILED, INCOMPLETE, PENDING, RUNNING
from pipelines.launcher import registry
from pipelines.launcher.human import (
    count_text,
    duration_text,
    one_line,
    size_text,
    table_text,
    time_text,
)
from pipelines.launcher.liveness import is_alive, last_sign
from pipelines.launcher.progress import (
    FRESH_S,
    WorkerProgress,
    alive_processes,
    counters_of,
    current_work,
    parse_time,
    seconds_since,
)

KILLED = "killed?"
_HEADS = ("run", "pipeline", "status", "started", "took", "done", "failed", "waiting", "up to date")


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How one run stands."""

    run_id: str
    pipeline: str
    status: str
    started: str
    seconds: float
    output: str
    ledger: str
    counts: dict[str, int]
    skipped: int
    todo: int
    stop_reason: str | None
    pruned: str | None
    workers: tuple[WorkerProgress, ...]


def status_text(
    run_id: str | None = None,
    *,
    ledgers: Sequence[str] = (),
    limit: int = 20,
    as_json: bool = False,
) -> str:
    """Returns the latest runs as a table, or one run in detail.

    Args:
        run_id: The run to tell of; the latest ones if none is named.
        ledgers: URLs of ledgers to look into; those of the remembered runs if none is given.
        limit: How many runs at most.
        as_json: Return JSON instead of text.

    Raises:
        UsageError: When the run is in none of the ledgers.
        CannotRun: When a named ledger cannot be read.
    """
    if run_id is not None:
        with registry.recorded(run_id, ledgers, step="status") as (view, row):
            run = run_status(view, row)
        return json.dumps(asdict(run), indent=2) if as_json else _detail_text(run)
    runs, unreadable = _latest_runs(ledgers, limit)
    if as_json:
        return json.dumps({"runs": list(map(asdict, runs)), "unreadable": unreadable}, indent=2)
    return "\n".join([_table(runs), *unreadable])


def run_status(view: LedgerView, run: Row, *, ledger: str = "") -> RunStatus:
    """Returns how a run stands."""
    processes = view.workers(run["run_id"])
    counters = counters_of(run, processes)
    status = KILLED if is_killed(run, processes) else run["status"]
    return RunStatus(
        run_id=run["run_id"],
        pipeline=run["pipeline"],
        status=status,
        started=run["started"],
        seconds=_seconds(run, processes if status == KILLED else []),
        output=run["output"],
        ledger=ledger or shown(view.url),
        counts=view.counts(run["run_id"]),
        skipped=counters.get("skipped", 0),
        todo=counters.get("todo", 0),
        stop_reason=run["stop_requested"],
        pruned=run["totals"].get(PRUNED),
        workers=current_work(alive_processes(processes)) if status == RUNNING else (),
    )


def is_killed(run: Row, processes: list[Row]) -> bool:
    """Tells whether a run that never ended shows no sign of life any more."""
    silent = seconds_since(last_sign(run, processes)) > FRESH_S
    return run["status"] == RUNNING and silent and not is_alive(run, processes)


def _seconds(run: Row, beats_of_dead: list[Row]) -> float:
    started = parse_time(run["started"])
    if run["finished"]:
        return (parse_time(run["finished"]) - started).total_seconds()
    if beats_of_dead:
        return (parse_time(last_sign(run, beats_of_dead)) - started).total_seconds()
    return seconds_since(run["started"])


def _latest_runs(ledgers: Sequence[str], limit: int) -> tuple[list[RunStatus], list[str]]:
    """Returns the latest runs of all ledgers; a remembered ledger may be gone or broken."""
    known = dict.fromkeys(run.ledger_url for run in registry.latest(limit))
    runs: list[RunStatus] = []
    unreadable: list[str] = []
    for url in ledgers or known:
        view = LedgerView(url)
        try:
            rows = view.runs(limit=limit) if view.exists() else []
            runs += [run_status(view, row) for row in rows]
        except CannotRun as error:
            if ledgers:
                raise
            unreadable.append(one_line(str(error)))
        finally:
            view.close()
    runs.sort(key=lambda run: run.started, reverse=True)
    return runs[:limit], unreadable


def _table(runs: list[RunStatus]) -> str:
    if not runs:
        return "no runs are known here; name a ledger or an output to look elsewhere"
    return table_text(_HEADS, [_table_row(run) for run in runs])


def _table_row(run: RunStatus) -> tuple[str, ...]:
    counts = run.counts
    waiting = counts.get(INCOMPLETE, 0) + counts.get(PENDING, 0)
    numbers = (counts.get(COMPLETED, 0), counts.get(FAILED, 0), waiting, run.skipped)
    return (
        one_line(run.run_id),
        run.pipeline,
        run.status,
        time_text(run.started),
        duration_text(run.seconds),
        *map(count_text, numbers),
    )


def _detail_text(run: RunStatus) -> str:
    counts: dict[str, Any] = {**run.counts, "up to date": run.skipped, "to do": run.todo}
    facts = {
        "run": run.run_id,
        "pipeline": run.pipeline,
        "status": run.status,
        "started": f"{time_text(run.started)} UTC",
        "took": duration_text(run.seconds),
        "units": ", ".join(f"{count_text(n)} {what}" for what, n in counts.items()),
        "output": run.output,
        "ledger": run.ledger,
        "stop asked for": run.stop_reason or "",
        "pruned": f"{time_text(run.pruned)} UTC" if run.pruned else "",
        "go on": f"python -m pipelines resume {run.run_id}" if run.status == KILLED else "",
    }
    lines = [f"{name:<15} {one_line(str(value))}" for name, value in facts.items() if value]
    return "\n".join([*lines, *_workers_text(run.workers)])


def _workers_text(workers: Sequence[WorkerProgress]) -> list[str]:
    if not workers:
        return []
    rows = [
        (
            str(worker.pid),
            one_line(worker.unit),
            duration_text(worker.seconds),
            size_text(worker.rss_bytes),
        )
        for worker in workers
    ]
    return ["", table_text(("process", "unit", "for", "memory"), rows)]
