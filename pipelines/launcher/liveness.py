"""Tells whether a run that never ended is still at work, or was killed."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from batchio.database import PATIENCE_S
from batchio.ledger_view import Row
from pipelines.launcher.options import SERVICES
from pipelines.launcher.progress import FRESH_S, parse_time, seconds_since
from transforms.recorder import HOST

_SERVICE_SILENT_S = 900.0  # a service takes minutes to start workers, or to replace them
_SILENT_S = PATIENCE_S + FRESH_S  # a run may have waited for the ledger, and now go on


def is_alive(run: Row, processes: Sequence[Row]) -> bool:
    """Tells whether a run still goes on, in its launcher or, on a cluster, without it."""
    if is_handed_over(run):
        return seconds_since(last_sign(run, processes)) < _SERVICE_SILENT_S
    recorders = [process for process in processes if process["counters"]]  # no workers of a pool
    return lives(run["host"], run["pid"], run["started"]) or any(
        lives(process["host"], process["pid"], process["beat"]) for process in recorders
    )


def lives(host: str, pid: int, seen: str) -> bool:
    """Tells whether a process that was at work then still is; of elsewhere, by its last sign."""
    if host != HOST:
        return seconds_since(seen) < _SILENT_S
    try:
        process = psutil.Process(pid)
        # A process younger than that only has its number.
        began = parse_time(seen).timestamp() + 1
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= began
    except psutil.NoSuchProcess:
        return False


def is_handed_over(run: Row) -> bool:
    """Tells whether a service works the run, so that nothing is known from its launcher."""
    return any(f"--runner={name}" in run["arguments"] for name in SERVICES)


def last_sign(run: Row, processes: Sequence[Row]) -> str:
    """Returns when a run gave its last sign of life."""
    return max([str(run["started"]), *(str(process["beat"]) for process in processes)])
