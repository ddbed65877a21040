"""The ledger: what was done, in SQLite or PostgreSQL.

Five tables (`runs`, `files`, `units`, `workers`, `watchers`) and the view `volume_processing`.
Times are ISO 8601 in UTC, so that they sort as text. A unit has one row for each run that worked
it: the newest is its state, the older ones let two runs be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from batchio.database import unusable
from batchio.ledger_schema import (
    SCHEMA_VERSION,
    VOLUME_PROCESSING,
    files,
    metadata,
    runs,
    schema_version,
    units,
    watchers,
    workers,
)
from batchio.ledger_view import LedgerView, Row, processes_of, runs_that, storable_parts
from batchio.output import Output
from batchio.records import INTERRUPTED, RUNNING, Beat, InputFile, Outcome, RunRecord, Watcher, now
from batchio.storable import storable

# Lets one process at a time make the tables, or start a run.
LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(482133071)"}

Check: TypeAlias = Callable[[Row, Sequence[Row]], None]


class Ledger(LedgerView):
    """Writes the record of runs; safe to use from several threads and processes."""

    def create(self) -> None:
        """Makes the tables where there are none, and those that an older Headrace did not have.

        Raises:
            CannotRun: When the database cannot be reached or is of a newer Headrace.
        """
        try:
            try:
                found = self._make_tables()
            except sa.exc.OperationalError as error:
                if "already exists" not in str(error):
                    raise
                # SQLite has let another process in, while both switched to the write-ahead log.
                found = self._make_tables()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise unusable(self.url, error) from error
        self._check_version(found)

    def _make_tables(self) -> int | None:
        """Makes the tables where there are none; returns the version of those that were there."""
        with self.engine.begin() as db:
            db.exec_driver_sql(LOCK[db.dialect.name])
            metadata.create_all(db)
            found: int | None = db.scalar(sa.select(schema_version.c.version))
            if found is None:
                db.execute(schema_version.insert().values(version=SCHEMA_VERSION))
                db.execute(sa.text(VOLUME_PROCESSING[db.dialect.name]))
            elif found < SCHEMA_VERSION:  # so far, versions differ by whole tables
                db.execute(schema_version.update().values(version=SCHEMA_VERSION))
        return found

    def start_run(self, run: RunRecord, check: Check | None = None) -> list[str]:
        """Records a run as started; a resumed run keeps its row and gets the new process.

        Args:
            run: The run.
            check: Raises if a run that has not ended is in the way, given its row and its
                processes; called with those of the same scope, or of the same name. What does not
                raise was killed, and becomes interrupted. Of two runs that start at the same
                moment one sees the other.

        Returns:
            The runs that were killed.
        """

        def start(db: sa.Connection) -> list[str]:
            killed = _check_others(db, run, check) if check else []
            for run_id in killed:
                _end_run(db, run_id, status=INTERRUPTED, finished=now())
            _upsert(db, runs, [_in_order(runs, _run_row(run))])
            return killed

        return self.transact(start)

    def finish_run(self, run_id: str, status: str, totals: Mapping[str, Any]) -> None:
        """Records how a run ended; units it left running become interrupted."""
        ending = {"status": status, "finished": now(), "totals": json.dumps(totals)}
        self.transact(lambda db: _end_run(db, run_id, **ending))

    def request_stop(self, run_id: str, reason: str) -> None:
        """Asks a run to stop; the first reason given stays."""
        unasked = (runs.c.run_id == run_id) & runs.c.stop_requested.is_(None)
        asking = runs.update().where(unasked).values(stop_requested=reason)
        self.transact(lambda db: db.execute(asking))

    def record(
        self,
        run: RunRecord,
        outcomes: Sequence[Outcome],
        seen: Sequence[tuple[InputFile, str | None]] = (),
        again: Sequence[str] = (),
    ) -> None:
        """Commits outcomes with their files, and files of none, in one transaction.

        Args:
            run: The run they belong to.
            outcomes: What became of units.
            seen: Files without an outcome in this run, each with its unit if it has one.
            again: Paths of known files that were seen as they are known.
        """
        worked = [(file, outcome.unit_id) for outcome in outcomes for file in outcome.files]
        unit_rows = list(_unit_rows(run, outcomes))
        output = storable(run.output)
        file_rows = [_file_row(run, output, file, unit_id) for file, unit_id in (*worked, *seen)]
        in_scope = (files.c.pipeline == run.pipeline) & (files.c.output == output)

        def write(db: sa.Connection) -> None:
            _upsert(db, units, unit_rows)
            _upsert(db, files, file_rows, "see")
            for part in storable_parts(again):
                same = in_scope & files.c.path.in_(part)
                db.execute(files.update().where(same).values(last_seen=run.started))

        self.transact(write)

    def record_running(self, run: RunRecord, running: Sequence[Outcome]) -> None:
        """Marks units as being worked; never overwrites the outcome of the same run."""
        rows = list(_unit_rows(run, running))
        self.transact(lambda db: _upsert(db, units, rows, "keep"))

    def beat(self, run_id: str, host: str, beats: Sequence[Beat]) -> str | None:
        """Writes signs of life and returns why the run shall stop, if it shall."""
        rows = [
            _in_order(
                workers,
                {
                    "run_id": run_id,
                    "host": host,
                    **asdict(beat),
                    "unit_id": storable(beat.unit_id),
                    "beat": now(),
                    "counters": json.dumps(dict(beat.counters)),
                },
            )
            for beat in beats
        ]
        asked = sa.select(runs.c.stop_requested).where(runs.c.run_id == run_id)

        def write(db: sa.Connection) -> str | None:
            _upsert(db, workers, rows)
            return db.scalar(asked)

        return self.transact(write)

    def start_watching(self, watcher: Watcher, check: Callable[[Row], None]) -> None:
        """Records a watcher; `check` raises if the one before it is still there."""

        def start(db: sa.Connection) -> None:
            db.exec_driver_sql(LOCK[db.dialect.name])
            same = (watchers.c.pipeline == watcher.pipeline) & (
                watchers.c.output == storable(watcher.output)
            )
            other = db.execute(sa.select(watchers).where(same)).mappings().first()
            if other is not None and not other["ended"]:
                check({**other})
            _upsert(db, watchers, [_watcher_row(watcher)])

        self.transact(start)

    def beat_watcher(self, watcher: Watcher) -> None:
        """Writes what a watcher tells of itself."""
        self.transact(lambda db: _upsert(db, watchers, [_watcher_row(watcher)]))


def _upsert(
    db: sa.Connection,
    table: sa.Table,
    rows: Sequence[tuple[Any, ...]],
    mode: Literal["overwrite", "keep", "see"] = "overwrite",
) -> None:
    """Inserts rows, given in the order of the table's columns.

    Handed to the driver as they are: SQLAlchemy's own way through its parameters costs four times
    as much a row, which a hundred thousand units feel. In the order of their keys, so that
    processes that write the same rows wait for each other, and not each for the other.

    Args:
        db: The connection.
        table: The table.
        rows: The rows.
        mode: Where the key exists: overwrite the row, keep it, or `see` (for `files`) overwrite
            it but for `first_seen`, and but for its hash if it looks the same.
    """
    if rows:
        keys = len(table.primary_key)  # the first columns
        in_order = sorted(rows, key=lambda row: row[:keys])
        db.exec_driver_sql(_upsert_sql(db.dialect.name, table, mode), in_order)


@cache
def _upsert_sql(dialect: str, table: sa.Table, mode: str) -> str:
    insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    key = [column.name for column in table.primary_key]
    if mode == "keep":
        statement = insert.on_conflict_do_nothing(index_elements=key)
    else:
        kept = {*key, "first_seen"} if mode == "see" else set(key)
        changed = {c.name: insert.excluded[c.name] for c in table.c if c.name not in kept}
        if mode == "see":
            changed["sha256"] = _kept_sha256(insert.excluded)
        statement = insert.on_conflict_do_update(index_elements=key, set_=changed)
    positional: Any = (
        sqlite.dialect if dialect == "sqlite" else partial(postgresql.dialect, paramstyle="format")
    )
    return str(statement.compile(dialect=positional()))


def _in_order(table: sa.Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.c)


def _file_row(run: RunRecord, output: str, file: InputFile, unit_id: str | None) -> tuple[Any, ...]:
    """Returns a row of `files`, in the order of its columns."""
    return (
        run.pipeline,
        output,
        storable(file.path),
        file.size,
        file.mtime,
        file.sha256,
        unit_id and storable(unit_id),
        storable(file.remark),
        run.started,
        run.started,
    )


def _kept_sha256(new: Any) -> Any:
    """Keeps a known hash where a file was merely seen again, unread and looking the same."""
    same = (new.sha256 == sa.literal_column("''")) & (new.size == files.c.size)
    return sa.case((same & (new.mtime == files.c.mtime), files.c.sha256), else_=new.sha256)


def _run_row(run: RunRecord) -> Row:
    return {
        **asdict(run),
        "output": storable(run.output),
        "folder": storable(run.folder),
        "arguments": json.dumps(list(run.arguments)),
        "versions": json.dumps(dict(run.versions)),
        "status": RUNNING,
        "finished": None,
        "totals": "{}",
        "stop_requested": None,
    }


def _watcher_row(watcher: Watcher) -> tuple[Any, ...]:
    row = {**asdict(watcher), "output": storable(watcher.output), "beat": now()}
    return _in_order(watchers, {**row, "problem": storable(watcher.problem)})


def _check_others(db: sa.Connection, run: RunRecord, check: Check) -> list[str]:
    """Returns the runs that were killed; nobody else starts one before the transaction ends."""
    db.exec_driver_sql(LOCK[db.dialect.name])
    same_scope = (runs.c.pipeline == run.pipeline) & (runs.c.output == storable(run.output))
    same = sa.or_(same_scope, runs.c.run_id == run.run_id)
    others = runs_that(db, runs.c.status == RUNNING, same)
    for other in others:
        check(other, processes_of(db, other["run_id"]))
    return [str(other["run_id"]) for other in others]


def _end_run(db: sa.Connection, run_id: str, **ending: str) -> None:
    db.execute(runs.update().where(runs.c.run_id == run_id).values(**ending))
    db.execute(
        units.update()
        .where(units.c.run_id == run_id, units.c.status == RUNNING)
        .values(status=INTERRUPTED)
    )
    db.execute(workers.update().where(workers.c.run_id == run_id).values(unit_id="", since=""))


def _unit_rows(run: RunRecord, outcomes: Iterable[Outcome]) -> Iterator[tuple[Any, ...]]:
    """Yields rows of `units`, in the order of its columns."""
    recorded, version = now(), run.versions["headrace"]
    outputs_json = cache(_outputs_json)  # a pack's units share theirs
    for outcome in outcomes:
        yield (
            run.pipeline,
            storable(outcome.unit_id),
            run.run_id,
            outcome.status,
            outcome.attempt,
            storable(outcome.reason),
            version,
            outcome.input_fingerprint,
            outcome.settings_fingerprint,
            outcome.step,
            outcome.error_type,
            storable(outcome.error_message),
            storable(outcome.traceback),
            outputs_json(outcome.outputs) if outcome.outputs else "[]",
            json.dumps(dict(outcome.metrics)) if outcome.metrics else "{}",
            json.dumps(dict(outcome.details)) if outcome.details else "{}",
            outcome.seconds,
            outcome.started,
            recorded,
        )


def _outputs_json(outputs: tuple[Output, ...]) -> str:
    return json.dumps([[output.path, output.size, output.sha256] for output in outputs])
