"""Judges whether all that should be at work is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from batchio.database import PATIENCE_S
from batchio.errors import CannotRun
from batchio.ledger_schema import runs
from batchio.ledger_view import LedgerView, Row
from batchio.records import RUNNING
from pipelines.dashboard.models import Health, Trouble
from pipelines.dashboard.sources import Source, Sources
from pipelines.launcher.human import duration_text, one_line
from pipelines.launcher.liveness import is_handed_over, last_sign, lives
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.progress import FRESH_S, alive_processes, current_work, seconds_since
from pipelines.launcher.status import is_killed

_GRACE_S = 60.0  # the pool ends a worker that hangs; only if it does not is something wrong
_SILENT_S = PATIENCE_S + FRESH_S  # a run may have waited for its ledger


def judge(sources: Sources) -> Health:
    """Returns the health of all ledgers."""
    troubles = [trouble for source in sources.all() for trouble in _troubles(source)]
    return Health(status="red" if troubles else "ok", troubles=troubles)


def newest_runs(view: LedgerView) -> list[Row]:
    """Returns the newest run of each pipeline and output; earlier ones are of the past."""
    newest = (
        sa.select(runs.c.pipeline, runs.c.output, sa.func.max(runs.c.started).label("started"))
        .group_by(runs.c.pipeline, runs.c.output)
        .subquery()
    )
    same = (
        (runs.c.pipeline == newest.c.pipeline)
        & (runs.c.output == newest.c.output)
        & (runs.c.started == newest.c.started)
    )
    ids = view.transact(lambda db: db.scalars(sa.select(runs.c.run_id).join(newest, same)).all())
    return [run for run_id in ids if (run := view.run(run_id)) is not None]


def _troubles(source: Source) -> Iterator[Trouble]:
    try:
        if not source.view.exists():
            yield _trouble(source, "", "the ledger is not there", "check its place")
            return
        for run in newest_runs(source.view):
            processes = source.view.workers(run["run_id"])
            for cause, action in run_troubles(run, processes):
                yield _trouble(source, run["run_id"], cause, action)
        for watcher in source.view.watchers():
            for cause, action in watcher_troubles(watcher):
                yield _trouble(source, "", cause, action)
    except CannotRun as error:
        yield _trouble(source, "", one_line(error.cause), error.action)


def run_troubles(run: Row, processes: list[Row]) -> Iterator[tuple[str, str]]:
    """Yields cause and action of what is wrong with a run that has not ended."""
    if run["status"] != RUNNING:
        return
    silent_s = seconds_since(last_sign(run, processes))
    if is_killed(run, processes):
        cause = f"stopped without an end, {duration_text(silent_s)} ago"
        yield cause, f"python -m pipelines resume {run['run_id']}"
        return
    if silent_s > _SILENT_S and not is_handed_over(run):
        yield (
            f"lives, but has given no sign for {duration_text(silent_s)}",
            f"look at process {run['pid']} on {run['host']}",
        )
        return
    allowed_s = timeout_s(run["arguments"]) + _GRACE_S
    for worker in current_work(alive_processes(processes)):
        if worker.seconds > allowed_s:
            yield (
                f"worker {worker.pid} hangs at {one_line(worker.unit)}"
                f" for {duration_text(worker.seconds)}",
                f"end process {worker.pid}; its unit is told as failed",
            )


def watcher_troubles(watcher: Row) -> Iterator[tuple[str, str]]:
    """Yields cause and action where a command with --watch is gone, or cannot do its looks.

    One that has ended by itself, or was told to, is not missed.
    """
    what = f"the watcher of {watcher['pipeline']} into {watcher['output']}"
    if not watcher["ended"] and not lives(watcher["host"], watcher["pid"], watcher["beat"]):
        silent = duration_text(seconds_since(watcher["beat"]))
        yield f"{what} stopped without an end, {silent} ago", "start its command again"
    elif watcher["problem"]:
        yield f"{what} could not do its last look: {one_line(watcher['problem'])}", ""


def timeout_s(arguments: Sequence[str]) -> float:
    """Returns for how long a run lets a unit take, in seconds, as its arguments say."""
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name == "--timeout":
            return float(value)
    return float(CommonOptions.model_fields["timeout"].default)


def _trouble(source: Source, run_id: str, cause: str, action: str) -> Trouble:
    return Trouble(ledger=source.name, run_id=run_id, cause=cause, action=action)
