"""The radar pipeline's own step in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import apache_beam as beam

from transforms.after_all import AfterAll, Recorded
from transforms.filesets import SkipUpToDate
from transforms.outcomes import ProcessUnits, weigh_by_size
from transforms.radar.grid_choice import GridChoice, GridMember, form_grid, members_by_slot
from transforms.radar.make_grid import RadarWork
from transforms.run import Run
from transforms.units import Unit

_A_VOLUME_WEIGHS_BYTES = 30_000_000  # on a grid it takes some seconds, as does decoding that much


@dataclass
class MakeGrids(beam.PTransform):  # type: ignore[misc]
    """Makes a grid of each time slot once all volumes are recorded: `OutcomePack` to the same.

    Groups the names and hashes of volumes' files by slot; shuffles nothing else. Grids whose
    volumes and settings are those of before are left out.

    Attributes:
        work: Makes volumes and grids.
        run: The run.
    """

    work: RadarWork
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the making of the grids."""
        make = self.work.make_grid
        form = partial(form_grid, choice=make.choice, compression=make.compression)
        # What is tried again after a failure changes grids that did not fail.
        run = replace(self.run, rerun="all" if self.run.rerun == "all" else "changed")
        return (
            outcomes
            | "Volumes" >> AfterAll(partial(_volumes, make.choice), self.run)
            | "GroupBySlot" >> beam.GroupByKey()
            | "FormGrids" >> beam.Map(form)
            | "SkipUpToDate" >> SkipUpToDate(run, 1)
            | "Make" >> ProcessUnits(self.work, self.run, weigh)
        )


def _volumes(choice: GridChoice, recorded: Recorded) -> Iterator[tuple[str, GridMember]]:
    """Yields the volumes that may be on a grid, with the slot of each."""
    run = recorded.run
    alone = run.rerun == "all"
    yield from members_by_slot(recorded.ledger, run.record, choice, alone=alone)


def weigh(unit: Unit) -> float:
    """Weighs a volume by its bytes, and a grid by how many volumes are put on it."""
    return weigh_by_size(unit) + _A_VOLUME_WEIGHS_BYTES * len(unit.details.get("volumes", ()))
