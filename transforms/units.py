"""Units of work: what a domain hands to the core, and what the core makes of its answer."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from batchio import fingerprint
from batchio.errors import HeadraceError
from batchio.fileset import FileRef
from batchio.output import Output
from batchio.records import COMPLETED, FAILED, RUNNING, InputFile, Outcome, now
from batchio.storable import storable
from transforms.worker_process import Died

_MESSAGE_CHARACTERS = 2000
_TRACEBACK_CHARACTERS = 8000


@dataclass(frozen=True)  # without slots: these are pickled by the million
class Unit:
    """Files that are worked together, or wait together.

    Attributes:
        unit_id: The same in every run and on every machine.
        settings: Fingerprint of the settings that matter to its result. Others with a name may
            follow, as in `1f3a;lexicon=90bc`: if only they differ, the reason to work it again is
            "lexicon changed".
        details: What the domain wants recorded with it (JSON).
        waits: The status in which it waits (`incomplete`, `pending`); empty when it can be worked.
        reason: Why it waits; later, why it is worked.
        attempt: How many times it has been worked, the present one among them.
        attempts_allowed: After so many without success it is left until its settings change or it
            is asked for; 0 is without end.
    """

    unit_id: str
    files: tuple[FileRef, ...]
    settings: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    waits: str = ""
    reason: str = ""
    attempt: int = 1
    attempts_allowed: int = 0

    @property
    def size(self) -> int:
        """Bytes of its files."""
        files = self.files
        return files[0].size if len(files) == 1 else sum(file.size for file in files)


class Pack(list[Unit]):
    """Units that travel together."""


class OutcomePack(list[Outcome]):
    """Outcomes that travel together."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a domain's function made of a unit.

    Attributes:
        sha256: Of each file that was read, by path.
        remarks: What is odd about a file, by path.
        error: Set when part of the unit was bad and the rest was made all the same.
        waits: The status in which the unit waits, if it cannot be worked yet, as in `Unit`.
        reason: Why it waits.
    """

    outputs: tuple[Output, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    error: HeadraceError | None = None
    waits: str = ""
    reason: str = ""


Process = Callable[[Unit], Made]

# Tells of a unit with other settings than its record whether that holds, from these settings and
# the record's details.
Spares = Callable[[Unit, str, Mapping[str, Any]], bool]


@runtime_checkable
class PackProcess(Protocol):
    """A domain's function that writes what it makes of many small units into one output."""

    def __call__(self, unit: Unit) -> Made:
        """Works a unit and holds what it made of it."""
        ...

    def write_pack(self) -> tuple[Output, ...]:
        """Writes what is held: outputs that belong to all units worked since the last time."""
        ...


_NOTHING = Made()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A domain's function as a worker calls it: whatever happens, an outcome comes back."""

    process: Process

    def __call__(self, unit: Unit) -> Outcome:
        """Returns what became of the unit."""
        return _try(self.process, unit).outcome()


@dataclass(frozen=True, slots=True)
class PackAttempt:
    """The same for a function that writes packs: outcomes come back once theirs is written."""

    process: PackProcess

    def __call__(self, unit: Unit) -> Tried:
        """Returns what became of the unit so far."""
        return _try(self.process, unit)

    def finish(self, units: list[Tried]) -> list[Outcome]:
        """Returns what became of the units, now that their pack is written or could not be."""
        try:
            outputs = self.process.write_pack()
        except (Exception, SystemExit) as error:
            return [replace(tried, made=None, error=error).outcome() for tried in units]
        return [tried.outcome(outputs) for tried in units]


@dataclass(frozen=True, slots=True)
class Tried:
    """A unit that has been worked: what was made of it, None if the function raised."""

    unit: Unit
    made: Made | None
    error: BaseException | None
    started: str
    seconds: float

    def outcome(self, pack: tuple[Output, ...] = ()) -> Outcome:
        """Returns what is recorded of it, with the outputs of its pack if it is in there."""
        made = self.made or _NOTHING
        about = {"error_message": made.reason} if made.waits else {}
        return _outcome(
            self.unit,
            (made.waits or COMPLETED) if self.error is None else FAILED,
            made,
            outputs=(*made.outputs, *pack) if self.made else (),
            started=self.started,
            seconds=self.seconds,
            **(about if self.error is None else _about(self.error)),
        )


def _try(process: Process, unit: Unit) -> Tried:
    started, clock = now(), time.perf_counter()
    made: Made | None = None
    error: BaseException | None = None
    try:
        made = process(unit)
        error = made.error
    except (Exception, SystemExit) as raised:
        error = raised
    return Tried(unit, made, error, started, round(time.perf_counter() - clock, 6))


def died(unit: Unit, death: Died) -> Outcome:
    """Returns the outcome of a unit that took its worker process with it."""
    return _outcome(
        unit,
        FAILED,
        step="worker",
        error_type="WorkerDied",
        error_message=f"{death.cause}; see whether its files are damaged, then retry",
        traceback=storable(death.trace),
        seconds=round(death.seconds, 6),
    )


def waiting(unit: Unit) -> Outcome:
    """Returns the outcome of a unit that is known and not worked yet."""
    return _outcome(unit, unit.waits, error_message=unit.reason)


def running(unit: Unit) -> Outcome:
    """Returns what is recorded of a unit while it is worked."""
    return _outcome(unit, RUNNING)


def input_fingerprint(files: tuple[InputFile, ...]) -> str:
    """Returns the fingerprint of a unit's inputs, empty if any of them was not read."""
    if not all(file.sha256 for file in files):
        return ""
    return fingerprint.of_inputs((file.path.rpartition("/")[2], file.sha256) for file in files)


def _outcome(
    unit: Unit,
    status: str,
    made: Made = _NOTHING,
    *,
    outputs: tuple[Output, ...] = (),
    started: str = "",
    **more: Any,
) -> Outcome:
    files = tuple(
        InputFile(
            file.path,
            file.size,
            file.mtime,
            made.sha256.get(file.path, ""),
            made.remarks.get(file.path, ""),
        )
        for file in unit.files
    )
    return Outcome(
        unit_id=unit.unit_id,
        status=status,
        reason=unit.reason,
        files=files,
        outputs=outputs,
        input_fingerprint=input_fingerprint(files),
        settings_fingerprint=unit.settings,
        metrics=made.metrics,
        details={**unit.details, **made.details} if made.details else unit.details,
        attempt=unit.attempt,
        started=started or now(),
        **more,
    )


def _about(error: BaseException) -> dict[str, str]:
    """Returns what is recorded of an error."""
    if isinstance(error, HeadraceError):
        cause = "; ".join(part for part in (error.cause, error.action) if part)
    else:
        cause = _one_line(error)
    path = getattr(error, "path", "")
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "step": getattr(error, "step", "") or "process",
        "error_type": type(error).__name__,
        "error_message": storable(f"{path}: {cause}" if path else cause)[:_MESSAGE_CHARACTERS],
        "traceback": storable(trace)[-_TRACEBACK_CHARACTERS:] if error.__traceback__ else "",
    }


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
