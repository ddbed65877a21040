"""Makes the sample set of the soundings' pipeline: forecasts of three models for some stations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np

from batchio.soundings import bufkit_weather as weather
from batchio.soundings.bufkit_encode import encode_bufkit
from batchio.soundings.profiles import Station, StationForecast
from batchio.soundings.scene import Model, Weather, forecast_at

CYCLE = datetime(2026, 5, 20, 12, tzinfo=timezone.utc)

_HRRR = Model(
    *("hrrr", "hrrr", range(19)), n_levels=28, lowest_m=8, top_m=24e3, terrain_m=-6, warmer_c=0.4
)
_RAP = Model(
    *("rap", "rap", range(22)), n_levels=28, lowest_m=9, top_m=24e3, terrain_m=14, warmer_c=0
)
_GFS = Model(
    *("gfs", "gfs3", (*range(13), *range(15, 49, 3))),
    n_levels=26,
    lowest_m=20,
    top_m=25e3,
    terrain_m=25,
    warmer_c=-0.5,
    is_gfs=True,
)
_MODELS = (_HRRR, _RAP, _GFS)

# Ids, numbers, positions and elevations are those of the public list of BUFKIT's stations.
_NORMAN = Station("OUN", "723570", 35.23, -97.47, 358)
_DALLAS = Station("KDFW", "722590", 32.90, -97.03, 182)
_TUCSON = Station("KTUS", "722740", 32.12, -110.93, 779)
_GLASGOW = Station("KGGW", "727680", 48.22, -106.62, 700)
_MOBILE = Station("KMOB", "722230", 30.68, -88.25, 67)
_WICHITA = Station("KICT", "724500", 37.65, -97.43, 408)
_NORTH_PLATTE = Station("KLBF", "725620", 41.13, -100.68, 849)
_CHARLOTTETOWN = Station("CYYG", "717060", 46.28, -63.13, 54)

_WHOLE = (
    (_NORMAN, weather.SUPERCELLS),
    (_DALLAS, weather.CAPPED),
    (_TUCSON, weather.DESERT),
    (_GLASGOW, weather.COLD),
    (_MOBILE, weather.HUMID),
)
_HOLLOW_HOUR, _SHORT_HOUR = 5, 7

_ERROR_PAGE = b"""\
<!DOCTYPE html>
<html><head><title>503 Service Unavailable</title></head>
<body><h1>Service Unavailable</h1><p>The server is busy. Please try again later.</p></body></html>
"""
_README = f"""\
Synthetic forecast soundings (BUFKIT), made by Headrace
=======================================================

No model forecast this. The air above each station is computed from a few invented kinds of
weather; the stations are real ones, for the format asks for such. Files lie and are named as in
Iowa State's archive: a station and a run of HRRR, RAP or GFS each, all of {CYCLE:%Y-%m-%d %H} UTC.
They have fewer levels and hours than real ones. Indices that take more than a formula, such as
CAPE, are stated as missing (-9999.00), and so are moisture where the air is dry, storm motion and
helicity.

  OUN   Norman OK         warm and moist, with wind that veers and grows: supercells
  KDFW  Dallas TX         moist below an inversion that keeps storms from rising
  KTUS  Tucson AZ         hot, dry, mixed to a great depth; a layer without moisture above
  KGGW  Glasgow MT        cold air below an inversion, with low cloud
  KMOB  Mobile AL         humid through a great depth, little wind, showers in the afternoon

Some files are not as they should be:

  hrrr_kict.buf           a page of HTML that says "Service Unavailable"
  rap_kict.buf            cut short, in the middle of a sounding
  hrrr_klbf.buf           lacks a number of the sounding of hour {_SHORT_HOUR}
  rap_klbf.buf            the sounding of hour {_HOLLOW_HOUR} has no levels
  hrrr_pgum.buf           named after a station of Guam, but holds Charlottetown's (CYYG), as
                          "nearest station" services have answered
"""


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yields the files of the sample set: path below its folder, and content."""
    yield "README.txt", _README.encode()
    for model in _MODELS:
        for station, air in _WHOLE:
            yield _path(model, station.id), _encode(station, air, model)
    yield _path(_HRRR, "KICT"), _ERROR_PAGE
    wichita = _encode(_WICHITA, weather.SUPERCELLS, _RAP)
    yield _path(_RAP, "KICT"), wichita[: len(wichita) * 3 // 5]
    platte = _encode(_NORTH_PLATTE, weather.CAPPED, _HRRR)
    yield _path(_HRRR, "KLBF"), _without_a_number(platte, _SHORT_HOUR)
    hollow = forecast_at(_NORTH_PLATTE, weather.CAPPED, _RAP, CYCLE)
    yield _path(_RAP, "KLBF"), encode_bufkit([_without_levels(hollow, _HOLLOW_HOUR)])
    yield _path(_HRRR, "PGUM"), _encode(_CHARLOTTETOWN, weather.COLD, _HRRR)


def _path(model: Model, station: str) -> str:
    folder = f"archive/{CYCLE:%Y/%m/%d}/bufkit/{CYCLE:%H}/{model.name}"
    return f"{folder}/{model.prefix}_{station.lower()}.buf"


def _encode(station: Station, air: Weather, model: Model) -> bytes:
    return encode_bufkit([forecast_at(station, air, model, CYCLE)])


def _without_a_number(data: bytes, hour: int) -> bytes:
    """Returns the text without the last number of a level's first line."""
    head = data.index(b"STIM = %d\r\n" % hour)
    row = data.index(b"HGHT\r\n", head)
    end = re.compile(rb" \S+\r\n[-.0-9]+ [-.0-9]+\r\n").search(data, row)
    assert end is not None
    return data[: end.start()] + data[data.index(b"\r\n", end.start()) :]


def _without_levels(forecast: StationForecast, hour: int) -> StationForecast:
    there = forecast.forecast_hour != hour
    return replace(
        forecast,
        n_levels=np.where(there, forecast.n_levels, 0),
        indices={
            name: np.where(there, values, np.nan) for name, values in forecast.indices.items()
        },
    )
