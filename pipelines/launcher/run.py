"""A run from the command line to the exit code."""

from __future__ import annotations

import logging
import os
import platform
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from batchio.errors import CannotRun, HeadraceError, UsageError
from batchio.fileset import absolute
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import ASKED_TO_STOP, COMPLETED, FAILED, INTERRUPTED, NO_SPACE, RunRecord, iso
from batchio.version import __version__
from pipelines.launcher import preflight, registry
from pipelines.launcher.command_line import parse, to_arguments
from pipelines.launcher.domain import Domain
from pipelines.launcher.engine import LOCAL_RUNNERS, run_graph
from pipelines.launcher.exit_codes import (
    COULD_NOT_RUN,
    DONE,
    SOME_FAILED,
    WAS_INTERRUPTED,
    WRONG_USAGE,
)
from pipelines.launcher.logs import logging_to
from pipelines.launcher.notify import notify
from pipelines.launcher.options import CommonOptions, FailureLimit
from pipelines.launcher.plan import decisions, plan_lines
from pipelines.launcher.progress import Progress, counters_of, read_progress
from pipelines.launcher.progress_views import View, make_view
from pipelines.launcher.report import report_folder, summary_lines, write_report
from transforms.recorder import HOST, Recorder
from transforms.run import Run

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options

_LOOK_EVERY_S = 0.2
_SHOW_EVERY_S = 1.0

logger = logging.getLogger(__name__)


def launch(domain: Domain[O], argv: Sequence[str] | None = None) -> int:
    """Runs a domain's pipeline as a command; returns the exit code."""
    try:
        parsed = parse(
            domain.options,
            sys.argv[1:] if argv is None else argv,
            prog=f"python -m pipelines.{domain.name}",
            description=domain.summary,
        )
        options = parsed.options
        preflight.check_inputs(options.input)
        domain.check(options)
        if options.plan:
            return _show_plan(domain, options)
        return _rounds(domain, options, parsed.beam_arguments)
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT_RUN
    except KeyboardInterrupt:
        return WAS_INTERRUPTED
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _show_plan(domain: Domain[O], options: O) -> int:
    for line in plan_lines(domain, options, _ledger_url(options)):
        print(line)
    return DONE


def _rounds(domain: Domain[O], options: O, beam_arguments: list[str]) -> int:
    """Runs once, or with --watch whenever there is work, until a signal or an error ends it."""
    with _Signals() as signals:
        while True:
            if options.watch is None or _has_work(domain, options):
                code = _run_once(domain, options, beam_arguments, signals)
                if options.watch is None or code in (COULD_NOT_RUN, WAS_INTERRUPTED):
                    return code
            deadline = time.monotonic() + (options.watch or 0)
            while time.monotonic() < deadline:
                if signals.received:
                    return WAS_INTERRUPTED
                time.sleep(_LOOK_EVERY_S)


def _has_work(domain: Domain[O], options: O) -> bool:
    planned = decisions(domain, options, _ledger_url(options), [])
    return any(decision.action == "work" for decision in planned)


def _run_once(domain: Domain[O], options: O, beam_arguments: list[str], signals: _Signals) -> int:
    run = make_run(domain.name, options)
    ledger = Ledger(run.ledger_url)
    preflight.check_output(run.output)
    preflight.check_space(run.output.url, run.min_free_bytes)
    ledger.create()
    preflight.take_over(ledger, domain.name, run.record.output)
    view = make_view(options.progress, quiet=options.quiet)
    with logging_to(view, options.log_file, verbose=options.verbose):
        ledger.start_run(run.record)
        registry.remember(run.run_id, run.ledger_url, run.record.output)
        graph = _Thread(
            lambda: run_graph(
                lambda pipeline: domain.build(pipeline, options, run),
                run,
                options.runner,
                beam_arguments,
            )
        )
        ending = _attend(graph, run, ledger, view, signals)
        code = _finish(options, run, ledger, view, ending)
        if graph.is_alive():  # left at once: nothing of it may hold the process up
            sys.stdout.flush()
            os._exit(code)
        return code


def make_run(pipeline: str, options: CommonOptions) -> Run:
    """Returns the run that the options ask for, beginning now."""
    started = datetime.now(timezone.utc)
    run_id = options.run_id or f"{started:%Y%m%dT%H%M%SZ}-{pipeline}-{secrets.token_hex(2)}"
    root = absolute(options.output)
    suffix = f"_{started:%Y%m%d_%H%M%S}" if options.timestamped else ""
    local = options.runner in LOCAL_RUNNERS
    return Run(
        record=RunRecord(
            run_id=run_id,
            pipeline=pipeline,
            arguments=to_arguments(options),
            versions=_versions(),
            host=HOST,
            pid=os.getpid(),
            output=root,
            started=iso(started),
            folder=str(Path.cwd()),
        ),
        ledger_url=_ledger_url(options),
        output=OutputRoot(root, run_id, retries=options.retries, suffix=suffix),
        patterns=tuple(options.input),
        exclude=tuple(options.exclude),
        order_by=options.order_by,
        rerun=options.rerun,
        retries=options.retries,
        timeout_s=options.timeout,
        workers=preflight.choose_workers(options.workers) if local else options.workers or 1,
        too_many_failed=_StopRule(options.on_error == "stop", options.max_failures),
        min_free_bytes=int(options.min_free_space),
    )


@dataclass(frozen=True)
class _StopRule:
    """Tells from failed, finished and all units whether the run shall stop."""

    at_first: bool
    limit: FailureLimit | None

    def __call__(self, failed: int, done: int, total: int) -> bool:
        return self.at_first or (
            self.limit is not None and self.limit.exceeded(failed, done, total)
        )


@dataclass(frozen=True)
class _Ending:
    """How the graph ended: the signal that stopped it, or the error, if any."""

    signal: str = ""
    error: BaseException | None = None
    stop_reason: str = ""
    peak_rss_bytes: int = 0


class _Signals:
    """Counts SIGINT and SIGTERM instead of dying of them, within a `with`."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(signal.Signals(number).name)


def _attend(graph: _Thread, run: Run, ledger: Ledger, view: View, signals: _Signals) -> _Ending:
    """Waits for the graph, shows its progress and passes signals on."""
    recorder = Recorder.of(run)
    began = shown = time.monotonic()
    before = sum(ledger.counts(run.run_id).values())  # of a run_id that was given before

    def progress() -> Progress:
        elapsed = time.monotonic() - began
        return read_progress(ledger, run.run_id, elapsed_s=elapsed, ended_before=before)

    graph.start()
    while graph.is_alive() and len(signals.received) < 2:
        graph.join(_LOOK_EVERY_S)
        if signals.received and not recorder.stopping.is_set():
            name = signals.received[0]
            view.message(f"{name}: finishing what is being worked; once more to leave at once")
            recorder.stop(f"interrupted by {name}")
        if time.monotonic() - shown >= _SHOW_EVERY_S:
            shown = time.monotonic()
            view.update(progress())
    error = _close(recorder) or recorder.error or graph.error
    view.close(progress())
    return _Ending(
        signal=signals.received[0] if signals.received else "",
        error=error,
        stop_reason=recorder.stop_reason,
        peak_rss_bytes=recorder.peak_rss_bytes,
    )


def _close(recorder: Recorder) -> BaseException | None:
    try:
        recorder.close()
    except HeadraceError as error:
        return error
    return None


class _Thread(threading.Thread):
    """A thread that keeps the error it ended with."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="graph", daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error


def _finish(options: CommonOptions, run: Run, ledger: Ledger, view: View, ending: _Ending) -> int:
    """Closes the run's record, writes the report, tells the user; returns the exit code."""
    counters = counters_of(ledger.run(run.run_id), ledger.workers(run.run_id))
    error = ending.error
    if error is None and not counters.get("found") and not ending.stop_reason:
        patterns = " ".join(options.input)
        error = CannotRun(
            "no file matches",
            path=patterns,
            step="match files",
            action="check the pattern, and put quotes around it",
        )
    code = _exit_code(ending, error, ledger.counts(run.run_id))
    status = {COULD_NOT_RUN: FAILED, WAS_INTERRUPTED: INTERRUPTED}.get(code, COMPLETED)
    totals: dict[str, Any] = {
        **counters,
        "exit_code": code,
        "peak_rss_bytes": ending.peak_rss_bytes,
    }
    if error is not None:
        totals["error"] = str(error)
    ledger.finish_run(run.run_id, status, totals)
    folder = report_folder(run.record.output, run.run_id)
    report = write_report(ledger, run.run_id, folder).report
    run.output.clear_scratch()
    for line in summary_lines(report)[: 1 if options.quiet else None]:
        view.message(line)
    if error is not None:
        print(f"headrace: {_named(error)}", file=sys.stderr)
        logger.debug("%s", error, exc_info=error)
    if options.notify:
        notify(options.notify, report)
    ledger.close()
    return code


def _named(error: BaseException) -> str:
    if isinstance(error, HeadraceError):
        return str(error)
    return f"{type(error).__name__}: {error}; this is a fault of Headrace, --log_file has its trace"


def _exit_code(ending: _Ending, error: BaseException | None, counts: dict[str, int]) -> int:
    if ending.signal or ending.stop_reason.startswith(ASKED_TO_STOP):
        return WAS_INTERRUPTED
    if error is not None or ending.stop_reason.startswith(NO_SPACE):
        return COULD_NOT_RUN
    return SOME_FAILED if counts.get(FAILED) else DONE


def _ledger_url(options: CommonOptions) -> str:
    return options.ledger or registry.default_ledger_url(options.output)


def _versions() -> dict[str, str]:
    return {
        "headrace": __version__,
        "python": platform.python_version(),
        "apache-beam": version("apache-beam"),
    }
