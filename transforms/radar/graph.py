"""The radar's own step in a graph. Apart from its functions, so that workers need no Beam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from batchio.fileset import FileRef
from transforms.filesets import RecordLeftOut
from transforms.radar.completeness import VolumeRules, form_volume, name_of
from transforms.run import Run
from transforms.units import Unit

_LEFT_OUT = "left_out"


@dataclass
class GroupByVolume(beam.PTransform):  # type: ignore[misc]
    """Groups files into volumes: `FileRef` to `Unit`, by a GroupByKey of paths.

    A file whose name is no radar file's is recorded as left out.
    """

    rules: VolumeRules
    run: Run

    def __post_init__(self) -> None:
        super().__init__()

    def expand(self, files: beam.PCollection) -> beam.PCollection:
        """Builds the grouping."""
        keyed = files | "KeyByVolume" >> beam.FlatMap(_key_by_volume).with_outputs(
            _LEFT_OUT, main="keyed"
        )
        keyed[_LEFT_OUT] | "RecordLeftOut" >> RecordLeftOut(self.run)
        return (
            keyed["keyed"]
            | "GroupByKey" >> beam.GroupByKey()
            | "FormVolume" >> beam.MapTuple(partial(_form_volume, self.rules))
        )


def _key_by_volume(file: FileRef) -> Iterator[tuple[str, FileRef] | TaggedOutput]:
    name = name_of(file)
    if isinstance(name, str):
        yield TaggedOutput(_LEFT_OUT, (file, name))
    else:
        yield name.volume_id, file


def _form_volume(rules: VolumeRules, _key: str, files: Iterable[FileRef]) -> Unit:
    return form_volume(files, rules)
