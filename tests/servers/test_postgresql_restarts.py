"""The server is restarted under a run: the result is that of a run that nothing disturbed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ledger_runs import PIPELINES, ran, slowed, twin
from postgres import Server, own_schema
from rig import Finished, Rig, wait_until

UNITS = 40
SLOW_S = 0.3  # a unit, so that a run is long beside a restart


@pytest.fixture(scope="module", params=PIPELINES)
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return ran(request.param, tmp_path_factory.mktemp("restarts") / "undisturbed", UNITS)


@pytest.fixture
def ledger(own_postgres: Server) -> Iterator[str]:
    with own_schema(own_postgres.url) as url:
        yield url


def pipeline_of(rig: Rig) -> str:
    return rig.module.partition(".")[2]


def done(rig: Rig) -> int:
    return int(rig.rows("SELECT count(*) AS n FROM units WHERE status = 'completed'")[0]["n"])


@contextmanager
def away(server: Server, mode: str) -> Iterator[None]:
    server.stop(mode)
    try:
        yield
    finally:
        server.start()


def check(rig: Rig, undisturbed: Rig, end: Finished) -> None:
    assert end.code == 0, end.err
    assert "Traceback" not in end.err
    assert rig.outputs() == undisturbed.outputs()
    assert rig.statuses() == undisturbed.statuses()
    found = rig.rows("SELECT unit_id, attempt FROM units")
    assert len(found) == len(undisturbed.rows("SELECT unit_id FROM units"))
    assert {row["attempt"] for row in found} == {1}
    assert rig.report()["counts"] == undisturbed.report()["counts"]
    assert rig.report()["statuses"] == undisturbed.report()["statuses"]
    assert rig.unfinished_files() == []
    (row,) = rig.rows("SELECT status FROM runs")
    assert row["status"] == "completed"


@pytest.mark.timeout(300)
def test_restarts_and_an_outage_in_the_middle(
    undisturbed: Rig, own_postgres: Server, ledger: str, tmp_path: Path
) -> None:
    rig, inputs = twin(undisturbed, tmp_path.name, ledger)
    sabotage = [slowed(pipeline_of(rig), SLOW_S)]
    with rig.started("--workers=2", inputs=inputs, sabotage=sabotage) as run:
        wait_until(lambda: "trying again" in run.err or _has_begun(rig), "the run")
        reached = [0]
        for mode in ("immediate", "fast", "outage"):
            wait_until(lambda: done(rig) > reached[-1], "more units")
            reached.append(done(rig))
            if mode == "outage":
                with away(own_postgres, "fast"):
                    time.sleep(5)
            else:
                own_postgres.restart(mode)
        assert reached[-1] < UNITS
        end = run.wait()
    assert "ledger: " in end.err
    assert "; trying again" in end.err
    check(rig, undisturbed, end)


@pytest.mark.timeout(300)
def test_restarts_at_random_moments_from_the_first_to_the_last(
    undisturbed: Rig, own_postgres: Server, ledger: str, tmp_path: Path
) -> None:
    rig, inputs = twin(undisturbed, tmp_path.name, ledger)
    dice = random.Random(20181111)
    restarts = 0
    with rig.started("--workers=2", inputs=inputs, sabotage=[slowed(pipeline_of(rig), 0.1)]) as run:
        wait_until(lambda: _has_begun(rig), "the run")
        while run.process.poll() is None:
            own_postgres.restart(dice.choice(("immediate", "fast")))
            restarts += 1
            time.sleep(dice.uniform(0.2, 1.2))
        end = run.wait()
    assert restarts >= 3
    check(rig, undisturbed, end)


def _has_begun(rig: Rig) -> bool:
    return bool(rig.rows("SELECT run_id FROM runs"))


@pytest.mark.timeout(300)
def test_a_signal_is_heard_while_the_server_is_away(
    undisturbed: Rig, own_postgres: Server, ledger: str, tmp_path: Path
) -> None:
    rig, inputs = twin(undisturbed, tmp_path.name, ledger)
    sabotage = [slowed(pipeline_of(rig), SLOW_S)]
    with rig.started("--workers=1", inputs=inputs, sabotage=sabotage) as run:
        wait_until(lambda: _has_begun(rig) and done(rig) > 0, "a unit")
        with away(own_postgres, "fast"):
            wait_until(lambda: "trying again" in run.err, "the first try")
            run.send(signal.SIGINT)
            wait_until(lambda: "finishing what is being worked" in run.err, "the stop", 15)
        end = run.wait()
    assert end.code == 130, end.err
    assert "Traceback" not in end.err
    assert 0 < done(rig) < UNITS
    assert rig.run(inputs=inputs).code == 0
    assert rig.outputs() == undisturbed.outputs()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_server_that_stays_away_ends_the_run_and_the_next_one_goes_on(
    undisturbed: Rig, own_postgres: Server, ledger: str, tmp_path: Path
) -> None:
    rig, inputs = twin(undisturbed, tmp_path.name, ledger)
    sabotage = [slowed(pipeline_of(rig), SLOW_S)]
    with rig.started("--workers=2", inputs=inputs, sabotage=sabotage) as run:
        wait_until(lambda: _has_begun(rig) and done(rig) > 0, "a unit")
        with away(own_postgres, "immediate"):
            end = run.wait(180)
    assert end.code == 1
    assert "Traceback" not in end.err
    last = end.err.splitlines()[-1]
    assert last.startswith("headrace: postgresql+psycopg://")
    assert "mend it and start the same command again: it goes on where it was" in last
    assert rig.run(inputs=inputs).code == 0
    assert rig.outputs() == undisturbed.outputs()
    assert set(rig.statuses().values()) == {"completed"}
