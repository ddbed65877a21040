"""Weather-radar BUFR (SINARAME) to CF/Radial NetCDF: `python -m pipelines.radar --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import apache_beam as beam

from batchio.errors import CannotRun
from batchio.ledger_view import LedgerView
from batchio.radar.volume_types import load_volume_types
from batchio.records import Scope
from pipelines.launcher.domain import Domain
from pipelines.launcher.last_good import LastGood
from pipelines.launcher.preflight import cores
from pipelines.launcher.run import launch
from pipelines.radar_options import RadarOptions
from transforms.arrivals import GatherUnits, PollFiles
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import Grouped
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.radar.clean_up import CleanUpRules, old_volumes, plan_lines
from transforms.radar.clean_up_step import CleanUp
from transforms.radar.completeness import VolumeRules, forming_now
from transforms.radar.graph import MakeGrids, weigh
from transforms.radar.grid_choice import GridChoice
from transforms.radar.make_grid import MakeGrid, RadarWork
from transforms.radar.make_volume import MakeVolume
from transforms.radar.quality_settings import QualitySettings, load_quality_settings
from transforms.radar.quicklook import Quicklook, require_drawing
from transforms.run import Run
from transforms.units import Unit

_volume_types = LastGood(load_volume_types)
_quality_settings = LastGood(load_quality_settings)


def build(pipeline: beam.Pipeline, options: RadarOptions, run: Run) -> tuple[beam.PCollection, ...]:
    """Adds the graph: files, volumes, what is to be done, their files, records, what follows."""
    make_volume = MakeVolume(
        run.output,
        format=options.format,
        compression=options.compression,
        quality=_quality(options),
        decode_threads=max(1, cores() // run.workers),
        retries=run.retries,
        quicklook=_quicklook(options),
    )
    rules = _rules(options)
    if run.poll_s:
        gather = GatherUnits(partial(forming_now, rules), rules.times_out_at, run)
        volumes = pipeline | PollFiles(run) | gather
    else:
        volumes = pipeline | MatchFiles(run) | FormUnits(forming_now(rules), run)
    make_grid = MakeGrid(run.output, grid_choice(options), options.compression, run.retries)
    work = RadarWork(make_volume, make_grid)
    recorded = volumes | SkipUpToDate(run) | ProcessUnits(work, run, weigh) | RecordOutcomes(run)
    ends = [recorded]
    if options.grid:
        ends.append(recorded | MakeGrids(work, run) | "RecordGrids" >> RecordOutcomes(run))
    if options.cleanup_after_hours is not None:
        clean_up = CleanUp(_clean_up_rules(options, options.cleanup_after_hours), run)
        ends.append(recorded | clean_up)
    return tuple(ends)


def forming(options: RadarOptions) -> Grouped:
    """Returns how files make up volumes."""
    return forming_now(_rules(options))


def grid_choice(options: RadarOptions) -> GridChoice:
    """Returns what grids shall be like."""
    origin_deg = options.grid_origin
    return GridChoice(
        fields=tuple(options.grid_fields),
        minutes=options.grid_minutes,
        spacing_m=options.grid_spacing_m,
        radius_km=options.grid_radius_km,
        top_km=options.grid_top_km,
        levels=options.grid_levels,
        origin_deg=(origin_deg[0], origin_deg[1]) if origin_deg else None,
    )


def check(options: RadarOptions) -> None:
    """Checks the tables, and that there are a decoder and what the steps asked for need."""
    if options.volume_types is not None:
        _volume_types.read_anew(options.volume_types)
    if options.qc_settings is not None:
        _quality_settings.read_anew(options.qc_settings)
    try:
        for module in ("batchio.radar.sinarame", "batchio.radar.formats"):
            import_module(module)  # loads the C libraries
    except (ImportError, OSError, RuntimeError) as error:
        raise CannotRun(
            f"the decoder cannot be loaded: {error}",
            step="preflight",
            action="install again: pip install headrace",
        ) from error
    if (options.qc or options.grid) and find_spec("pyart") is None:
        raise CannotRun(
            "--qc and --grid need Py-ART, which is not installed",
            step="preflight",
            action="pip install 'headrace[pyart]', or leave them out",
        )
    if quicklook := _quicklook(options):
        require_drawing(quicklook)


def _quicklook(options: RadarOptions) -> Quicklook | None:
    if not options.quicklook:
        return None
    return Quicklook(tuple(options.quicklook), options.quicklook_sweep, options.quicklook_geotiff)


def also_planned(
    options: RadarOptions, view: LedgerView, scope: Scope, skipped: Iterable[Unit]
) -> Iterator[str]:
    """Yields what a run would clean up."""
    if options.cleanup_after_hours is not None:
        rules = _clean_up_rules(options, options.cleanup_after_hours)
        listed = ((unit.unit_id, [file.path for file in unit.files]) for unit in skipped)
        yield from plan_lines(old_volumes(view, scope, listed, rules))


def _clean_up_rules(options: RadarOptions, hours: float) -> CleanUpRules:
    return CleanUpRules(hours, retries=options.retries)


def _rules(options: RadarOptions) -> VolumeRules:
    table, quicklook = options.volume_types, _quicklook(options)
    return VolumeRules(
        now=datetime.now(timezone.utc),
        volume_types=None if table is None else _volume_types(table),
        allow_incomplete=options.allow_incomplete,
        allow_unexpected=options.allow_unexpected,
        timeout_hours=options.incomplete_timeout_hours,
        format=options.format,
        compression=options.compression,
        quality=_quality(options),
        pictures=quicklook.setting if quicklook else "",
    )


def _quality(options: RadarOptions) -> QualitySettings | None:
    if not options.qc:
        return None
    return _quality_settings(options.qc_settings) if options.qc_settings else QualitySettings()


RADAR = Domain(
    name="radar",
    summary="Groups weather-radar BUFR files (SINARAME, one a field) into volumes and writes each "
    "as CF/Radial NetCDF.",
    options=RadarOptions,
    check=check,
    forming=forming,
    build=build,
    streams=lambda options: not options.grid and options.cleanup_after_hours is None,
    also_planned=also_planned,
)


main = partial(launch, RADAR)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.radar").main())  # so that no class belongs to __main__
