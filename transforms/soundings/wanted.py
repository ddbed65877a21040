"""What is asked for: the forecast of a model run at a station, named itself or by an office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Problem = Literal["", "not_published", "wrong_place"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is asked for, or why there is none to ask for.

    Attributes:
        model: As in `batchio.soundings.bufkit_names.PREFIXES`.
        cycle: Start of the model run, UTC.
        station: Its id in the catalogue, in capitals.
        latitude_deg: Of the station, as the catalogue has it: where a file has to be from.
        longitude_deg: East positive.
        offices: The offices for which it stands; none if the station was named itself.
        distance_km: From the farthest of its offices to the station; 0 without offices.
        problem: Why there is nothing to fetch; empty if there is.
        why: The problem in a sentence, with the station and its distance.
    """

    model: str
    cycle: datetime
    station: str
    latitude_deg: float
    longitude_deg: float
    offices: tuple[str, ...] = ()
    distance_km: float = 0.0
    problem: Problem = ""
    why: str = ""

    @property
    def name(self) -> str:
        """What it is called in plans, reports and messages, the same in every run.

        An office may have the id of a station that is not its nearest, as PUB.
        """
        asker = f" for {'/'.join(self.offices)}" if self.offices else ""
        return f"{self.model} {self.cycle:%Y-%m-%dT%HZ} {self.station}{asker}"

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return asdict(self) | {"cycle": self.cycle.isoformat(), "offices": list(self.offices)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Wanted:
        """Returns what `to_json` was given."""
        cycle = datetime.fromisoformat(values["cycle"])
        return cls(**{**values, "cycle": cycle, "offices": tuple(values["offices"])})
