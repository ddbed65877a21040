"""The ledger: what was done, in SQLite or PostgreSQL.

Four tables (`runs`, `files`, `units`, `workers`) and the view `volume_processing`. Times are
ISO 8601 in UTC, so that they sort as text. A unit has one row for each run that worked it: the
newest is its state, the older ones let two runs be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from batchio.errors import CannotRun
from batchio.ledger_schema import (
    SCHEMA_VERSION,
    VOLUME_PROCESSING,
    files,
    metadata,
    runs,
    schema_version,
    units,
    workers,
)
from batchio.ledger_view import LedgerView, Row, shown, storable_parts, unusable
from batchio.records import INTERRUPTED, RUNNING, Beat, InputFile, Outcome, RunRecord, now
from batchio.storable import storable

# Lets one process at a time make the tables.
_LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(482133071)"}


class Ledger(LedgerView):
    """Writes the record of runs; safe to use from several threads and processes."""

    def create(self) -> None:
        """Makes the tables where there are none.

        Raises:
            CannotRun: When the database cannot be reached or is of a newer Headrace.
        """
        try:
            with self.engine.begin() as db:
                db.exec_driver_sql(_LOCK[db.dialect.name])
                metadata.create_all(db)
                found = db.scalar(sa.select(schema_version.c.version))
                if found is None:
                    db.execute(schema_version.insert().values(version=SCHEMA_VERSION))
                    db.execute(sa.text(VOLUME_PROCESSING[db.dialect.name]))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise unusable(self.url, error) from error
        if found is not None and found > SCHEMA_VERSION:
            raise CannotRun(
                f"is of a newer Headrace (schema {found}, this one knows {SCHEMA_VERSION})",
                path=shown(self.url),
                step="ledger",
                action="upgrade Headrace",
            )

    def start_run(self, run: RunRecord) -> None:
        """Records a run as started; a resumed run keeps its row and gets the new process."""
        row = {
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
        with self.engine.begin() as db:
            _upsert(db, runs, [row])

    def finish_run(self, run_id: str, status: str, totals: Mapping[str, Any]) -> None:
        """Records how a run ended; units it left running become interrupted."""
        with self.engine.begin() as db:
            db.execute(
                runs.update()
                .where(runs.c.run_id == run_id)
                .values(status=status, finished=now(), totals=json.dumps(totals))
            )
            _interrupt(db, run_id)

    def interrupt_run(self, run_id: str) -> None:
        """Records that a run was killed: it and the units it was at are interrupted."""
        with self.engine.begin() as db:
            db.execute(
                runs.update()
                .where(runs.c.run_id == run_id)
                .values(status=INTERRUPTED, finished=now())
            )
            _interrupt(db, run_id)

    def request_stop(self, run_id: str, reason: str) -> None:
        """Asks a run to stop; the first reason given stays."""
        with self.engine.begin() as db:
            db.execute(
                runs.update()
                .where(runs.c.run_id == run_id, runs.c.stop_requested.is_(None))
                .values(stop_requested=reason)
            )

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
        with self.engine.begin() as db:
            _upsert(db, units, [_unit_row(run, outcome) for outcome in outcomes])
            _see_files(db, run, [*worked, *seen])
            for part in storable_parts(again):
                same = (files.c.pipeline == run.pipeline) & files.c.path.in_(part)
                db.execute(files.update().where(same).values(last_seen=run.started))

    def record_running(self, run: RunRecord, running: Sequence[Outcome]) -> None:
        """Marks units as being worked; never overwrites the outcome of the same run."""
        with self.engine.begin() as db:
            _upsert(db, units, [_unit_row(run, unit) for unit in running], update=False)

    def beat(self, run_id: str, host: str, beats: Sequence[Beat]) -> str | None:
        """Writes signs of life and returns why the run shall stop, if it shall."""
        rows = [
            {
                "run_id": run_id,
                "host": host,
                **asdict(beat),
                "unit_id": storable(beat.unit_id),
                "beat": now(),
                "counters": json.dumps(dict(beat.counters)),
            }
            for beat in beats
        ]
        with self.engine.begin() as db:
            _upsert(db, workers, rows)
            reason = db.scalar(sa.select(runs.c.stop_requested).where(runs.c.run_id == run_id))
        return None if reason is None else str(reason)


def _upsert(
    db: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    update: bool = True,
    keep: Iterable[str] = (),
    change: Mapping[str, Callable[[Any], Any]] | None = None,
) -> None:
    """Inserts rows; where the key exists, overwrites all but the columns to `keep`."""
    if not rows:
        return
    insert: Any = (sqlite if db.dialect.name == "sqlite" else postgresql).insert(table)
    key = [column.name for column in table.primary_key]
    if update:
        kept = {*key, *keep}
        changed = {c.name: insert.excluded[c.name] for c in table.c if c.name not in kept}
        changed |= {name: rule(insert.excluded) for name, rule in (change or {}).items()}
        statement = insert.on_conflict_do_update(index_elements=key, set_=changed)
    else:
        statement = insert.on_conflict_do_nothing(index_elements=key)
    db.execute(statement, list(rows))


def _see_files(
    db: sa.Connection, run: RunRecord, seen: Sequence[tuple[InputFile, str | None]]
) -> None:
    rows = [
        {
            "pipeline": run.pipeline,
            "path": storable(file.path),
            "size": file.size,
            "mtime": file.mtime,
            "sha256": file.sha256,
            "remark": storable(file.remark),
            "unit_id": unit_id and storable(unit_id),
            "first_seen": run.started,
            "last_seen": run.started,
        }
        for file, unit_id in seen
    ]
    _upsert(db, files, rows, keep=["first_seen"], change={"sha256": _kept_sha256})


def _kept_sha256(new: Any) -> Any:
    """Keeps a known hash where a file was merely seen again, unread and looking the same."""
    same = (new.sha256 == "") & (new.size == files.c.size) & (new.mtime == files.c.mtime)
    return sa.case((same, files.c.sha256), else_=new.sha256)


def _interrupt(db: sa.Connection, run_id: str) -> None:
    db.execute(
        units.update()
        .where(units.c.run_id == run_id, units.c.status == RUNNING)
        .values(status=INTERRUPTED)
    )
    db.execute(workers.update().where(workers.c.run_id == run_id).values(unit_id="", since=""))


def _unit_row(run: RunRecord, outcome: Outcome) -> dict[str, Any]:
    return {
        "pipeline": run.pipeline,
        "unit_id": storable(outcome.unit_id),
        "run_id": run.run_id,
        "status": outcome.status,
        "attempt": outcome.attempt,
        "reason": storable(outcome.reason),
        "version": run.versions["headrace"],
        "input_fingerprint": outcome.input_fingerprint,
        "settings_fingerprint": outcome.settings_fingerprint,
        "step": outcome.step,
        "error_type": outcome.error_type,
        "error_message": storable(outcome.error_message),
        "traceback": storable(outcome.traceback),
        "outputs": json.dumps([[o.path, o.size, o.sha256] for o in outcome.outputs]),
        "metrics": json.dumps(dict(outcome.metrics)),
        "details": json.dumps(dict(outcome.details)),
        "seconds": outcome.seconds,
        "started": outcome.started,
        "recorded": now(),
    }
