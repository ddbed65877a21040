"""Hands a graph to a Beam runner and waits for its end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

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
    pipeline = beam.Pipeline(runner=FnApiRunner() if local else None, options=options)
    build(pipeline)
    gc.freeze()  # what is imported by now never becomes garbage: do not look at it again and again
    gc.set_threshold(_COLLECT_AT)
    pipeline.run().wait_until_finish()


def submit_graph(
    build: Callable[[beam.Pipeline], Any], run: Run, runner: str, beam_arguments: list[str]
) -> str:
    """Builds a graph and hands it to a service, without waiting for anything.

    Returns the service's id of the job. There is none where a template is launched: there Beam only
    writes the job down, and the launcher of templates submits it when this program has ended.
    """
    pipeline = beam.Pipeline(options=service_options(run, runner, beam_arguments))
    build(pipeline)
    result = pipeline.run()
    return str(result.job_id()) if result.has_job else ""


def service_options(run: Run, runner: str, beam_arguments: list[str]) -> PipelineOptions:
    """Returns the options of a graph that a service works; the job bears the run's name if none."""
    # Nothing is defined in __main__, so its state need not travel.
    flags = [f"--runner={runner}", "--no_save_main_session", *beam_arguments]
    options = PipelineOptions(flags)
    cloud = options.view_as(GoogleCloudOptions)
    cloud.job_name = cloud.job_name or _job_name(run).strip("-")
    return options


def _job_name(run: Run) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in run.run_id.lower())
    return f"headrace-{letters}"
