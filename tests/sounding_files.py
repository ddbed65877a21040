"""Small BUFKIT files of stations of the catalogue, with invented weather."""

from __future__ import annotations

from datetime import datetime, timezone

from batchio import bufkit_weather as weather
from batchio.bufkit_encode import encode_bufkit
from batchio.bufkit_scene import Model, forecast_at
from batchio.profiles import Station
from batchio.sounding_stations import find_station

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
