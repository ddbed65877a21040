"""The head of every graph: list the files, form units, leave out what is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.combiners import Count
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

import transforms.pack_coder  # noqa: F401 - registers itself
from batchio.fileset import FileRef, list_files
from batchio.records import InputFile, ago
from transforms.decisions import batches, decide_all
from transforms.forming import EachFile, Forming, LeftOut
from transforms.recorder import Recorder
from transforms.recording_fn import RecordingFn
from transforms.run import Run
from transforms.units import Pack, Spares, Unit

_ASK_AT_ONCE = 500  # units in one question to the ledger
_COUNT_AT_ONCE = 100  # files, for who watches the listing
_LEFT_OUT = "left_out"
_PACK_BYTES = 8_000_000  # of input: few big units or many small ones go to a worker together


@dataclass
class MatchFiles(beam.PTransform):  # type: ignore[misc]
    """Lists the run's input files: PBegin to `FileRef`, in the run's order.

    Applied to a collection, it lists them when that is complete.
    """

    run: Run

    def expand(self, begin: beam.pvalue.PBegin | beam.PCollection) -> beam.PCollection:
        """Builds the listing."""
        patterns = self.run.patterns
        if isinstance(begin, beam.pvalue.PBegin):
            start = begin | "Patterns" >> beam.Create([patterns])
        else:
            start = begin | "Complete" >> Count.Globally() | beam.Map(lambda _count: patterns)
        return start | "List" >> beam.ParDo(_ListFn(self.run))


class _ListFn(RecordingFn):
    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._found = Metrics.counter(MatchFiles, "files_out")

    def process(self, patterns: tuple[str, ...]) -> Iterator[FileRef]:
        recorder = self.recorder()

        def left_out(path: str, why: str) -> None:
            recorder.count("left_out")
            recorder.see([(InputFile(path, 0, 0.0, remark=why), None)])

        files = list_files(
            patterns,
            exclude=self._run.exclude,
            order_by=self._run.order_by,
            left_out=left_out,
            retries=self._run.retries,
        )
        for batch in batches(files, _COUNT_AT_ONCE):
            if recorder.stopping.is_set():
                return
            self._found.inc(len(batch))
            recorder.count("found", len(batch))
            yield from batch


@dataclass
class FormUnits(beam.PTransform):  # type: ignore[misc]
    """Forms a domain's units: `FileRef` to `Unit`; files of no unit are recorded as left out.

    Groups paths by key where a unit may have several files; shuffles nothing else.
    """

    forming: Forming
    run: Run

    def expand(self, files: beam.PCollection) -> beam.PCollection:
        """Builds the forming."""
        forming = self.forming
        take = forming.form if isinstance(forming, EachFile) else forming.keyed
        taken = files | "Take" >> beam.FlatMap(_tagged, take).with_outputs(_LEFT_OUT, main="taken")
        taken[_LEFT_OUT] | "RecordLeftOut" >> beam.ParDo(_RecordLeftOutFn(self.run))
        if isinstance(forming, EachFile):
            return taken["taken"]
        groups = taken["taken"] | "GroupByKey" >> beam.GroupByKey() | "Files" >> beam.Values()
        return groups | "Form" >> beam.Map(forming.form)


def _tagged(file: FileRef, take: Callable[[FileRef], Any]) -> Iterator[Any]:
    taken = take(file)
    yield TaggedOutput(_LEFT_OUT, taken) if isinstance(taken, LeftOut) else taken


class _RecordLeftOutFn(RecordingFn):
    def process(self, left_out: LeftOut) -> None:
        record_left_out(self.recorder(), left_out)


def record_left_out(recorder: Recorder, left_out: LeftOut) -> None:
    """Records a file that belongs to no unit."""
    file = left_out.file
    recorder.count("left_out")
    recorder.see([(InputFile(file.path, file.size, file.mtime, remark=left_out.why), None)])


@dataclass
class SkipUpToDate(beam.PTransform):  # type: ignore[misc]
    """Leaves out units that are up to date: `Unit` to packs of units, each with a reason.

    Units that wait stay in; what is skipped is counted and noted as seen. Shuffles the packs where
    several Beam workers share them; where there is one, the work begins while files are listed.

    Attributes:
        run: The run.
        pack_units: How many units a pack has at most.
        spares: Tells of units with other settings whether they would come out the same.
    """

    run: Run
    pack_units: int = 200
    spares: Spares | None = None

    def expand(self, units: beam.PCollection) -> beam.PCollection:
        """Builds the decisions."""
        decide = beam.ParDo(_DecideFn(self.run, self.pack_units, self.spares))
        packs = units | "Decide" >> decide.with_output_types(Pack)
        return packs | "Spread" >> beam.Reshuffle() if self.run.is_spread else packs


class _DecideFn(RecordingFn):
    def __init__(self, run: Run, pack_units: int, spares: Spares | None) -> None:
        super().__init__(run)
        self._pack_units = pack_units
        self._spares = spares
        self._asked: list[Unit] = []
        self._pack = Pack()
        self._pack_bytes = 0
        self._is_first = False  # nothing is known yet: the ledger need not be asked
        self._in = Metrics.counter(SkipUpToDate, "units_in")
        self._out = Metrics.counter(SkipUpToDate, "units_out")

    def start_bundle(self) -> None:
        self._asked, self._pack, self._pack_bytes = [], Pack(), 0
        ledger = self.recorder().ledger
        self._is_first = not ledger.knows_units(self._run.record.scope)

    def process(self, unit: Unit) -> Iterator[Pack]:
        self._asked.append(unit)
        if len(self._asked) >= _ASK_AT_ONCE:
            yield from self._decide()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for pack in self._decide():
            yield GlobalWindows.windowed_value(pack)
        if self._pack:
            yield GlobalWindows.windowed_value(self._pack)
        self.recorder().count("discovered")
        super().finish_bundle()

    def _decide(self) -> Iterator[Pack]:
        recorder, run = self.recorder(), self._run
        asked, self._asked = self._asked, []
        if recorder.stopping.is_set():
            return
        decisions = decide_all(
            asked,
            None if self._is_first else recorder.ledger,
            run.record.scope,
            rerun=run.rerun,
            retries=run.retries,
            resting_since=ago(run.failures_rest_s) if run.failures_rest_s else "",
            spares=self._spares,
        )
        left = [decision for decision in decisions if decision.action != "skip"]
        recorder.count("skipped", len(decisions) - len(left))
        recorder.count("todo", len(left))
        recorder.count("units", len(decisions))
        self._in.inc(len(decisions))
        self._out.inc(len(left))
        recorder.count("bytes_todo", sum(decision.unit.size for decision in left))
        for decision in decisions:
            if decision.action == "skip":
                recorder.see(
                    [(file, decision.unit.unit_id) for file in decision.renewed],
                    again=decision.known_paths,
                )
            else:
                yield from self._put(decision.unit)

    def _put(self, unit: Unit) -> Iterator[Pack]:
        self._pack.append(unit)
        self._pack_bytes += unit.size
        if len(self._pack) >= self._pack_units or self._pack_bytes >= _PACK_BYTES:
            yield self._pack
            self._pack, self._pack_bytes = Pack(), 0
