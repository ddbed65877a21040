"""Workers of several processes, as on several machines, write one ledger."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from postgres import Server, own_schema
from rig import ROOT
from run_samples import a_run

from batchio.ledger import Ledger
from batchio.records import COMPLETED
from transforms.run import Run

WRITERS, COUNT = 4, 3000
_COUNTS = """
SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM files),
       (SELECT count(*) FROM files WHERE path LIKE '/in/seen-%'),
       (SELECT count(DISTINCT pid) FROM workers)
"""
_TOTAL = (WRITERS + 1) * COUNT, (WRITERS + 2) * COUNT, COUNT, WRITERS


def started(folder: Path, url: str) -> Run:
    run = replace(a_run(folder, run_id="run"), ledger_url=url)
    with closing(Ledger(url)) as ledger:
        ledger.create()
        ledger.start_run(run.record)
    return run


def write_with(run: Run, count: int) -> list[subprocess.Popen[str]]:
    """Starts processes that record the same units, and some of their own, each in another order."""
    record = run.record
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.servers.record_much", run.ledger_url),
                *(record.output, record.started, f"w{number}", str(count)),
            ],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]


def totals(run: Run) -> tuple[int, ...]:
    with closing(Ledger(run.ledger_url, patience_s=60)) as ledger:
        assert set(ledger.counts("run")) <= {COMPLETED}
        return ledger.transact(lambda db: tuple(db.execute(sa.text(_COUNTS)).one()))


def test_processes_that_write_the_same_rows_lose_nothing_and_do_not_wait_for_each_other_for_ever(
    tmp_path: Path, own_postgres: Server
) -> None:
    with own_schema(own_postgres.url) as url:
        run = started(tmp_path, url)
        deadlocks = own_postgres.log().count("deadlock detected")
        writers = write_with(run, COUNT)
        ends = [(writer.communicate()[1], writer.returncode) for writer in writers]
        assert [code for _, code in ends] == [0] * WRITERS, ends
        assert totals(run) == _TOTAL
        assert own_postgres.log().count("deadlock detected") == deadlocks


def test_processes_that_write_while_the_server_restarts_lose_nothing(
    tmp_path: Path, own_postgres: Server
) -> None:
    with own_schema(own_postgres.url) as url:
        run = started(tmp_path, url)
        writers = write_with(run, COUNT)
        restarts = 0
        while any(writer.poll() is None for writer in writers):
            own_postgres.restart(("immediate", "fast")[restarts % 2])
            restarts += 1
            time.sleep(0.7)
        ends = [(writer.communicate()[1], writer.returncode) for writer in writers]
        assert [code for _, code in ends] == [0] * WRITERS, ends
        assert restarts >= 3
        assert totals(run) == _TOTAL
