"""The forecasts of one model run, in the order in which all outputs have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from batchio.errors import InputError
from batchio.soundings.bufkit_columns import Column
from batchio.soundings.profiles import StationForecast, Values


@dataclass(frozen=True, eq=False, slots=True)
class SoundingCycle:
    """The forecasts of one model run, with indices computed for them."""

    model: str
    forecasts: tuple[StationForecast, ...]
    indices: tuple[Mapping[str, Values], ...] = ()  # one a forecast, or none
    meanings: Mapping[str, Column] | None = None  # of the indices

    def in_order(self) -> SoundingCycle:
        """Returns the same, by station and member."""
        order = sorted(range(len(self.forecasts)), key=lambda k: key_of(self.forecasts[k]))
        return self.picked(order)

    def picked(self, places: Sequence[int]) -> SoundingCycle:
        """Returns the forecasts at these places, in their order."""
        return replace(
            self,
            forecasts=tuple(self.forecasts[k] for k in places),
            indices=tuple(self.indices[k] for k in places) if self.indices else (),
        )

    def check(self, path: str, step: str) -> None:
        """Makes sure that this can be written to one file.

        Raises:
            InputError: The forecasts are not of one run, or two are of the same station and member.
        """
        runs = sorted({f"{forecast.cycle:%Y-%m-%d %H:%M}" for forecast in self.forecasts})
        if len(runs) != 1:
            cause = f"the soundings are of the runs {', '.join(runs) or 'none'}"
            raise InputError(cause, path=path, step=step, action="write a file for each run")
        counts = Counter(key_of(forecast) for forecast in self.forecasts)
        twice = sorted(" ".join(key).strip() for key, count in counts.items() if count > 1)
        if twice:
            cause = f"{', '.join(twice)}: more than one forecast"
            action = "leave out all but one of its files"
            raise InputError(cause, path=path, step=step, action=action)


def split_stations(cycle: SoundingCycle) -> Iterator[tuple[str, SoundingCycle]]:
    """Yields the id of each station, and what there is of it alone."""
    places: dict[str, list[int]] = {}
    for place, forecast in enumerate(cycle.forecasts):
        places.setdefault(station_id(forecast), []).append(place)
    for station in sorted(places):
        yield station, cycle.picked(places[station])


def key_of(forecast: StationForecast) -> tuple[str, str]:
    """Returns what tells a forecast from the others of its run: station and member."""
    return station_id(forecast), forecast.member


def station_id(forecast: StationForecast) -> str:
    """Returns the station's id; its number where the file names none."""
    return forecast.station.id or forecast.station.number
