"""Tells whether a run that never ended is still at work, or was killed."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from batchio.database import PATIENCE_S
from batchio.ledger_view import Row
from pipelines.launcher.progress import FRESH_S, parse_time, seconds_since
from transforms.recorder import HOST

_SILENT_S = PATIENCE_S + FRESH_S  # a run may have waited for the ledger, and now go on


def is_alive(run: Row, processes: Sequence[Row]) -> bool:
    """Tells whether a run still goes on: its launcher lives here, or beats elsewhere."""
    if run["host"] != HOST:
        return seconds_since(last_sign(run, processes)) < _SILENT_S
    try:
        process = psutil.Process(run["pid"])
        # A process younger than the run only has its number.
        began = parse_time(run["started"]).timestamp() + 1
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= began
    except psutil.NoSuchProcess:
        return False


def last_sign(run: Row, processes: Sequence[Row]) -> str:
    """Returns when a run gave its last sign of life."""
    return max([str(run["started"]), *(str(process["beat"]) for process in processes)])
