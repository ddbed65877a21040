"""Weather-radar BUFR (SINARAME) to CF/Radial NetCDF: `python -m pipelines.radar --help`."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from typing import Annotated

import apache_beam as beam
from pydantic import Field

from batchio.errors import CannotRun
from batchio.volume_types import load_volume_types
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import DOMAIN, CommonOptions, Option
from pipelines.launcher.preflight import cores
from pipelines.launcher.run import launch
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import Grouped
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.radar.completeness import VolumeRules, form_volume, volume_of
from transforms.radar.make_volume import MakeVolume
from transforms.run import Run


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
    volumes = pipeline | MatchFiles(run) | FormUnits(forming(options), run) | SkipUpToDate(run)
    return volumes | ProcessUnits(make_volume, run) | RecordOutcomes(run)


def forming(options: RadarOptions) -> Grouped:
    """Returns how files make up volumes."""
    return Grouped(volume_of, partial(form_volume, rules=_rules(options)))


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
    forming=forming,
    build=build,
)


main = partial(launch, RADAR)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.radar").main())  # so that no class belongs to __main__
