"""Hands a graph to a Beam runner and waits for its end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import create_runner

from batchio.errors import CannotRun, UsageError
from pipelines.launcher.option_info import closest_name
from transforms.run import Run

_COLLECT_AT = 100_000  # new objects: units by the thousand wait, and none in a cycle

LOCAL_RUNNERS = ("DirectRunner", "FnApiRunner")


def check_runner(runner: str, beam_arguments: list[str]) -> None:
    """Raises UsageError if Beam has no such runner, CannotRun if Flink cannot be begun with."""
    if runner in LOCAL_RUNNERS:
        return
    if runner == "FlinkRunner":
        from pipelines.launcher.flink import check_flink

        check_flink(PipelineOptions(beam_arguments))
        return
    try:
        create_runner(runner)
    except (AttributeError, ImportError, ValueError) as error:
        close = closest_name(runner, StandardOptions.KNOWN_RUNNER_NAMES)
        raise UsageError(
            f"--runner {runner!r} is not accepted: Beam has no such runner",
            action=f"did you mean {close}?" if close else "give DirectRunner or FlinkRunner",
        ) from error


def is_streaming(beam_arguments: list[str]) -> bool:
    """Tells whether Beam's `--streaming` is given: the graph goes on."""
    return bool(PipelineOptions(beam_arguments).view_as(StandardOptions).streaming)


def run_graph(
    build: Callable[[beam.Pipeline], Any], run: Run, runner: str, beam_arguments: list[str]
) -> None:
    """Builds and runs a graph, to the end.

    DirectRunner is Beam's own FnApiRunner in this process: the stock switch would try to download
    another runner. The worker pool, not the runner, uses the machine's cores.
    """
    options = graph_options(run, runner, beam_arguments)
    with _runner(runner) as beam_runner:
        pipeline = beam.Pipeline(runner=beam_runner, options=options)
        build(pipeline)
        if gc.get_freeze_count():  # by a run before: by now, some of that is garbage
            gc.unfreeze()
            gc.collect()
        gc.freeze()  # what is imported by now never becomes garbage: do not look at it again
        gc.set_threshold(_COLLECT_AT)
        try:
            pipeline.run().wait_until_finish()
        except RuntimeError as error:
            if runner in LOCAL_RUNNERS:
                raise
            raise _job_failed(runner, error) from error


def _job_failed(runner: str, error: RuntimeError) -> CannotRun:
    return CannotRun(
        str(error).splitlines()[0] if str(error) else type(error).__name__,
        step=f"run on {runner}",
        action="see the logs of the job's workers; the same command goes on where this one was",
    )


def _runner(name: str) -> AbstractContextManager[Any]:
    """Returns what yields a runner, None for the one that the options name."""
    if name in LOCAL_RUNNERS:
        return nullcontext(FnApiRunner())
    if name == "FlinkRunner":
        from pipelines.launcher.flink import flink_runner  # only then: it costs half a second

        return flink_runner()
    return nullcontext(None)


def submit_graph(
    build: Callable[[beam.Pipeline], Any], run: Run, runner: str, beam_arguments: list[str]
) -> str:
    """Builds a graph and hands it to a service, without waiting for anything.

    Returns the service's id of the job. There is none where a template is launched: there Beam only
    writes the job down, and the launcher of templates submits it when this program has ended.
    """
    pipeline = beam.Pipeline(options=graph_options(run, runner, beam_arguments))
    build(pipeline)
    result = pipeline.run()
    return str(result.job_id()) if result.has_job else ""


def graph_options(run: Run, runner: str, beam_arguments: list[str]) -> PipelineOptions:
    """Returns the options of a graph; the job bears the run's name if it is given none."""
    named = [] if runner in LOCAL_RUNNERS else [f"--runner={runner}"]
    # Nothing is defined in __main__, so its state need not travel.
    options = PipelineOptions([*named, "--no_save_main_session", *beam_arguments])
    cloud = options.view_as(GoogleCloudOptions)
    cloud.job_name = cloud.job_name or _job_name(run).strip("-")
    return options


def _job_name(run: Run) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in run.run_id.lower())
    return f"headrace-{letters}"
