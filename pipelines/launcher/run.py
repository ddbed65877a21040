"""A run from the command line to the exit code."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from math import ceil, inf, isinf
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import apache_beam as beam
import psutil

from batchio.database import PATIENCE_S, shown
from batchio.errors import HeadraceError, UsageError
from batchio.fileset import absolute, is_local, local_path
from batchio.ledger import Ledger
from batchio.output import OutputRoot
from batchio.records import RunRecord, iso
from batchio.version import __version__
from pipelines.launcher import preflight, registry
from pipelines.launcher.attend import (
    GraphThread,
    Signals,
    attend,
    sigterm_as_sigint,
)
from pipelines.launcher.command import Command
from pipelines.launcher.command_line import Parsed, parse, to_arguments
from pipelines.launcher.domain import Domain
from pipelines.launcher.engine import LOCAL_RUNNERS, check_runner, is_streaming, run_graph
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE, WAS_INTERRUPTED, WRONG_USAGE
from pipelines.launcher.finish import finish
from pipelines.launcher.handover import check_handover, hand_over
from pipelines.launcher.logs import logging_to
from pipelines.launcher.notify import without_secrets
from pipelines.launcher.options import FAILURES_REST_S, SERVICES, CommonOptions, FailureLimit
from pipelines.launcher.plan import plan_lines
from pipelines.launcher.progress_views import make_view
from pipelines.launcher.watch import watch
from transforms.recorder import HOST
from transforms.run import Run

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options

_POLL_S = 60.0  # how often --streaming looks for files if --watch does not say


def launch(domain: Domain[O], argv: Sequence[str] | None = None) -> int:
    """Runs a domain's pipeline as a command; returns the exit code."""
    return _told(lambda: _launch(Command(domain, sys.argv[1:] if argv is None else argv)))


def launch_both(first: Command[Any], follow: Callable[[Any], Command[Any]]) -> int:
    """Runs a command, and then one that reads what it has written; returns the exit code.

    With --watch of the first, at each look both run that have something new. A plan is one of the
    first: what the other would do depends on what that writes.

    Args:
        first: The one that writes.
        follow: Given its options, returns the one that reads.
    """
    return _told(lambda: _launch_both(first, follow))


def _told(work: Callable[[], int]) -> int:
    """Does the work; tells its user of what kept it from its end."""
    try:
        with sigterm_as_sigint():
            return work()
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT_RUN
    except KeyboardInterrupt:
        print("headrace: interrupted; the same command begins anew", file=sys.stderr)
        return WAS_INTERRUPTED
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _launch(command: Command[O]) -> int:
    domain = command.domain
    for aside in domain.asides:
        if aside.is_asked(command.argv):
            return aside.act(parse(aside.options, command.argv, **command.about).options)
    parsed = command.parsed()
    options = parsed.options
    is_service = options.runner in SERVICES
    if is_service:
        check_handover(options)
    command.check(options)
    if options.plan:
        return _show_plan(domain, options)
    if is_service:
        run = make_run(domain.name, options)
        return hand_over(domain, options, run, parsed.beam_arguments)
    check_runner(options.runner, parsed.beam_arguments)
    if is_streaming(parsed.beam_arguments):
        _check_streaming(domain, options)
    elif options.watch is not None:
        return watch([command], _run_once)
    with Signals() as signals:
        return _run_once(domain, parsed, signals)


def _launch_both(first: Command[Any], follow: Callable[[Any], Command[Any]]) -> int:
    before = first.parsed()
    asked = before.options
    then = follow(asked)
    after = then.parsed()
    _check_both(before, after)
    first.check(asked)
    if asked.plan:
        return _show_plan(first.domain, asked)
    if is_local(absolute(asked.output)):
        Path(local_path(asked.output)).mkdir(parents=True, exist_ok=True)
    then.check(after.options)
    if asked.watch is not None:
        return watch([first, then], _run_once)
    codes = []
    with Signals() as signals:
        for command in (first, then):
            codes.append(_run_once(command.domain, command.parsed(), signals))
            if codes[-1] in (COULD_NOT_RUN, WAS_INTERRUPTED):
                return codes[-1]
    return max(codes)


def _check_both(before: Parsed[Any], after: Parsed[Any]) -> None:
    """Raises a HeadraceError if two commands cannot be run by turns."""
    asked, options = before.options, after.options
    if options.plan or options.watch != asked.watch or options.stop_after or options.max_polls:
        raise UsageError(
            "--plan, --watch, --stop_after and --max_polls are for both commands",
            action="give them before --then",
        )
    if options.runner in SERVICES or is_streaming(before.beam_arguments + after.beam_arguments):
        raise UsageError(
            "--then runs by turns, which a service and --streaming do not",
            action="give them to a command of its own",
        )
    check_runner(options.runner, after.beam_arguments)


def _check_streaming(domain: Domain[O], options: O) -> None:
    if not domain.streams(options) or options.runner != "FlinkRunner":
        raise UsageError(
            "--streaming is for radar on FlinkRunner, without grids and clean-up",
            action="give --watch SECONDS instead",
        )


def _show_plan(domain: Domain[O], options: O) -> int:
    for line in plan_lines(domain, options, registry.ledger_url(options)):
        print(line)
    return DONE


def _run_once(domain: Domain[O], parsed: Parsed[O], signals: Signals) -> int:
    options = parsed.options
    run = make_run(domain.name, options)
    if is_streaming(parsed.beam_arguments):
        run = _going_on(run, options)
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
        graph = GraphThread(partial(run_graph, build, run, options.runner, parsed.beam_arguments))
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
            arguments=to_arguments(_without_secrets(options)),
            versions=_versions(),
            host=HOST,
            pid=os.getpid(),
            output=root,
            started=iso(started),
            folder=str(Path.cwd()),
        ),
        ledger_url=registry.ledger_url(options),
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
        failures_rest_s=FAILURES_REST_S if options.watch else 0.0,
    )


def _going_on(run: Run, options: CommonOptions) -> Run:
    """Returns the run as one that looks for files until it is stopped."""
    poll_s = options.watch or _POLL_S
    most = options.max_polls or inf
    if options.stop_after is not None:
        most = min(most, ceil(options.stop_after / poll_s))
    return replace(run, poll_s=poll_s, max_polls=None if isinf(most) else int(most))


@dataclass(frozen=True)
class _StopRule:
    """Tells from failed, finished and all units whether the run shall stop."""

    at_first: bool
    limit: FailureLimit | None

    def __call__(self, failed: int, done: int, total: int) -> bool:
        return self.at_first or (
            self.limit is not None and self.limit.exceeded(failed, done, total)
        )


def _without_secrets(options: CommonOptions) -> CommonOptions:
    """Returns the options fit to be recorded and shown."""
    ledger = None if options.ledger is None else registry.portable(options.ledger)
    return options.model_copy(update={"ledger": ledger, "notify": without_secrets(options.notify)})


def _versions() -> dict[str, str]:
    return {
        "headrace": __version__,
        "python": platform.python_version(),
        "apache-beam": version("apache-beam"),
    }
