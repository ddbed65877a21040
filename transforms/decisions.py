"""Decides what is to be done with each unit, and why; the same for a plan and for a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Literal, TypeVar

from batchio.fileset import FileRef, is_local
from batchio.fingerprint import sha256_of_file
from batchio.ledger_view import LedgerView
from batchio.output import Output, is_there, those_there
from batchio.records import COMPLETED, FAILED, INTERRUPTED, RUNNING, InputFile, Scope, UnitState
from batchio.version import __version__
from transforms.units import Unit, input_fingerprint

Rerun = Literal["changed", "failed", "all"]
T = TypeVar("T")

SETTINGS_CHANGED = "settings changed"
_LAST_TIME = {FAILED: "failed last time", INTERRUPTED: "interrupted", RUNNING: "interrupted"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens with a unit: it is worked, it waits, or it is skipped.

    `unit.reason` says why; `renewed` are the files of a skipped unit that the ledger has to learn
    anew, for they were touched.
    """

    action: Literal["work", "wait", "skip"]
    unit: Unit
    renewed: tuple[InputFile, ...] = ()

    @property
    def known_paths(self) -> list[str]:
        """The paths of the files that are as the ledger knows them."""
        renewed = {file.path for file in self.renewed}
        return [file.path for file in self.unit.files if file.path not in renewed]


def decide_all(
    units: Sequence[Unit],
    ledger: LedgerView | None,
    scope: Scope,
    *,
    rerun: Rerun,
    retries: int,
) -> list[Decision]:
    """Returns a decision for each unit, from what the ledger knows of it and its files.

    Args:
        units: The units.
        ledger: None if there is none yet.
        scope: Whose earlier work counts.
        rerun: What is to be worked again.
        retries: How often a read of a file that looks changed is tried again.
    """
    states: dict[str, UnitState] = {}
    known: dict[str, InputFile] = {}
    if ledger is not None:
        states = ledger.unit_states(scope, [unit.unit_id for unit in units])
        paths = [file.path for unit in units if unit.unit_id in states for file in unit.files]
        known = ledger.known_files(scope, paths)
    there = _there(states.values(), scope.output, rerun, retries)
    return [
        decide(
            unit,
            states.get(unit.unit_id),
            known,
            rerun=rerun,
            retries=retries,
            there=there,
        )
        for unit in units
    ]


def _there(
    states: Iterable[UnitState], root: str, rerun: Rerun, retries: int
) -> Callable[[Output], bool]:
    """Returns what tells whether an output is there, asked once however many units share it."""
    if is_local(root) or rerun != "changed":
        return cache(is_there)
    done = (state for state in states if state.status == COMPLETED)
    outputs = {output for state in done for output in state.outputs}
    return those_there(list(outputs), retries=retries).__contains__


def decide(
    unit: Unit,
    state: UnitState | None,
    known: dict[str, InputFile],
    *,
    rerun: Rerun = "changed",
    retries: int = 0,
    there: Callable[[Output], bool] = is_there,
) -> Decision:
    """Returns the decision for one unit; one that waits is never worked."""
    decision = _decide_ready(unit, state, known, rerun=rerun, retries=retries, there=there)
    return Decision("wait", unit) if unit.waits and decision.action == "work" else decision


def _decide_ready(
    unit: Unit,
    state: UnitState | None,
    known: dict[str, InputFile],
    *,
    rerun: Rerun,
    retries: int,
    there: Callable[[Output], bool],
) -> Decision:
    if rerun == "failed":
        return _decide_failed(unit, state, known)
    if state is None:
        return _work(unit, unit.reason or "new")
    if state.status != COMPLETED:
        why = _LAST_TIME.get(state.status) or unit.reason or "no longer waits"
        return _work(unit, why, state)
    why = _why_stale(unit, state, rerun, there)
    if why:
        return _work(unit, why, state)
    try:
        present = present_files(unit.files, known, retries=retries)
    except OSError as error:  # its worker will tell more
        return _work(unit, f"input cannot be read: {error.strerror or error}", state)
    if input_fingerprint(present) != state.input_fingerprint:
        return _work(unit, "input changed", state)
    renewed = tuple(file for file in present if known.get(file.path) is not file)
    return Decision("skip", replace(unit, reason="unchanged"), renewed)


def present_files(
    files: tuple[FileRef, ...], known: dict[str, InputFile], *, retries: int = 0
) -> tuple[InputFile, ...]:
    """Returns files as they are, with SHA-256, reading only those that look changed."""
    return tuple(_present(file, known.get(file.path), retries) for file in files)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yields lists of up to `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _decide_failed(unit: Unit, state: UnitState | None, known: dict[str, InputFile]) -> Decision:
    why = _LAST_TIME.get(state.status) if state is not None else None
    if why:
        return _work(unit, why, state)
    unknown = tuple(
        InputFile(file.path, file.size, file.mtime) for file in unit.files if file.path not in known
    )
    return Decision("skip", replace(unit, reason="did not fail last time"), unknown)


def _work(unit: Unit, why: str, state: UnitState | None = None) -> Decision:
    attempt = 1 if state is None else state.attempt + 1
    unit = Unit(unit.unit_id, unit.files, unit.settings, unit.details, "", why, attempt)
    return Decision("work", unit)


def _why_stale(unit: Unit, state: UnitState, rerun: Rerun, there: Callable[[Output], bool]) -> str:
    """Returns why a completed unit is to be worked again whatever its inputs; empty if not."""
    if rerun == "all":
        return "asked for (--rerun all)"
    if state.version != __version__:
        return f"made by Headrace {state.version}"
    if state.settings_fingerprint != unit.settings:
        return _what_changed(state.settings_fingerprint, unit.settings)
    if not all(there(output) for output in state.outputs):
        return "output missing"
    return ""


def _what_changed(old: str, new: str) -> str:
    """Returns why a unit with other settings is stale: by the parts that have names.

    Settings may be a fingerprint and others with names after it: ``1f3a;lexicon=90bc``.
    """
    (was, *before), (now, *after) = old.split(";"), new.split(";")
    named = [part.partition("=")[0] for part in sorted({*before} ^ {*after})]
    if was != now or not named:
        return SETTINGS_CHANGED
    return f"{', '.join(dict.fromkeys(named))} changed"


def _present(file: FileRef, record: InputFile | None, retries: int) -> InputFile:
    known = record is not None and bool(record.sha256) and file.mtime > 0
    if record is not None and known and (file.size, file.mtime) == (record.size, record.mtime):
        return record
    digest = sha256_of_file(file.path, size=file.size, retries=retries)
    remark = record.remark if record is not None and record.sha256 == digest else ""
    return InputFile(file.path, file.size, file.mtime, digest, remark)
