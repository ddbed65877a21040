"""What every step of a graph knows of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchio.fileset import Order
from batchio.output import OutputRoot
from batchio.records import RunRecord
from transforms.decisions import Rerun


@dataclass(frozen=True, slots=True)
class Run:
    """A run's identity and settings; small and picklable, it travels with the graph.

    Attributes:
        workers: Worker processes of each Beam worker.
        is_spread: Whether several Beam workers share the work.
        too_many_failed: Given failed, finished and all units, whether the run shall stop.
        min_free_bytes: The run stops when the output's disk has less.
        failures_rest_s: For how long a unit that has failed is left alone, if it is as it was.
        poll_s: How often a run that goes on looks for files; 0 for one that looks once.
        max_polls: After how many looks it ends, if ever.
    """

    record: RunRecord
    ledger_url: str
    output: OutputRoot
    patterns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    order_by: Order = "name"
    rerun: Rerun = "changed"
    retries: int = 3
    timeout_s: float = 600.0
    workers: int = 1
    is_spread: bool = False
    too_many_failed: Callable[[int, int, int], bool] | None = None
    min_free_bytes: int = 0
    failures_rest_s: float = 0.0
    poll_s: float = 0.0
    max_polls: int | None = None

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.record.run_id

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.record.pipeline
