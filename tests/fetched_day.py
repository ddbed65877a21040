"""A day of a radar on a server, and what the functions of a fetch take from it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from radar_files import write_volume

from batchio.folders import Folders
from batchio.output import OutputRoot
from transforms.radar.date_tree import DateTree
from transforms.radar.fetch_field import FetchField, fetch_status
from transforms.units import Attempt, Unit

DAY = datetime(2025, 11, 17, tzinfo=timezone.utc)
TABLE = {"0301": {"02": ("DBZH", "VRAD")}}
STRANGE = "notes.txt"


def make_day(top: Path) -> dict[str, bytes]:
    """Writes volumes of a day and the next, with a field that nobody asks for, and a strange file.

    Returns the files that are asked for, by their path.
    """
    for minutes in (0, 750, 1439, 1440):
        time = DAY + timedelta(minutes=minutes)
        folder = top / "RMA1" / f"{time:%Y/%m/%d/%H/%M%S}"
        write_volume(folder, ("DBZH", "VRAD", "ZDR"), time=time)
    (top / "RMA1/2025/11/17/12/3000" / STRANGE).write_text("nothing")
    asked = [*top.glob("RMA1/2025/11/17/**/*_DBZH_*"), *top.glob("RMA1/2025/11/17/**/*_VRAD_*")]
    return {str(file.relative_to(top)): file.read_bytes() for file in asked}


def listed(server: Folders) -> tuple[list[Unit], list[str]]:
    """Returns the files of the day to fetch, and the names of those left out."""
    found = [*DateTree(server, "RMA1", DAY, DAY + timedelta(days=1), TABLE).units()]
    units = [each for each in found if isinstance(each, Unit)]
    return units, [each.file.name for each in found if not isinstance(each, Unit)]


def fetched(server: Folders, units: list[Unit], folder: Path) -> list[str]:
    """Fetches files; returns the word for what became of each."""
    attempt = Attempt(FetchField(server, OutputRoot(str(folder), "run-1")))
    return [fetch_status(attempt(unit)) for unit in units]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.BUFR")}
