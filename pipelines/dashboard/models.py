"""What the page and its JSON tell: one declaration for both."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class RunSummary(BaseModel):
    """How a run stands."""

    ledger: str
    run_id: str
    pipeline: str
    status: str
    live: bool
    started: str
    finished: str | None
    seconds: float
    exit_code: int | None
    output: str
    counts: dict[str, int]
    up_to_date: int
    percent: float | None
    rate_per_minute: float | None
    eta_s: float | None


class UnreadableLedger(BaseModel):
    """A ledger that could not be read, and why."""

    ledger: str
    why: str


class WatcherState(BaseModel):
    """A command with --watch."""

    pipeline: str
    output: str
    host: str
    pid: int
    every_s: float
    polls: int
    polled: str
    problem: str
    ended: str
    lives: bool


class Runs(BaseModel):
    """Who watches, and the latest runs of all ledgers, newest first."""

    watchers: list[WatcherState]
    runs: list[RunSummary]
    unreadable: list[UnreadableLedger]


class Worker(BaseModel):
    """What a worker process is at."""

    pid: int
    unit: str
    seconds: float
    rss_bytes: int


class Cause(BaseModel):
    """Units that failed for the same reason; numbers in it may differ."""

    step: str
    cause: str
    action: str
    error_type: str
    count: int
    units: list[str]


class RunDetail(RunSummary):
    """A run, with what it does and what went wrong."""

    found: int
    left_out: int
    todo: int
    host: str
    stop_reason: str | None
    error: str | None
    command: list[str]
    versions: dict[str, str]
    rss_bytes: int
    peak_rss_bytes: int | None
    workers: list[Worker]
    causes: list[Cause]
    failures_looked_at: int


class UnitLine(BaseModel):
    """A unit in a list."""

    unit_id: str
    status: str
    attempt: int
    seconds: float
    step: str
    message: str
    recorded: str


class Units(BaseModel):
    """A page of a run's units in the order of their names."""

    units: list[UnitLine]
    next_after: str | None


class InputLine(BaseModel):
    """An input file of a unit."""

    path: str
    size: int
    sha256: str
    remark: str
    first_seen: str
    last_seen: str


class OutputLine(BaseModel):
    """An output of a unit; `picture` is where it is served, for those that are."""

    path: str
    size: int
    sha256: str
    picture: str | None


class PastLine(BaseModel):
    """A run that worked a unit, and what became of it there."""

    run_id: str
    status: str
    attempt: int
    reason: str
    seconds: float
    recorded: str


class UnitDetail(BaseModel):
    """A unit as a run left it."""

    ledger: str
    pipeline: str
    run_id: str
    unit_id: str
    status: str
    attempt: int
    reason: str
    step: str
    file: str
    cause: str
    action: str
    error_type: str
    traceback: str
    seconds: float
    started: str
    recorded: str
    metrics: dict[str, Any]
    details: dict[str, Any]
    inputs: list[InputLine]
    inputs_count: int
    outputs: list[OutputLine]
    outputs_count: int
    history: list[PastLine]


class VolumeLine(BaseModel):
    """A radar volume."""

    ledger: str
    volume_id: str
    radar: str
    strategy: str
    volume: str
    observed: str
    status: str
    expected: list[str] | None
    present: list[str]
    message: str


class VolumeCount(BaseModel):
    """How many radar volumes have a status; observed less than `age` ago, or `older`."""

    status: str
    age: str
    count: int


class Volumes(BaseModel):
    """Radar volumes by status and age, and the latest of them."""

    counts: list[VolumeCount]
    volumes: list[VolumeLine]
    unreadable: list[UnreadableLedger]


class ChangeLine(BaseModel):
    """A unit that two runs left different."""

    unit: str
    status: tuple[str, str] | None
    metrics: dict[str, tuple[Any, Any]]
    outputs: list[str]


class ComparisonPage(BaseModel):
    """What differs between two runs; the lists hold the first of each kind, counts all."""

    run_a: str
    run_b: str
    pipeline: str
    same: bool
    counts: dict[str, int]
    added: list[str]
    removed: list[str]
    changed: list[ChangeLine]


class Trouble(BaseModel):
    """Why the health is red, and what to do."""

    ledger: str
    run_id: str
    cause: str
    action: str


class Health(BaseModel):
    """Whether all that should be at work is."""

    status: str
    troubles: list[Trouble]
