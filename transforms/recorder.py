"""Tells the ledger what a process does, while it does it, and hears from it when to stop."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import ClassVar

import psutil

from batchio.database import PATIENCE_S, shown
from batchio.errors import CannotRun
from batchio.fileset import local_path
from batchio.ledger import Ledger
from batchio.ledger_view import LedgerView
from batchio.output import free_bytes
from batchio.records import (
    COMPLETED,
    FAILED,
    NO_SPACE,
    UNITS_FAILED,
    Beat,
    InputFile,
    Outcome,
    UnitState,
    iso,
)
from transforms.run import Run
from transforms.units import Unit, running
from transforms.worker_pool import WorkerPool

logger = logging.getLogger(__name__)

HOST = socket.gethostname()

_COMMIT_EVERY_S = 0.5
_COMMIT_AT = 2000
_BEAT_EVERY_S = 1.0
_SHOW_RUNNING_AFTER_S = 1.0


class Recorder:
    """Commits outcomes about twice a second, beats once a second; one a process and run."""

    _live: ClassVar[dict[str, Recorder]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def of(cls, run: Run) -> Recorder:
        """Returns this process's recorder of the run, started at the first call."""
        with cls._making:
            if run.run_id not in cls._live:
                cls._live[run.run_id] = cls(run)
            return cls._live[run.run_id]

    def __init__(self, run: Run) -> None:
        if run.is_spread:
            _check_shared(run)
        self.run = run
        self.ledger = Ledger(run.ledger_url, patience_s=PATIENCE_S)
        self.stopping = threading.Event()
        self.stop_reason = ""
        self.error: Exception | None = None
        self.peak_rss_bytes = 0
        self._counters: Counter[str] = Counter()
        self._outcomes: list[Outcome] = []
        self._seen: list[tuple[InputFile, str | None]] = []
        self._again: list[str] = []
        self._told_to_stop = False
        self._pools: list[WorkerPool[Unit]] = []
        self._idle: list[tuple[object, WorkerPool[Unit]]] = []
        self._lock = threading.Lock()
        self._committing = threading.Lock()
        self._beating = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="recorder", daemon=True)
        self._thread.start()

    def count(self, name: str, number: int = 1) -> None:
        """Adds to a counter of the run."""
        with self._lock:
            self._counters[name] += number

    def add(self, *outcomes: Outcome) -> None:
        """Takes outcomes; they are committed within half a second."""
        failed = sum(outcome.status == FAILED for outcome in outcomes)
        with self._lock:
            self._outcomes.extend(outcomes)
            self._counters["done"] += len(outcomes)
            self._counters["failed"] += failed
            counts, many = Counter(self._counters), len(self._outcomes)
        if failed and not self.run.is_spread:  # one of many processes does not know
            self.judge(counts["failed"], counts["done"], counts["todo"])
        if many >= _COMMIT_AT:
            self.commit()

    def not_ended(self, units: Sequence[Unit]) -> list[Unit]:
        """Returns the units that this run has no outcome of.

        A runner that has lost a machine hands out again what that had, done or not.
        """
        states = self.ledger.unit_states(self.run.record.scope, [unit.unit_id for unit in units])
        return [unit for unit in units if not self._has_ended(unit, states.get(unit.unit_id))]

    def _has_ended(self, unit: Unit, state: UnitState | None) -> bool:
        return (
            state is not None
            and state.run_id == self.run.run_id
            and state.attempt >= unit.attempt  # an older one: the run was resumed
            and state.status in (COMPLETED, FAILED)
        )

    def see(self, files: Sequence[tuple[InputFile, str | None]], again: Sequence[str] = ()) -> None:
        """Notes files of no outcome as seen in this run.

        Args:
            files: New or changed ones, each with its unit if it has one.
            again: Paths of those that are as the ledger knows them.
        """
        with self._lock:
            self._seen.extend(files)
            self._again.extend(again)
            many = len(self._seen) + len(self._again)
        if many >= _COMMIT_AT:
            self.commit()

    def watch(self, pool: WorkerPool[Unit]) -> None:
        """Shows a pool's worker processes in the beats from now on."""
        self._pools.append(pool)

    def borrow(self, process: object) -> WorkerPool[Unit] | None:
        """Returns a pool that does the same work and is not in use, if there is one."""
        with self._lock:
            for number, (done, _) in enumerate(self._idle):
                if done == process:
                    return self._idle.pop(number)[1]
        return None

    def give_back(self, process: object, pool: WorkerPool[Unit]) -> None:
        """Keeps an idle pool for the next step, or the next bundle, that does the same work."""
        with self._lock:
            self._idle.append((process, pool))

    def stop(self, reason: str) -> None:
        """Lets the run end gracefully: what is being worked is finished, nothing begun.

        The other processes of the run hear of it within a second.
        """
        if not self.stopping.is_set():
            self.stop_reason = reason
            self.stopping.set()

    def commit(self) -> None:
        """Writes what has been taken to the ledger.

        Raises:
            CannotRun: When the ledger has not answered for a minute; nothing is lost then.
        """
        with self._committing:
            with self._lock:
                outcomes, self._outcomes = self._outcomes, []
                seen, self._seen = self._seen, []
                again, self._again = self._again, []
            if not outcomes and not seen and not again:
                return
            try:
                self.ledger.record(self.run.record, outcomes, seen, again)
            except BaseException:
                with self._lock:
                    self._outcomes[:0], self._seen[:0], self._again[:0] = outcomes, seen, again
                raise

    def flush(self) -> None:
        """Writes all that was taken and counted: after a bundle, a cluster may end the process."""
        self.commit()
        self._tell_stop()
        self._beat()

    def close(self, *, end_workers: bool = True) -> None:
        """Commits the rest and ends the thread and the pools.

        Args:
            end_workers: False where a graph still uses the pools: workers die with this process.
        """
        self._closed.set()
        self._thread.join()
        try:
            self.flush()
        finally:
            if end_workers:
                for pool in self._pools:
                    pool.close()
                Recorder._live.pop(self.run.run_id, None)
            self.ledger.close()

    def _keep(self) -> None:
        beat_at = 0.0
        while not self._closed.wait(_COMMIT_EVERY_S if beat_at else 0):
            try:
                self.commit()
                self._tell_stop()
                if time.monotonic() - beat_at >= _BEAT_EVERY_S:
                    beat_at = time.monotonic()
                    self._beat()
                    self._check_space()
            except Exception as error:  # nothing would be recorded any more: end the run
                logger.warning("%s", error)
                self.error = error
                self.ledger.patience_s = 0.0  # it had its time
                self.stopping.set()
                return

    def _tell_stop(self) -> None:
        if self.stopping.is_set() and not self._told_to_stop:
            self.ledger.request_stop(self.run.run_id, self.stop_reason)
            self._told_to_stop = True

    def _beat(self) -> None:
        with self._beating:  # else an older count could be written last
            beats, long_running = self._signs_of_life()
            self.peak_rss_bytes = max(self.peak_rss_bytes, sum(beat.rss_bytes for beat in beats))
            reason = self.ledger.beat(self.run.run_id, HOST, beats)
        if long_running:
            self.ledger.record_running(self.run.record, [running(unit) for unit in long_running])
        if reason and not self.stopping.is_set():
            self.stop_reason = reason
            self.stopping.set()

    def _signs_of_life(self) -> tuple[list[Beat], list[Unit]]:
        with self._lock:
            counters = dict(self._counters)
        own = Beat(
            os.getpid(),
            rss_bytes=_rss(os.getpid()),
            done=counters.get("done", 0),
            counters={**counters, "peak_rss_bytes": self.peak_rss_bytes},
        )
        beats, long_running = [own], []
        for pool in self._pools:
            for worker in pool.workers:
                unit, seconds = worker.current()
                since = iso(datetime.now(timezone.utc) - timedelta(seconds=seconds))
                pid = worker.process.pid
                beats.append(
                    Beat(
                        pid,
                        unit.unit_id if unit else "",
                        since if unit else "",
                        _rss(pid),
                        worker.answered,
                    )
                )
                if unit and seconds > _SHOW_RUNNING_AFTER_S:
                    long_running.append(unit)
        return beats, long_running

    def judge(self, failed: int, done: int, total: int) -> None:
        """Stops the run if it asks for that with so many failed, finished and all units."""
        too_many = self.run.too_many_failed
        if too_many is not None and too_many(failed, done, total):
            self.stop(f"{failed} of {done} {UNITS_FAILED}")

    def _check_space(self) -> None:
        root = self.run.output.url
        free = free_bytes(root) if self.run.min_free_bytes else None
        if free is not None and free < self.run.min_free_bytes:
            self.stop(f"{NO_SPACE}: only {free / 1e6:.0f} MB are free in {local_path(root)}")


def _check_shared(run: Run) -> None:
    """Raises CannotRun if the run is not in the ledger: it is another machine's file."""
    with closing(LedgerView(run.ledger_url, patience_s=PATIENCE_S)) as ledger:
        if ledger.exists() and ledger.run(run.run_id) is not None:
            return
    raise CannotRun(
        f"run {run.run_id} is not in it, as seen from {HOST}",
        path=shown(run.ledger_url),
        step="ledger",
        action="give --ledger a PostgreSQL URL: SQLite serves the workers of one machine",
    )


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
