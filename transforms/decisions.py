"""Decides what is to be done with each unit, and why; the same for a plan and for a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Literal, TypeVar

from batchio.fileset import FileRef, is_local
from batchio.fingerprint import sha256_of_file
from batchio.ledger_view import LedgerView
from batchio.output import Output, is_there, those_there
from batchio.records import (
    COMPLETED,
    FAILED,
    INTERRUPTED,
    PENDING,
    RUNNING,
    InputFile,
    Scope,
    UnitState,
)
from batchio.version import __version__
from transforms.units import Spares, Unit, input_fingerprint

Rerun = Literal["changed", "failed", "all"]
T = TypeVar("T")

SETTINGS_CHANGED = "settings changed"
_LAST_TIME = {FAILED: "failed last time", INTERRUPTED: "interrupted", RUNNING: "interrupted"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens with a unit: it is worked, it waits, or it is skipped.

    `unit.reason` says why; `renewed` are the files of a skipped unit that the ledger has to learn
    anew, for they were touched; `is_news` tells of one that waits whether the ledger knows it.
    """

    action: Literal["work", "wait", "skip"]
    unit: Unit
    renewed: tuple[InputFile, ...] = ()
    is_news: bool = True

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
    spares: Spares | None = None,
    resting_since: str = "",
) -> list[Decision]:
    """Returns a decision for each unit, from what the ledger knows of it and its files.

    Args:
        units: The units.
        ledger: None if there is none yet.
        scope: Whose earlier work counts.
        rerun: What is to be worked again.
        retries: How often a read of a file that looks changed is tried again.
        spares: Tells of units with other settings whether they would come out the same.
        resting_since: Units that have failed after this time are left, if they are as they were.
    """
    states: dict[str, UnitState] = {}
    known: dict[str, InputFile] = {}
    cleaned: dict[str, list[InputFile]] = {}
    if ledger is not None:
        states = ledger.unit_states(scope, [unit.unit_id for unit in units])
        cleaned = ledger.cleaned_files(scope, list(states))
        paths = [file.path for unit in units if unit.unit_id in states for file in unit.files]
        known = ledger.known_files(scope, paths)
        if spares and rerun == "changed":
            states |= _spared(units, states, ledger, scope, spares)
    there = _there(states.values(), scope.output, rerun, retries)
    resting = resting_since if rerun == "changed" else ""
    return [
        _decide_cleaned(unit, cleaned.get(unit.unit_id, ()), known, retries)
        or _decide_resting(unit, states.get(unit.unit_id), known, resting)
        or decide(
            unit,
            states.get(unit.unit_id),
            known,
            rerun=rerun,
            retries=retries,
            there=there,
        )
        for unit in units
    ]


def _spared(
    units: Sequence[Unit],
    states: Mapping[str, UnitState],
    ledger: LedgerView,
    scope: Scope,
    spares: Spares,
) -> dict[str, UnitState]:
    """Returns the states of units that other settings do not affect, as if made with these."""
    stale = {unit.unit_id: unit for unit in units if _has_other_settings(unit, states)}
    if not stale:
        return {}
    details = {
        unit_id: row["details"] for unit_id, row in ledger.newest_rows(scope, [*stale]).items()
    }
    return {
        unit_id: replace(states[unit_id], settings_fingerprint=unit.settings)
        for unit_id, unit in stale.items()
        if spares(unit, states[unit_id].settings_fingerprint, details[unit_id])
    }


def _has_other_settings(unit: Unit, states: Mapping[str, UnitState]) -> bool:
    state = states.get(unit.unit_id)
    if state is None or (state.status, state.version) != (COMPLETED, __version__):
        return False
    return state.settings_fingerprint != unit.settings


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
    if not unit.waits or decision.action != "work":
        return decision
    is_known = state is not None and state.status == unit.waits
    return Decision("wait", unit, is_news=not is_known or not _are_known(unit.files, known))


def _are_known(files: Iterable[FileRef], known: Mapping[str, InputFile]) -> bool:
    """Tells whether files look as they are known."""
    found = ((known.get(file.path), file) for file in files)
    return all(was and (was.size, was.mtime) == (file.size, file.mtime) for was, file in found)


def _decide_resting(
    unit: Unit, state: UnitState | None, known: Mapping[str, InputFile], since: str
) -> Decision | None:
    """Skips a unit that has failed since then, if its files are as they were."""
    if (
        not since
        or not unit.files
        or state is None
        or state.status != FAILED
        or state.recorded <= since
    ):
        return None
    same = (state.version, state.settings_fingerprint) == (__version__, unit.settings)
    if not same or not _are_known(unit.files, known):
        return None
    return Decision("skip", replace(unit, reason="failed a short while ago"))


def _decide_cleaned(
    unit: Unit, cleaned: Sequence[InputFile], known: dict[str, InputFile], retries: int
) -> Decision | None:
    """Returns the decision for a unit of which files were cleaned up and are not there again.

    It is never worked: what would be made of the rest must not replace what was made of all. None
    where the unit has all its files.
    """
    gone = {_name(file.path) for file in cleaned} - {file.name for file in unit.files}
    if not gone:
        return None
    own = (known[file.path] for file in unit.files if file.path in known)
    recorded = {(_name(file.path), file.sha256) for file in (*cleaned, *own)}
    try:
        present = present_files(unit.files, known, retries=retries)
    except OSError:  # it waits, as one that was not there before would
        present = ()
    if present and recorded.issuperset((_name(file.path), file.sha256) for file in present):
        renewed = tuple(file for file in present if known.get(file.path) is not file)
        return Decision("skip", replace(unit, reason="unchanged; cleaned up"), renewed)
    why = f"{len(gone)} of its files were cleaned up; give them all again, or another --output"
    is_news = any(file.path not in known for file in unit.files)
    return Decision("wait", replace(unit, waits=PENDING, reason=why), is_news=is_news)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


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
        if rerun == "changed" and _is_given_up(unit, state):
            why = f"given up after {state.attempt} attempts; --rerun failed tries again"
            return Decision("skip", replace(unit, reason=why))
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


def _is_given_up(unit: Unit, state: UnitState) -> bool:
    allowed = unit.attempts_allowed
    return 0 < allowed <= state.attempt and state.settings_fingerprint == unit.settings


def _work(unit: Unit, why: str, state: UnitState | None = None) -> Decision:
    attempt = 1 if state is None else state.attempt + 1
    if unit.attempts_allowed and state and state.settings_fingerprint != unit.settings:
        attempt = 1
    allowed = unit.attempts_allowed
    unit = Unit(unit.unit_id, unit.files, unit.settings, unit.details, "", why, attempt, allowed)
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
