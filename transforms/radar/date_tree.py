"""Walks a server's tree `RADAR/YYYY/MM/DD/HH/MMSS/FILE` (UTC): which files there are to fetch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

from batchio.download import without_login
from batchio.errors import CannotRun, InputError
from batchio.fileset import FileRef, excluded
from batchio.folders import Entry, Folders
from batchio.radar.sinarame import parse_name
from batchio.radar.volume_types import VolumeTypes
from transforms.forming import LeftOut
from transforms.units import Unit

_HOUR = re.compile(r"([01]\d|2[0-3])")
_MINUTE_SECOND = re.compile(r"([0-5]\d)([0-5]\d)")
_NO_PLACE = "has no place in a tree of RADAR/YYYY/MM/DD/HH/MMSS; it is not looked into"
_CHECK = "check --source and --radar"


@dataclass(frozen=True, slots=True)
class DateTree:
    """What is asked of a server: fields of volumes of a radar, from a time to another.

    Attributes:
        folders: The server, from the folder that holds those of radars.
        radar: Its name, as its folder has it.
        start: The first time, UTC.
        end: The first time that is not asked for.
        volume_types: The fields to take of each volume; all of all without it.
        exclude: Globs of files to leave out.
        attempts: How many runs may try a file in vain.
    """

    folders: Folders
    radar: str
    start: datetime
    end: datetime
    volume_types: VolumeTypes | None = None
    exclude: tuple[str, ...] = ()
    attempts: int = 0

    def units(self) -> Iterator[Unit | LeftOut]:
        """Yields a unit for each file to fetch in the order of time, and what is left out.

        Files of other fields are passed over; strange and unexpected ones are left out.

        Raises:
            CannotRun: There is no folder of the radar.
            StoreError: A folder cannot be listed.
        """
        self._check_radar()
        day = datetime.combine(self.start.date(), time.min, timezone.utc)
        while day < self.end:
            for found, folder in self._within(f"{self.radar}/{day:%Y/%m/%d}", _HOUR):
                if isinstance(found, LeftOut):
                    yield found
                    continue
                hour = day.replace(hour=int(found[1]))
                if hour < self.end and hour + timedelta(hours=1) > self.start:
                    yield from self._hour(folder, hour)
            day += timedelta(days=1)

    def _check_radar(self) -> None:
        try:
            self.folders.entries(self.radar)
        except FileNotFoundError as error:
            path = without_login(self.folders.path(self.radar))
            cause = "there is no such folder"
            raise CannotRun(cause, path=path, step="list", action=_CHECK) from error

    def _hour(self, hour_folder: str, hour: datetime) -> Iterator[Unit | LeftOut]:
        for found, folder in self._within(hour_folder, _MINUTE_SECOND):
            if isinstance(found, LeftOut):
                yield found
                continue
            begins = hour.replace(minute=int(found[1]), second=int(found[2]))
            if self.start <= begins < self.end:
                yield from self._files(folder)

    def _within(
        self, folder: str, names: re.Pattern[str]
    ) -> Iterator[tuple[re.Match[str] | LeftOut, str]]:
        """Yields the folders that have such names, and what else is there."""
        for entry in self._entries(folder):
            found = names.fullmatch(entry.name) if entry.is_folder else None
            path = f"{folder}/{entry.name}"
            yield found or self._left_out(path, entry, _NO_PLACE), path

    def _files(self, folder: str) -> Iterator[Unit | LeftOut]:
        for entry in self._entries(folder):
            path = f"{folder}/{entry.name}"
            if entry.is_folder or "/" in entry.name or "\\" in entry.name:
                yield self._left_out(path, entry, _NO_PLACE)
            elif any(excluded(iter([FileRef(path, 0, 0.0)]), self.exclude)) and (
                formed := self._form(path, entry)
            ):
                yield formed

    def _form(self, path: str, entry: Entry) -> Unit | LeftOut | None:
        """Returns the unit of a file, why there is none, or None if nobody asked for its field."""
        try:
            name = parse_name(entry.name)
        except InputError as error:
            return self._left_out(path, entry, error.cause)
        if name.radar != self.radar:
            return self._left_out(path, entry, f"lies in the folder of {self.radar}")
        if self.volume_types is not None:
            fields = self.volume_types.get(name.strategy, {}).get(name.volume_number)
            if fields is None:
                what = f"strategy {name.strategy}, volume {name.volume_number}"
                why = f"unexpected: {what} is not in the table; add it to have it fetched"
                return self._left_out(path, entry, why)
            if name.field not in fields:
                return None
        # Another size is another file: one that has grown, or was replaced.
        return Unit(
            path,
            (),
            settings=f";size={entry.size}",
            details={"size": entry.size},
            reason="new",
            attempts_allowed=self.attempts,
        )

    def _entries(self, folder: str) -> list[Entry]:
        try:
            return self.folders.entries(folder)
        except FileNotFoundError:  # no volume of that time, or a folder cleared away meanwhile
            return []

    def _left_out(self, path: str, entry: Entry, why: str) -> LeftOut:
        url = without_login(self.folders.path(path))
        return LeftOut(FileRef(url, entry.size or 0, 0.0), why)
