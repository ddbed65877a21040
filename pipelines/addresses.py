"""CSVs of postal addresses parsed, scored and matched: `python -m pipelines.addresses --help`."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import apache_beam as beam
from pydantic import Field, model_validator

from batchio.addresses.csv_write import Defuse, RowFormat
from batchio.errors import CannotRun
from batchio.fileset import FileRef, absolute
from batchio.fingerprint import sha256_of_file
from batchio.output import OutputRoot
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import DOMAIN, CommonOptions, Option, settings_fingerprint
from pipelines.launcher.run import launch
from transforms.addresses.describe import Reading
from transforms.addresses.device import BATCH_ROWS, DeviceChoice, choose_device, has_cupy
from transforms.addresses.graph import ClearBlocks, WorkFiles
from transforms.addresses.metadata import Aims
from transforms.addresses.work import AddressWork, Layout
from transforms.addresses.work_block import Choice, MatchChoice
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile, LeftOut, each_file
from transforms.recording_fn import TO_THE_USER
from transforms.run import Run
from transforms.units import Unit

_STAMP = r"(_\d{8}_\d{6})?"
_OUTPUT = re.compile(rf"(_processed{_STAMP}\.(csv|parquet)|\.metadata{_STAMP}\.json)$")
_MATCH_BLOCK_SHARE = 8  # blocks are so much smaller where rows are matched, which takes long

logger = logging.getLogger(__name__)

Score = Annotated[float, Field(ge=0, le=1)]


class AddressesOptions(CommonOptions):
    """The options of the addresses pipeline."""

    address_column: Annotated[str | None, Option(DOMAIN, "NAME", affects_result=True)] = Field(
        None, min_length=1, description="Column of the address; `address` if none is named."
    )
    address_columns: Annotated[list[str], Option(DOMAIN, "NAME", affects_result=True)] = Field(
        [],
        description="Columns that are the address together, such as street unit city state zip: "
        "they are joined with commas.",
    )
    formats: Annotated[list[RowFormat], Option(DOMAIN, affects_result=True)] = Field(
        ["csv"], min_length=1, description="How results are written."
    )
    min_confidence: Annotated[Score, Option(DOMAIN, "P", affects_result=True)] = Field(
        0.5,
        description="Probability of the labels of an address below which its row has the status "
        "low_confidence.",
    )
    match: Annotated[str | None, Option(DOMAIN, "FILE", accepts="a file or URL")] = Field(
        None,
        min_length=1,
        description="CSV of addresses to match each row with. Needs pip install "
        "'headrace[match]', as --dedupe does.",
    )
    match_columns: Annotated[list[str], Option(DOMAIN, "NAME", affects_result=True)] = Field(
        [],
        description="Columns of that file which are its address; those of the input if none are "
        "named.",
    )
    top_k: Annotated[int, Option(DOMAIN, affects_result=True)] = Field(
        1, ge=1, le=100, description="Matches that a row gets at most."
    )
    min_score: Annotated[Score, Option(DOMAIN, "SCORE", affects_result=True)] = Field(
        0.6, description="Score from which on rows match."
    )
    dedupe: Annotated[bool, Option(DOMAIN, affects_result=True)] = Field(
        False,
        description="Tell which rows of a file are the same place. Holds the file's addresses in "
        "memory.",
    )
    dedupe_score: Annotated[Score, Option(DOMAIN, "SCORE", affects_result=True)] = Field(
        0.85, description="Score from which on two rows are the same place."
    )
    device: Annotated[DeviceChoice, Option(DOMAIN)] = Field(
        "auto",
        description="Where addresses are worked: on a GPU (with pip install 'headrace[gpu]'), on "
        "the CPU, or on a GPU if one can be used. Results are the same.",
    )
    gpu_batch_size: Annotated[int, Option(DOMAIN, "ROWS")] = Field(
        BATCH_ROWS, ge=1, description="Addresses that a GPU is given at once."
    )
    target_throughput: Annotated[float, Option(DOMAIN, "ROWS/S")] = Field(
        2000.0, ge=0, description="Speed under which the metadata tell what holds it back."
    )
    gpu_utilization_threshold: Annotated[Score, Option(DOMAIN, "SHARE")] = Field(
        0.9, description="Busy share of a GPU under which the metadata tell what to change."
    )
    accelerator: Annotated[str, Option(DOMAIN, "HINT")] = Field(
        "",
        description="GPUs to ask a runner for, such as "
        "type:nvidia-tesla-t4;count:1;install-nvidia-driver on Dataflow.",
    )
    block_mb: Annotated[float, Option(DOMAIN, "MB")] = Field(
        4.0, gt=0, le=256, description="Size of the blocks of rows that files are cut into."
    )
    delimiter: Annotated[str, Option(DOMAIN, "C", affects_result=True)] = Field(
        "",
        max_length=1,
        description="Character between fields; found in each file if not given: comma, tab, "
        "semicolon or |.",
    )
    no_header: Annotated[bool, Option(DOMAIN, affects_result=True)] = Field(
        False,
        description="Files begin with a row of data: columns are called column_1, column_2, ...",
    )
    defuse: Annotated[Defuse, Option(DOMAIN, affects_result=True)] = Field(
        "ours",
        description="Columns in whose texts a formula (= + - @ first) gets an apostrophe, in CSV.",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are an address together."""
        return tuple(self.address_columns) or (self.address_column or "address",)

    @model_validator(mode="after")
    def _check_columns(self) -> AddressesOptions:
        if self.address_column and self.address_columns:
            raise ValueError("give either --address_column or --address_columns")
        if self.match_columns and not self.match:
            raise ValueError("--match_columns needs --match")
        return self


def build(pipeline: beam.Pipeline, options: AddressesOptions, run: Run) -> beam.PCollection:
    """Adds the graph: files, blocks of their rows, whole files again, each recorded."""
    if options.device == "auto" and not run.is_spread and not has_cupy():
        told = "addresses are worked on the CPU: CuPy is not installed"
        logger.info(told, extra={TO_THE_USER: True})
    files = pipeline | MatchFiles(run) | FormUnits(forming(options), run) | SkipUpToDate(run, 1)
    work = WorkFiles(_work(options, run.output), run, options.accelerator)
    recorded = files | work
    recorded | ClearBlocks(run)
    return recorded


def forming(options: AddressesOptions) -> EachFile:
    """Returns how each file becomes a unit."""
    reference = sha256_of_file(options.match, retries=options.retries) if options.match else ""
    settings = settings_fingerprint(options, model=version("usaddress"), reference=reference)
    form = each_file(options.patterns, settings).form
    return EachFile(partial(_form, form, OutputRoot(absolute(options.output), "").folder))


def _form(form: Callable[[FileRef], Unit | LeftOut], outputs: str, file: FileRef) -> Unit | LeftOut:
    if file.path.startswith(outputs) and _OUTPUT.search(file.path):
        return LeftOut(file, "is an output of this pipeline")
    return form(file)


def check(options: AddressesOptions) -> None:
    """Checks that there is a GPU where one is asked for, and that rows can be matched."""
    if options.device == "gpu" and options.runner == "DirectRunner":
        choose_device("gpu", options.gpu_batch_size)
    if not options.match and not options.dedupe:
        return
    try:
        matching = import_module("transforms.addresses.match_columns")
    except ImportError as error:
        raise CannotRun(
            f"addresses cannot be matched: {error}",
            step="preflight",
            action="pip install 'headrace[match]'",
        ) from error
    if options.match:
        matching.check_reference(options.match, _reference_columns(options))


def _reference_columns(options: AddressesOptions) -> tuple[str, ...]:
    return tuple(options.match_columns) or options.columns


def _work(options: AddressesOptions, output: OutputRoot) -> AddressWork:
    match = None
    if options.match:
        match = MatchChoice(
            options.match,
            _reference_columns(options),
            options.top_k,
            options.min_score,
        )
    choice = Choice(
        Reading(options.columns, options.min_confidence),
        match,
        options.dedupe_score if options.dedupe else None,
        options.device,
        options.gpu_batch_size,
    )
    share = _MATCH_BLOCK_SHARE if match else 1
    layout = Layout(
        int(options.block_mb * 1e6 / share),
        header=not options.no_header,
        delimiter=options.delimiter,
        formats=tuple(options.formats),
        defuse=options.defuse,
    )
    aims = Aims(options.target_throughput, options.gpu_utilization_threshold)
    return AddressWork(output, layout, choice, aims)


ADDRESSES = Domain(
    name="addresses",
    summary="Parses postal addresses of CSVs, scores and standardises them, and matches them with "
    "a list.",
    options=AddressesOptions,
    check=check,
    forming=forming,
    build=build,
)


main = partial(launch, ADDRESSES)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.addresses").main())  # so that no class belongs to __main__
