"""Checks before a run starts what would stop it later: one function a check."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from fsspec import AbstractFileSystem

from batchio.database import shown
from batchio.errors import CannotRun
from batchio.fileset import STATE_FOLDER, closed_folders, is_local, local_path, missing_roots
from batchio.ledger import Ledger
from batchio.ledger_view import Row
from batchio.output import OutputRoot, free_bytes, remove
from batchio.records import RunRecord
from batchio.stores import advice, ask
from pipelines.launcher.human import size_text
from pipelines.launcher.liveness import is_alive, is_handed_over


def check_inputs(patterns: Sequence[str]) -> None:
    """Raises CannotRun if a folder that a pattern starts from is not there, or not for us."""
    missing = missing_roots(patterns)
    if missing:
        raise CannotRun(
            "there is no such file or folder",
            path=missing[0],
            step="preflight",
            action="check the path",
        )
    closed = closed_folders(patterns)
    if closed:
        raise CannotRun(
            "cannot be listed: Permission denied",
            path=closed[0],
            step="preflight",
            action="check its permissions",
        )


def check_output(output: OutputRoot) -> None:
    """Raises CannotRun if nothing can be written under the output root."""
    root = local_path(output.url)
    try:
        if is_local(root):
            output.scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=output.scratch):
                pass
        else:
            ask(root, _check_top, step="preflight", retries=output.retries)
            probe = output.write(f"{STATE_FOLDER}/probe-{output.run_id}", Path.touch)
            with suppress(OSError):  # who may write may not be allowed to remove
                remove(probe.path)
    except Exception as error:
        raise CannotRun(
            f"cannot be written: {getattr(error, 'strerror', None) or error}",
            path=root,
            step="preflight",
            action=advice(error, "check --output, its permissions and credentials"),
        ) from error


@contextmanager
def no_folders_on_error(folder: Path) -> Iterator[None]:
    """Removes the empty folders that were made on the way to one, if the `with` fails."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    except BaseException:
        for each in missing:
            with suppress(OSError):  # something lies in it
                each.rmdir()
        raise


def _check_top(fs: AbstractFileSystem, path: str) -> None:
    """Raises FileNotFoundError if there is no such bucket: making one is for people to decide."""
    top = path.partition("/")[0]
    if top and not fs.exists(top):
        raise FileNotFoundError(top)


def check_space(output: str, min_free_bytes: int) -> None:
    """Raises CannotRun if the output's disk has less room than asked for."""
    free = free_bytes(output)
    if free is not None and free < min_free_bytes:
        raise CannotRun(
            f"only {size_text(free)} are free, --min_free_space asks for "
            f"{size_text(min_free_bytes)}",
            path=local_path(output),
            step="preflight",
            action="make room, or lower --min_free_space",
        )


def take_over(ledger: Ledger, run: RunRecord) -> None:
    """Starts the run; killed ones of its pipeline and output are interrupted and cleared away.

    Raises:
        CannotRun: One of them is still alive, or one of the same name.
    """

    def check(other: Row, processes: Sequence[Row]) -> None:
        mine = (other["host"], other["pid"]) == (run.host, run.pid) and not is_handed_over(other)
        if not mine and is_alive(other, processes):
            raise CannotRun(
                f"run {other['run_id']} (process {other['pid']}) is working here",
                path=shown(ledger.url),
                step="preflight",
                action=f"wait for it, or stop it: python -m pipelines stop {other['run_id']}",
            )

    for killed in ledger.start_run(run, check):
        OutputRoot(run.output, killed).clear_scratch()


def cores() -> int:
    """Returns how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def choose_workers(asked: int | None) -> int:
    """Returns the number of worker processes: as asked, or a core and 1 GB of memory each."""
    if asked is not None:
        return asked
    return max(1, min(cores(), psutil.virtual_memory().available // 1_000_000_000))
