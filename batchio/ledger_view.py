"""Reads the ledger: what progress, status, report, comparison and the page ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

import sqlalchemy as sa

from batchio.database import (
    Reading,
    open_engine,
    open_reader,
    patiently,
    shown,
    sqlite_path,
    unusable,
)
from batchio.errors import CannotRun, UsageError
from batchio.ledger_schema import (
    SCHEMA_VERSION,
    files,
    runs,
    schema_version,
    units,
    watchers,
    workers,
)
from batchio.output import Output
from batchio.records import CLEANED_UP, COMPLETED, InputFile, Scope, UnitState
from batchio.storable import storable

T = TypeVar("T")
Row = Mapping[str, Any]
UnitRow: TypeAlias = sa.Row[Any]  # of the table `units`, columns as attributes
_IN_AT_ONCE = 500
_OF_RUNS = ("arguments", "versions", "totals")  # what is JSON
_OF_UNITS = ("outputs", "metrics", "details")


class LiveUnit(NamedTuple):
    """A unit of one file: that file, and what became of it when it was worked last."""

    unit_id: str
    path: str
    size: int
    status: str
    attempt: int
    error_type: str
    error_message: str
    outputs: tuple[str, ...]  # their paths


class LedgerView:
    """Reads the record of runs; safe to use from several threads and processes.

    Every method raises CannotRun where the database does not answer, or is not a ledger.

    Attributes:
        url: Where the ledger is.
        patience_s: For how long a database that is away is tried again.
        read_only: Whether it is opened so that nothing can be written.
    """

    def __init__(self, url: str, *, patience_s: float = 0.0, read_only: bool = False) -> None:
        self.url = url
        self.patience_s = patience_s
        self.read_only = read_only
        self._engine: sa.Engine | None = None

    @property
    def engine(self) -> sa.Engine:
        """The connection pool, opened at first use."""
        if self._engine is None:
            self._engine = open_reader(self.url) if self.read_only else open_engine(self.url)
        return self._engine

    def exists(self) -> bool:
        """Tells whether the ledger is there, without making it."""
        path = sqlite_path(self.url)
        if path is not None and not path.exists():
            return False
        try:
            there, version = self.transact(_tables_and_version)
        except sa.exc.SQLAlchemyError as error:
            raise unusable(self.url, error) from error
        self._check_version(version)
        return there

    def _check_version(self, found: int | None) -> None:
        if found is not None and found > SCHEMA_VERSION:
            raise CannotRun(
                f"is of a newer Headrace (schema {found}, this one knows {SCHEMA_VERSION})",
                path=shown(self.url),
                step="ledger",
                action="upgrade Headrace",
            )

    def close(self) -> None:
        """Closes all connections; they open again at the next use."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Returns what `work` returns, done in a transaction that may be tried again."""

        def once() -> T:
            with self.engine.begin() as db:
                return work(db)

        return patiently(once, self.url, self.patience_s)

    def known_files(self, scope: Scope, paths: Sequence[str]) -> dict[str, InputFile]:
        """Returns what is known of the given files."""
        table = files.c
        query = sa.select(table.path, table.size, table.mtime, table.sha256, table.remark).where(
            table.pipeline == scope.pipeline, table.output == storable(scope.output)
        )
        rows = self._in(query, table.path, paths)
        return {row[0]: InputFile(*tuple(row)) for row in rows}

    def cleaned_files(self, scope: Scope, unit_ids: Sequence[str]) -> dict[str, list[InputFile]]:
        """Returns the files that were cleaned up, by unit; some may have come back since."""
        table = files.c
        query = sa.select(
            table.unit_id, table.path, table.size, table.mtime, table.sha256, table.remark
        ).where(*_cleaned(scope))
        by_unit: dict[str, list[InputFile]] = {}
        for row in self._in(query, table.unit_id, unit_ids):
            by_unit.setdefault(row.unit_id, []).append(InputFile(*tuple(row)[1:]))
        return by_unit

    def knows_cleaned_files(self, scope: Scope) -> bool:
        """Tells whether any file was cleaned up."""
        query = sa.select(files.c.path).where(*_cleaned(scope)).limit(1)
        return self.transact(lambda db: db.execute(query).first() is not None)

    def files_seen(self, scope: Scope, started: str) -> Iterator[tuple[str, str]]:
        """Yields unit and path of each file that the run started then has seen, by unit."""
        query = sa.select(files.c.unit_id, files.c.path).where(
            files.c.pipeline == scope.pipeline,
            files.c.output == storable(scope.output),
            files.c.unit_id.is_not(None),
            files.c.last_seen == started,
        )
        return (tuple(row) for row in self._many(query, files.c.unit_id, files.c.path))

    def knows_units(self, scope: Scope) -> bool:
        """Tells whether any unit has a record."""
        query = sa.select(units.c.unit_id).where(*_in_scope(scope)).limit(1)
        return self.transact(lambda db: db.execute(query).first() is not None)

    def unit_states(self, scope: Scope, unit_ids: Sequence[str]) -> dict[str, UnitState]:
        """Returns the newest record of each of the given units, with what it last completed."""
        table = units.c
        query = sa.select(
            table.unit_id,
            table.run_id,
            table.status,
            table.attempt,
            table.version,
            table.input_fingerprint,
            table.settings_fingerprint,
            table.outputs,
            table.recorded,
        ).where(*_in_scope(scope))
        newest: dict[str, sa.Row[Any]] = {}
        completed: dict[str, sa.Row[Any]] = {}
        for row in self._in(query, table.unit_id, unit_ids):
            for those in (newest, completed) if row.status == COMPLETED else (newest,):
                known = those.get(row.unit_id)
                if known is None or row.recorded > known.recorded:
                    those[row.unit_id] = row
        return {
            unit_id: _state(row, completed.get(unit_id, row)) for unit_id, row in newest.items()
        }

    def unfinished(self, scope: Scope) -> list[UnitState]:
        """Returns the newest record of each unit that is not completed."""
        query = sa.select(units.c.unit_id).distinct()
        query = query.where(*_in_scope(scope), units.c.status != COMPLETED)
        unit_ids = self.transact(lambda db: list(db.scalars(query)))
        states = self.unit_states(scope, unit_ids).values()
        return [state for state in states if state.status != COMPLETED]

    def run(self, run_id: str) -> Row | None:
        """Returns a run's row, JSON columns decoded."""
        found = self.transact(lambda db: runs_that(db, runs.c.run_id == run_id))
        return found[0] if found else None

    def known_run(self, run_id: str, *, step: str) -> Row:
        """Returns a run's row.

        Raises:
            UsageError: When there is no such run; names the step that needs it.
        """
        run = self.run(run_id) if self.exists() else None
        if run is None:
            raise UsageError(
                "no such run in the ledger",
                path=run_id,
                step=step,
                action="`python -m pipelines status` lists the runs",
            )
        return run

    def runs(self, *, limit: int | None = None) -> list[Row]:
        """Returns the runs, newest first, JSON columns decoded."""
        return self._few(sa.select(runs).order_by(runs.c.started.desc()).limit(limit), *_OF_RUNS)

    def unit_rows(self, run_id: str) -> Iterator[UnitRow]:
        """Yields the units a run worked, by unit_id, as they are stored: JSON as text."""
        return self._many(sa.select(units).where(units.c.run_id == run_id), units.c.unit_id)

    def newest_rows(self, scope: Scope, unit_ids: Sequence[str]) -> dict[str, Row]:
        """Returns the newest record of each of the given units, JSON columns decoded."""
        query = sa.select(units).where(*_in_scope(scope))
        found = sorted(self._in(query, units.c.unit_id, unit_ids), key=attrgetter("recorded"))
        return {row["unit_id"]: row for row in _as_rows(found, *_OF_UNITS)}

    def units_as_of(self, run: Row) -> Iterator[Row]:
        """Yields each unit as it stood after a run.

        That is the newest record up to that run, of units with a file that the run still saw, or
        that was cleaned up.
        """
        pipeline, started = run["pipeline"], run["started"]
        upto = (
            sa.select(units.c.unit_id, sa.func.max(runs.c.started).label("started"))
            .join(runs, runs.c.run_id == units.c.run_id)
            .where(
                units.c.pipeline == pipeline,
                runs.c.output == run["output"],
                runs.c.started <= started,
            )
            .group_by(units.c.unit_id)
            .subquery()
        )
        alive = sa.exists().where(
            files.c.pipeline == pipeline,
            files.c.output == run["output"],
            files.c.unit_id == units.c.unit_id,
            files.c.first_seen <= started,
            (files.c.last_seen >= started) | files.c.remark.startswith(CLEANED_UP),
        )
        query = (
            sa.select(units)
            .join(runs, runs.c.run_id == units.c.run_id)
            .join(upto, (upto.c.unit_id == units.c.unit_id) & (upto.c.started == runs.c.started))
            .where(units.c.pipeline == pipeline, runs.c.output == run["output"], alive)
        )
        return _as_rows(self._many(query, units.c.unit_id), *_OF_UNITS)

    def live_units(self, scope: Scope, started: str) -> Iterator[LiveUnit]:
        """Yields the newest record of each unit of one file that the run started then has seen."""
        query = (
            sa.select(
                files.c.unit_id,
                files.c.path,
                files.c.size,
                units.c.status,
                units.c.attempt,
                units.c.error_type,
                units.c.error_message,
                units.c.outputs,
                units.c.recorded,
            )
            .join(
                units,
                (units.c.pipeline == files.c.pipeline) & (units.c.unit_id == files.c.unit_id),
            )
            .where(
                files.c.output == storable(scope.output),
                files.c.last_seen == started,
                *_in_scope(scope),
            )
        )
        paths = cache(_paths_of)  # most units have the outputs of the one before
        records = self._many(query, files.c.unit_id, units.c.recorded, files.c.path)
        for _, of_unit in groupby(records, key=itemgetter(0)):
            *_, newest = of_unit
            yield LiveUnit._make((*newest[:-2], paths(newest.outputs)))

    def counts(self, run_id: str) -> dict[str, int]:
        """Returns how many units of a run have each status."""
        query = (
            sa.select(units.c.status, sa.func.count().label("n"))
            .where(units.c.run_id == run_id)
            .group_by(units.c.status)
        )
        return self.transact(lambda db: {row.status: row.n for row in db.execute(query)})

    def left_out(self, run: Row) -> Iterator[Row]:
        """Yields the files that the run saw and has a remark about, by path."""
        query = sa.select(files).where(
            files.c.pipeline == run["pipeline"],
            files.c.output == run["output"],
            files.c.remark != "",
            files.c.last_seen == run["started"],
        )
        return _as_rows(self._many(query, files.c.path))

    def workers(self, run_id: str) -> list[Row]:
        """Returns the processes of a run with their last sign of life, counters decoded."""
        return self.transact(lambda db: processes_of(db, run_id))

    def watchers(self) -> list[Row]:
        """Returns who watches, or did, by pipeline and output."""
        query = sa.select(watchers).order_by(watchers.c.pipeline, watchers.c.output)

        def read(db: sa.Connection) -> list[Row]:
            # An older Headrace has made the ledger, and no newer one has written to it yet.
            there = sa.inspect(db).has_table(watchers.name)
            return list(_as_rows(db.execute(query))) if there else []

        return self.transact(read)

    def _in(self, query: sa.Select[Any], column: Any, values: Sequence[str]) -> list[sa.Row[Any]]:
        def read(db: sa.Connection) -> list[sa.Row[Any]]:
            parts = storable_parts(values)
            return [row for part in parts for row in db.execute(query.where(column.in_(part)))]

        return self.transact(read)

    def _few(self, query: sa.Select[Any], *json_columns: str) -> list[Row]:
        return self.transact(lambda db: list(_as_rows(db.execute(query), *json_columns)))

    def _many(self, query: sa.Select[Any], *key: Any) -> Iterator[sa.Row[Any]]:
        with Reading(self.engine, query, key) as reading:
            while rows := patiently(reading.part, self.url, self.patience_s):
                yield from rows


def processes_of(db: sa.Connection, run_id: str) -> list[Row]:
    """Returns the processes of a run with their last sign of life, counters decoded."""
    query = sa.select(workers).where(workers.c.run_id == run_id).order_by(workers.c.pid)
    return list(_as_rows(db.execute(query), "counters"))


def runs_that(db: sa.Connection, *are: sa.ColumnElement[bool]) -> list[Row]:
    """Returns runs of which all that holds, JSON columns decoded."""
    return list(_as_rows(db.execute(sa.select(runs).where(*are)), *_OF_RUNS))


def _in_scope(scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns what holds for the records of units; looked up by run, of which there are few."""
    its_run = runs.c.run_id == units.c.run_id
    there = sa.exists().where(its_run, runs.c.output == storable(scope.output))
    return (units.c.pipeline == scope.pipeline, there)


def _cleaned(scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        files.c.pipeline == scope.pipeline,
        files.c.output == storable(scope.output),
        files.c.remark.startswith(CLEANED_UP),
    )


def _as_rows(found: Iterable[sa.Row[Any]], *json_columns: str) -> Iterator[Row]:
    for values in found:
        row = dict(zip(values._fields, values, strict=True))
        for name in json_columns:
            row[name] = _decoded(row[name])
        yield row


@lru_cache(maxsize=64)
def _decoded(text: str) -> Any:
    """Returns the value of a JSON column, the same object for the same text: read it only.

    Most are empty, or the outputs of a pack, which its units share.
    """
    return json.loads(text)


def _paths_of(outputs: str) -> tuple[str, ...]:
    return tuple(output[0] for output in json.loads(outputs))


def storable_parts(values: Sequence[str]) -> Iterator[list[str]]:
    """Yields the values as the ledger has them, as many at a time as a query takes."""
    for start in range(0, len(values), _IN_AT_ONCE):
        yield [storable(value) for value in values[start : start + _IN_AT_ONCE]]


def _state(row: sa.Row[Any], completed: sa.Row[Any]) -> UnitState:
    outputs = () if completed.outputs == "[]" else json.loads(completed.outputs)
    return UnitState(
        row.unit_id,
        row.run_id,
        row.status,
        row.attempt,
        row.version,
        row.input_fingerprint,
        row.settings_fingerprint,
        tuple(Output(*output) for output in outputs),
        row.recorded,
    )


def _tables_and_version(db: sa.Connection) -> tuple[bool, int | None]:
    tables = sa.inspect(db)
    has_version = tables.has_table(schema_version.name)
    version = db.scalar(sa.select(schema_version.c.version)) if has_version else None
    return tables.has_table(runs.name), version
