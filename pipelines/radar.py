"""Weather-radar BUFR (SINARAME) to CF/Radial NetCDF: `python -m pipelines.radar --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from importlib import import_module
from typing import Annotated

import apache_beam as beam
from pydantic import Field

from batchio.errors import CannotRun
from batchio.fileset import FileRef
from batchio.volume_types import load_volume_types
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import DOMAIN, CommonOptions, Option
from pipelines.launcher.preflight import cores
from pipelines.launcher.run import launch
from transforms.filesets import MatchFiles, SkipUpToDate
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.radar.completeness import VolumeRules, form_volume, name_of
from transforms.radar.graph import GroupByVolume
from transforms.radar.make_volume import MakeVolume
from transforms.run import Run
from transforms.units import Unit


class RadarOptions(CommonOptions):
    """The options of the radar pipeline."""

    volume_types: Annotated[str | None, Option(DOMAIN, "FILE", affects_result=True)] = Field(
        None,
        description="YAML table of the fields that a complete volume has, by strategy and volume "
        "number. Without it every volume is taken as it is.",
    )
    allow_incomplete: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Work volumes with missing fields at once."
    )
    incomplete_timeout_hours: Annotated[float | None, Option(DOMAIN, "HOURS")] = Field(
        None, gt=0, description="Work volumes with missing fields when they are this old."
    )
    allow_unexpected: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Work volumes that the table of --volume_types does not list."
    )
    compression: Annotated[int, Option(DOMAIN, "0-9", affects_result=True)] = Field(
        1, ge=0, le=9, description="Deflate level of the NetCDF files; 0 is none."
    )


def build(pipeline: beam.Pipeline, options: RadarOptions, run: Run) -> beam.PCollection:
    """Adds the graph: files, volumes, what is to be done, CF/Radial files, records."""
    make_volume = MakeVolume(
        run.output,
        compression=options.compression,
        decode_threads=max(1, cores() // run.workers),
        retries=run.retries,
    )
    volumes = pipeline | MatchFiles(run) | GroupByVolume(_rules(options), run) | SkipUpToDate(run)
    return volumes | ProcessUnits(make_volume, run) | RecordOutcomes(run)


def form_units(
    files: Iterable[FileRef], options: RadarOptions
) -> tuple[Sequence[Unit], Sequence[tuple[FileRef, str]]]:
    """Returns the volumes that the files make up, and the files left out with the reason."""
    rules = _rules(options)
    volumes: dict[str, list[FileRef]] = {}
    left_out = []
    for file in files:
        name = name_of(file)
        if isinstance(name, str):
            left_out.append((file, name))
        else:
            volumes.setdefault(name.volume_id, []).append(file)
    return [form_volume(group, rules) for group in volumes.values()], left_out


def check(options: RadarOptions) -> None:
    """Checks the table of volume types, and that there is a decoder."""
    _rules(options)
    try:
        for module in ("batchio.sinarame", "batchio.cfradial"):
            import_module(module)  # loads the C libraries
    except (ImportError, OSError, RuntimeError) as error:
        raise CannotRun(
            f"the decoder cannot be loaded: {error}",
            step="preflight",
            action="install again: pip install headrace",
        ) from error


def _rules(options: RadarOptions) -> VolumeRules:
    table = options.volume_types
    return VolumeRules(
        now=datetime.now(timezone.utc),
        volume_types=None if table is None else load_volume_types(table),
        allow_incomplete=options.allow_incomplete,
        allow_unexpected=options.allow_unexpected,
        timeout_hours=options.incomplete_timeout_hours,
        compression=options.compression,
    )


RADAR = Domain(
    name="radar",
    summary="Groups weather-radar BUFR files (SINARAME, one a field) into volumes and writes each "
    "as CF/Radial NetCDF.",
    options=RadarOptions,
    check=check,
    form_units=form_units,
    build=build,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    return launch(RADAR, argv)


if __name__ == "__main__":
    from pipelines.radar import main as run_main  # so that no class belongs to __main__

    sys.exit(run_main())
