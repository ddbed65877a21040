"""Files of a server, fetched by date as they arrive: `python -m pipelines.fetch --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date as Date
from datetime import datetime, time, timedelta, timezone
from functools import partial
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import apache_beam as beam
from pydantic import AfterValidator, Field, model_validator

from batchio.download import TIMEOUT_S
from batchio.errors import CannotRun, UsageError
from batchio.fileset import FileRef, absolute
from batchio.fingerprint import of_value
from batchio.folders import Folders
from batchio.ledger_view import LedgerView
from batchio.logins import PASSWORD, source_login
from batchio.radar.sinarame import parse_name
from batchio.radar.volume_types import load_volume_types
from batchio.records import Scope
from batchio.stores import StoreError
from pipelines.launcher.command import Command
from pipelines.launcher.domain import Domain
from pipelines.launcher.exit_codes import WRONG_USAGE
from pipelines.launcher.last_good import LastGood
from pipelines.launcher.options import READ_AND_WRITE, CommonOptions, Option
from pipelines.launcher.registry import default_ledger_url
from pipelines.launcher.run import launch, launch_both
from transforms.fetching import FetchFiles
from transforms.forming import EachFile, LeftOut, each_file
from transforms.outcomes import RecordOutcomes
from transforms.radar.date_tree import DateTree
from transforms.radar.fetch_field import FetchField, fetch_status
from transforms.run import Run
from transforms.units import Unit

WHAT = "what to fetch"
THEN = "--then"
PATIENCE_S = 300.0
"""How long a server may refuse for having too many users: less than a unit may take."""

_volume_types = LastGood(load_volume_types)
_LISTED: set[str] = set()  # searches of which the last listing went to its end
_WALKED: set[str] = set()  # those of which all since their --start was fetched, if it was new


def _check_time(text: str) -> str:
    _time_of(text)
    return text


_Time = Annotated[
    Annotated[str, AfterValidator(_check_time)],
    Option(WHAT, "TIME", accepts="a day or a time (UTC), such as 2025-11-17 or 2025-11-17T06:30"),
]


class FetchOptions(CommonOptions):
    """The options of fetching."""

    unused: ClassVar[frozenset[str]] = frozenset(
        {"input", "timestamped", "workers", "order_by", "runner"}
    )

    what: Annotated[Literal["radar"], Option(WHAT, positional=True)] = Field(
        description="Kind of the files: BUFR of radars, in the tree RADAR/YYYY/MM/DD/HH/MMSS. "
        "It may stand first, without its name."
    )
    input: list[str] = Field([], description="Nothing: what is read lies at --source.")
    exclude: Annotated[list[str], Option(READ_AND_WRITE, "GLOB")] = Field(
        [], description="Files of the source to leave out: globs."
    )
    source: Annotated[str, Option(READ_AND_WRITE, "URL", accepts="a URL or a folder")] = Field(
        min_length=1,
        description="Folder that holds those of the radars, at any fsspec URL (ftp://, sftp://, "
        "http://, s3://, gs://, ...) or on disk. No password: see --credentials.",
    )
    credentials: Annotated[str | None, Option(READ_AND_WRITE, "FILE", accepts="a file name")] = (
        Field(
            None,
            min_length=1,
            description="File with the login of the server, in the form of .netrc; ~/.netrc if not "
            "given. HEADRACE_SOURCE_USER and HEADRACE_SOURCE_PASSWORD in the environment win.",
        )
    )
    radar: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]],
        Option(WHAT, "NAME", accepts="names of radars, such as RMA1"),
    ] = Field(min_length=1, description="Radars, as their folders are called.")
    start: _Time | None = Field(
        None, description="First day or time of the volumes (UTC); needed without --watch."
    )
    end: _Time | None = Field(
        None,
        description="Last day, or time before which volumes have to begin (UTC). Without it, up "
        "to now.",
    )
    volume_types: Annotated[str | None, Option(WHAT, "FILE")] = Field(
        None,
        description="YAML table of the fields to take, by strategy and volume number, as the "
        "radar pipeline has it; what it does not list is told of and not fetched. Without it, all.",
    )
    look_back: Annotated[float, Option(WHAT, "HOURS")] = Field(
        3.0,
        gt=0,
        le=10 * 366 * 24,
        description="With --watch, how far back to look for late volumes once all since --start "
        "have been looked for, or from the beginning if that is not given.",
    )
    connections: Annotated[int, Option(WHAT)] = Field(
        3, ge=1, description="Downloads at a time. One connection more lists folders."
    )
    max_attempts: Annotated[int, Option(WHAT)] = Field(
        10,
        ge=1,
        description="Runs that try a file which fails or stays half; then it is left until its "
        "size changes or --rerun failed asks for it.",
    )

    @model_validator(mode="after")
    def _check_source(self) -> FetchOptions:
        if urlsplit(self.source).password is not None:  # not repeated in the message
            raise ValueError(
                "--source must not hold a password: others see it; give it by --credentials, "
                f"~/.netrc or {PASSWORD}"
            )
        return self

    @model_validator(mode="after")
    def _check_times(self) -> FetchOptions:
        if self.start is None and self.watch is None:
            raise ValueError("--start is needed without --watch")
        if self.start and self.end and _time_of(self.start) >= _time_of(self.end, is_end=True):
            raise ValueError("--end lies before --start")
        return self


def build(pipeline: beam.Pipeline, options: FetchOptions, run: Run) -> beam.PCollection:
    """Adds the graph: what the server has and is not here yet, the fetching, the records."""
    fetch = FetchField(_server(options), run.output, anew=run.rerun == "all")
    fetched = pipeline | FetchFiles(
        partial(items, options), fetch, run, downloads=options.connections, status=fetch_status
    )
    return fetched | RecordOutcomes(run)


def forming(_options: FetchOptions) -> EachFile:
    """Returns how files that are here become units: there are none."""
    return each_file([])


def items(options: FetchOptions) -> Iterator[Unit | LeftOut]:
    """Yields a unit for each file that the server has, and what is left out."""
    key, are_all_listed = _key(options), True
    _LISTED.discard(key)
    with closing(_server(options)) as server:
        for tree in _trees(options, server):
            try:
                yield from tree.units()
            except (CannotRun, StoreError) as error:
                if options.watch is None:
                    raise
                are_all_listed = False
                yield LeftOut(FileRef(error.path, 0, 0.0), f"{error.step}: {error.cause}")
    if are_all_listed:
        _LISTED.add(key)


def looked(options: FetchOptions) -> None:
    """Notes a look without a problem: the next one need not go back to --start.

    A listing alone does not do: it may be that of the plan, and its run, which lists again, might
    not have got to its end.
    """
    if (key := _key(options)) in _LISTED:
        _WALKED.add(key)


def _trees(options: FetchOptions, server: Folders) -> Iterator[DateTree]:
    """Yields what is asked of the server, radar by radar."""
    now = datetime.now(timezone.utc)
    table = options.volume_types
    asked = DateTree(
        server,
        "",
        start=_since(options, now),
        end=_time_of(options.end, is_end=True) if options.end else now,
        volume_types=None if table is None else _volume_types(table),
        exclude=tuple(options.exclude),
        attempts=options.max_attempts,
    )
    for radar in dict.fromkeys(options.radar):
        yield replace(asked, radar=radar)


def check(options: FetchOptions) -> None:
    """Checks the table of volume types, and the file of logins."""
    if options.volume_types is not None:
        _volume_types.read_anew(options.volume_types)
    try:
        _server(options).login(options.source)
    except PermissionError as error:
        raise UsageError(str(error.strerror), step="preflight", action="correct it") from error


def _since(options: FetchOptions, now: datetime) -> datetime:
    """Returns from when on to look: from --start once, later where something may have come.

    That is the time to look back, and what has not been fetched whole yet.
    """
    start = _time_of(options.start) if options.start else None
    has_walked = _key(options) in _WALKED and options.rerun == "changed"
    if start is not None and not (options.watch and has_walked):
        return start
    recent = now - timedelta(hours=options.look_back)
    since = min([recent, *_unfinished(options)]) if has_walked else recent
    return since if start is None else max(start, since)


def _unfinished(options: FetchOptions) -> Iterator[datetime]:
    """Yields the times of files that were met, and are neither here nor given up."""
    scope = Scope("fetch", absolute(options.output))
    with closing(LedgerView(options.ledger or default_ledger_url(options.output))) as view:
        for state in view.unfinished(scope) if view.exists() else []:
            if state.attempt < options.max_attempts:
                yield parse_name(state.unit_id).time


def _key(options: FetchOptions) -> str:
    return of_value(options.model_dump(mode="json"))


def _server(options: FetchOptions) -> Folders:
    file = options.credentials
    return Folders(
        absolute(options.source),
        retries=options.retries,
        timeout_s=min(TIMEOUT_S, options.timeout),
        patience_s=min(PATIENCE_S, options.timeout / 2),
        login=partial(source_login, file=None if file is None else absolute(file)),
    )


def _time_of(text: str, *, is_end: bool = False) -> datetime:
    """Returns the time that a text says, UTC; a day that is the end counts as a whole."""
    if len(text) == len("2025-11-17"):
        day = datetime.combine(Date.fromisoformat(text), time.min, timezone.utc)
        return day + timedelta(days=1) if is_end else day
    found = datetime.fromisoformat(text.removesuffix("Z"))
    if found.tzinfo is not None:
        raise ValueError("times are UTC, and need no offset")
    return found.replace(tzinfo=timezone.utc)


FETCH = Domain(
    name="fetch",
    summary="Fetches files from a server by date, those that are not here yet, and goes on as "
    "others arrive. With `--then radar` and options of the radar pipeline behind all others, that "
    "works them at once.",
    options=FetchOptions,
    check=check,
    forming=forming,
    items=items,
    looked=looked,
    build=build,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command, and with `--then` the pipeline that works what it fetches."""
    words = sys.argv[1:] if argv is None else list(argv)
    if THEN not in words:
        return launch(FETCH, words)
    own, follows = words[: words.index(THEN)], words[words.index(THEN) + 1 :]
    if follows[:1] != ["radar"]:
        print(f"headrace: {THEN} takes radar, and its options after it", file=sys.stderr)
        return WRONG_USAGE
    return launch_both(Command(FETCH, own), partial(_followed, own=follows[1:]))


def _followed(fetch: FetchOptions, own: Sequence[str]) -> Command[Any]:
    """Returns the radar pipeline's command after a fetch, which says what it does not itself."""
    # By its name, as the front door does: pipelines know nothing of each other.
    radar: Domain[Any] = import_module("pipelines.radar").RADAR
    said = fetch.model_dump(include={"progress", "watch", "volume_types"})
    said["input"] = [f"{fetch.output.rstrip('/')}/**/*.BUFR*"]
    return Command(radar, own, said)


if __name__ == "__main__":
    sys.exit(import_module("pipelines.fetch").main())  # so that no class belongs to __main__
