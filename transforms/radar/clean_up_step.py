"""The step that cleans up at the end of a run. Apart from the functions: workers need no Beam."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

import apache_beam as beam

from transforms.after_all import AfterAll, Recorded
from transforms.radar.clean_up import CleanUpRules, clean_up, listed_in, old_volumes
from transforms.recording_fn import TO_THE_USER
from transforms.run import Run

logger = logging.getLogger(__name__)


@dataclass
class CleanUp(beam.PTransform):  # type: ignore[misc]
    """Deletes the inputs of old volumes once all outcomes are recorded: `OutcomePack` to nothing.

    Of the volumes of which the run has listed files. A volume whose inputs stay is a warning.
    Nothing is deleted in a run that was stopped.
    """

    rules: CleanUpRules
    run: Run

    def expand(self, outcomes: beam.PCollection) -> beam.PCollection:
        """Builds the clean-up."""
        return outcomes | AfterAll(partial(_clean_up, self.rules), self.run)


def _clean_up(rules: CleanUpRules, recorded: Recorded) -> None:
    run, ledger = recorded.run.record, recorded.ledger
    files = size = 0
    listed = listed_in(ledger, run.scope, run.started)
    for volume in old_volumes(ledger, run.scope, listed, rules):
        if recorded.recorder.stopping.is_set():
            break
        done = clean_up(ledger, run, volume, retries=rules.retries)
        if done.why_kept:
            logger.warning("%s: inputs not cleaned up: %s", done.volume_id, done.why_kept)
        if done.files:
            logger.info("%s: %d inputs deleted", done.volume_id, len(done.files))
            files += len(done.files)
            size += sum(file.size for file in done.files)
    if files:
        told = "Cleaned up: inputs of volumes %g h old or older: %d, %.1f MB"
        logger.info(told, rules.hours, files, size / 1e6, extra={TO_THE_USER: True})
