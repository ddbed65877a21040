"""The step that cleans up at the end of a run. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.transforms.combiners import Count

from transforms.radar.clean_up import CleanUpRules, clean_up, listed_in, old_volumes
from transforms.recording_fn import TO_THE_USER, RecordingFn
from transforms.run import Run

logger = logging.getLogger(__name__)


@dataclass
class CleanUp(beam.PTransform):  # type: ignore[misc]
    """Deletes the inputs of old volumes once all outcomes are recorded: `OutcomePack` to nothing.

    Of the volumes of which the run has listed files. A volume whose inputs stay is a warning.
    Nothing is deleted in a run that was stopped. Shuffles the numbers of packs.
    """

    rules: CleanUpRules
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the clean-up."""
        return (
            outcomes
            | "AllRecorded" >> Count.Globally()
            | "Delete" >> beam.ParDo(_CleanUpFn(self.rules, self.run))
        )


class _CleanUpFn(RecordingFn):
    def __init__(self, rules: CleanUpRules, run: Run) -> None:
        super().__init__(run)
        self._rules = rules

    def process(self, _count: int) -> None:
        run, recorder = self._run.record, self.recorder()
        recorder.commit()
        files = size = 0
        listed = listed_in(recorder.ledger, run.scope, run.started)
        for volume in old_volumes(recorder.ledger, run.scope, listed, self._rules):
            if recorder.stopping.is_set():
                break
            done = clean_up(recorder.ledger, run, volume, retries=self._rules.retries)
            if done.why_kept:
                logger.warning("%s: inputs not cleaned up: %s", done.volume_id, done.why_kept)
            if done.files:
                logger.info("%s: %d inputs deleted", done.volume_id, len(done.files))
                files += len(done.files)
                size += sum(file.size for file in done.files)
        if files:
            told = "Cleaned up: inputs of volumes %g h old or older: %d, %.1f MB"
            hours = self._rules.hours
            logger.info(told, hours, files, size / 1e6, extra={TO_THE_USER: True})
