"""What the ledger records: runs, input files, outcomes of units, signs of life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from batchio.output import Output

COMPLETED = "completed"
FAILED = "failed"
INCOMPLETE = "incomplete"
INTERRUPTED = "interrupted"
PENDING = "pending"
RUNNING = "running"

# How the remark of a file begins that was deleted after its unit had been completed. What was
# remarked of it before follows, after "; ".
CLEANED_UP = "cleaned up by "

# How reasons to stop begin whose exit code is not that of a run that went through.
ASKED_TO_STOP = "asked to stop"
NO_SPACE = "no space left"
UNITS_FAILED = "units failed"  # how one ends


def now() -> str:
    """Returns the present time as the ledger writes it."""
    return iso(datetime.now(timezone.utc))


def ago(seconds: float) -> str:
    """Returns the time so long ago."""
    return iso(datetime.now(timezone.utc) - timedelta(seconds=seconds))


def iso(time: datetime) -> str:
    """Returns a UTC time as sortable ISO 8601 text."""
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class Scope(NamedTuple):
    """Which runs know of each other's work: those of a pipeline that write below one root."""

    pipeline: str
    output: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a pipeline: what was asked of it."""

    run_id: str
    pipeline: str
    arguments: Sequence[str]
    versions: Mapping[str, str]
    host: str
    pid: int
    output: str
    started: str
    folder: str = ""  # where the command was given: its relative paths start here

    @property
    def scope(self) -> Scope:
        """Whose earlier work counts for this run."""
        return Scope(self.pipeline, self.output)


class InputFile(NamedTuple):  # a tuple, as the next one: pickled by the million
    """An input file as it was worked; `sha256` is empty where its bytes were not needed."""

    path: str
    size: int
    mtime: float
    sha256: str = ""
    remark: str = ""


class Outcome(NamedTuple):
    """What became of one unit of work."""

    unit_id: str
    status: str
    reason: str = ""
    files: tuple[InputFile, ...] = ()
    outputs: tuple[Output, ...] = ()
    input_fingerprint: str = ""
    settings_fingerprint: str = ""
    metrics: Mapping[str, Any] = {}
    details: Mapping[str, Any] = {}
    step: str = ""
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""
    seconds: float = 0.0
    started: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class UnitState:
    """The newest record of a unit, as far as a decision about it needs it.

    Its outputs are those it had when it was last completed: a later try that failed, or still
    runs, has not replaced them.
    """

    unit_id: str
    run_id: str
    status: str
    attempt: int
    version: str
    input_fingerprint: str
    settings_fingerprint: str
    outputs: tuple[Output, ...]
    recorded: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: what one process does now, and what it has counted so far."""

    pid: int
    unit_id: str = ""
    since: str = ""
    rss_bytes: int = 0
    done: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Watcher:
    """A command with `--watch`: what it has done so far.

    Attributes:
        polled: When the last poll was done; empty before.
        problem: Why the last poll could not be done; empty if it was.
        ended: When it ended by itself or was told to; empty before, and if it was killed.
    """

    pipeline: str
    output: str
    host: str
    pid: int
    every_s: float
    started: str
    polls: int = 0
    polled: str = ""
    problem: str = ""
    ended: str = ""
