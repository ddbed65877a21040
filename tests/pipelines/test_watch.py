"""Rounds of runs, and what else only a whole process shows."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from radar_files import START, file_name, write_volume
from rig import ROOT, Rig, wait_until

from batchio.database import sqlite_url
from batchio.ledger_view import LedgerView


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig("pipelines.radar", tmp_path, "**/*.BUFR*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_watching_works_what_comes_until_a_signal(rig: Rig, number: signal.Signals) -> None:
    rig.inputs.mkdir(parents=True)
    with rig.started("--watch", "0.3") as running:
        for minutes in (0, 5):
            volume = write_volume(rig.inputs, ["DBZH"], time=START + timedelta(minutes=minutes))
            made = rig.output / f"{volume}.nc"
            wait_until(made.exists, f"the file of {volume}")
        wait_until(lambda: len(rig.rows("select * from runs where finished > ''")) >= 2, "two runs")
        running.send(number)
        assert running.wait().code == 130
    assert len(rig.output_files()) == 2
    # A poll that finds no work is no run.
    assert len(rig.rows("select * from runs")) == len(rig.rows("select * from units"))


def test_a_volume_that_waits_is_told_once_and_a_wrong_new_table_is_refused(rig: Rig) -> None:
    table = rig.folder / "volumes.yaml"
    table.write_text('"0301": {"02": [DBZH, VRAD]}')
    waiting = write_volume(rig.inputs, ["DBZH"])
    config = rig.folder / "config.yaml"
    config.write_text("compression: 1")
    with rig.started(
        "--watch", "0.3", "--volume_types", str(table), "--config", str(config)
    ) as running:
        wait_until(lambda: _watcher(rig)["polls"] >= 2, "two polls")
        assert rig.rows("select status from units") == [{"status": "incomplete"}]
        table.write_text('"0301": {"02": [DBZH, VRAT]}')
        wait_until(lambda: "VRAT" in running.err, "the refusal")
        config.write_text("compression: 12")
        wait_until(lambda: "compression" in running.err, "the other refusal")
        # What was accepted before still holds: the volume is complete with these two.
        write_volume(rig.inputs, ["VRAD"])
        wait_until((rig.output / f"{waiting}.nc").exists, "the volume")
        wait_until(lambda: _watcher(rig)["problem"].startswith(str(config)), "the problem")
        config.write_text("compression: 2")
        table.write_text('"0301": {"02": [DBZH]}')
        wait_until(lambda: not _watcher(rig)["problem"], "no problem")
        assert running.err.count("VRAT") == 1
        with rig.started("--watch", "5") as second:
            refused = second.wait()
        running.send(signal.SIGTERM)
        assert running.wait().code == 130
    assert refused.code == 1
    assert f"process {running.process.pid} on" in refused.err
    assert "watches this output already" in refused.err
    assert _watcher(rig)["ended"]


def test_watching_may_be_limited_and_tells_of_what_failed_meanwhile(rig: Rig) -> None:
    rig.inputs.mkdir(parents=True)
    assert rig.run("--watch", "0.1", "--max_polls", "3").code == 0
    assert _watcher(rig)["polls"] == 3
    volume = write_volume(rig.inputs, ["DBZH"])
    (rig.inputs / file_name(volume, "DBZH")).write_bytes(b"damaged")
    assert rig.run("--watch", "0.5", "--stop_after", "1").code == 3
    assert rig.run("--max_polls", "3").code == 2


def _watcher(rig: Rig) -> Mapping[str, Any]:
    with closing(LedgerView(sqlite_url(rig.state / "ledger.db"))) as view:
        found = view.watchers() if view.exists() else []
    return found[0] if found else {"polls": 0}


def test_watching_ends_when_it_cannot_run(rig: Rig) -> None:
    write_volume(rig.inputs, ["DBZH"])
    ended = rig.run("--watch", "0.3", "--min_free_space", "1000TB")
    assert ended.code == 1
    assert "--min_free_space asks for" in ended.err


def test_a_plan_may_be_cut_short_by_its_reader(rig: Rig) -> None:
    for minutes in range(60):
        write_volume(rig.inputs, ["DBZH"], time=START + timedelta(minutes=minutes))
    command = [sys.executable, "-m", "pipelines.radar", "--input", str(rig.inputs)]
    with subprocess.Popen(
        [*command, "--output", str(rig.output), "--plan"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=rig._environment([]),
    ) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 0
