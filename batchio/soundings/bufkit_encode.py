"""Encodes forecasts as a BUFKIT file: samples, and round trips of the reader.

The text is laid out as Iowa State's archive has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import numpy as np

from batchio.soundings.profiles import StationForecast, SurfaceTable, Values

_MISSING = -9999.0
_NO_SYMBOL = 999.0  # of WSYM
_LEVEL_WIDTH, _INDEX_WIDTH = 8, 4  # values in a line
_FIRST_ROW_WIDTH, _ROW_WIDTH = 8, 6  # of the surface section, station and time among the first


def encode_bufkit(forecasts: Sequence[StationForecast], *, end: str = "\r\n") -> bytes:
    """Returns the text of a file: of one forecast, or of all members of an ensemble.

    Numbers get two decimals, what is NaN the number that means missing. A profile without levels
    is a block without levels, and a surface without rows is left out.

    Args:
        forecasts: Each with its member's name where there are several.
        end: Of the lines; copies of files have a bare line feed.

    Raises:
        ValueError: Several forecasts, and a member without a name of its own.
    """
    names = [forecast.member for forecast in forecasts]
    if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
        raise ValueError(f"the members of an ensemble need names of their own, not {names}")
    lines = [line for forecast in forecasts for line in _lines(forecast)]
    return "".join(line + end for line in lines).encode("latin-1")


def _lines(forecast: StationForecast) -> Iterator[str]:
    if forecast.member:
        yield forecast.member
    yield ""
    yield f"SNPARM = {';'.join(forecast.levels)} "
    yield f"STNPRM = {';'.join(forecast.indices)} "
    levels = np.stack(list(forecast.levels.values()), axis=-1)  # (profile, level, column)
    for number in range(len(forecast)):
        yield from _head(forecast, number)
        if forecast.n_levels[number]:
            yield ""
            yield from _wrap(list(forecast.levels))
            for row in levels[number, : forecast.n_levels[number]]:
                yield from _wrap(_numbers(row))
    if len(forecast.surface.time):
        yield from _surface(forecast.surface, forecast.station.number)
    yield from ("", "")


def _head(forecast: StationForecast, number: int) -> Iterator[str]:
    station = forecast.station
    yield ""
    stated = f"STID = {station.id} STNM = {station.number} TIME = {_time(forecast.time[number])}"
    yield " ".join(stated.split()) + " "  # the id may be empty
    place = f"SLAT = {station.latitude_deg:.2f} SLON = {station.longitude_deg:.2f}"
    yield f"{place} SELV = {station.elevation_m:.1f}"
    yield f"STIM = {forecast.forecast_hour[number]}"
    yield ""
    indices = np.array([values[number] for values in forecast.indices.values()])
    pairs = [
        f"{name} = {value}" for name, value in zip(forecast.indices, _numbers(indices), strict=True)
    ]
    yield from _wrap(pairs, _INDEX_WIDTH)


def _surface(table: SurfaceTable, station: str) -> Iterator[str]:
    yield from _wrap_row(["STN", "YYMMDD/HHMM", *table.columns])
    columns = {
        name: np.where(np.isnan(values), _NO_SYMBOL, values) if name == "WSYM" else values
        for name, values in table.columns.items()
    }
    for number, time in enumerate(table.time):
        values = np.array([column[number] for column in columns.values()])
        yield from _wrap_row([station, _time(time), *_numbers(values)])


def _wrap_row(tokens: Sequence[str]) -> Iterator[str]:
    yield " ".join(tokens[:_FIRST_ROW_WIDTH])
    yield from _wrap(tokens[_FIRST_ROW_WIDTH:], _ROW_WIDTH)


def _wrap(tokens: Sequence[str], width: int = _LEVEL_WIDTH) -> Iterator[str]:
    for start in range(0, len(tokens), width):
        yield " ".join(tokens[start : start + width])


def _numbers(values: Values) -> list[str]:
    return [f"{value:.2f}" for value in np.where(np.isnan(values), _MISSING, values).tolist()]


def _time(time: np.datetime64) -> str:
    seconds = time.astype("datetime64[s]").astype(np.int64)
    return f"{datetime.fromtimestamp(int(seconds), timezone.utc):%y%m%d/%H%M}"
