"""Fetches one file of a radar from its server, whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from batchio.download import download, without_login
from batchio.errors import InputError
from batchio.fileset import read_bytes
from batchio.folders import Folders
from batchio.output import Output, OutputRoot
from batchio.radar.sinarame_bits import FETCH_AGAIN, SinarameError
from batchio.radar.sinarame_frame import read_message
from batchio.records import FAILED, INCOMPLETE, Outcome
from transforms.units import Made, Unit

FETCHED = "fetched"
PRESENT = "present"
HALF = "half"


def fetch_status(outcome: Outcome) -> str:
    """Returns the word for what became of a file."""
    return str(outcome.details["fetch"]) if "fetch" in outcome.details else FAILED


@dataclass(frozen=True, slots=True)
class FetchField:
    """Fetches the file of a unit, whose id is its path below the server's top folder.

    What became of it is in ``details["fetch"]``. A file that lies there whole, as when a run was
    killed before it could record it, is not fetched again. What does not end as it says, or grows
    while it is fetched, is half of what it will be: it waits for the next run, and fails if that
    was its last attempt. Files with other faults are kept: another fetch would not mend them.

    Attributes:
        server: The server.
        output: Where files are kept, in the server's layout.
        anew: Whether to fetch what is there, too.
    """

    server: Folders
    output: OutputRoot
    anew: bool = False

    def __call__(self, unit: Unit) -> Made:
        """Returns the file, or why it has to wait.

        Raises:
            HeadraceError: It could not be fetched, or is still half after the last attempt.
        """
        size = unit.details["size"]
        present = None if self.anew else self._find(unit.unit_id, size)
        if present is not None:
            return Made((present,), metrics={"bytes": 0}, details={"fetch": PRESENT})
        data = self._download(unit.unit_id)
        half = _why_half(data, size)
        if half:
            return self._put_off(unit, half, len(data))
        output = self.output.write(unit.unit_id, lambda part: _fill(part, data))
        return Made((output,), metrics={"bytes": len(data)}, details={"fetch": FETCHED})

    def _find(self, relative: str, size: int | None) -> Output | None:
        path = self.output.path(relative)
        try:
            data = read_bytes(path, retries=self.output.retries)
        except FileNotFoundError:
            return None
        if _why_half(data, size):
            return None
        return Output(path, len(data), hashlib.sha256(data).hexdigest())

    def _download(self, relative: str) -> bytes:
        server = self.server
        url = server.path(relative)
        try:
            return download(
                url,
                retries=server.retries,
                timeout_s=server.timeout_s,
                patience_s=server.patience_s,
                login=server.login,
            )
        except FileNotFoundError as error:
            cause = "it was listed, but is not there any more or may not be read"
            raise self._error(url, cause) from error

    def _put_off(self, unit: Unit, half: str, received: int) -> Made:
        if 0 < unit.attempts_allowed <= unit.attempt:
            raise self._error(self.server.path(unit.unit_id), half)
        return Made(
            metrics={"bytes": received},
            details={"fetch": HALF},
            waits=INCOMPLETE,
            reason=f"half: {half}; the next run looks again",
        )

    def _error(self, url: str, cause: str) -> InputError:
        action = "look at it on the server, then retry"
        return InputError(cause, path=without_login(url), step="fetch", action=action)


def _why_half(data: bytes, listed: int | None) -> str:
    """Returns why these bytes are not all that the file will be; empty if they are."""
    if listed is not None and len(data) != listed:
        return f"{len(data)} bytes came of {listed} that were listed"
    try:
        read_message(data)
    except SinarameError as error:
        return error.cause if error.action == FETCH_AGAIN else ""
    return ""


def _fill(part: Path, data: bytes) -> None:
    part.write_bytes(data)
