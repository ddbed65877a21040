"""A run from the command line to the exit code."""

from __future__ import annotations

import os
import platform
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn, TypeVar

import apache_beam as beam
import psutil

from batchio.database import PATIENCE_S, shown
from batchio.errors import HeadraceError, UsageError
from batchio.fileset import absolute, is_local
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import RunRecord, iso
from batchio.version import __version__
from pipelines.launcher import preflight, registry
from pipelines.launcher.attend import (
    LOOK_EVERY_S,
    GraphThread,
    Signals,
    attend,
    sigterm_as_sigint,
)
from pipelines.launcher.command_line import parse, to_arguments
from pipelines.launcher.domain import Domain
from pipelines.launcher.engine import LOCAL_RUNNERS, check_runner, run_graph
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE, WAS_INTERRUPTED, WRONG_USAGE
from pipelines.launcher.finish import finish
from pipelines.launcher.handover import check_handover, hand_over
from pipelines.launcher.logs import logging_to
from pipelines.launcher.options import SERVICES, CommonOptions, FailureLimit
from pipelines.launcher.plan import decisions, plan_lines
from pipelines.launcher.progress_views import make_view
from transforms.recorder import HOST
from transforms.run import Run

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options


def launch(domain: Domain[O], argv: Sequence[str] | None = None) -> int:
    """Runs a domain's pipeline as a command; returns the exit code."""
    try:
        with sigterm_as_sigint():
            return _launch(domain, sys.argv[1:] if argv is None else argv)
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT_RUN
    except KeyboardInterrupt:
        print("headrace: interrupted; the same command begins anew", file=sys.stderr)
        return WAS_INTERRUPTED
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _launch(domain: Domain[O], argv: Sequence[str]) -> int:
    about = {"prog": f"python -m pipelines.{domain.name}", "description": domain.summary}
    for aside in domain.asides:
        if aside.is_asked(argv):
            return aside.act(parse(aside.options, argv, **about).options)
    parsed = parse(domain.options, argv, **about)
    options = parsed.options
    is_service = options.runner in SERVICES
    if is_service:
        check_handover(options)
    preflight.check_inputs(options.needed)
    domain.check(options)
    if options.plan:
        return _show_plan(domain, options)
    if is_service:
        run = make_run(domain.name, options)
        return hand_over(domain, options, run, parsed.beam_arguments)
    check_runner(options.runner, parsed.beam_arguments)
    return _rounds(domain, options, parsed.beam_arguments)


def _show_plan(domain: Domain[O], options: O) -> int:
    for line in plan_lines(domain, options, _ledger_url(options)):
        print(line)
    return DONE


def _rounds(domain: Domain[O], options: O, beam_arguments: list[str]) -> int:
    """Runs once, or with --watch whenever there is work, until a signal or an error ends it."""
    with Signals() as signals:
        while True:
            if options.watch is None or _has_work(domain, options):
                code = _run_once(domain, options, beam_arguments, signals)
                if options.watch is None or code in (COULD_NOT_RUN, WAS_INTERRUPTED):
                    return code
            deadline = time.monotonic() + (options.watch or 0)
            while time.monotonic() < deadline:
                if signals.received:
                    return WAS_INTERRUPTED
                time.sleep(LOOK_EVERY_S)


def _has_work(domain: Domain[O], options: O) -> bool:
    planned = decisions(domain, options, _ledger_url(options), [])
    return any(decision.action == "work" for decision in planned)


def _run_once(domain: Domain[O], options: O, beam_arguments: list[str], signals: Signals) -> int:
    run = make_run(domain.name, options)
    view = make_view(options.progress, quiet=options.quiet)
    with ExitStack() as opened:
        with preflight.no_folders_on_error(run.output.scratch):
            preflight.check_output(run.output)
            preflight.check_space(run.output.url, run.min_free_bytes)
            ledger = opened.enter_context(closing(Ledger(run.ledger_url, patience_s=PATIENCE_S)))
            opened.enter_context(logging_to(view, options.log_file, verbose=options.verbose))
            ledger.create()
            preflight.take_over(ledger, run.record)
        registry.remember(run.run_id, run.ledger_url, run.record.output)
        if options.ledger is None and not is_local(run.output.url):
            view.message(f"The ledger is {shown(run.ledger_url)}")
        build = partial(_build, domain, options, run)
        graph = GraphThread(partial(run_graph, build, run, options.runner, beam_arguments))
        code = finish(options, run, ledger, view, attend(graph, run, ledger, view, signals))
    if graph.is_alive():
        _leave_at_once(code)
    return code


def _leave_at_once(code: int) -> NoReturn:
    """Ends this process and its workers though the graph's thread is still at work."""
    sys.stdout.flush()
    for worker in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    os._exit(code)


def _build(domain: Domain[O], options: O, run: Run, pipeline: beam.Pipeline) -> None:
    domain.build(pipeline, options, run)


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
            arguments=to_arguments(_without_password(options)),
            versions=_versions(),
            host=HOST,
            pid=os.getpid(),
            output=root,
            started=iso(started),
            folder=str(Path.cwd()),
        ),
        ledger_url=_ledger_url(options),
        output=OutputRoot(root, run_id, retries=options.retries, suffix=suffix),
        patterns=tuple(options.patterns),
        exclude=tuple(options.exclude),
        order_by=options.order_by,
        rerun=options.rerun,
        retries=options.retries,
        timeout_s=options.timeout,
        workers=preflight.choose_workers(options.workers) if local else options.workers or 1,
        is_spread=not local,
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


def _without_password(options: CommonOptions) -> CommonOptions:
    """Returns the options fit to be recorded and shown."""
    if options.ledger is None:
        return options
    return options.model_copy(update={"ledger": registry.portable(options.ledger)})


def _ledger_url(options: CommonOptions) -> str:
    return options.ledger or registry.default_ledger_url(options.output)


def _versions() -> dict[str, str]:
    return {
        "headrace": __version__,
        "python": platform.python_version(),
        "apache-beam": version("apache-beam"),
    }
