"""The smallest domain there can be: each file is a unit, its SHA-256 the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apache_beam as beam
from trivial_work import work_unit

from batchio.fileset import FileRef
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import CommonOptions
from pipelines.launcher.run import launch
from transforms.filesets import MatchFiles, SkipUpToDate
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.run import Run
from transforms.units import Unit


def form_unit(file: FileRef) -> Unit:
    """Returns the unit of a file."""
    return Unit(file.path, (file,))


def build(pipeline: beam.Pipeline, _options: CommonOptions, run: Run) -> beam.PCollection:
    """Adds the graph."""
    units = pipeline | MatchFiles(run) | "FormUnits" >> beam.Map(form_unit) | SkipUpToDate(run)
    return units | ProcessUnits(work_unit, run) | RecordOutcomes(run)


def form_units(
    files: Iterable[FileRef], _options: CommonOptions
) -> tuple[Sequence[Unit], Sequence[tuple[FileRef, str]]]:
    """Returns the units of files; none is left out."""
    return [form_unit(file) for file in files], []


TRIVIAL = Domain(
    name="trivial",
    summary="Hashes files.",
    options=CommonOptions,
    check=lambda _options: None,
    form_units=form_units,
    build=build,
)


def main() -> int:
    """Runs the command."""
    return launch(TRIVIAL)


if __name__ == "__main__":
    import sys

    from trivial_domain import main as run_main

    sys.exit(run_main())
