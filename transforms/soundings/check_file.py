"""Tells whether the bytes of a BUFKIT file are whole and what was asked for."""

from __future__ import annotations

import re

from batchio.errors import InputError, doing
from batchio.soundings.bufkit import BufkitFile, decode_bufkit
from batchio.soundings.bufkit_text import FETCH_AGAIN, split_members, unpack
from batchio.soundings.profiles import Station, StationForecast
from batchio.soundings.stations import find_station, find_stations_by_number
from transforms.soundings.places import distance_km
from transforms.soundings.sources import MODELS
from transforms.soundings.wanted import Wanted

_TIME = re.compile(rb"\d{6}/\d{4}")  # each block and each surface row has one where it begins


class WrongPlace(InputError):
    """A file is of a station that lies too far from the place asked for, or of its neighbour."""


class WrongCycle(InputError):
    """A file is of another model run."""


class WrongModel(InputError):
    """A file is of another model."""


class CutShort(InputError):
    """A file ends before its end."""


def check_content(data: bytes, wanted: Wanted, max_distance_km: float, path: str = "") -> None:
    """Raises an error where the bytes are not the whole file that was asked for.

    What another fetch could mend is refused, and no more than that: archives hold files with a
    damaged block for ever, and the reader gives the rest of them. So a block or row that is not
    whole is let pass, unless it is at the end of the text: there it is what a cut leaves. A file is
    whole if what comes last in it is, sounding or surface row, and if soundings and rows go on to
    the same hour; the last sounding may be missing before the rows if it is there and damaged. A
    file whose very last row is damaged cannot be told from one that is cut, and is refused. One
    that is cut within a surface section before its time passes if it looks like a short one.

    A model is told by what is certain: GFS has no cloud fraction (CFRL) and all others have, and
    none goes beyond its longest forecast. HRRR and RAP look alike.

    Args:
        data: As it was fetched; it may be gzipped or zipped.
        wanted: What was asked for.
        max_distance_km: How far the file's station may lie from the place asked for.
        path: Where the bytes come from, for the messages.

    Raises:
        WrongPlace: It is of a station elsewhere, or of another one nearby.
        WrongCycle: It is of another run of the model.
        InputError: It is something else, of another model, or cut short.
    """
    with doing("check", path):
        file = decode_bufkit(data, path)
        for forecast in file.forecasts:
            _check_place(forecast, wanted, max_distance_km)
            _check_cycle(forecast, wanted)
            _check_model(forecast, wanted)
        _check_end(unpack(data), file)


def _check_place(forecast: StationForecast, wanted: Wanted, max_distance_km: float) -> None:
    station = forecast.station
    place = wanted.latitude_deg, wanted.longitude_deg
    away_km = distance_km(*place, station.latitude_deg, station.longitude_deg)
    if away_km > max_distance_km:
        raise WrongPlace(
            f"is of station {station.id or station.number} at {station.latitude_deg:.2f} "
            f"{station.longitude_deg:.2f}, {away_km:.0f} km from {'/'.join(wanted.offices)}"
            f"{' ' if wanted.offices else ''}{wanted.station} at {place[0]:.2f} {place[1]:.2f} "
            f"and farther than {max_distance_km:g} km",
            action="ask for another station, or allow a longer distance",
        )
    if not _is_of(station, wanted.station):
        raise WrongPlace(
            f"is of station {station.id or station.number}, {away_km:.0f} km from {wanted.station},"
            " which was asked for",
            action="check the source's address",
        )


def _is_of(station: Station, id_: str) -> bool:
    """Tells whether a file may be of a station of the catalogue: its id or its number says so.

    Sources differ in ids, and GFS files state none.
    """
    asked = find_station(id_)
    if asked is None or station.id.upper() == asked.id:
        return True
    return asked in find_stations_by_number(station.number)


def _check_cycle(forecast: StationForecast, wanted: Wanted) -> None:
    if forecast.cycle != wanted.cycle:
        raise WrongCycle(
            f"is of the run of {forecast.cycle:%Y-%m-%d %H:%M}, not {wanted.cycle:%Y-%m-%d %H:%M}",
            action="ask for a run that the source keeps",
        )


def _check_model(forecast: StationForecast, wanted: Wanted) -> None:
    has_clouds, last_hour = "CFRL" in forecast.levels, int(forecast.forecast_hour[-1])
    if has_clouds == (wanted.model == "GFS"):
        cause = f"is not of {wanted.model}: it has {'' if has_clouds else 'no '}cloud fractions"
    elif last_hour > MODELS[wanted.model].last_hour:
        cause = f"is not of {wanted.model}: it goes to hour {last_hour}"
    else:
        return
    raise WrongModel(cause, action="check the source's address")


def _check_end(text: bytes, file: BufkitFile) -> None:
    member, forecast = split_members(text)[-1], file.forecasts[-1]
    if not member.surfaces:
        raise CutShort("is cut short: it has no surface section", action=FETCH_AGAIN)
    line = text.count(b"\n", 0, _last_time(text)) + 1  # where the last block or row begins
    lost = [loss for loss in file.losses if loss.line >= line]
    if lost:
        raise CutShort(f"is cut short: {lost[0]}", action=FETCH_AGAIN)
    soundings, rows = forecast.time, forecast.surface.time
    soundings_last = max(span.start for span in member.blocks) > member.surfaces[-1].start
    # A row may be later than the last sounding because that is damaged, and was named.
    named = 0 if soundings_last else sum("sounding" in loss.part for loss in file.losses)
    if (rows > soundings[-1]).sum() > named:
        cause = f"its surface rows go on to {rows[-1]}, its soundings do not"
        raise CutShort(f"is cut short: {cause}", action=FETCH_AGAIN)
    if not soundings_last and not (rows >= soundings[-1]).any():
        cause = f"its soundings go on to {soundings[-1]}, its surface rows do not"
        raise CutShort(f"is cut short: {cause}", action=FETCH_AGAIN)


def _last_time(text: bytes) -> int:
    return max((match.start() for match in _TIME.finditer(text)), default=0)
