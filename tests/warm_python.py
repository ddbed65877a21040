"""A Python that has imported what commands import, and becomes one of them at each request.

Beam takes seconds to import, and the tests run hundreds of commands. This process imports it once
and is forked for each; the product's own modules, and what sabotages them, are imported by the
fork. A request is a line of JSON on stdin, answered with the fork's number.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import select
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_IMPORTED = (
    "apache_beam.runners.portability.fn_api_runner",
    "jinja2",
    "netCDF4",
    "pandas",
    "psycopg",
    "pyarrow.dataset",
    "rich.console",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
)
_POLL_S = 0.01


class WarmProcess:
    """A command that runs in a fork; has of `subprocess.Popen` what the tests use."""

    def __init__(self, pid: int, exit_code: Path) -> None:
        self.pid = pid
        self._exit_code = exit_code

    @property
    def returncode(self) -> int | None:
        return int(self._exit_code.read_text()) if self._exit_code.exists() else None

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout_s: float | None = None) -> int:
        end = time.monotonic() + (timeout_s if timeout_s is not None else 1e9)
        while (code := self.returncode) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self._exit_code), timeout_s or 0)
            time.sleep(0.005)
        return code


def start(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    out: Path,
    err: Path,
) -> WarmProcess:
    """Runs `python -m MODULE ARGUMENTS` in the folder, in a session of its own.

    What it writes goes to `out` and `err`, which are there at once.
    """
    for file in (out, err):
        file.write_text("")
    exit_code = out.with_suffix(".exit")
    request = {
        "module": module,
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
        "out": str(out),
        "err": str(err),
        "exit_code": str(exit_code),
    }
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return WarmProcess(int(server.stdout.readline()), exit_code)


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(server.communicate)  # it ends when its stdin does
    return server


def _serve() -> dict[str, Any] | None:
    """Forks at each request; returns it in the fork, and nothing at the end of requests."""
    exit_codes: dict[int, Path] = {}  # where that of each fork is written
    # Threads of C libraries, which look after themselves in a fork.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    while True:
        asked = select.select([sys.stdin], [], [], _POLL_S)[0]
        _reap(exit_codes)
        if not asked:
            continue
        line = sys.stdin.readline()  # one at a time: each waits for its answer
        if not line:
            return None
        request: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return request
        exit_codes[pid] = Path(request["exit_code"])


def _reap(exit_codes: dict[int, Path]) -> None:
    while exit_codes:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        file = exit_codes.pop(pid)
        unfinished = file.with_suffix(".part")
        unfinished.write_text(str(os.waitstatus_to_exitcode(status)))
        unfinished.rename(file)


def _become(request: dict[str, Any]) -> None:
    """Runs the command as a new Python would."""
    os.setsid()
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY),
        (2, request["err"], os.O_WRONLY),
    ):
        opened = os.open(name, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    given = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [request["folder"], *given]  # in place of this file's folder
    for path in given:
        if Path(path, "sitecustomize.py").exists():
            sys.modules.pop("sitecustomize", None)
            __import__("sitecustomize")
            break
    sys.argv[:] = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in _IMPORTED:
        __import__(name)
    asked = _serve()
    if asked is not None:
        _become(asked)
