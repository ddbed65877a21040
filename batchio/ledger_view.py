"""Reads the ledger: what progress, status, report, comparison and the page ask of it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

import sqlalchemy as sa

from batchio.errors import CannotRun, UsageError
from batchio.ledger_schema import files, runs, units, workers
from batchio.output import Output
from batchio.records import InputFile, UnitState
from batchio.storable import storable

Row = Mapping[str, Any]
UnitRow: TypeAlias = sa.Row[Any]  # of the table `units`, columns as attributes
_SQLITE = "sqlite:///"
_IN_AT_ONCE = 500
_WAL_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


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
    """Reads the record of runs; safe to use from several threads and processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine: sa.Engine | None = None

    @property
    def engine(self) -> sa.Engine:
        """The connection pool, opened at first use."""
        if self._engine is None:
            self._engine = _open_engine(self.url)
        return self._engine

    def exists(self) -> bool:
        """Tells whether the ledger is there, without making it."""
        path = sqlite_path(self.url)
        if path is not None and not path.exists():
            return False
        try:
            return sa.inspect(self.engine).has_table("runs")
        except sa.exc.SQLAlchemyError as error:
            raise unusable(self.url, error) from error

    def close(self) -> None:
        """Closes all connections; they open again at the next use."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def known_files(self, pipeline: str, paths: Sequence[str]) -> dict[str, InputFile]:
        """Returns what is known of the given files."""
        table = files.c
        query = sa.select(table.path, table.size, table.mtime, table.sha256, table.remark)
        rows = self._in(query.where(table.pipeline == pipeline), table.path, paths)
        return {row[0]: InputFile(*tuple(row)) for row in rows}

    def knows_units(self, pipeline: str) -> bool:
        """Tells whether any unit of the pipeline has a record."""
        query = sa.select(units.c.unit_id).where(units.c.pipeline == pipeline).limit(1)
        with self.engine.connect() as db:
            return db.execute(query).first() is not None

    def unit_states(self, pipeline: str, unit_ids: Sequence[str]) -> dict[str, UnitState]:
        """Returns the newest record of each of the given units."""
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
        ).where(table.pipeline == pipeline)
        newest: dict[str, sa.Row[Any]] = {}
        for row in self._in(query, table.unit_id, unit_ids):
            known = newest.get(row[0])
            if known is None or row.recorded > known.recorded:
                newest[row[0]] = row
        return {unit_id: _state(row) for unit_id, row in newest.items()}

    def run(self, run_id: str) -> Row | None:
        """Returns a run's row, JSON columns decoded."""
        return next(self.runs(run_id=run_id), None)

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

    def runs(
        self, *, run_id: str | None = None, status: str | None = None, limit: int | None = None
    ) -> Iterator[Row]:
        """Yields the runs, newest first, JSON columns decoded."""
        query = sa.select(runs).order_by(runs.c.started.desc()).limit(limit)
        if run_id is not None:
            query = query.where(runs.c.run_id == run_id)
        if status is not None:
            query = query.where(runs.c.status == status)
        return self._rows(query, "arguments", "versions", "totals")

    def units(self, run_id: str, *, statuses: Sequence[str] = ()) -> Iterator[Row]:
        """Yields the units a run worked, by unit_id, JSON columns decoded."""
        query = sa.select(units).where(units.c.run_id == run_id).order_by(units.c.unit_id)
        if statuses:
            query = query.where(units.c.status.in_(statuses))
        return self._rows(query, "outputs", "metrics", "details")

    def unit_rows(self, run_id: str) -> Iterator[UnitRow]:
        """Yields the units a run worked, by unit_id, as they are stored: JSON as text."""
        query = sa.select(units).where(units.c.run_id == run_id).order_by(units.c.unit_id)
        with self._streamed(query) as result:
            yield from result

    def units_as_of(self, pipeline: str, started: str) -> Iterator[Row]:
        """Yields each unit as it stood after the run started then.

        That is the newest record up to that run, of units with a file that the run still saw.
        """
        upto = (
            sa.select(units.c.unit_id, sa.func.max(runs.c.started).label("started"))
            .join(runs, runs.c.run_id == units.c.run_id)
            .where(units.c.pipeline == pipeline, runs.c.started <= started)
            .group_by(units.c.unit_id)
            .subquery()
        )
        alive = sa.exists().where(
            files.c.pipeline == pipeline,
            files.c.unit_id == units.c.unit_id,
            files.c.first_seen <= started,
            files.c.last_seen >= started,
        )
        query = (
            sa.select(units)
            .join(runs, runs.c.run_id == units.c.run_id)
            .join(upto, (upto.c.unit_id == units.c.unit_id) & (upto.c.started == runs.c.started))
            .where(units.c.pipeline == pipeline, alive)
            .order_by(units.c.unit_id)
        )
        return self._rows(query, "outputs", "metrics", "details")

    def live_units(self, pipeline: str, started: str) -> Iterator[LiveUnit]:
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
            )
            .join(
                units,
                (units.c.pipeline == files.c.pipeline) & (units.c.unit_id == files.c.unit_id),
            )
            .where(files.c.pipeline == pipeline, files.c.last_seen == started)
            .order_by(files.c.unit_id, units.c.recorded)
        )
        paths = cache(_paths_of)  # most units have the outputs of the one before
        with self._streamed(query) as result:
            for _, records in groupby(result, key=itemgetter(0)):
                *_, newest = records
                yield LiveUnit._make((*newest[:-1], paths(newest[-1])))

    def counts(self, run_id: str) -> dict[str, int]:
        """Returns how many units of a run have each status."""
        query = (
            sa.select(units.c.status, sa.func.count().label("n"))
            .where(units.c.run_id == run_id)
            .group_by(units.c.status)
        )
        with self.engine.connect() as db:
            return {row.status: row.n for row in db.execute(query)}

    def left_out(self, run: Row) -> Iterator[Row]:
        """Yields the files that the run saw and has a remark about, by path."""
        return self._rows(
            sa.select(files)
            .where(
                files.c.pipeline == run["pipeline"],
                files.c.remark != "",
                files.c.last_seen == run["started"],
            )
            .order_by(files.c.path)
        )

    def workers(self, run_id: str) -> list[Row]:
        """Returns the processes of a run with their last sign of life, counters decoded."""
        query = sa.select(workers).where(workers.c.run_id == run_id).order_by(workers.c.pid)
        return list(self._rows(query, "counters"))

    def _in(
        self, query: sa.Select[Any], column: Any, values: Sequence[str]
    ) -> Iterator[sa.Row[Any]]:
        with self.engine.connect() as db:
            for part in storable_parts(values):
                yield from db.execute(query.where(column.in_(part)))

    @contextmanager
    def _streamed(self, query: sa.Select[Any]) -> Iterator[sa.CursorResult[Any]]:
        # Closed in any case: who takes only the first row leaves a cursor open on the server.
        with (
            self.engine.connect() as db,
            db.execution_options(yield_per=1000).execute(query) as result,
        ):
            yield result

    def _rows(self, query: sa.Select[Any], *json_columns: str) -> Iterator[Row]:
        with self._streamed(query) as result:
            columns = tuple(result.keys())
            for values in result:
                row = dict(zip(columns, values, strict=True))
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


def sqlite_url(path: Path) -> str:
    """Returns the URL of an SQLite file; quoted here, for SQLAlchemy before 2.1 does not."""
    return f"{_SQLITE}{quote(str(path))}"


def sqlite_path(url: str) -> Path | None:
    """Returns the file of an SQLite URL, None for other databases."""
    if not url.startswith(_SQLITE):
        return None
    return Path(unquote(url.removeprefix(_SQLITE).partition("?")[0]))


def shown(url: str) -> str:
    """Returns a ledger's URL fit to be shown: the file of SQLite, no password of others."""
    path = sqlite_path(url)
    return str(path) if path else sa.make_url(url).render_as_string(hide_password=True)


def _open_engine(url: str) -> sa.Engine:
    path = sqlite_path(url)
    if path is None:
        return sa.create_engine(url, pool_pre_ping=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": 60, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _use_wal(connection: Any) -> None:
    """Switches to the write-ahead log; where two processes do so at once, SQLite waits for none."""
    for wait_s in _WAL_WAITS_S:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(wait_s)
    connection.execute("PRAGMA journal_mode=WAL")


def unusable(url: str, error: Exception) -> CannotRun:
    """Returns the error that tells why a ledger cannot be used."""
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    return CannotRun(
        f"cannot be opened: {cause}",
        path=shown(url),
        step="ledger",
        action="check that it is there, that you may write it, and that it is a ledger",
    )


def _state(row: sa.Row[Any]) -> UnitState:
    outputs = () if row.outputs == "[]" else json.loads(row.outputs)
    return UnitState(
        row.unit_id,
        row.run_id,
        row.status,
        row.attempt,
        row.version,
        row.input_fingerprint,
        row.settings_fingerprint,
        tuple(Output(*output) for output in outputs),
    )
