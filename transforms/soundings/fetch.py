"""Fetches the file of one forecast into the local archive, and says what became of it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from batchio.download import download, without_login
from batchio.errors import InputError, doing
from batchio.fileset import read_bytes
from batchio.output import Output, OutputRoot
from batchio.records import INCOMPLETE, PENDING, Outcome
from transforms.soundings.check_file import WrongCycle, WrongPlace, check_content
from transforms.soundings.sources import MODELS, archive_path, fill
from transforms.soundings.wanted import Wanted
from transforms.units import Made, Unit

logger = logging.getLogger(__name__)

FETCHED = "fetched"
PRESENT = "present"
NOT_AVAILABLE_YET = "not_available_yet"
NOT_PUBLISHED = "not_published"
WRONG_PLACE = "wrong_place"
NOT_FETCHED = "failed"

LATE_H = 6
"""Hours beyond a model's usual delay for which a file that is not there is still awaited."""


def fetch_status(outcome: Outcome) -> str:
    """Returns the status of a fetch: what the function found, or what the error's class says."""
    if outcome.error_type:
        return WRONG_PLACE if outcome.error_type == WrongPlace.__name__ else NOT_FETCHED
    return str(outcome.details["fetch"])


@dataclass(frozen=True, slots=True)
class FetchForecast:
    """Fetches the file of a unit, whose ``details["wanted"]`` is a `Wanted` as JSON.

    A file in the archive that is whole and right is left, and nothing is asked of the server.
    What became of it is in ``details["fetch"]``; an error that is raised is known by its class,
    see `fetch_status`.

    Attributes:
        archive: Where files are kept, in Iowa State's layout.
        template: Where they are fetched from, see `sources.find_template`.
        retries: How often a server that falters is asked again.
        timeout_s: For each request.
        max_distance_km: How far a station may lie from the place asked for.
        now: The start of the run, UTC.
    """

    archive: OutputRoot
    template: str
    retries: int
    timeout_s: float
    max_distance_km: float
    now: datetime

    def __call__(self, unit: Unit) -> Made:
        """Returns the file in the archive, or why it has to wait.

        Raises:
            WrongPlace: What came is of another place; it is not kept.
            HeadraceError: It could not be fetched, or is not what was asked for.
        """
        wanted = Wanted.from_json(unit.details["wanted"])
        if wanted.problem:
            return Made(details={"fetch": wanted.problem}, waits=PENDING, reason=wanted.why)
        relative = archive_path(wanted)
        present = self._find(wanted, relative)
        if present is not None:
            return Made((present,), metrics={"bytes": 0}, details={"fetch": PRESENT})
        return self._fetch(wanted, relative)

    def _find(self, wanted: Wanted, relative: str) -> Output | None:
        """Returns the file of the archive, None if there is none or not what is wanted."""
        path = self.archive.path(relative)
        try:
            with doing("read the archive", path):
                data = read_bytes(path, retries=self.archive.retries)
            check_content(data, wanted, self.max_distance_km, path)
        except FileNotFoundError:
            return None
        except InputError as error:
            logger.warning("%s; fetching it anew", error)
            return None
        return Output(path, len(data), hashlib.sha256(data).hexdigest())

    def _fetch(self, wanted: Wanted, relative: str) -> Made:
        url = fill(self.template, wanted)
        shown = without_login(url)
        try:
            data = self._download(url, wanted)
        except FileNotFoundError:
            return self._absent(wanted, shown)
        except WrongCycle:
            # A source that keeps one file a station and hour has yesterday's until it has today's.
            if self._is_awaited(wanted):
                return self._absent(wanted, shown)
            raise
        output = self.archive.write(relative, lambda part: _fill(part, data))
        details = {"fetch": FETCHED, "url": shown}
        return Made((output,), metrics={"bytes": len(data)}, details=details)

    def _download(self, url: str, wanted: Wanted) -> bytes:
        data = download(url, retries=self.retries, timeout_s=self.timeout_s)
        try:
            check_content(data, wanted, self.max_distance_km)
        except InputError as error:
            error.path, error.step = without_login(url), "fetch"
            raise
        return data

    def _absent(self, wanted: Wanted, url: str) -> Made:
        awaited = self._is_awaited(wanted)
        if awaited:
            usual = wanted.cycle + timedelta(hours=MODELS[wanted.model].usual_h)
            reason = f"{url} is not there yet; usually it is by {usual:%Y-%m-%d %H:%M} UTC"
        else:
            reason = f"{url} is not there: no file of {wanted.station} is published for this run"
        return Made(
            details={"fetch": NOT_AVAILABLE_YET if awaited else NOT_PUBLISHED, "url": url},
            waits=INCOMPLETE if awaited else PENDING,
            reason=reason,
        )

    def _is_awaited(self, wanted: Wanted) -> bool:
        hours = MODELS[wanted.model].usual_h + LATE_H
        return self.now - wanted.cycle < timedelta(hours=hours)


def _fill(part: Path, data: bytes) -> None:
    part.write_bytes(data)
