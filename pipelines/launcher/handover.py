"""Hands a run over to a service, which goes on with it when this process has ended."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from batchio.database import shown, sqlite_path
from batchio.errors import CannotRun, HeadraceError, UsageError
from batchio.fileset import is_local, local_path
from batchio.ledger import Ledger
from batchio.records import FAILED
from pipelines.launcher import preflight, registry
from pipelines.launcher.attend import Ending
from pipelines.launcher.domain import Domain
from pipelines.launcher.engine import submit_graph
from pipelines.launcher.exit_codes import COULD_NOT_RUN, DONE
from pipelines.launcher.finish import finish
from pipelines.launcher.option_info import describe
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.progress import Progress
from transforms.recorder import Recorder
from transforms.run import Run

logger = logging.getLogger(__name__)

O = TypeVar("O", bound=CommonOptions)  # noqa: E741 - options


def check_handover(options: CommonOptions) -> None:
    """Raises UsageError if other machines could not do what the options ask for."""
    for info in describe(type(options)):
        if info.on_service == "needed" and getattr(options, info.name) is None:
            raise UsageError(
                f"--{info.name} is needed with --runner {options.runner}",
                action=f"give {info.accepts}",
            )
    if options.watch is not None:
        raise UsageError(
            f"--watch has no meaning with --runner {options.runner}",
            action="start the run at intervals, with Cloud Scheduler say",
        )
    if sqlite_path(options.ledger or "") is not None:
        raise UsageError(
            f"SQLite is not within reach of the workers of {options.runner}",
            path=shown(options.ledger or ""),
            action="give --ledger a PostgreSQL URL: postgresql+psycopg://user@host/database",
        )
    for name, path in [("output", options.output), *(("input", each) for each in options.patterns)]:
        if is_local(local_path(path)):
            raise UsageError(
                f"is on this machine, and not within reach of the workers of {options.runner}",
                path=path,
                action=f"copy it to a bucket, and give its gs:// URL to --{name}",
            )


def hand_over(domain: Domain[O], options: O, run: Run, beam_arguments: list[str]) -> int:
    """Records the run as started and submits its graph; returns the exit code of that alone."""
    with closing(Ledger(run.ledger_url)) as ledger:
        with preflight.no_folders_on_error(run.output.scratch):
            preflight.check_output(run.output)
            ledger.create()
            preflight.take_over(ledger, run.record)
        registry.remember(run.run_id, run.ledger_url, run.record.output)
        build = partial(build_to_the_end, domain, options, run)
        try:
            job = submit_graph(build, run, options.runner, beam_arguments)
        except Exception as error:
            ledger.finish_run(run.run_id, FAILED, {"exit_code": COULD_NOT_RUN, "error": str(error)})
            raise _refused(error) from error
    if not options.quiet:
        print(f"{domain.name} {run.run_id}: handed over to {options.runner}{job and f' as {job}'}")
        ledger_url = registry.portable(run.ledger_url)
        print(f"Watch it: python -m pipelines status {run.run_id} --ledger '{ledger_url}'")
    return DONE


def _refused(error: Exception) -> HeadraceError:
    if isinstance(error, HeadraceError):
        return error
    cause = " ".join(str(error).split()) or type(error).__name__
    return CannotRun(
        cause,
        step="submit",
        action="check --project, --region, --temp_location and the credentials",
    )


def build_to_the_end(domain: Domain[O], options: O, run: Run, pipeline: beam.Pipeline) -> None:
    """Adds a domain's graph, and the step that ends the run in the launcher's stead."""
    built = domain.build(pipeline, options, run)
    outcomes = built if isinstance(built, tuple) else (built,)
    outcomes | "EndRun" >> EndRun(options, run)


@dataclass
class EndRun(beam.PTransform):  # type: ignore[misc]
    """Ends the run once all outcomes are recorded: collections of `OutcomePack` to its exit code.

    Shuffles the numbers of packs.
    """

    options: CommonOptions
    run: Run

    def expand(self, outcomes: tuple[beam.PCollection, ...]) -> beam.PCollection:
        """Builds the end."""
        return (
            outcomes
            | "Flatten" >> beam.Flatten()
            | "AllRecorded" >> Count.Globally()
            | "End" >> beam.ParDo(_EndFn(self.options, self.run))
        )


class _EndFn(beam.DoFn):  # type: ignore[misc]
    def __init__(self, options: CommonOptions, run: Run) -> None:
        self._options = options
        self._run = run

    def process(self, _count: int) -> Iterator[int]:
        run = self._run
        Recorder.of(run).close()  # what it has counted is in the ledger then
        with closing(Ledger(run.ledger_url)) as ledger:
            row: Any = ledger.known_run(run.run_id, step="end of the run")
            beats = [process["counters"] for process in ledger.workers(run.run_id)]
            ending = Ending(
                stop_reason=row["stop_requested"] or "",
                peak_rss_bytes=max((beat.get("peak_rss_bytes", 0) for beat in beats), default=0),
            )
            yield finish(self._options, run, ledger, _LogView(), ending)


class _LogView:
    """Shows a run in the log of the service."""

    def update(self, progress: Progress) -> None:
        """Shows nothing: the service has its own view."""

    def message(self, text: str) -> None:
        """Logs a remark."""
        logger.info("%s", text)

    def close(self, progress: Progress) -> None:
        """Shows nothing."""
