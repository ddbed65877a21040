import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from batchio.database import Reading, open_engine, patiently, sqlite_url
from batchio.errors import CannotRun

ROWS = 2500


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(sqlite_url(tmp_path / "a.db"))
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE t (a INTEGER, b TEXT)")
        db.exec_driver_sql("INSERT INTO t VALUES (?, ?)", [(n // 2, str(n % 2)) for n in ROWS_IN])
    yield engine
    engine.dispose()


ROWS_IN = range(ROWS)
T = sa.table("t", sa.column("a"), sa.column("b"))


def lock(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def insert(path, began):
    def call():
        began.append(True)
        if len(began) == 3:
            began[0].close()
        engine = sa.create_engine(sqlite_url(path), connect_args={"timeout": 0})
        with engine.begin() as db:
            db.exec_driver_sql("INSERT INTO t VALUES (7, 'new')")
        engine.dispose()
        return "done"

    return call


def test_what_is_locked_is_tried_again(tmp_path, engine, caplog):
    path = tmp_path / "a.db"
    assert patiently(insert(path, [lock(path)]), sqlite_url(path), 60) == "done"
    (message,) = caplog.messages
    assert message == "ledger: database is locked; trying again for 60 s"


@pytest.mark.parametrize("patience_s", [0.0, 0.3])
def test_patience_has_an_end(tmp_path, engine, patience_s):
    path = tmp_path / "a.db"
    calls = [None] * 10
    with (
        closing(lock(path)),
        pytest.raises(CannotRun, match="does not work: database is") as caught,
    ):
        patiently(insert(path, calls), sqlite_url(path), patience_s)
    assert (len(calls) > 11) == bool(patience_s)
    assert (caught.value.path, caught.value.step) == (str(path), "ledger")
    assert caught.value.action.startswith("mend it and start the same command again")


def test_what_will_not_pass_is_told_at_once(tmp_path, engine):
    calls = []

    def call():
        calls.append(True)
        with engine.begin() as db:
            db.exec_driver_sql("SELECT * FROM none")

    with pytest.raises(CannotRun, match="cannot be used: no such table: none"):
        patiently(call, sqlite_url(tmp_path / "a.db"), 60)
    assert len(calls) == 1


def test_a_mistake_of_the_caller_stays_what_it_is(tmp_path, engine):
    def call():
        with engine.begin() as db:
            db.exec_driver_sql("INSERT INTO t VALUES (?, ?)", (1,))

    with pytest.raises(sa.exc.ProgrammingError):
        patiently(call, sqlite_url(tmp_path / "a.db"), 60)


def test_a_reading_comes_in_parts_in_the_order_of_its_key(engine):
    with Reading(engine, sa.select(T), (T.c.a, T.c.b)) as reading:
        parts = [reading.part() for _ in range(4)]
    assert [len(part) for part in parts] == [1000, 1000, 500, 0]
    assert [tuple(row) for part in parts for row in part] == [(n // 2, str(n % 2)) for n in ROWS_IN]


def test_a_reading_goes_on_behind_the_last_part_when_its_connection_is_lost(engine):
    found = []
    with Reading(engine, sa.select(T), (T.c.a, T.c.b)) as reading:
        found += reading.part()
        reading._connection.connection.driver_connection.close()
        with pytest.raises(sa.exc.SQLAlchemyError):
            reading.part()
        while rows := reading.part():
            found += rows
    assert [tuple(row) for row in found] == [(n // 2, str(n % 2)) for n in ROWS_IN]
