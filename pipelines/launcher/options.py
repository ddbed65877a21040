"""The options of every pipeline: one declaration for command line, YAML, records and docs.

An option is a field of a pydantic model. Its type and constraints say what is accepted, its
``description`` is the help, an :class:`Option` in its annotation says how it is shown::

    class ChartOptions(CommonOptions):
        compression: Annotated[int, Option("how to write", affects_result=True)] = Field(
            1, ge=0, le=9, description="Level of compression of the charts."
        )
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from batchio.database import is_known
from batchio.fingerprint import of_value
from pipelines.launcher.option_info import (
    DO_AGAIN,
    DOMAIN,
    HOW_TO_RUN,
    READ_AND_WRITE,
    WHAT_TO_SEE,
    Option,
    OptionInfo,
    describe,
    options_markdown,
    takes_flag,
    takes_many,
)

__all__ = [
    "DOMAIN",
    "DO_AGAIN",
    "FAILURES_REST_S",
    "HOW_TO_RUN",
    "READ_AND_WRITE",
    "SERVICES",
    "WHAT_TO_SEE",
    "CommonOptions",
    "FailureLimit",
    "Option",
    "OptionInfo",
    "Options",
    "describe",
    "options_markdown",
    "settings_fingerprint",
]

_PERCENT_JUDGED_FROM_UNITS = 20


@dataclass(frozen=True)
class FailureLimit:
    """How many units may fail: a number, or a percentage of the finished ones.

    A percentage is judged as if at least 20 units (all, if there are fewer) had finished, so a
    single early failure does not stop a run that allows 10%.
    """

    amount: float
    is_percent: bool = False

    @classmethod
    def from_text(cls, text: str) -> FailureLimit:
        """Reads ``12`` or ``2.5%``."""
        found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)%|(\d+)", text.strip(), re.ASCII)
        if found is None:
            raise ValueError(f"{text!r} is neither a number nor a percentage")
        percent, count = found.groups()
        if percent is None:
            return cls(int(count))
        if float(percent) > 100:
            raise ValueError(f"{text!r} is more than 100%")
        return cls(float(percent), is_percent=True)

    def exceeded(self, failed: int, done: int, total: int) -> bool:
        """Returns whether more have failed than may.

        Args:
            failed: units that failed.
            done: units that are finished, the failed ones among them.
            total: units of the run; 0 while their number is unknown.
        """
        if not self.is_percent:
            return failed > self.amount
        at_least = min(total, _PERCENT_JUDGED_FROM_UNITS) if total else _PERCENT_JUDGED_FROM_UNITS
        return failed * 100 > self.amount * max(done, at_least)

    def __str__(self) -> str:
        return f"{self.amount:g}%" if self.is_percent else str(self.amount)


def _limit_of(value: object) -> object:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return FailureLimit.from_text(str(value)) if is_count or isinstance(value, str) else value


def _none_if_auto(value: object) -> object:
    return None if value == "auto" else value


_RESERVED_NAMES = {"beam", "config", "help", "version"}


class Options(BaseModel):
    """The options of one command; a subclass declares them.

    Attributes:
        unused: Options of a base class that this command does not have: they keep their defaults.
    """

    unused: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses a declaration that command line and records could not express."""
        super().__pydantic_init_subclass__(**kwargs)
        describe(cls)
        for name in _RESERVED_NAMES & cls.model_fields.keys():
            raise TypeError(f"option {name}: the name has another meaning")

    @field_validator("*", mode="before")
    @classmethod
    def _check_shape(cls, value: object, info: ValidationInfo) -> object:
        """Takes one value for a list of one; an empty text is no item of a list."""
        field = cls.model_fields[info.field_name or ""]
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, bool) for item in items) and not takes_flag(field):
            # YAML reads yes, no, on and off as these; an int field would take True for 1.
            raise PydanticCustomError("flag_as_value", "true or false is no value here")
        if not takes_many(field) or not isinstance(value, list | str | int | float):
            return value
        return [item for item in items if item != ""]


FAILURES_REST_S = 3600.0
"""With --watch: how long a unit that has failed is left alone, if it is as it was."""

SERVICES = ("DataflowRunner",)  # runners that go on with a run when the launcher has ended

_Text: TypeAlias = Annotated[str, Field(min_length=1)]
_URL_PATTERN = r"^[A-Za-z][A-Za-z0-9+.-]*://"  # for templates, which know no more


def _check_ledger(url: str) -> str:
    if not is_known(url):
        raise ValueError("no URL of a database that can hold a ledger")
    return url


LEDGER_URLS = "a URL such as postgresql+psycopg://user@host/database"
LedgerUrl: TypeAlias = Annotated[str, AfterValidator(_check_ledger)]


class CommonOptions(Options):
    """The options that every pipeline has."""

    input: Annotated[list[str], Option(READ_AND_WRITE, "GLOB", accepts="one glob or more")] = Field(
        min_length=1,
        description="Files to read: globs, where ** recurses, on disk or at any fsspec URL "
        "(gs://, s3://, ftp://, ...). Put quotes around a glob.",
    )
    exclude: Annotated[list[str], Option(READ_AND_WRITE, "GLOB")] = Field(
        [], description="Files to leave out of --input: globs."
    )
    output: Annotated[_Text, Option(READ_AND_WRITE, "ROOT", accepts="a folder or URL")] = Field(
        description="Folder or URL below which everything is written."
    )
    timestamped: Annotated[bool, Option(READ_AND_WRITE)] = Field(
        False,
        description="Add the start time of the run to the names of the outputs, "
        "so that earlier ones stay.",
    )
    rerun: Annotated[Literal["changed", "failed", "all"], Option(DO_AGAIN)] = Field(
        "changed",
        description="Units to work: those that are new, changed or failed; "
        "only those that failed; or all.",
    )
    watch: Annotated[float | None, Option(DO_AGAIN, "SECONDS", on_service="senseless")] = Field(
        None,
        gt=0,
        description="Go on, and look for new files every so many seconds. What has failed is tried "
        "again when it has changed, or after an hour.",
    )
    stop_after: Annotated[float | None, Option(DO_AGAIN, "SECONDS", on_service="senseless")] = (
        Field(None, gt=0, description="Begin no further look of --watch after so many seconds.")
    )
    max_polls: Annotated[int | None, Option(DO_AGAIN, on_service="senseless")] = Field(
        None, ge=1, description="End --watch after so many looks."
    )
    retries: Annotated[int, Option(DO_AGAIN)] = Field(
        3, ge=0, description="Times that storage is asked again after an error that may pass."
    )
    ledger: Annotated[
        LedgerUrl | None,
        Option(DO_AGAIN, "URL", accepts=LEDGER_URLS, on_service="needed"),
    ] = Field(
        None,
        pattern=_URL_PATTERN,
        description="Database that remembers what was done, instead of the one below --output; "
        "needed where workers are on several machines.",
    )
    on_error: Annotated[Literal["continue", "stop"], Option(HOW_TO_RUN)] = Field(
        "continue", description="Whether to go on with the other units after one has failed."
    )
    max_failures: Annotated[
        FailureLimit | None,
        BeforeValidator(_limit_of),
        PlainSerializer(lambda limit: None if limit is None else str(limit)),
        Option(HOW_TO_RUN, "N|P%", accepts="a number such as 10 or a percentage such as 5%"),
    ] = Field(
        None,
        description="Stop the run when more units have failed than this: a number, or a "
        "percentage of the finished ones, which count as 20 at least.",
    )
    timeout: Annotated[float, Option(HOW_TO_RUN, "SECONDS")] = Field(
        600.0, gt=0, description="Give up a unit that takes longer than this."
    )
    workers: Annotated[
        int | None,
        BeforeValidator(_none_if_auto),
        Option(
            HOW_TO_RUN,
            "N|auto",
            default_text="auto",
            accepts="a whole number of at least 1, or auto",
            on_service="senseless",
        ),
    ] = Field(
        None,
        ge=1,
        description="Worker processes on this machine; auto decides by the size of the work, "
        "the cores and the memory.",
    )
    order_by: Annotated[Literal["name", "size", "mtime"], Option(HOW_TO_RUN)] = Field(
        "name",
        description="Order in which units are worked: by name, biggest first, or oldest first.",
    )
    min_free_space: Annotated[
        ByteSize,
        Option(HOW_TO_RUN, "SIZE", accepts="a size such as 500MB or 2GiB", on_service="senseless"),
    ] = Field(
        ByteSize(500_000_000),
        description="Do not start, and do not go on, with less room than this at --output.",
    )
    runner: Annotated[_Text, Option(HOW_TO_RUN, "NAME", on_service="senseless")] = Field(
        "DirectRunner",
        description="Beam runner: DirectRunner is this machine; others are FlinkRunner "
        "and DataflowRunner. Their own options may follow.",
    )
    run_id: Annotated[
        str | None,
        Option(
            HOW_TO_RUN,
            "NAME",
            accepts="up to 80 letters, digits, dots, underscores and dashes, "
            "with a letter or digit first",
        ),
    ] = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$",
        description="Name of this run, in the ledger and of its reports; made up if not given.",
    )
    plan: Annotated[bool, Option(WHAT_TO_SEE, aliases=("dry_run",), on_service="senseless")] = (
        Field(
            False,
            description="List every unit with what would be done and why, and touch nothing "
            "(--dry_run is another word for it).",
        )
    )
    progress: Annotated[
        Literal["auto", "live", "plain", "json", "none"],
        Option(WHAT_TO_SEE, on_service="senseless"),
    ] = Field(
        "auto",
        description="Progress as a live view, plain lines or JSON lines; auto shows the live "
        "view on a terminal and plain lines elsewhere.",
    )
    quiet: Annotated[bool, Option(WHAT_TO_SEE, short="q", on_service="senseless")] = Field(
        False, description="Show only errors and the last line."
    )
    verbose: Annotated[bool, Option(WHAT_TO_SEE, short="v", on_service="senseless")] = Field(
        False, description="Show each unit and the messages of Beam."
    )
    log_file: Annotated[
        _Text | None,
        Option(WHAT_TO_SEE, "FILE", accepts="a file name", on_service="senseless"),
    ] = Field(None, description="File that gets the whole log.")
    notify: Annotated[
        list[
            Annotated[
                str, Field(pattern=r"^(env:[A-Za-z_]\w*|[A-Za-z][A-Za-z0-9+.-]*://[^/\s]\S*)$")
            ]
        ],
        Option(WHAT_TO_SEE, "URL", accepts="a URL, or env: and the name of a variable that has it"),
    ] = Field(
        [],
        description="Places that are told when a run ends: a web address gets a summary as JSON; "
        "others, such as mailto:// or slack://, go through Apprise. Write env:NAME to take the "
        "URL from the environment: others that may hold a secret are not recorded, so that resume "
        "and retry do not tell them.",
    )
    notify_on: Annotated[
        list[Literal["finish", "failure", "breaker"]], Option(WHAT_TO_SEE, "EVENT")
    ] = Field(
        ["finish", "failure", "breaker"],
        description="Ends that are told: finish, failure (units failed, or the run could not go "
        "on), breaker (--max_failures or --on_error stop ended it).",
    )

    @property
    def patterns(self) -> list[str]:
        """The globs of all input files."""
        return self.input

    @property
    def needed(self) -> list[str]:
        """The globs whose folders have to be there before the run begins."""
        return self.patterns

    @model_validator(mode="after")
    def _check_quiet_or_verbose(self) -> CommonOptions:
        if self.quiet and self.verbose:
            raise ValueError("--quiet and --verbose exclude each other")
        return self

    @model_validator(mode="after")
    def _check_ends_of_watch(self) -> CommonOptions:
        if self.watch is None and (self.stop_after is not None or self.max_polls is not None):
            raise ValueError("--stop_after and --max_polls need --watch")
        return self


def settings_fingerprint(options: Options, **more: JsonValue) -> str:
    """Returns the digest of all that changes results: a unit made with other settings is stale.

    Args:
        options: Those of its options count that are declared with `affects_result`.
        more: Whatever else counts.
    """
    names = {option.name for option in describe(type(options)) if option.affects_result}
    return of_value(options.model_dump(mode="json", include=names) | more)
