"""From a BUFKIT file to what is taken out of it: its part, and its pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from batchio.errors import HeadraceError, InputError
from batchio.fileset import read_bytes
from batchio.output import Output, OutputRoot
from batchio.soundings.bufkit import BufkitFile, decode_bufkit
from batchio.soundings.bufkit_names import find_model
from batchio.soundings.cycle import station_id
from batchio.soundings.parts import write_part
from batchio.soundings.profiles import StationForecast, Values
from batchio.soundings.stations import find_stations_by_number
from transforms.soundings.check_file import WrongPlace
from transforms.soundings.cycles import part_path, picture_path
from transforms.soundings.indices import compute_indices
from transforms.soundings.places import asked_by_name, place_problem
from transforms.soundings.skewt import draw_skewt
from transforms.units import Made, Unit

UNKNOWN_MODEL = "unknown"

LOST = "lost: "  # in front of a remark that tells what a file has lost
_LOSSES_TOLD = 5


@dataclass(frozen=True)
class TakeForecasts:
    """Reads a BUFKIT file, computes its indices and leaves them as a part of its model run.

    Attributes:
        output: The root of all outputs.
        max_distance_km: How far the file's station may be from the one that its name asks for.
        skewt: Forecast hours to draw; None draws all of them.
        retries: How often a read of storage that falters is tried again.
    """

    output: OutputRoot
    max_distance_km: float = 50.0
    skewt: tuple[int, ...] | None = ()
    retries: int = 3

    def __call__(self, unit: Unit) -> Made:
        """Takes out of the file what all outputs are made of."""
        (file,) = unit.files
        data = read_bytes(file.path, size=file.size, retries=self.retries)
        digest = hashlib.sha256(data).hexdigest()
        bufkit = _with_ids(decode_bufkit(data, file.path))
        model = find_model(file.path) or UNKNOWN_MODEL
        self._check(bufkit, file.path)
        indices = tuple(map(compute_indices, bufkit.forecasts))
        part = part_path(bufkit.forecasts[0], model, unit.unit_id, digest)
        write = partial(write_part, bufkit.forecasts, indices)
        outputs = [replace(self.output, suffix="").write(part, write)]
        error: HeadraceError | None = None
        try:
            outputs += self._draw(bufkit.forecasts, indices, model)
        except HeadraceError as told:  # a picture costs nothing else
            error = told
        lost = "; ".join(map(str, bufkit.losses[:_LOSSES_TOLD]))
        more = len(bufkit.losses) - _LOSSES_TOLD
        remark = f"{LOST}{lost}{f'; and {more} more' if more > 0 else ''}" if lost else ""
        return Made(
            outputs=tuple(outputs),
            sha256={file.path: digest},
            remarks={file.path: remark} if remark else {},
            metrics=_counts(bufkit),
            details=_about(bufkit.forecasts[0], model),
            error=error,
        )

    def _check(self, bufkit: BufkitFile, path: str) -> None:
        """Raises an error where the file is not one run's, or not of the place it is named for."""
        runs = sorted({forecast.cycle for forecast in bufkit.forecasts})
        if len(runs) > 1:
            told = " and ".join(f"{run:%Y-%m-%d %H:%M}" for run in runs)
            raise InputError(
                f"its members are of the runs {told}",
                path=path,
                step="read BUFKIT",
                action="fetch it again",
            )
        asked, came = asked_by_name(path), bufkit.forecasts[0].station
        problem = asked and place_problem(came, asked, self.max_distance_km)
        if problem:
            raise WrongPlace(
                problem,
                path=path,
                step="check place",
                action="take it from another source, or raise --max_distance_km",
            )

    def _draw(
        self,
        forecasts: tuple[StationForecast, ...],
        indices: tuple[Mapping[str, Values], ...],
        model: str,
    ) -> Iterator[Output]:
        for forecast, computed in zip(forecasts, indices, strict=True):
            for number, hour in enumerate(forecast.forecast_hour.tolist()):
                chosen = self.skewt is None or hour in self.skewt
                if chosen and forecast.n_levels[number] > 1:
                    draw = partial(_draw_one, forecast, number, computed, model)
                    yield self.output.write(picture_path(forecast, model, hour), draw)


def _with_ids(bufkit: BufkitFile) -> BufkitFile:
    """Returns the same with the ids of stations that the file names by number alone, as GFS's."""
    forecasts = tuple(map(_with_id, bufkit.forecasts))
    return replace(bufkit, forecasts=forecasts)


def _with_id(forecast: StationForecast) -> StationForecast:
    station = forecast.station
    known = [] if station.id else find_stations_by_number(station.number)
    if len(known) != 1:
        return forecast
    return replace(forecast, station=replace(station, id=known[0].id))


def _draw_one(
    forecast: StationForecast,
    number: int,
    indices: Mapping[str, Values],
    model: str,
    path: Path,
) -> None:
    draw_skewt(forecast, number, indices, path, model=model)


def _counts(bufkit: BufkitFile) -> dict[str, int]:
    return {
        "profiles": sum(map(len, bufkit.forecasts)),
        "levels": sum(int(forecast.n_levels.sum()) for forecast in bufkit.forecasts),
        "lost": len(bufkit.losses),
    }


def _about(forecast: StationForecast, model: str) -> dict[str, str]:
    return {
        "model": model,
        "cycle": f"{forecast.cycle:%Y-%m-%dT%H:%MZ}",
        "station": station_id(forecast),
    }
