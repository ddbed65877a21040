"""Attends a graph while it runs: progress, signals, the end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from batchio.errors import CannotRun
from batchio.ledger_view import LedgerView
from pipelines.launcher.progress import Progress, read_progress
from pipelines.launcher.progress_views import View
from transforms.recorder import Recorder
from transforms.run import Run

LOOK_EVERY_S = 0.2
_SHOW_EVERY_S = 1.0


@dataclass(frozen=True)
class Ending:
    """How the graph ended: the signal that stopped it, or the error, if any."""

    signal: str = ""
    error: BaseException | None = None
    stop_reason: str = ""
    peak_rss_bytes: int = 0


class Signals:
    """Counts SIGINT and SIGTERM instead of dying of them, within a `with`."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._raises = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(signal.Signals(number).name)
        if self._raises:
            raise KeyboardInterrupt

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Lets them raise KeyboardInterrupt within the `with`: it may be left at any place."""
        self._raises = True
        try:
            if self.received:
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False


@contextmanager
def sigterm_as_sigint() -> Iterator[None]:
    """Lets SIGTERM raise KeyboardInterrupt within the `with`, as SIGINT does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class GraphThread(threading.Thread):
    """A thread that keeps the error it ended with."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="graph", daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        """Does the work."""
        try:
            self._work()
        except BaseException as error:
            self.error = error


def attend(
    graph: GraphThread, run: Run, ledger: LedgerView, view: View, signals: Signals
) -> Ending:
    """Waits for the graph, shows its progress and passes signals on."""
    recorder = Recorder.of(run)
    began = shown = time.monotonic()
    before = sum(ledger.counts(run.run_id).values())  # of a run_id that was given before

    def progress(ledger: LedgerView) -> Progress:
        elapsed = time.monotonic() - began
        return read_progress(ledger, run.run_id, elapsed_s=elapsed, ended_before=before)

    glance = LedgerView(run.ledger_url)  # without patience: signals are looked at as well
    graph.start()
    while graph.is_alive() and len(signals.received) < 2:
        graph.join(LOOK_EVERY_S)
        if signals.received and not recorder.stopping.is_set():
            name = signals.received[0]
            view.message(f"{name}: finishing what is being worked; once more to leave at once")
            recorder.stop(f"interrupted by {name}")
        if time.monotonic() - shown >= _SHOW_EVERY_S:
            shown = time.monotonic()
            with suppress(CannotRun):  # the recorder tells of it, and the next look may succeed
                now = progress(glance)
                view.update(now)
                if run.is_spread:
                    recorder.judge(now.failed, now.ended, now.todo)
    glance.close()
    error = _close(recorder, graph) or recorder.error or graph.error
    if recorder.error is not None:
        ledger.patience_s = 0.0  # the recorder has waited
    view.close(progress(ledger))
    return Ending(
        signal=signals.received[0] if signals.received else "",
        error=error,
        stop_reason=recorder.stop_reason,
        peak_rss_bytes=recorder.peak_rss_bytes,
    )


def _close(recorder: Recorder, graph: GraphThread) -> BaseException | None:
    try:
        recorder.close(end_workers=not graph.is_alive())
    except Exception as error:  # the run has to be ended in any case
        return error
    return None
