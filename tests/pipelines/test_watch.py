"""Rounds of runs, and what else only a whole process shows."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from radar_files import START, write_volume
from rig import ROOT, Rig, wait_until


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
