"""How a ledger's database is reached: its address, its connections, patience while it is away."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import sqlalchemy as sa

from batchio.errors import CannotRun

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S = 60.0  # for how long a run tries again: a server restarts in seconds

_SQLITE = "sqlite:///"
_WAL_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_WAITS_S = (0.05, 0.1, 0.2, 0.5)  # and a second from then on
_CONNECT_TIMEOUT_S = 10  # where nothing answers at all, the system alone would wait minutes
# Classes of PostgreSQL's codes (its manual, appendix A): lost connections, deadlocks, a lack of
# memory, disk or connections, a server that is stopped or starts.
_PASSING_CLASSES = {"08", "40", "53", "57"}
# What the database says of itself; other errors are mistakes of the caller.
_TROUBLE = {sa.exc.OperationalError, sa.exc.InternalError, sa.exc.DatabaseError}
_PASSING_SQLITE = ("locked", "full")
_ROWS_AT_ONCE = 1000


def sqlite_url(path: Path) -> str:
    """Returns the URL of an SQLite file; quoted here, for SQLAlchemy before 2.1 does not."""
    return f"{_SQLITE}{quote(str(path))}"


def is_known(url: str) -> bool:
    """Tells whether a URL is one of a database that can hold a ledger."""
    try:
        backend = sa.make_url(url).get_backend_name()
    except (sa.exc.ArgumentError, ValueError):  # ValueError: the port is no number
        return False
    return backend == "postgresql" or sqlite_path(url) is not None


def sqlite_path(url: str) -> Path | None:
    """Returns the file of an SQLite URL, None for other databases."""
    if not url.startswith(_SQLITE):
        return None
    return Path(unquote(url.removeprefix(_SQLITE).partition("?")[0]))


def shown(url: str) -> str:
    """Returns a ledger's URL fit to be shown: the file of SQLite, no password of others."""
    path = sqlite_path(url)
    return str(path) if path else sa.make_url(url).render_as_string(hide_password=True)


def open_reader(url: str) -> sa.Engine:
    """Returns the connections of a database that is there, through which nothing can be written.

    Those to SQLite are opened for each transaction: the file may be replaced, and a reader that
    stays would be in the way of whoever does so.
    """
    path = sqlite_path(url)
    if path is None:
        return open_engine(url).execution_options(postgresql_readonly=True)
    address = sa.URL.create("sqlite", database=f"file:{quote(str(path))}")
    engine = sa.create_engine(
        # mode=ro would leave the files of the write-ahead log behind.
        address.update_query_dict({"mode": "rw", "uri": "true"}),
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "check_same_thread": False},
        poolclass=sa.pool.NullPool,
    )

    @sa.event.listens_for(engine, "connect")
    def _only_read(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    return engine


def open_engine(url: str) -> sa.Engine:
    """Returns the connection pool of a database; it connects at first use."""
    path = sqlite_path(url)
    if path is None:
        address = sa.make_url(url)
        if "psycopg" in address.drivername and "connect_timeout" not in address.query:
            address = address.update_query_dict({"connect_timeout": str(_CONNECT_TIMEOUT_S)})
        try:
            return sa.create_engine(address, pool_pre_ping=True)
        except ImportError as error:
            raise _no_driver(url, error) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _use_wal(connection: Any) -> None:
    """Switches to the write-ahead log; where two processes do so at once, SQLite waits for none."""
    began = time.monotonic()
    for wait_s in _WAL_WAITS_S:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            waited_s = time.monotonic() - began  # where it is locked for long, SQLite waits too
            if "locked" not in str(error) or waited_s > _CONNECT_TIMEOUT_S / 2:
                raise
            time.sleep(wait_s)
    connection.execute("PRAGMA journal_mode=WAL")


def patiently(call: Callable[[], T], url: str, patience_s: float) -> T:
    """Returns what a transaction returns, tried again while the database is away.

    It has to be one that may be done twice: a connection can be lost after the commit.

    Raises:
        CannotRun: When the database is away for longer, or something else is wrong with it.
    """
    began = time.monotonic()
    for number, wait_s in enumerate(chain(_WAITS_S, repeat(1.0))):
        try:
            return call()
        except sa.exc.SQLAlchemyError as error:
            if not _may_pass(error):
                if type(error) not in _TROUBLE:
                    raise
                raise unusable(url, error) from error
            waited_s = time.monotonic() - began
            if waited_s + wait_s > patience_s:
                raise _away(url, error, waited_s) from error
            level = logging.DEBUG if number else logging.WARNING
            logger.log(level, "ledger: %s; trying again for %.0f s", _cause(error), patience_s)
            time.sleep(wait_s)
    raise AssertionError("the waits never end")


def unusable(url: str, error: Exception) -> CannotRun:
    """Returns the error that tells why a ledger cannot be used."""
    action = "check that it is there, that you may write it, and that it is a ledger"
    if "locked" in (cause := _cause(error)):
        action = "end the process that has it open, or wait for it, and start again"
    return CannotRun(f"cannot be used: {cause}", path=shown(url), step="ledger", action=action)


def _no_driver(url: str, error: ImportError) -> CannotRun:
    return CannotRun(
        f"cannot be used: {error}",
        path=shown(url),
        step="ledger",
        action="pip install 'headrace[postgres]', and begin the URL with postgresql+psycopg://",
    )


def _away(url: str, error: Exception, waited_s: float) -> CannotRun:
    told = f"has not worked for {waited_s:.0f} s" if waited_s >= 1 else "does not work"
    return CannotRun(
        f"{told}: {_cause(error)}",
        path=shown(url),
        step="ledger",
        action="mend it and start the same command again: it goes on where it was",
    )


def _cause(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return next(iter(str(original).splitlines()), type(original).__name__)


def _may_pass(error: sa.exc.SQLAlchemyError) -> bool:
    """Tells whether the database may take the same transaction a little later."""
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, sa.exc.OperationalError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return any(word in str(error.orig) for word in _PASSING_SQLITE)
    code = getattr(error.orig, "sqlstate", None)
    return code is None or code[:2] in _PASSING_CLASSES  # none: there was no connection


class Reading:
    """The rows of a query by part; after a lost connection it goes on behind the last part.

    The key has to be unique among the rows; they come in its order.
    """

    def __init__(self, engine: sa.Engine, query: sa.Select[Any], key: Sequence[Any]) -> None:
        self._engine = engine
        self._query = query.order_by(*key)
        self._key = key
        self._last: tuple[Any, ...] | None = None
        self._connection: sa.Connection | None = None
        self._result: sa.CursorResult[Any] | None = None
        self._parts: Iterator[Sequence[sa.Row[Any]]] = iter(())

    def __enter__(self) -> Reading:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def part(self) -> Sequence[sa.Row[Any]]:
        """Returns the next rows, none at the end."""
        try:
            if self._connection is None:
                self._open()
            rows = next(self._parts, ())
        except sa.exc.SQLAlchemyError:
            self._close()
            raise
        if rows:
            self._last = tuple(rows[-1]._mapping[column] for column in self._key)
        return rows

    def _open(self) -> None:
        query = self._query
        if self._last is not None:
            query = query.where(sa.tuple_(*self._key) > sa.tuple_(*self._last))
        self._connection = self._engine.connect()
        streaming = self._connection.execution_options(yield_per=_ROWS_AT_ONCE)
        self._result = streaming.execute(query)
        self._parts = self._result.partitions()

    def _close(self) -> None:
        # In any case: who takes only the first row leaves a cursor open on the server.
        for opened in (self._result, self._connection):
            if opened is not None:
                with suppress(sa.exc.SQLAlchemyError):  # the connection may be gone
                    opened.close()
        self._result = self._connection = None
