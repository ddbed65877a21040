"""BUFKIT forecast soundings to profiles and indices: `python -m pipelines.soundings --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date as Date
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from typing import Annotated, Any, Literal

import apache_beam as beam
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from batchio.download import TIMEOUT_S
from batchio.fileset import absolute, is_local
from batchio.fingerprint import of_value
from batchio.output import OutputRoot
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import (
    DOMAIN,
    READ_AND_WRITE,
    CommonOptions,
    Option,
    settings_fingerprint,
)
from pipelines.launcher.run import launch
from transforms.fetching import FetchFiles
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile, each_file
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.run import Run
from transforms.soundings.cycles import CycleChoice, Format, MakeCycle
from transforms.soundings.fetch import FetchForecast, fetch_status
from transforms.soundings.find_wanted import Search
from transforms.soundings.graph import MakeCycles, TellOfFiles
from transforms.soundings.items import items_of
from transforms.soundings.run_tables import RunTables
from transforms.soundings.skewt import require_matplotlib
from transforms.soundings.sources import archive_globs, find_template
from transforms.soundings.take_forecasts import TakeForecasts
from transforms.soundings.work import SoundingsWork
from transforms.units import Unit

FETCH = "what to fetch"

Model = Literal["HRRR", "RAP", "NAM", "NAMNEST", "GFS"]

_OF_A_DATE = (
    *("archive", "hour", "model", "wfo", "station", "source_url", "download_batch_size"),
    *("max_download_workers", "download_only", "process_only"),
)


def _check_date(text: str) -> str:
    Date.fromisoformat(text)
    return text


def _in_capitals(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class SoundingsOptions(CommonOptions):
    """The options of the soundings pipeline."""

    date: Annotated[
        Annotated[str, AfterValidator(_check_date)] | None,
        Option(FETCH, "DATE", accepts="a day such as 2022-10-26", positional=True),
    ] = Field(
        None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="Day of the model runs to fetch and read (UTC), instead of --input. It may "
        "stand first, without its name.",
    )
    archive: Annotated[
        str | None, Option(FETCH, "FOLDER", accepts="a folder or URL", positional=True)
    ] = Field(
        None,
        min_length=1,
        description="Folder or URL where fetched files are kept, in the layout of Iowa State's "
        "archive. It may stand second, without its name.",
    )
    hour: Annotated[list[Annotated[int, Field(ge=0, le=23)]], Option(FETCH, "H")] = Field(
        [], description="Hours of the day at which the model runs start."
    )
    model: Annotated[list[Annotated[Model, BeforeValidator(_in_capitals)]], Option(FETCH)] = Field(
        ["HRRR", "RAP"], min_length=1, description="Models."
    )
    wfo: Annotated[list[str], Option(FETCH, "ID")] = Field(
        [],
        description="Forecast offices, such as FWD or OUN: the station nearest to each is taken. "
        "All 122 if neither these nor stations are given.",
    )
    station: Annotated[list[str], Option(FETCH, "ID")] = Field(
        [], description="BUFKIT stations, such as KDFW."
    )
    source_url: Annotated[
        str, Option(FETCH, "NAME|TEMPLATE", accepts="a name of a source or a URL template")
    ] = Field(
        "iastate",
        min_length=1,
        description="Where files come from: iastate, iastate-api, psu or psu-ftp, or a URL with "
        "{Y} {m} {d} {H} of the run, {model}, {prefix} and {station}.",
    )
    download_batch_size: Annotated[int, Option(FETCH)] = Field(
        10, ge=1, description="Files that are fetched, and told of, together."
    )
    max_download_workers: Annotated[int, Option(FETCH)] = Field(
        3, ge=1, description="Downloads at a time, of all workers together."
    )
    process_batch_size: Annotated[int, Option(DOMAIN)] = Field(
        25, ge=1, description="Files that are handed to a worker together, at most."
    )
    download_only: Annotated[bool, Option(FETCH)] = Field(
        False, description="Fetch the files, and do not read them."
    )
    process_only: Annotated[bool, Option(FETCH)] = Field(
        False, description="Read the files that are there, and fetch none."
    )
    max_distance_km: Annotated[float, Option(DOMAIN, "KM", affects_result=True)] = Field(
        50.0,
        gt=0,
        description="How far a station may be from its office, and the place in a file from its "
        "station: what is farther is a wrong place, told of and not used.",
    )
    input: Annotated[list[str], Option(READ_AND_WRITE, "GLOB", accepts="one glob or more")] = Field(
        [],
        description="BUFKIT files to read, instead of those of a date: globs, where ** recurses, "
        "on disk or at any fsspec URL (gs://, s3://, ftp://, ...). Put quotes around a glob.",
    )
    formats: Annotated[list[Format], Option(DOMAIN)] = Field(
        ["netcdf", "csv"],
        min_length=1,
        description="What is written of each model run: a CF NetCDF file; tables of levels, "
        "indices and surface values as CSV or Parquet; JSON lines, one a profile.",
    )
    per_station: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Write a NetCDF file of each station as well."
    )
    compression: Annotated[int, Option(DOMAIN, "0-9")] = Field(
        1, ge=0, le=9, description="Deflate level of the NetCDF files; 0 is none."
    )
    skewt: Annotated[
        list[Annotated[str, Field(pattern=r"^(all|\d+)$")]],
        Option(DOMAIN, "HOUR", accepts="forecast hours, or all", affects_result=True, bare="all"),
    ] = Field(
        [],
        description="Forecast hours to draw as skew-T diagrams (PNG); all of them if it stands "
        "alone. Needs pip install 'headrace[plots]'.",
    )

    @property
    def patterns(self) -> list[str]:
        """The globs of all input files."""
        search = _search(self)
        if search is None:
            return self.input
        wanted = (each for each in search.found() if not each.problem)
        return [f"{(self.archive or '').rstrip('/')}/{glob}" for glob in archive_globs(wanted)]

    @property
    def needed(self) -> list[str]:
        """The folders that have to be there: what is fetched is not there yet."""
        if self.date is None:
            return self.input
        return [self.archive or ""] if self.process_only else []

    @model_validator(mode="after")
    def _check_mode(self) -> SoundingsOptions:
        if (self.date is None) == (not self.input):
            raise ValueError("give either a date and an archive, or --input")
        if self.date is not None and not (self.archive and self.hour):
            missing = "--hour" if self.archive else "--archive"
            raise ValueError(f"a date needs {missing}")
        if self.date is None:
            fields = SoundingsOptions.model_fields
            given = [
                f"--{name}" for name in _OF_A_DATE if getattr(self, name) != fields[name].default
            ]
            if given:
                raise ValueError(f"{', '.join(given)}: only with a date, not with --input")
        if self.download_only and self.process_only:
            raise ValueError("--download_only and --process_only exclude each other")
        return self


def _search(options: SoundingsOptions) -> Search | None:
    """Returns what a date asks for; None where files are given."""
    if options.date is None:
        return None
    day = Date.fromisoformat(options.date)
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return Search(
        tuple(midnight.replace(hour=hour) for hour in sorted(set(options.hour))),
        tuple(options.model),
        tuple(options.wfo),
        tuple(options.station),
        options.max_distance_km,
    )


def build(
    pipeline: beam.Pipeline, options: SoundingsOptions, run: Run
) -> tuple[beam.PCollection, ...]:
    """Adds the graph: what is fetched; files, parts; then model runs out of all parts; tables."""
    recorded: list[beam.PCollection] = []
    done: beam.Pipeline | beam.PCollection = pipeline
    search, archive, files_run = _search(options), _archive(options, run), run
    if search is not None and archive is not None:
        fetched = pipeline | FetchFiles(
            partial(items_of, search, fetching=not options.process_only),
            _fetch(options, run, archive),
            run,
            downloads=options.max_download_workers,
            status=fetch_status,
            batch_size=options.download_batch_size,
            total=sum(1 for _ in items(options)),
        )
        done = fetched | "RecordFetched" >> RecordOutcomes(run)
        recorded.append(done)
        if run.rerun == "failed":  # what is fetched now has no record that it failed
            files_run = replace(run, rerun="changed")
    if not options.download_only:
        choice = CycleChoice(tuple(options.formats), options.per_station, options.compression)
        work = SoundingsWork(_take(options, run), MakeCycle(run.output, choice))
        units = done | MatchFiles(run) | FormUnits(forming(options), run)
        packs = units | SkipUpToDate(files_run, options.process_batch_size)
        done = packs | ProcessUnits(work, run) | RecordOutcomes(run)
        cycles = done | MakeCycles(work, choice, run) | "RecordCycles" >> RecordOutcomes(run)
        recorded += [done, cycles]
    tables = done | TellOfFiles(_tables(options, run), run, archive)
    return (*recorded, tables | "RecordTables" >> RecordOutcomes(run))


def forming(options: SoundingsOptions) -> EachFile:
    """Returns how each file becomes a unit."""
    roots = options.input if options.date is None else [f"{options.archive}/*"]
    return each_file(roots, settings_fingerprint(options))


def items(options: SoundingsOptions) -> Iterator[Unit]:
    """Yields a unit for each file that is asked for by a date, or that there is none."""
    search = _search(options)
    if search is not None:
        yield from items_of(search, fetching=not options.process_only)


def check(options: SoundingsOptions) -> None:
    """Checks what is asked for, where it comes from, and that diagrams can be drawn."""
    if search := _search(options):
        search.found()
    find_template(options.source_url)
    if options.skewt:
        require_matplotlib()


def _archive(options: SoundingsOptions, run: Run) -> OutputRoot | None:
    """Returns where files are fetched to; None without a date.

    Its scratch folder has the same name in all runs to an output: what a killed one leaves there,
    the next one removes.
    """
    if options.archive is None:
        return None
    root = absolute(options.archive)
    scratch = f"fetch-{of_value(run.output.url)[:12]}" if is_local(root) else run.run_id
    return OutputRoot(root, scratch, retries=run.retries)


def _fetch(options: SoundingsOptions, run: Run, archive: OutputRoot) -> FetchForecast:
    return FetchForecast(
        archive=archive,
        template=find_template(options.source_url),
        max_distance_km=options.max_distance_km,
        now=datetime.fromisoformat(run.record.started.replace("Z", "+00:00")),
        retries=run.retries,
        timeout_s=TIMEOUT_S,
    )


def _take(options: SoundingsOptions, run: Run) -> TakeForecasts:
    hours = tuple(sorted({int(hour) for hour in options.skewt if hour != "all"}))
    return TakeForecasts(
        run.output,
        max_distance_km=options.max_distance_km,
        skewt=None if "all" in options.skewt else hours,
        retries=run.retries,
    )


def _tables(options: SoundingsOptions, run: Run) -> RunTables:
    return RunTables(run.output, tuple(options.formats), _search(options))


SOUNDINGS = Domain(
    name="soundings",
    summary="Fetches BUFKIT forecast soundings of US forecast offices, and turns them into "
    "profiles and indices: CF NetCDF, tables, skew-T diagrams.",
    options=SoundingsOptions,
    check=check,
    forming=forming,
    items=items,
    build=build,
)


main = partial(launch, SOUNDINGS)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.soundings").main())  # so that no class belongs to __main__
