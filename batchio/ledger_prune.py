"""Takes old runs out of a ledger, but for what decisions, comparisons and the page need of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

from batchio.database import sqlite_path
from batchio.errors import UsageError
from batchio.ledger import LOCK, Ledger
from batchio.ledger_schema import runs, units, workers
from batchio.ledger_view import LedgerView, Row
from batchio.records import COMPLETED, RUNNING, Scope, now
from batchio.storable import storable

PRUNED = "pruned"  # in the totals of a run whose row stays: when it was pruned


class OldRuns(NamedTuple):
    """The old runs of a pipeline and output root.

    Attributes:
        before: When the oldest run was started that stays as it is.
        run_ids: Those that were started earlier, oldest first.
        known: How many runs there are with those that stay.
    """

    scope: Scope
    before: str
    run_ids: list[str]
    known: int


class Gone(NamedTuple):
    """How many runs were taken out with all they had, and how many records of units."""

    runs: int
    records: int


def old_runs(
    view: LedgerView, *, keep_runs: int = 1, since: str = "", output: str | None = None
) -> list[OldRuns]:
    """Returns the old runs by pipeline and output root; never one that runs, or a later one.

    Args:
        view: The ledger.
        keep_runs: How many runs stay at least: the newest.
        since: Runs that were started then or later stay too; all but those if empty.
        output: The only root to look at, if not all.
    """
    table = runs.c
    query = sa.select(table.pipeline, table.output, table.started, table.run_id, table.status)
    query = query.order_by(table.pipeline, table.output, table.started)
    if output is not None:
        query = query.where(table.output == storable(output))
    rows = view.transact(lambda db: db.execute(query).all())
    found = []
    for (pipeline, root), group in groupby(rows, key=lambda row: (row.pipeline, row.output)):
        those = list(group)
        newest = [row.started for row in those[-keep_runs:]]
        running = [row.started for row in those if row.status == RUNNING]
        before = min(*newest, *running, since or newest[0])
        old = [row.run_id for row in those if row.started < before]
        found.append(OldRuns(Scope(pipeline, root), before, old, len(those)))
    return found


def would_go(view: LedgerView, old: OldRuns) -> Gone:
    """Returns what `take_out` would take out of all these runs."""
    its_run, goes = units.c.run_id == runs.c.run_id, _superseded(old)
    among = _is_old(runs, old)
    stays = sa.exists().where(its_run, sa.not_(goes))
    whole = sa.select(sa.func.count()).select_from(runs).where(among, ~stays)
    records = sa.select(sa.func.count()).select_from(units.join(runs, its_run)).where(among, goes)
    return view.transact(lambda db: Gone(db.scalar(whole) or 0, db.scalar(records) or 0))


def take_out(ledger: Ledger, old: OldRuns, run_ids: Sequence[str]) -> Gone:
    """Takes some of the old runs out, in one transaction; one may be cut off between two.

    Of each unit the newest record of old runs stays, for that is how it stood at the first run that
    is kept, and the newest that is completed. Runs that such a record names keep their row, which
    says that it was pruned.
    """
    named = runs.c.run_id.in_(run_ids)
    has_units = sa.exists().where(units.c.run_id == runs.c.run_id)

    def take(db: sa.Connection) -> Gone:
        db.exec_driver_sql(LOCK[db.dialect.name])
        # One may have been started again under its name.
        ended = list(db.scalars(sa.select(runs.c.run_id).where(named, _is_old(runs, old))))
        of_ended = units.c.run_id.in_(ended)
        records = db.execute(units.delete().where(of_ended, _superseded(old))).rowcount
        db.execute(workers.delete().where(workers.c.run_id.in_(ended)))
        whole = db.execute(runs.delete().where(runs.c.run_id.in_(ended), ~has_units)).rowcount
        left = sa.select(runs.c.run_id, runs.c.totals).where(runs.c.run_id.in_(ended))
        for run_id, totals in db.execute(left).all():
            marked = json.dumps({PRUNED: now(), **json.loads(totals)})
            db.execute(runs.update().where(runs.c.run_id == run_id).values(totals=marked))
        return Gone(whole, records)

    return ledger.transact(take)


def whole_run(view: LedgerView, run_id: str, *, step: str) -> Row:
    """Returns the row of a run whose records are all there.

    Raises:
        UsageError: When there is no such run, or it was pruned.
    """
    run = view.known_run(run_id, step=step)
    if PRUNED in run["totals"]:
        raise UsageError(
            f"was pruned on {run['totals'][PRUNED][:10]}: not all that it did is known any more",
            path=run_id,
            step=step,
            action="name a run that was kept",
        )
    return run


def compact(ledger: Ledger) -> None:
    """Gives the disk back what has become free in an SQLite file; others have autovacuum.

    Raises:
        sa.exc.OperationalError: When somebody else writes, or the disk has no room for a copy.
    """
    if sqlite_path(ledger.url) is not None:
        with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.exec_driver_sql("VACUUM")
            db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _is_old(table: sa.FromClause, old: OldRuns) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.pipeline == old.scope.pipeline,
        table.c.output == old.scope.output,
        table.c.started < old.before,
        table.c.status != RUNNING,
    )


def _superseded(old: OldRuns) -> sa.ColumnElement[bool]:
    """Tells of a record of an old run whether a later old one tells more of its unit.

    A completed one is needed for its outputs until a later one is completed too. Later is what was
    recorded later by a run that was started later: a run that was resumed under its own name may
    have one without the other.
    """
    own, its, newer = runs.alias(), runs.alias(), units.alias()
    return sa.exists().where(
        own.c.run_id == units.c.run_id,
        newer.c.pipeline == units.c.pipeline,
        newer.c.unit_id == units.c.unit_id,
        newer.c.recorded > units.c.recorded,
        (units.c.status != COMPLETED) | (newer.c.status == COMPLETED),
        its.c.run_id == newer.c.run_id,
        its.c.started > own.c.started,
        _is_old(its, old),
    )
