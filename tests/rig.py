"""Runs a pipeline's command in subprocesses, and looks at what it left behind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import psutil
import sqlalchemy as sa
import warm_python

from batchio.database import sqlite_url
from batchio.ledger_view import LedgerView

ROOT = Path(__file__).parents[1]
LONG_S = 90.0  # a deadline for what takes seconds on a machine with nothing else to do
Process = subprocess.Popen[bytes] | warm_python.WarmProcess
_SABOTAGE = ROOT / "tests" / "contract" / "sabotage"
_SCHEMA = ROOT / "pipelines" / "launcher" / "report_schema.json"
_NEWEST = """
SELECT u.unit_id, u.status, u.reason, u.step, u.error_type, u.error_message, u.traceback,
       u.outputs, u.run_id, u.details
FROM units u
WHERE u.recorded = (SELECT max(n.recorded) FROM units n WHERE n.unit_id = u.unit_id)
"""


@dataclass(frozen=True)
class Sabotage:
    """How a function misbehaves; see sabotage/sitecustomize.py."""

    function: str
    action: str
    marker: str = ""
    seconds: float = 0.0
    folder: str = ""


class Finished(NamedTuple):
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Gate:
    """A place in the product's code where processes wait until the test lets them through."""

    folder: Path

    def at(self, function: str, marker: str = "") -> Sabotage:
        self.folder.mkdir(parents=True, exist_ok=True)
        return Sabotage(function, "gate", marker, folder=str(self.folder))

    def waiting(self) -> list[int]:
        return [int(file.stem) for file in self.folder.glob("*.at")]

    def open(self) -> None:
        (self.folder / "open").touch()


class Running:
    """A command that goes on in the background."""

    def __init__(self, process: Process, out: Path, err: Path) -> None:
        self.process = process
        self._out, self._err = out, err

    @property
    def err(self) -> str:
        return self._err.read_text()

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def reaches(self, gate: Gate, processes: int = 1, timeout_s: float = LONG_S) -> list[int]:
        """Waits until so many of its processes are at the gate; returns their numbers."""

        def there() -> bool:
            if self.process.poll() is not None:
                raise ChildProcessError(f"ended with {self.process.returncode}: {self.err}")
            return len(gate.waiting()) >= processes

        wait_until(there, f"{processes} at {gate.folder.name}", timeout_s)
        return gate.waiting()

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)  # the launcher alone

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()

    def wait(self, timeout_s: float = LONG_S) -> Finished:
        code = self.process.wait(timeout_s)
        return Finished(code, self._out.read_text(), self.err)


@dataclass(frozen=True)
class Rig:
    """One pipeline's command, with a folder for its inputs, outputs and state."""

    module: str
    folder: Path
    pattern: str = "*"
    arguments: tuple[str, ...] = ()
    ledger: str = ""  # its URL, if it is not the one below the output
    started_in: Path = ROOT
    lasting: Callable[[str, bytes], bytes] = lambda _, content: content  # the same in each run
    wrapper: tuple[str, ...] = ()  # the command that runs the command

    @property
    def inputs(self) -> Path:
        return self.folder / "in"

    @property
    def output(self) -> Path:
        return self.folder / "out"

    @property
    def state(self) -> Path:
        return self.output / ".headrace"

    def gate(self, name: str = "gate") -> Gate:
        return Gate(self.folder / name)

    def run(
        self,
        *arguments: str,
        inputs: Sequence[str] | None = None,
        sabotage: Sequence[Sabotage] = (),
        timeout_s: float = LONG_S,
    ) -> Finished:
        """Runs the command to its end; `inputs` replace the files of the input folder."""
        with self.started(*arguments, inputs=inputs, sabotage=sabotage) as running:
            return running.wait(timeout_s)

    @contextmanager
    def started(
        self,
        *arguments: str,
        inputs: Sequence[str] | None = None,
        sabotage: Sequence[Sabotage] = (),
    ) -> Iterator[Running]:
        """Starts the command; whatever is left of it at the end of the `with` is killed."""
        patterns = [str(self.inputs / self.pattern)] if inputs is None else inputs
        named = ["--input", *patterns] if patterns else []
        named += ["--output", str(self.output), *self.arguments, *arguments]
        if self.ledger:
            named += ["--ledger", self.ledger]
        with self._process(self.module, named, sabotage) as running:
            yield running

    def front_door(self, *arguments: str) -> Finished:
        """Runs `python -m pipelines` to its end."""
        with self._process("pipelines", arguments) as running:
            return running.wait()

    @contextmanager
    def _process(
        self, module: str, arguments: Sequence[str], sabotage: Sequence[Sabotage] = ()
    ) -> Iterator[Running]:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("*.out")))
        out, err = (self.folder / f"{number}.{kind}" for kind in ("out", "err"))
        environment = self._environment(sabotage)
        process: Process
        if self.wrapper or "COVERAGE_PROCESS_CONFIG" in environment:
            command = [*self.wrapper, sys.executable, "-m", module, *arguments]
            with out.open("w") as out_file, err.open("w") as err_file:
                process = subprocess.Popen(
                    command,
                    cwd=self.started_in,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out_file,
                    stderr=err_file,
                    start_new_session=True,
                )
        else:
            process = warm_python.start(
                module,
                arguments,
                folder=self.started_in,
                environment=environment,
                out=out,
                err=err,
            )
        try:
            yield Running(process, out, err)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _environment(self, sabotage: Sequence[Sabotage]) -> dict[str, str]:
        environment = {**os.environ, "HEADRACE_STATE": str(self.folder / "state")}
        if sabotage:
            paths = [str(_SABOTAGE), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
            environment["HEADRACE_SABOTAGE"] = json.dumps([asdict(each) for each in sabotage])
            environment.pop("COVERAGE_PROCESS_CONFIG", None)  # most of these are killed
        return environment

    def output_files(self) -> list[Path]:
        found = self.output.rglob("*")
        return sorted(f for f in found if f.is_file() and self.state not in f.parents)

    def outputs(self) -> dict[str, str]:
        """The SHA-256 of each output by its path below the output root."""
        return {
            str(file.relative_to(self.output)): self.digest(file.name, file.read_bytes())
            for file in self.output_files()
        }

    def digest(self, name: str, content: bytes) -> str:
        """The SHA-256 of what of an output is the same in each run."""
        return hashlib.sha256(self.lasting(name, content)).hexdigest()

    def mtimes(self) -> dict[str, int]:
        return {str(file): file.stat().st_mtime_ns for file in self.output_files()}

    def copy_output(self, other: Rig) -> None:
        """Makes the other's output this one's, as if the runs had written here."""
        shutil.copytree(other.output, self.output)
        with closing(LedgerView(sqlite_url(self.state / "ledger.db"))) as view:
            here = {"here": str(self.output)}
            for table in ("runs", "files"):
                update = sa.text(f"UPDATE {table} SET output = :here")
                view.transact(lambda db, update=update: db.execute(update, here))

    def unfinished_files(self) -> list[Path]:
        return [file for file in (self.state / "scratch").rglob("*") if file.is_file()]

    def rows(self, query: str) -> list[dict[str, Any]]:
        url = self.ledger or sqlite_url(self.state / "ledger.db")
        with closing(LedgerView(url, patience_s=LONG_S)) as view:
            if not view.exists():  # the command has only begun
                return []
            found = view.transact(lambda db: db.execute(sa.text(query)).mappings().all())
        return [dict(row) for row in found]

    def units(self) -> dict[str, dict[str, Any]]:
        """The newest record of each unit."""
        return {row["unit_id"]: row for row in self.rows(_NEWEST)}

    def statuses(self) -> dict[str, str]:
        return {unit: row["status"] for unit, row in self.units().items()}

    def outputs_of(self, unit: str) -> list[Path]:
        return [Path(output[0]) for output in json.loads(self.units()[unit]["outputs"])]

    def report(self) -> dict[str, Any]:
        """The newest report, which is as the shipped schema says."""
        files = (self.state / "runs").glob("*/report.json")
        reports: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files]
        report = max(reports, key=lambda report: str(report["started"]))
        validator = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))
        validator.validate(report)
        return report


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = LONG_S) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}")
        time.sleep(0.02)


def is_dead(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
