"""Runs in real SQLite ledgers, written the way a run writes them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from batchio.ledger import Ledger
from batchio.output import Output
from batchio.records import (
    COMPLETED,
    FAILED,
    INCOMPLETE,
    PENDING,
    Beat,
    InputFile,
    Outcome,
    RunRecord,
    iso,
)

BEGINNING = datetime(2024, 5, 1, 12, 0, tzinfo=timezone.utc)


def at(seconds: float) -> str:
    return iso(BEGINNING + timedelta(seconds=seconds))


def ago(seconds: float) -> str:
    return iso(datetime.now(timezone.utc) - timedelta(seconds=seconds))


def a_run(run_id: str = "run-1", *, started: str = at(0), **changes: Any) -> RunRecord:
    run = RunRecord(
        run_id=run_id,
        pipeline="radar",
        arguments=("--input", "in/*.BUFR", "--output", "out dir"),
        versions={"headrace": "0.1.0", "apache-beam": "2.70.0"},
        host=socket.gethostname(),
        pid=os.getpid(),
        output="/data/out",
        started=started,
    )
    return replace(run, **changes)


def a_ledger(folder: Path, *runs: RunRecord) -> Ledger:
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    ledger.create()
    for run in runs:
        ledger.start_run(run)
    return ledger


def completed(unit: str, *, metrics: Mapping[str, Any] | None = None, sha: str = "aa") -> Outcome:
    return Outcome(
        unit,
        COMPLETED,
        reason="new",
        files=(InputFile(f"/data/in/{unit}", 100, 1.0, "ff"),),
        outputs=(Output(f"/data/out/{unit}.nc", 1000, sha * 32),),
        metrics=metrics or {},
        seconds=0.5,
        started=at(1),
    )


def failed(unit: str, cause: str = "the data section is cut off", action: str = "") -> Outcome:
    path = f"/data/in/{unit}"
    shown = f"{path}: {cause}; {action}" if action else f"{path}: {cause}"
    return Outcome(
        unit,
        FAILED,
        reason="changed",
        files=(InputFile(path, 10, 1.0),),
        step="decode",
        error_type="InputError",
        error_message=shown,
        traceback="Traceback (most recent call last):\n  ...",
        seconds=0.25,
        started=at(1),
    )


def incomplete(unit: str, missing: Sequence[str] = ("DBZV",)) -> Outcome:
    lacks = f"{', '.join(missing)} missing"
    return Outcome(
        unit,
        INCOMPLETE,
        reason=f"incomplete: {lacks}",
        files=(InputFile(f"/data/in/{unit}", 10, 1.0),),
        error_message=f"incomplete: {lacks}; add the files",
        details={
            "expected_fields": ["DBZH", *missing],
            "downloaded_fields": ["DBZH"],
            "missing_fields": list(missing),
        },
    )


def pending(unit: str) -> Outcome:
    return Outcome(
        unit,
        PENDING,
        files=(InputFile(f"/data/in/{unit}", 10, 1.0),),
        error_message="unexpected: strategy 0999 is not in the table",
    )


def launcher_beat(**counters: int) -> Beat:
    return Beat(os.getpid(), rss_bytes=50_000_000, counters=counters)


def beat(ledger: Ledger, run: RunRecord, *beats: Beat) -> None:
    ledger.beat(run.run_id, run.host, beats)
