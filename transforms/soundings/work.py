"""The work of the soundings pipeline as its worker processes get it: files, then model runs."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.soundings.cycles import MakeCycle
from transforms.soundings.take_forecasts import TakeForecasts
from transforms.units import Made, Unit


@dataclass(frozen=True)
class SoundingsWork:
    """Works a file, or a model run from parts; one function, so that one pool does both."""

    take: TakeForecasts
    make: MakeCycle

    def __call__(self, unit: Unit) -> Made:
        """Works a unit."""
        return self.take(unit) if unit.files else self.make(unit)
