"""Runs as the steps of a graph know them, each with a real SQLite ledger."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from batchio.fileset import FileRef
from batchio.fingerprint import sha256_of_file
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import COMPLETED, InputFile, Outcome, RunRecord, now
from batchio.version import __version__
from transforms.recorder import Recorder
from transforms.run import Run
from transforms.units import Unit, input_fingerprint


def a_run(folder: Path, run_id: str = "run-1", **changes: Any) -> Run:
    """A run that has started, with its output and ledger below the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    output = str(folder / "out")
    record = RunRecord(
        run_id=run_id,
        pipeline="radar",
        arguments=(),
        versions={"headrace": __version__},
        host=socket.gethostname(),
        pid=os.getpid(),
        output=output,
        started=now(),
    )
    run = Run(record, f"sqlite:///{folder}/ledger.db", OutputRoot(output, run_id), **changes)
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.create()
        ledger.start_run(record)
    return run


@contextmanager
def recorder_of(run: Run) -> Iterator[Recorder]:
    """The run's recorder, closed at the end."""
    recorder = Recorder.of(run)
    try:
        yield recorder
    finally:
        recorder.close()


def rows(run: Run) -> dict[str, Any]:
    """The rows of the units of the run, by unit."""
    with closing(Ledger(run.ledger_url)) as ledger:
        return {row.unit_id: row._asdict() for row in ledger.unit_rows(run.run_id)}


def counters(run: Run) -> dict[str, int]:
    """What this process has counted of the run, as its last beat tells."""
    with closing(Ledger(run.ledger_url)) as ledger:
        found = [row for row in ledger.workers(run.run_id) if row["pid"] == os.getpid()]
        return found[0]["counters"] if found else {}


def left_out(run: Run) -> dict[str, str]:
    """What is remarked of files, by path."""
    with closing(Ledger(run.ledger_url)) as ledger:
        row = ledger.run(run.run_id)
        assert row is not None
        return {file["path"]: file["remark"] for file in ledger.left_out(row)}


def a_file(path: Path, content: str = "content") -> FileRef:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    stat = path.stat()
    return FileRef(str(path), stat.st_size, stat.st_mtime)


def completed(unit: Unit, **changes: Any) -> Outcome:
    """The outcome of a unit whose files were read as they are."""
    files = tuple(
        InputFile(file.path, file.size, file.mtime, sha256_of_file(file.path))
        for file in unit.files
    )
    return Outcome(
        unit.unit_id,
        COMPLETED,
        files=files,
        input_fingerprint=input_fingerprint(files),
        settings_fingerprint=unit.settings,
        started=now(),
        **changes,
    )


def record(run: Run, outcomes: Sequence[Outcome]) -> None:
    with closing(Ledger(run.ledger_url)) as ledger:
        ledger.record(run.record, outcomes)
