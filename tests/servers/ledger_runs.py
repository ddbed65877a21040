"""Runs of both pipelines on small inputs, and what their ledgers say of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from radar_files import START, write_volume
from rig import ROOT, Finished, Rig, Sabotage
from syntax_trees import write_trees

from pipelines.launcher.samples import write_samples
from transforms.syntax.join import TABLES_UNIT

PIPELINES = ("radar", "syntax")
# A function in which an input is worked, one in which an output is written.
WORKS = {
    "radar": "batchio.radar.sinarame:decode_field",
    "syntax": "batchio.syntax.ast_json:_read_document",
}
_PATTERNS = {"radar": "**/*.BUFR*", "syntax": "**/*.json*"}
_UNITS = """
SELECT u.unit_id, u.run_id, u.status, u.attempt, u.reason, u.input_fingerprint,
       u.settings_fingerprint, u.step, u.error_type, u.error_message, u.outputs, u.details
FROM units u JOIN runs r ON r.run_id = u.run_id WHERE r.output = '{output}'
"""
_FILES = "SELECT path, size, sha256, unit_id, remark FROM files WHERE output = '{output}'"
_PART = re.compile(r'\["OUT/\.headrace/parts/[^]]*\]')
_SOURCE = """
from m000 import helper

class Case{number}:
    def run(self):
        return helper(self.x)

def helper():
    return {number}
"""


def rig_of(pipeline: str, folder: Path, ledger: str = "") -> Rig:
    return Rig(f"pipelines.{pipeline}", folder, _PATTERNS[pipeline], ledger=ledger)


def twin(rig: Rig, name: str, ledger: str) -> tuple[Rig, tuple[str, ...]]:
    """A rig beside another one, with the inputs of that one: they follow in its command."""
    folder = rig.folder.parent / name
    return replace(rig, folder=folder, ledger=ledger), (str(rig.inputs / rig.pattern),)


def ran(pipeline: str, folder: Path, units: int) -> Rig:
    """A run of so many units on SQLite that nothing disturbed."""
    rig = rig_of(pipeline, folder)
    write_inputs(rig, units)
    assert rig.run().code == 0
    return rig


def write_inputs(rig: Rig, count: int) -> None:
    """Writes inputs of so many units."""
    if rig.module == "pipelines.radar":
        for number in range(count):
            write_volume(rig.inputs, ["DBZH"], time=START + timedelta(minutes=number), base=number)
    else:
        sources = {
            f"m{number:03}.py.json": _SOURCE.format(number=number) for number in range(count)
        }
        write_trees(rig.inputs, sources)


def write_sample_inputs(rig: Rig, pipeline: str) -> None:
    (written,) = write_samples(str(rig.folder), [pipeline])
    written.folder.rename(rig.inputs)


def slowed(pipeline: str, seconds: float) -> Sabotage:
    return Sabotage(WORKS[pipeline], "slow", seconds=seconds)


def records(rig: Rig) -> list[dict[str, Any]]:
    """The records of units of this output, with what must be the same in every ledger."""
    found = rig.rows(_UNITS.format(output=rig.output))
    for row in found:
        outputs = row["outputs"].replace(str(rig.output), "OUT")
        # Which files share a part is up to their speed; of the parts is the tables' fingerprint.
        row["outputs"] = _PART.sub("a part", outputs)
        if row["unit_id"] == TABLES_UNIT:
            del row["settings_fingerprint"]
    return sorted(found, key=lambda row: (row["run_id"], row["unit_id"]))


def files(rig: Rig) -> list[dict[str, Any]]:
    found = rig.rows(_FILES.format(output=rig.output))
    return sorted(found, key=lambda row: str(row["path"]))


def command(rig: Rig, *arguments: str) -> Finished:
    """Gives a command of the front door, which finds runs as the user's own state tells."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=ROOT,
        env={**os.environ, "HEADRACE_STATE": str(rig.folder / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
