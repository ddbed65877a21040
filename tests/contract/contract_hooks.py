"""What the contract's tests must know of a domain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, NamedTuple

from rig import Finished, Rig


class Contract(ABC):
    """What a domain says of itself.

    Attributes:
        module: What is run with `python -m`.
        pattern: The glob of the inputs in their folder.
        arguments: Further arguments of every run.
        works: The function ("module:function") that works the bytes of an input, whose path is
            among its arguments.
        writes: A function called while an output is written, before it is whole.
        bad_step: The step at which the bad input fails.
        bad_cause: Part of the cause that is given for it.
        further_units: Units that a run has beyond those of its inputs; they are worked when all of
            those are recorded, and not if the run is stopped.
        outputs_a_unit: How many files a unit of inputs names as its outputs.
        kills: How often a run is killed at a random moment.
    """

    module: ClassVar[str]
    pattern: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    works: ClassVar[str]
    writes: ClassVar[str]
    bad_step: ClassVar[str]
    bad_cause: ClassVar[str]
    further_units: ClassVar[tuple[str, ...]] = ()
    outputs_a_unit: ClassVar[int] = 1
    kills: ClassVar[int] = 10

    @abstractmethod
    def make_inputs(self, folder: Path, count: int) -> list[str]:
        """Makes the inputs of `count` units, of different sizes; returns the units' names."""

    @abstractmethod
    def make_bad(self, folder: Path) -> str:
        """Makes a unit whose input is damaged; returns its name."""

    @abstractmethod
    def files_of(self, folder: Path, unit: str) -> list[Path]:
        """Returns the input files of a unit."""

    @abstractmethod
    def change(self, folder: Path, unit: str) -> None:
        """Changes an input of the unit so that its output changes."""

    @abstractmethod
    def read_output(self, path: Path) -> None:
        """Reads all of an output; raises if it is not whole."""

    def results_of(self, rig: Rig, units: Iterable[str]) -> set[Path]:
        """Returns the outputs for people that hold something of these units, as recorded."""
        recorded = rig.units().keys() & {*units, *self.further_units}
        made = {path for unit in recorded for path in rig.outputs_of(unit)}
        return {path for path in made if rig.state not in path.parents}

    def all_completed(self, units: Iterable[str]) -> dict[str, str]:
        """Returns the statuses after a run of these units that nothing disturbed."""
        return dict.fromkeys((*units, *self.further_units), "completed")

    def reasons_of(self, rig: Rig) -> dict[str, int]:
        """Returns why the newest run worked its units, as reported, without further units."""
        report = rig.report()
        found = Counter(report["reasons"])
        for unit in self.further_units:
            record = rig.units()[unit]
            if record["run_id"] == report["run_id"]:
                found[record["reason"]] -= 1
        return dict(+found)

    def rig_in(self, folder: Path) -> Rig:
        return Rig(self.module, folder, self.pattern, self.arguments)

    def marker(self, rig: Rig, unit: str) -> str:
        """Returns what the paths of the unit's files have in common, in front at least."""
        return str(self.files_of(rig.inputs, unit)[0])


class Shared(NamedTuple):
    """A finished, undisturbed run and its units."""

    rig: Rig
    units: list[str]
    done: Finished


class Hurt(NamedTuple):
    """A run in which some units were hurt, and how."""

    rig: Rig
    units: list[str]
    hurts: dict[str, str]
    done: Finished
