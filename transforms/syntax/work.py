"""The work of the syntax pipeline as its worker processes get it: files first, then tables."""

from __future__ import annotations

from dataclasses import dataclass

from batchio.output import Output
from transforms.syntax.join import STEP, JoinParts
from transforms.syntax.take_trees import TakeTrees
from transforms.units import Made, Unit


@dataclass(frozen=True)
class SyntaxWork:
    """Works a file, or a step from parts to tables; one function, so that one pool does both."""

    take: TakeTrees
    join: JoinParts

    def __call__(self, unit: Unit) -> Made:
        """Works a unit."""
        return self.join(unit) if STEP in unit.details else self.take(unit)

    def write_pack(self) -> tuple[Output, ...]:
        """Writes what is held of files."""
        return self.take.write_pack()
