"""The addresses pipeline's own steps in a graph. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from batchio.output import remove_folder
from batchio.records import Outcome
from batchio.stores import StoreError
from transforms.addresses.blocks import after_blocks, block_units, ended, is_planned, weigh
from transforms.addresses.parts import BLOCKS_FOLDER
from transforms.after_all import AfterAll, Recorded
from transforms.outcomes import ProcessUnits, RecordOutcomes
from transforms.run import Run
from transforms.units import OutcomePack, Pack, Process, Unit

logger = logging.getLogger(__name__)

_NEXT, _ENDED = "next", "ended"


@dataclass
class WorkFiles(beam.PTransform):  # type: ignore[misc]
    """Works files in blocks of rows: `Pack` of files to recorded `OutcomePack`, an outcome a file.

    A file of one block is done in one step. Of larger ones the blocks are the elements, shared
    among all workers; their parts are grouped by file, and joined. Shuffles where blocks begin and
    end, and the paths of parts. Outcomes are recorded where they come from: if they first flowed
    together, those of small files would wait for the last block of all.

    Attributes:
        work: Begins a file, works a block, joins parts.
        run: The run.
        accelerator: What a runner shall give workers, as Beam's resource hint has it.
    """

    work: Process
    run: Run
    accelerator: str = ""

    def expand(self, files: beam.PCollection) -> beam.PCollection:
        """Builds the three steps."""
        patient = replace(self.run, timeout_s=math.inf)  # a file takes as long as there is of it
        began = files | "Begin" >> self._process(self.run) | "Split" >> _divide(_blocks_of)
        blocks = began[_NEXT] | "SpreadBlocks" >> beam.Reshuffle()
        worked = blocks | "Blocks" >> self._process(self.run) | "ByFile" >> beam.FlatMap(_by_file)
        grouped = worked | "Together" >> beam.GroupByKey() | "Gather" >> _divide(_after_blocks)
        joined = (
            grouped[_NEXT] | "SpreadFiles" >> beam.Reshuffle() | "Join" >> self._process(patient)
        )
        ended = {"AtOnce": began[_ENDED], "Broken": grouped[_ENDED], "Joined": joined}
        return [self._record(name, each) for name, each in ended.items()] | beam.Flatten()

    def _record(self, name: str, outcomes: beam.PCollection) -> beam.PCollection:
        last = outcomes | f"End{name}" >> beam.Map(_all_ended).with_output_types(OutcomePack)
        return last | f"Record{name}" >> RecordOutcomes(self.run)

    def _process(self, run: Run) -> beam.PTransform:
        step = ProcessUnits(self.work, run, weigh)
        if not self.accelerator:
            return step
        return step.with_resource_hints(accelerator=self.accelerator)


def _divide(divide: Callable[..., Iterator[Pack | TaggedOutput]]) -> beam.PTransform:
    return beam.FlatMap(divide).with_outputs(_ENDED, main=_NEXT)


def _blocks_of(outcomes: OutcomePack) -> Iterator[Pack | TaggedOutput]:
    for outcome in outcomes:
        if is_planned(outcome):
            for unit in block_units(outcome):
                yield Pack([unit])
        else:
            yield TaggedOutput(_ENDED, OutcomePack([outcome]))


def _by_file(outcomes: OutcomePack) -> Iterator[tuple[str, Outcome]]:
    for outcome in outcomes:
        yield outcome.unit_id, outcome


def _after_blocks(element: tuple[str, Iterable[Outcome]]) -> Iterator[Pack | TaggedOutput]:
    follows = after_blocks(element[1])
    if isinstance(follows, Unit):
        yield Pack([follows])
    elif follows is not None:
        yield TaggedOutput(_ENDED, OutcomePack([follows]))


def _all_ended(outcomes: OutcomePack) -> OutcomePack:
    return OutcomePack(map(ended, outcomes))


@dataclass
class ClearBlocks(beam.PTransform):  # type: ignore[misc]
    """Removes what blocks have left behind, when all files are recorded: `OutcomePack` to nothing.

    A run that was stopped leaves it to the next one, which goes on from there.
    """

    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the removal."""
        return outcomes | AfterAll(_clear, self.run)


def _clear(recorded: Recorded) -> None:
    output = recorded.run.output
    try:
        remove_folder(f"{output.folder}{BLOCKS_FOLDER}", retries=output.retries)
    except StoreError as error:  # all work is done, and the next run may remove it
        logger.warning("%s", error)
