"""Runs graphs on Flink with Beam's own runner; says beforehand what would stop it."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions
from apache_beam.runners.portability.flink_runner import (
    MAGIC_HOST_NAMES,
    FlinkJarJobServer,
    FlinkRunner,
)
from apache_beam.runners.portability.job_server import JobServer, StopOnExitJobServer

from batchio.errors import CannotRun

_ANSWERS_WITHIN_S = 10.0


class _Runner(FlinkRunner):  # type: ignore[misc]
    """Beam's FlinkRunner, but for who ends the job server: not a signal, we do.

    Beam's way needs the main thread, and would end the server at the first Ctrl-C, amid what a run
    still finishes.
    """

    server: JobServer | None = None

    def default_job_server(self, options: PipelineOptions) -> JobServer:
        self.server = super().default_job_server(options)
        if isinstance(self.server, StopOnExitJobServer):
            self.server = FlinkJarJobServer(options)
        return self.server


def check_flink(options: PipelineOptions) -> None:
    """Raises CannotRun when there is no Java, or no Flink at the address."""
    flink = options.view_as(FlinkRunnerOptions)
    if not flink.flink_submit_uber_jar and shutil.which("java") is None:
        raise CannotRun(
            "there is no Java, which Beam's job server for Flink needs",
            step="start Flink job",
            action="install Java 11 or 17, or run with --runner DirectRunner",
        )
    if flink.flink_master not in MAGIC_HOST_NAMES:
        _check_master(FlinkRunner.add_http_scheme(flink.flink_master))


@contextmanager
def flink_runner() -> Iterator[FlinkRunner]:
    """Yields a runner whose job server ends with the `with`."""
    runner = _Runner()
    try:
        yield runner
    finally:
        if runner.server is not None:
            with suppress(Exception):  # it has ended by itself
                runner.server.stop()


def _check_master(address: str) -> None:
    try:
        with urllib.request.urlopen(f"{address}/overview", timeout=_ANSWERS_WITHIN_S) as answer:
            answer.read()
    except (OSError, ValueError) as error:
        raise CannotRun(
            f"no Flink answers: {_reason(error)}",
            path=address,
            step="start Flink job",
            action="check --flink_master: host and port of the JobManager's REST address",
        ) from error


def _reason(error: Any) -> str:
    return str(getattr(error, "reason", None) or error)
