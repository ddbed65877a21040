"""AST JSON of whole repositories to tables: `python -m pipelines.syntax --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Literal

import apache_beam as beam
from pydantic import Field, model_validator

from batchio.tables import TableFormat
from pipelines.launcher.domain import Domain
from pipelines.launcher.options import (
    DOMAIN,
    READ_AND_WRITE,
    CommonOptions,
    Option,
    settings_fingerprint,
)
from pipelines.launcher.run import launch
from transforms.filesets import FormUnits, MatchFiles, SkipUpToDate
from transforms.forming import EachFile
from transforms.outcomes import ProcessUnits, RecordOutcomes, weigh_alike, weigh_by_size
from transforms.plugins import load_plugin
from transforms.run import Run
from transforms.syntax.form_units import FileRules, form_unit
from transforms.syntax.graph import WriteTables
from transforms.syntax.join import JoinParts, TableChoice
from transforms.syntax.shapes import ShapeChoice
from transforms.syntax.take_trees import TakeTrees
from transforms.syntax.work import SyntaxWork
from transforms.units import Unit

Table = Literal["files", "symbols", "calls", "imports", "inherits", "quarantine", "kinds", "nodes"]


class SyntaxOptions(CommonOptions):
    """The options of the syntax pipeline."""

    input: Annotated[list[str], Option(READ_AND_WRITE, "GLOB", accepts="one glob or more")] = Field(
        [],
        description="AST JSON files to read: globs, where ** recurses, on disk or at any fsspec "
        "URL (gs://, s3://, ftp://, ...). Put quotes around a glob.",
    )
    sources: Annotated[list[str], Option(READ_AND_WRITE, "GLOB")] = Field(
        [],
        description="Source files to parse, instead of dumps or beside them: Python by itself, "
        "other languages with pip install 'headrace[source]'.",
    )
    tables: Annotated[list[Table], Option(DOMAIN)] = Field(
        ["files", "symbols", "calls", "imports", "inherits", "quarantine"],
        min_length=1,
        description="Tables to write. kinds counts the kinds of nodes of each file; nodes has "
        "every node and is 10 to 100 times as big as the others.",
    )
    formats: Annotated[list[TableFormat], Option(DOMAIN)] = Field(
        ["parquet"], min_length=1, description="How each table is written."
    )
    partition_by_language: Annotated[bool, Option(DOMAIN)] = Field(
        False, description="Write each table into a folder a language (language=python/...)."
    )
    max_file_mb: Annotated[float, Option(DOMAIN, "MB", affects_result=True)] = Field(
        100.0, gt=0, description="Quarantine files that are bigger than this after decompression."
    )
    stream_above_mb: Annotated[float, Option(DOMAIN, "MB", affects_result=True)] = Field(
        50.0,
        gt=0,
        description="Read trees bigger than this in pieces: slower, and in little memory. They "
        "have no rows in nodes.",
    )
    kind_key: Annotated[str | None, Option(DOMAIN, "KEY", affects_result=True)] = Field(
        None,
        min_length=1,
        description="Key of a node's kind, for dumps of a shape that is not known.",
    )
    children_key: Annotated[str | None, Option(DOMAIN, "KEY", affects_result=True)] = Field(
        None,
        min_length=1,
        description="Key of a node's children in such dumps; every key if not given.",
    )
    line_key: Annotated[str | None, Option(DOMAIN, "KEY", affects_result=True)] = Field(
        None, min_length=1, description="Key of a node's line in such dumps."
    )
    plugin: Annotated[
        str | None,
        Option(DOMAIN, "MODULE:CLASS", accepts="package.module:Class", affects_result=True),
    ] = Field(
        None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="A class of your own that reads another shape; it is tried before the others.",
    )
    batching: Annotated[
        str, Option(DOMAIN, "size|count|MODULE:FUNCTION", accepts="size, count or module:function")
    ] = Field(
        "size",
        pattern=r"^(size|count|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        description="How files are weighed when they are packed for the workers: by size, all "
        "alike, or by a function of your own (unit -> weight).",
    )

    @property
    def patterns(self) -> list[str]:
        """The globs of all input files."""
        return [*self.input, *self.sources]

    @model_validator(mode="after")
    def _check_inputs(self) -> SyntaxOptions:
        if not self.patterns:
            raise ValueError("give --input, --sources or both")
        if not self.kind_key and (self.children_key or self.line_key):
            raise ValueError("--children_key and --line_key need --kind_key")
        return self


def build(
    pipeline: beam.Pipeline, options: SyntaxOptions, run: Run
) -> tuple[beam.PCollection, beam.PCollection]:
    """Adds the graph: files, parts, records; then tables out of all parts, and their record."""
    choice = TableChoice(
        tuple(options.tables), tuple(options.formats), options.partition_by_language
    )
    work = SyntaxWork(_take_trees(options, run), JoinParts(run.output, choice))
    units = pipeline | MatchFiles(run) | FormUnits(forming(options), run) | SkipUpToDate(run)
    files = units | ProcessUnits(work, run, _weigh(options)) | RecordOutcomes(run)
    tables = files | WriteTables(work, choice, run) | "RecordTables" >> RecordOutcomes(run)
    return files, tables


def forming(options: SyntaxOptions) -> EachFile:
    """Returns how each file becomes a unit."""
    settings = settings_fingerprint(
        options, kinds="kinds" in options.tables, nodes="nodes" in options.tables
    )
    rules = FileRules(tuple(options.input), tuple(options.sources), settings)
    return EachFile(partial(form_unit, rules=rules))


def check(options: SyntaxOptions) -> None:
    """Checks that plug-ins load."""
    _shapes(options).shapes()
    _weigh(options)


def _shapes(options: SyntaxOptions) -> ShapeChoice:
    return ShapeChoice(
        options.plugin or "",
        options.kind_key or "",
        options.children_key or "",
        options.line_key or "",
    )


def _take_trees(options: SyntaxOptions, run: Run) -> TakeTrees:
    return TakeTrees(
        run.output,
        _shapes(options),
        max_bytes=int(options.max_file_mb * 1e6),
        stream_bytes=int(options.stream_above_mb * 1e6),
        keep_kinds="kinds" in options.tables,
        keep_nodes="nodes" in options.tables,
        retries=run.retries,
    )


def _weigh(options: SyntaxOptions) -> Callable[[Unit], float]:
    known = {"size": weigh_by_size, "count": weigh_alike}
    return known.get(options.batching) or load_plugin(options.batching, "--batching")


SYNTAX = Domain(
    name="syntax",
    summary="Reads syntax trees (AST JSON of many dialects, or source files) of whole repositories "
    "into tables of symbols, calls, imports and metrics.",
    options=SyntaxOptions,
    check=check,
    forming=forming,
    build=build,
)


main = partial(launch, SYNTAX)

if __name__ == "__main__":
    sys.exit(import_module("pipelines.syntax").main())  # so that no class belongs to __main__
