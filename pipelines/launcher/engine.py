"""Hands a graph to a Beam runner and waits for its end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from batchio.errors import CannotRun
from transforms.run import Run

_COLLECT_AT = 100_000  # new objects: units by the thousand wait, and none in a cycle

LOCAL_RUNNERS = ("DirectRunner", "FnApiRunner")


def run_graph(
    build: Callable[[beam.Pipeline], Any], run: Run, runner: str, beam_arguments: list[str]
) -> None:
    """Builds and runs a graph, to the end.

    DirectRunner is Beam's own FnApiRunner in this process: the stock switch would try to download
    another runner. The worker pool, not the runner, uses the machine's cores.
    """
    local = runner in LOCAL_RUNNERS
    flags = beam_arguments if local else [f"--runner={runner}", *beam_arguments]
    options = PipelineOptions(flags, job_name=_job_name(run))
    with _runner(runner, options) as beam_runner:
        pipeline = beam.Pipeline(runner=beam_runner, options=options)
        build(pipeline)
        gc.freeze()  # what is imported by now never becomes garbage: do not look at it again
        gc.set_threshold(_COLLECT_AT)
        try:
            pipeline.run().wait_until_finish()
        except RuntimeError as error:
            if local:
                raise
            raise _job_failed(runner, error) from error


def _job_failed(runner: str, error: RuntimeError) -> CannotRun:
    return CannotRun(
        str(error).splitlines()[0] if str(error) else type(error).__name__,
        step=f"run on {runner}",
        action="see the logs of the job's workers; the same command goes on where this one was",
    )


def _runner(name: str, options: PipelineOptions) -> AbstractContextManager[Any]:
    """Returns what yields a runner, None for the one that the options name."""
    if name in LOCAL_RUNNERS:
        return nullcontext(FnApiRunner())
    if name == "FlinkRunner":
        from pipelines.launcher.flink import flink_runner  # only then: it costs half a second

        return flink_runner(options)
    return nullcontext(None)


def _job_name(run: Run) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in run.run_id.lower())
    return f"headrace-{letters}"
