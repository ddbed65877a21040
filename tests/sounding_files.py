"""Small BUFKIT files of stations of the catalogue, invented, and a command that fetches them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from http_archive import Answer, HttpArchive
from rig import Rig

from batchio.soundings import bufkit_weather as weather
from batchio.soundings.bufkit_encode import encode_bufkit
from batchio.soundings.profiles import Station
from batchio.soundings.scene import Model, forecast_at
from batchio.soundings.stations import find_station

RETRIES = 2
CYCLE = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
MODEL = Model(
    *("hrrr", "hrrr", range(2)), n_levels=20, lowest_m=8, top_m=2e4, terrain_m=0, warmer_c=0
)


def sounding_of(id_: str, cycle: datetime = CYCLE, model: Model = MODEL) -> bytes:
    """The file of a station."""
    known = find_station(id_)
    assert known is not None
    place = Station(known.id, str(known.number), known.latitude_deg, known.longitude_deg, 300)
    return encode_bufkit([forecast_at(place, weather.SUPERCELLS, model, cycle)])


def archive_name(id_: str, cycle: datetime = CYCLE) -> str:
    """Where Iowa State's archive has the HRRR of a station."""
    return f"{cycle:%Y/%m/%d}/bufkit/{cycle:%H}/hrrr/hrrr_{id_.lower()}.buf"


def good(id_: str, *, held: bool = False) -> Answer:
    return Answer(body=sounding_of(id_), held=held)


def path_of(id_: str, cycle: datetime = CYCLE) -> str:
    return f"/{archive_name(id_, cycle)}"


def give(server: HttpArchive, ids: Iterable[str], *, held: bool = False) -> None:
    for id_ in ids:
        server.give(path_of(id_), good(id_, held=held))


def rig_of(folder: Path, server: HttpArchive, *arguments: str, cycle: datetime = CYCLE) -> Rig:
    """A rig that fetches an HRRR run from the server into an archive."""
    source = server.url + "/{Y}/{m}/{d}/bufkit/{H}/{model}/{prefix}_{station}.buf"
    run = (f"--date={cycle:%Y-%m-%d}", f"--hour={cycle.hour}", "--model=hrrr")
    asked = (*run, f"--archive={folder}/archive")
    more = ("--source_url", source, f"--retries={RETRIES}", *arguments)
    return Rig("pipelines.soundings", folder, arguments=(*asked, *more))
