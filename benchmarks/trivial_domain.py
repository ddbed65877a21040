"""The smallest domain there can be: each file is a unit, its SHA-256 the result."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module

import apache_beam as beam
from trivial_work import work_unit

from pipelines.launcher.domain import Domain
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.run import launch
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile, each_file
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.run import Run


def forming(options: CommonOptions) -> EachFile:
    """Makes a unit of each file."""
    return each_file(options.patterns)


def build(pipeline: beam.Pipeline, options: CommonOptions, run: Run) -> beam.PCollection:
    """Adds the graph."""
    units = pipeline | MatchFiles(run) | FormUnits(forming(options), run) | SkipUpToDate(run)
    return units | ProcessUnits(work_unit, run) | RecordOutcomes(run)


TRIVIAL = Domain("trivial", "Hashes files.", CommonOptions, forming, build)

main = partial(launch, TRIVIAL)

if __name__ == "__main__":
    sys.exit(import_module("trivial_domain").main())  # so that no class belongs to __main__
