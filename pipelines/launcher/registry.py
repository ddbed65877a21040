"""Remembers in the user's state folder where the ledger of each run lies."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from batchio.database import sqlite_path, sqlite_url
from batchio.errors import UsageError
from batchio.fileset import STATE_FOLDER, is_local, local_path
from batchio.fingerprint import of_value
from batchio.ledger import Ledger
from batchio.ledger_view import Row
from pipelines.launcher.options import CommonOptions

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "HEADRACE_STATE"


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run and the place of its ledger and output."""

    run_id: str
    ledger_url: str
    output: str


def state_folder() -> Path:
    """Returns the folder of the user's state."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "headrace"


def remember(run_id: str, ledger_url: str, output: str) -> None:
    """Notes where a run is recorded; a state folder that cannot be written is no error.

    Passwords are left out: the database's client finds them again in its own places.
    """
    line = "\t".join(map(_escaped, (run_id, portable(ledger_url), _absolute(output))))
    try:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        logger.info("the run is not remembered: %s", error)


@contextmanager
def recorded(run_id: str, ledgers: Sequence[str], *, step: str) -> Iterator[tuple[Ledger, Row]]:
    """Yields the ledger that holds a run, and the run.

    Args:
        run_id: The run.
        ledgers: Where to look; if there are none, where it was when this machine started it.
        step: Who asks, for the error.

    Raises:
        UsageError: There is no such run.
    """
    known = find(run_id)
    for url in ledgers or ([known] if known else []):
        with closing(Ledger(url)) as ledger:
            run = ledger.run(run_id) if ledger.exists() else None
            if run is not None:
                yield ledger, run
                return
    raise UsageError(
        "no such run",
        path=run_id,
        step=step,
        action="name its --ledger or --output; `python -m pipelines status` lists the known runs",
    )


def find(run_id: str) -> str | None:
    """Returns the URL of the ledger that holds a run, None when it is not remembered."""
    return next((run.ledger_url for run in _newest_first() if run.run_id == run_id), None)


def latest(n: int) -> list[KnownRun]:
    """Returns the last n runs that were started, newest first."""
    runs: dict[str, KnownRun] = {}
    for run in _newest_first():
        runs.setdefault(run.run_id, run)
        if len(runs) == n:
            break
    return list(runs.values())


def ledger_url(options: CommonOptions) -> str:
    """Returns the ledger of a command: the one it names, or that of its output root."""
    return options.ledger or default_ledger_url(options.output)


def default_ledger_url(output: str) -> str:
    """Returns the ledger of an output root when none is named.

    It lies below a local root; for any other it is a file in the state folder.
    """
    root = local_path(output)
    if is_local(root):
        path = Path(root).absolute() / STATE_FOLDER / "ledger.db"
    else:
        path = state_folder().absolute() / "ledgers" / f"{of_value(root.rstrip('/'))}.db"
    return sqlite_url(path)


def _path() -> Path:
    return state_folder() / "runs.tsv"


def _newest_first() -> Iterator[KnownRun]:
    lines: list[str] = []
    with suppress(OSError, RuntimeError):
        lines = _path().read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines):
        fields = line.split("\t")
        if len(fields) == 3:
            with suppress(UnicodeDecodeError):
                yield KnownRun(*map(_unescaped, fields))


def portable(ledger_url: str) -> str:
    """Returns a ledger's URL that means the same from any folder, without a password."""
    path = sqlite_path(ledger_url)
    if path is not None:
        return sqlite_url(path.absolute())
    url = sa.make_url(ledger_url).difference_update_query(["password"])
    return sa.URL.create(
        url.drivername, url.username, None, url.host, url.port, url.database, url.query
    ).render_as_string(hide_password=False)


def _absolute(output: str) -> str:
    root = local_path(output)
    return str(Path(root).absolute()) if is_local(root) else root


def _escaped(field: str) -> str:
    return field.encode("unicode_escape").decode("ascii")


def _unescaped(field: str) -> str:
    return field.encode("ascii", "replace").decode("unicode_escape")
