"""Makes one NetCDF file of one volume, and its pictures: read, decode, build, write, draw."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from batchio.errors import HeadraceError, InputError, doing
from batchio.fileset import FileRef
from batchio.output import OutputRoot
from batchio.radar.formats import WRITERS, RadarFormat
from batchio.radar.sinarame import parse_name
from batchio.radar.volume import Volume
from transforms.radar.fitting import fitting_fields
from transforms.radar.quality_settings import QualitySettings
from transforms.radar.quicklook import Quicklook
from transforms.radar.take_field import TakenField, take_field
from transforms.radar.volume import build_volume
from transforms.units import Made, Unit


@dataclass(frozen=True, slots=True)
class MakeVolume:
    """Makes the NetCDF file of a volume under the output root.

    A damaged file counts as a missing field and is the unit's error; the other fields are written
    if the volume may be incomplete. Of several files of one field, the first by path that can be
    decoded is used, the others are remarked.

    Attributes:
        format: Which of `WRITERS` writes it.
        quality: What quality control goes by; None does without.
        decode_threads: Fields decoded at once; more than one where cores would idle.
        quicklook: The pictures to draw.
    """

    output: OutputRoot
    format: RadarFormat = "cfradial1"
    compression: int = 1
    quality: QualitySettings | None = None
    decode_threads: int = 1
    retries: int = 3
    quicklook: Quicklook | None = None

    def __call__(self, unit: Unit) -> Made:
        """Returns what was made.

        That is no output, and the error, if no field could be used, or if one that a complete
        volume needs is damaged.
        """
        seconds: dict[str, float] = {}
        with _timed("decode", seconds):
            taken = self._take_all(unit.files)
        with _timed("build", seconds), doing("build"):
            made, volume = _build(unit, taken)
        if volume is None:
            return made
        summary: Mapping[str, float] = {}
        if self.quality is not None:
            with _timed("quality", seconds), doing("quality control"):
                volume, summary = _control_quality(volume, self.quality)
        name = f"{unit.unit_id}.nc"
        write = partial(WRITERS[self.format], volume, compression=self.compression)
        with _timed("write", seconds), doing("write", self.output.path(name)):
            output = self.output.write(name, write)
        counts = {"bytes_in": unit.size, "bytes_out": output.size}
        metrics = {**seconds, **made.metrics, **summary, **counts}
        details = {**made.details, "written_fields": [*volume.fields, *volume.derived]}
        made = replace(made, outputs=(output,), metrics=metrics, details=details)
        return made if self.quicklook is None else self._draw(self.quicklook, volume, made)

    def _draw(self, quicklook: Quicklook, volume: Volume, made: Made) -> Made:
        """Adds the pictures to what was made, and tells of those that cannot be."""
        names, lacking = quicklook.wanted(volume)
        seconds: dict[str, float] = {}
        with _timed("draw", seconds):
            pictures = quicklook.draw(volume, names, self.output)
        size = made.metrics["bytes_out"] + sum(picture.size for picture in pictures)
        counts = {"pictures": len(pictures), "bytes_out": size}
        return replace(
            made,
            outputs=(*made.outputs, *pictures),
            metrics={**made.metrics, **seconds, **counts},
            details={**made.details, **({"not_drawn": lacking} if lacking else {})},
        )

    def _take_all(self, files: Sequence[FileRef]) -> list[TakenField]:
        by_field: dict[str, list[FileRef]] = {}
        for file in files:
            by_field.setdefault(parse_name(file.path).field, []).append(file)
        take = partial(take_field, retries=self.retries)
        if self.decode_threads == 1:
            return [take(group) for group in by_field.values()]
        with ThreadPoolExecutor(self.decode_threads) as threads:
            return list(threads.map(take, by_field.values()))


def _build(unit: Unit, taken: Sequence[TakenField]) -> tuple[Made, Volume | None]:
    """Returns what is to be told of the files, and the volume if it may be written."""
    used = [each for each in taken if each.decoded is not None]
    fields, misfits = fitting_fields([each.decoded for each in used if each.decoded])
    _refuse(used, misfits)
    lost = sorted(set(unit.details["downloaded_fields"]) - {each.field for each in fields})
    made = Made(
        sha256=_merged(each.sha256 for each in taken),
        remarks=_merged(each.remarks for each in taken),
        metrics={"duplicates": sum(each.duplicates for each in taken)},
        details={"damaged_fields": lost, "is_complete": _is_complete(unit, lost)},
        error=_damage([error for each in taken for error in each.errors], lost),
    )
    if not fields or not _may_lack(unit, lost):
        return made, None
    volume = build_volume(
        parse_name(unit.files[0].path),
        fields,
        inputs=[each.source for each in used if each.field not in lost],
        missing_fields=[*unit.details["missing_fields"], *lost],
    )
    shape = {
        "fields": len(volume.fields),
        "sweeps": len(volume.sweeps),
        "rays": len(volume.time_s),
        "gates": volume.n_gates,
    }
    return replace(made, metrics={**shape, **made.metrics}), volume


def _control_quality(
    volume: Volume, settings: QualitySettings
) -> tuple[Volume, Mapping[str, float]]:
    from transforms.radar.quality import control_quality  # Py-ART: an extra, seconds, 280 MB

    return control_quality(volume, settings)


def _refuse(taken: Iterable[TakenField], misfits: Mapping[str, InputError]) -> None:
    for each in taken:
        if error := misfits.get(each.field):
            error.path = each.path
            each.errors.append(error)
            each.remarks[each.path] = f"misfit: {error.cause}"


def _merged(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {path: text for part in parts for path, text in part.items()}


def _may_lack(unit: Unit, lost: Sequence[str]) -> bool:
    """Tells whether the volume may be written without the damaged fields."""
    expected = unit.details["expected_fields"] or ()
    return bool(unit.details["may_be_incomplete"]) or not set(lost) & set(expected)


def _is_complete(unit: Unit, lost: Sequence[str]) -> bool | None:
    complete = unit.details["is_complete"]
    return complete and not set(lost) & set(unit.details["expected_fields"])


def _damage(errors: Sequence[HeadraceError], lost: Sequence[str]) -> HeadraceError | None:
    """Returns the first error, telling of the fields that were lost to all of them."""
    if not lost:
        return None
    error = errors[0]
    more = f" ({len(lost)} fields lost: {', '.join(lost)})" if len(lost) > 1 else ""
    return InputError(error.cause + more, path=error.path, step=error.step, action=error.action)


@contextmanager
def _timed(step: str, metrics: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    metrics[f"seconds_{step}"] = round(time.perf_counter() - start, 4)
