"""The work of the addresses pipeline as its worker processes get it: files, blocks, joins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import pyarrow as pa

from batchio.addresses.csv_plan import plan_blocks
from batchio.addresses.csv_write import Defuse, RowFormat, join_parts, write_rows
from batchio.errors import InputError, doing
from batchio.file_ranges import file_size
from batchio.output import OutputRoot
from transforms.addresses.address_text import address_texts, find_columns
from transforms.addresses.blocks import (
    BLOCK,
    JOIN,
    RESULT,
    BlockResult,
    block_of,
    dialect_of,
    plan_details,
)
from transforms.addresses.metadata import Account, Aims, count_rows, metadata
from transforms.addresses.parts import find_parts, leave_parts, part_name, rows_of_parts
from transforms.addresses.work_block import Choice, duplicates, work_block
from transforms.units import Made, Unit

RowBlock = tuple[pa.RecordBatch, pa.RecordBatch]  # the input's columns, and those found


@dataclass(frozen=True)
class Layout:
    """How files are read and written.

    Attributes:
        block_bytes: A block ends with the row that makes it this large.
        header: Whether files begin with the names of their columns.
        delimiter: Between fields; found if not given.
        formats: How results are written.
        defuse: Which texts in CSV are made sure to be no formulas.
    """

    block_bytes: int = 4_000_000
    header: bool = True
    delimiter: str = ""
    formats: tuple[RowFormat, ...] = ("csv",)
    defuse: Defuse = "ours"


@dataclass(frozen=True)
class AddressWork:
    """Begins a file, works a block of it, or joins what its blocks left behind: as the unit tells.

    Attributes:
        output: The root of all outputs.
        layout: How files are read and written.
        choice: What is found out about rows.
        aims: The speed that is hoped for.
    """

    output: OutputRoot
    layout: Layout
    choice: Choice
    aims: Aims

    def __call__(self, unit: Unit) -> Made:
        """Does the unit's step."""
        if BLOCK in unit.details:
            return Made(details={RESULT: self._work_block(unit)})
        return self._join(unit) if JOIN in unit.details else self._begin(unit)

    def _begin(self, unit: Unit) -> Made:
        """Plans a file, and does it at once if it has one block only."""
        path, layout = unit.files[0].path, self.layout
        plan = plan_blocks(
            path, layout.block_bytes, header=layout.header, delimiter=layout.delimiter
        )
        block = plan.blocks[0]
        with doing("find columns", path):
            find_columns(block.dialect.columns, self.choice.reading.columns)
        if len(plan.blocks) > 1:
            return Made(details=plan_details(plan))
        worked = work_block(path, block, self.choice)
        found = worked.found
        if self.choice.dedupe is not None:
            found = _with(found, duplicates(worked.texts, self.choice))
        write = partial(self._write, lambda: [(worked.given, found)])
        account = Account(plan.sha256, block.dialect, (worked.result,))
        return self._made(unit, account, write)

    def _work_block(self, unit: Unit) -> BlockResult:
        """Works a block, unless a run before has left its parts."""
        block, _ = block_of(unit)
        name = part_name(unit)
        before = find_parts(self.output, name)
        if before is not None:
            return before
        worked = work_block(unit.files[0].path, block, self.choice)
        return leave_parts(
            self.output,
            name,
            (worked.given, worked.found),
            worked.result,
            forms=self.layout.formats if self.choice.dedupe is None else ("parquet",),
            defuse=self.layout.defuse,
        )

    def _join(self, unit: Unit) -> Made:
        """Makes the outputs of a file from the parts of its blocks."""
        (file,) = unit.files
        whole = unit.details[JOIN]
        if file.size and file_size(file.path) != file.size:
            raise InputError(
                "has changed while it was read",
                path=file.path,
                step="join",
                action="start again when nobody writes to it",
            )
        account = Account(whole["sha256"], dialect_of(whole["dialect"]), tuple(whole["results"]))
        if self.choice.dedupe is None:
            return self._made(unit, account, partial(_join, account.results))
        return self._made(unit, account, partial(self._write, self._with_duplicates(account)))

    def _with_duplicates(self, account: Account) -> Callable[[], Iterator[RowBlock]]:
        """Returns what yields all rows, with the columns that need them all."""
        columns = len(account.dialect.columns)
        at = find_columns(account.dialect.columns, self.choice.reading.columns)
        texts = [address_texts(given, at) for given, _ in rows_of_parts(account.results, columns)]
        found = duplicates(pa.chunked_array(texts).combine_chunks(), self.choice)

        def rows() -> Iterator[RowBlock]:
            start = 0
            for given, others in rows_of_parts(account.results, columns):
                more = {name: each.slice(start, len(given)) for name, each in found.items()}
                yield given, _with(others, more)
                start += len(given)

        return rows

    def _write(self, rows: Callable[[], Iterable[RowBlock]], form: RowFormat, path: Path) -> None:
        write_rows(path, rows(), form, header=True, defuse=self.layout.defuse)

    def _made(self, unit: Unit, account: Account, write: Callable[[RowFormat, Path], None]) -> Made:
        name, start = _name_of(unit.unit_id), time.perf_counter()
        outputs = [
            self.output.write(f"{name}_processed.{form}", partial(write, form))
            for form in self.layout.formats
        ]
        stage = "join" if JOIN in unit.details else "write"
        account = replace(account, writing=(stage, time.perf_counter() - start), ended=time.time())
        content = metadata(unit, account, self.choice, self.aims)
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        about = self.output.write(f"{name}.metadata.json", lambda path: path.write_text(text))
        return Made(
            outputs=(*outputs, about),
            sha256={unit.files[0].path: account.sha256},
            metrics=count_rows(account.results),
        )


def _join(results: Iterable[BlockResult], form: RowFormat, path: Path) -> None:
    parts = (part[0] for result in results for part in result["parts"])
    join_parts(path, (part for part in parts if part.endswith(f".{form}")), form)


def _with(found: pa.RecordBatch, more: dict[str, pa.Array]) -> pa.RecordBatch:
    columns = dict(zip(found.schema.names, found.columns, strict=True))
    return pa.RecordBatch.from_pydict({**columns, **more})


def _name_of(unit_id: str) -> str:
    """Returns what the names of a file's outputs begin with: of `a.csv` it is `a`."""
    path = PurePosixPath(unit_id)
    return str(path.with_suffix("")) if path.suffix.lower() == ".csv" else unit_id
