"""Writes soundings as JSON Lines: an object a profile, for who wants a profile and not a table.

Names are those of the tables; numbers are written as short as they can be, with the decimals of the
file, our indices rounded as in the tables. What is missing is null. A row of the surface section
without a sounding is in the surface table alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from batchio.soundings.cycle import SoundingCycle, station_id
from batchio.soundings.profiles import StationForecast, SurfaceTable, Times, Values
from batchio.soundings.tables import COMPUTED_DECIMALS

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def write_profiles(cycle: SoundingCycle, path: Path) -> int:
    """Writes the profiles to a new file, by station, member and time, and returns how many.

    Raises:
        InputError: The forecasts are not of one run, or two are of the same station and member.
    """
    cycle.check(str(path), "write profiles")
    cycle = cycle.in_order()
    with path.open("wb") as file:
        for number, forecast in enumerate(cycle.forecasts):
            computed = cycle.indices[number] if cycle.indices else {}
            profiles = _profiles(cycle.model, forecast, computed)
            file.write(b"".join(orjson.dumps(each, option=_OPTIONS) for each in profiles))
    return sum(map(len, cycle.forecasts))


def _profiles(
    model: str, forecast: StationForecast, computed: Mapping[str, Values]
) -> Iterator[dict[str, Any]]:
    station = forecast.station
    head = {
        "model": model,
        "cycle": f"{forecast.cycle:%Y-%m-%dT%H:%M:%SZ}",
        "station_id": station_id(forecast),
        "station_number": station.number,
        "member": forecast.member or None,
        "latitude": station.latitude_deg,
        "longitude": station.longitude_deg,
        "elevation": station.elevation_m,
    }
    levels = {name: values + 0.0 for name, values in forecast.levels.items()}  # -0 becomes 0
    ours = _rows({name: values.round(COMPUTED_DECIMALS) for name, values in computed.items()})
    stated, surface = _rows(forecast.indices), _surface_rows(forecast.surface)
    times, hours = _texts(forecast.time), forecast.forecast_hour.tolist()
    for number, count in enumerate(forecast.n_levels.tolist()):
        yield {
            **head,
            "time": times[number],
            "forecast_hour": hours[number],
            "levels": {name: values[number, :count] for name, values in levels.items()},
            "indices": ours[number] if ours else {},
            "bufkit_indices": stated[number] if stated else {},
            "surface": surface.get(times[number]),
        }


def _surface_rows(table: SurfaceTable) -> dict[str, dict[str, Any]]:
    rows = _rows({"interval_s": table.interval_s, **table.columns})
    return dict(zip(_texts(table.time), rows, strict=True))


def _rows(columns: Mapping[str, Values]) -> list[dict[str, float]]:
    """Returns a mapping a row; JSON has null for what is not finite."""
    rows = np.array([*columns.values()]).T + 0.0
    return [dict(zip(columns, row, strict=True)) for row in rows.tolist()]


def _texts(times: Times) -> list[str]:
    texts: list[str] = np.datetime_as_string(times, unit="s", timezone="UTC").tolist()
    return texts
