"""From the parts that files left behind to the tables, replaced as one.

What is live is written down once, the index of names is built from it, each table is made from
both, and when all are there they get their final names.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from batchio.fileset import STATE_FOLDER, local_copy
from batchio.fingerprint import of_value
from batchio.output import Output, OutputRoot, files_below, remove, remove_folder
from batchio.records import FAILED, Outcome, RunRecord
from batchio.syntax.parts import PartRows, write_part
from batchio.tables import TableFormat
from transforms.syntax.file_rows import FileRow, TreeFile
from transforms.syntax.live import LiveTrees, Part, live_trees
from transforms.syntax.names import NO_NAMES, NameIndex, build_index
from transforms.syntax.tables import NEED_NAMES, partitions, write_table
from transforms.syntax.take_trees import PARTS_FOLDER
from transforms.units import Made, Unit

logger = logging.getLogger(__name__)

if TYPE_CHECKING:  # workers need no database
    from batchio.ledger_view import LedgerView, LiveUnit

TABLES_UNIT = "tables"
STEP = "step"
_JOINS = f"{STATE_FOLDER}/joins"  # files that are no outputs yet
_INDEX = "index of names"
_ALL = ""  # in the place of an input: all of that part
_BIGGEST_FIRST = (
    "nodes",
    "calls",
    "symbols",
    "kinds",
    "imports",
    "files",
    "inherits",
    "quarantine",
)
_LIVE = pa.schema([("part", pa.dictionary(pa.int32(), pa.string())), ("input", pa.string())])


@dataclass(frozen=True)
class TableChoice:
    """Which tables are written, and how.

    Attributes:
        tables: Their names, as in `batchio.syntax.tables.TABLES`.
        formats: How each is written.
        partitioned: Whether there is a folder a language.
    """

    tables: tuple[str, ...]
    formats: tuple[TableFormat, ...] = ("parquet",)
    partitioned: bool = False


class Snapshot(NamedTuple):
    """What is live: the file that lists it, and its fingerprint."""

    path: str
    fingerprint: str


def take_snapshot(ledger: LedgerView, run: RunRecord, output: OutputRoot) -> Snapshot | None:
    """Writes down in which part the newest rows are of each file that the run has seen.

    A file whose worker died is in no part: it gets a row in one of its own. Returns None if there
    is no file: tables are not emptied by a pattern that matches nothing.
    """
    digest = hashlib.sha256()
    parts: list[str] = []
    inputs: list[str] = []
    lost = PartRows()
    for unit in ledger.live_units(run.scope, run.started):
        part = next((path for path in unit.outputs if f"/{PARTS_FOLDER}/" in path), "")
        what = part or f"{unit.error_message} ({unit.attempt})"
        digest.update(f"{unit.unit_id}\n{what}\n".encode())
        if part:
            parts.append(part)
            inputs.append(unit.path)
        elif unit.status == FAILED:
            lost.add(_lost_row(unit))
    if not parts and not len(lost):
        return None
    if len(lost):
        name = f"lost-{digest.hexdigest()[:16]}.arrow"
        parts.append(stage(output, name, partial(write_part, lost)).path)
        inputs.append(_ALL)
    columns = {"part": pa.array(parts, pa.string()).dictionary_encode(), "input": inputs}
    write = partial(_write_arrow, pa.table(columns, schema=_LIVE))
    fingerprint = digest.hexdigest()[:16]
    return Snapshot(stage(output, f"live-{fingerprint}.arrow", write).path, fingerprint)


def tables_unit(snapshot: Snapshot, choice: TableChoice) -> Unit:
    """Returns the unit of work that all tables are together."""
    settings = of_value([snapshot.fingerprint, choice.tables, choice.formats, choice.partitioned])
    return Unit(TABLES_UNIT, (), settings=settings)


def first_steps(snapshot: Snapshot, tables: Unit, choice: TableChoice) -> list[Unit]:
    """Returns the index of names, and the tables that need none; each step is the same unit."""
    names = [_INDEX, *_in_order(set(choice.tables) - NEED_NAMES)]
    return [replace(tables, details={STEP: name, "live": snapshot.path}) for name in names]


def second_steps(index: Outcome, choice: TableChoice) -> list[Unit]:
    """Returns the tables that need the index of names, the biggest first."""
    details = {"live": index.details["live"], "index": index.outputs[0].path}
    return [
        Unit(
            TABLES_UNIT,
            (),
            settings=index.settings_fingerprint,
            details={STEP: name, **details},
            reason=index.reason,
            attempt=index.attempt,
        )
        for name in _in_order(set(choice.tables) & NEED_NAMES)
    ]


def is_index(step: Outcome) -> bool:
    """Tells whether a step was the index of names."""
    return bool(step.details[STEP] == _INDEX)


def _in_order(tables: Collection[str]) -> list[str]:
    return sorted(tables, key=_BIGGEST_FIRST.index)


@dataclass(frozen=True)
class JoinParts:
    """Does the steps from parts to tables, each in a worker.

    Attributes:
        output: The root of the tables.
        choice: Which tables are written, and how.
    """

    output: OutputRoot
    choice: TableChoice

    def __call__(self, unit: Unit) -> Made:
        """Builds the index, or writes a table in all its formats, under names of their own."""
        trees = _trees(unit.details["live"])
        if unit.details[STEP] == _INDEX:
            name = f"names-{unit.settings}.arrow"
            return Made(outputs=(stage(self.output, name, build_index(trees).save),))
        names = _index(unit.details["index"]) if "index" in unit.details else NO_NAMES
        rows: list[int] = []
        outputs = tuple(
            stage(self.output, file.name, partial(self._write, file, names, rows))
            for file in self._files(unit.details[STEP], trees)
        )
        return Made(outputs=outputs, metrics={"rows": sum(rows) // len(self.choice.formats)})

    def _files(self, table: str, trees: LiveTrees) -> Iterator[_TableFile]:
        for form in self.choice.formats:
            if not self.choice.partitioned:
                yield _TableFile(table, f"{table}.{form}", form, trees)
                continue
            for folder, some in partitions(trees).items():
                yield _TableFile(table, f"{table}/{folder}/{table}.{form}", form, some)

    def _write(self, file: _TableFile, names: NameIndex, rows: list[int], path: Path) -> None:
        rows.append(
            write_table(
                file.table,
                path,
                trees=file.trees,
                index=names,
                form=file.form,
                partitioned=self.choice.partitioned,
            )
        )


class _TableFile(NamedTuple):
    table: str
    name: str
    form: TableFormat
    trees: LiveTrees


def replace_tables(steps: Sequence[Outcome], output: OutputRoot, old: Sequence[Output]) -> Outcome:
    """Gives the finished tables their final names and returns the outcome of them all.

    Args:
        steps: The outcomes of the steps that made a table, and of what failed.
        output: The root of the tables.
        old: What the tables were before; what is not written any more is removed.
    """
    failed = next((step for step in steps if step.status == FAILED), None)
    if failed is not None:
        return failed._replace(outputs=(), details={}, metrics={})
    new = [
        output.adopt(staged, staged.path.partition(f"/{_folder(output)}/")[2])
        for step in steps
        for staged in step.outputs
    ]
    kept = {table.path for table in new}
    if not output.suffix:  # else earlier ones stay
        for table in old:
            if table.path not in kept and table.path.startswith(output.folder):
                remove(table.path)
    remove_dead_parts(output, steps[0].details["live"])
    return steps[0]._replace(
        outputs=tuple(sorted(new, key=lambda table: table.path)),
        details={},
        metrics={f"rows_{step.details[STEP]}": step.metrics["rows"] for step in steps},
        seconds=sum(step.seconds for step in steps),
        started=min(step.started for step in steps),
    )


def stage(output: OutputRoot, name: str, write: Callable[[Path], None]) -> Output:
    """Writes a file of this run that is no output yet."""
    return replace(output, suffix="").write(f"{_folder(output)}/{name}", write)


def clear_stage(output: OutputRoot) -> None:
    """Removes what has not become an output, of this run and of those before it that were killed.

    What cannot be removed is left to the next run: the tables are there.
    """
    try:
        remove_folder(f"{output.folder}{_JOINS}")
    except OSError as error:
        logger.warning("%s", error)


def remove_dead_parts(output: OutputRoot, live: str) -> None:
    """Removes the parts of which no row is live any more."""
    alive = set(_live_table(live)["part"].unique().to_pylist())
    for part in files_below(f"{output.folder}{PARTS_FOLDER}"):
        if part not in alive:
            remove(part)


def _folder(output: OutputRoot) -> str:
    return f"{_JOINS}/{output.run_id}"


def _lost_row(unit: LiveUnit) -> FileRow:
    """Returns the row of a file whose worker died or whose tree no shape could take apart."""
    file = TreeFile(unit.path, unit.unit_id, unit.size, unit.attempt)
    cause = "worker_died" if unit.error_type == "WorkerDied" else "unexpected"
    return file.quarantined(cause, unit.error_message)


def _write_arrow(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)


def _live_table(path: str) -> pa.Table:
    with pa.memory_map(local_copy(path, _copies())) as file:
        return pa.ipc.open_file(file).read_all()


@lru_cache(maxsize=1)
def _trees(live: str) -> LiveTrees:
    """Returns the trees of a snapshot, kept for the next table."""
    table = _live_table(live).unify_dictionaries().combine_chunks()
    parts = []
    for path in sorted(table["part"].unique().to_pylist()):
        inputs = table.filter(pc.equal(table["part"], path))["input"].combine_chunks()
        all_live = inputs[0].as_py() == _ALL
        parts.append(Part(local_copy(path, _copies()), None if all_live else inputs))
    return live_trees(parts)


@cache
def _copies() -> Path:
    """Returns the folder of files copied from elsewhere, which goes with this process."""
    folder = TemporaryDirectory(prefix="headrace-parts-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@lru_cache(maxsize=1)
def _index(path: str) -> NameIndex:
    return NameIndex.load(Path(local_copy(path, _copies())))
