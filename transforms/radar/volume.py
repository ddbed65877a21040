"""Builds a radar volume from its decoded fields: one range axis, one order of sweeps and fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from batchio.errors import InputError
from batchio.radar.sinarame import (
    FIELD_ORDER,
    UNDETECT_BITS,
    FieldSweep,
    FieldVolume,
    RadarName,
    SweepHeader,
)
from batchio.radar.volume import RangeShift, SourceFile, Sweep, Volume


def build_volume(
    name: RadarName,
    fields: Sequence[FieldVolume],
    *,
    inputs: Iterable[SourceFile] = (),
    missing_fields: Iterable[str] = (),
) -> Volume:
    """Returns the fields as one volume; equal fields give an equal volume in any order.

    Fields come in the order of ``FIELDS``, sweeps by elevation, then start. The range axis is that
    of the reference field, as long as the longest sweep; shorter sweeps end in missing values.

    Args:
        name: The name of any file of the volume.
        fields: The decoded fields, each once.
        inputs: The files that the fields came from, for the record.
        missing_fields: Fields that were expected and are not there, for the record.

    Raises:
        InputError: A field contradicts the reference field.
    """
    ordered = sort_fields(fields)
    _check_once(name, ordered)
    reference = choose_reference(ordered)
    _check_agreement(name, ordered, reference)
    shifts = {each.field: range_shift(each, reference) for each in ordered}
    gates = _gates_a_sweep(ordered, shifts)
    not_radiated = _rays_without_data(ordered)
    stated = [sweep.header for sweep in reference.sweeps]
    headers = [_mend_end(*pair) for pair in zip(stated, not_radiated, strict=True)]
    return Volume(
        volume_id=name.volume_id,
        radar=name.radar,
        strategy=name.strategy,
        volume_number=name.volume_number,
        latitude_deg=reference.latitude_deg,
        longitude_deg=reference.longitude_deg,
        altitude_m=reference.altitude_m,
        sweeps=_locate_sweeps(headers, gates),
        time_s=np.concatenate(_times_s(headers)),
        azimuth_deg=np.concatenate([ray_azimuths_deg(header.n_rays) for header in headers]),
        elevation_deg=_elevations_deg(headers),
        not_radiated=np.concatenate(not_radiated),
        bin_size_m=stated[0].bin_size_m,
        bin_offset_m=_axis_start_m(reference),
        n_gates=max(gates),
        reference=reference.field,
        fields={
            each.field: _place_values(each, shifts[each.field], max(gates)) for each in ordered
        },
        shifts={field: shift for field, shift in shifts.items() if shift.moved},
        undetect=_place_undetect(ordered, shifts, max(gates)),
        inputs=tuple(sorted(inputs, key=lambda source: source.name)),
        missing_fields=tuple(sorted(missing_fields)),
        notes=(*_offset_notes(ordered, reference), *_end_notes(stated, headers)),
    )


def choose_reference(fields: Sequence[FieldVolume]) -> FieldVolume:
    """Returns the field whose bins become the range axis.

    That is the field with the longest sweep; among equals the one with the most bins in all, then
    the one that starts nearest to the radar, then the first in the order of ``FIELDS``. KDP, which
    the signal processor cuts, is taken only when there is no other.
    """

    def rank(field: FieldVolume) -> tuple[bool, int, int, int, int]:
        bins = [sweep.header.n_bins for sweep in field.sweeps]
        start_m = _axis_start_m(field)
        return field.field == "KDP", -max(bins), -sum(bins), start_m, FIELD_ORDER[field.field]

    return min(fields, key=rank)


def ray_azimuths_deg(n_rays: int) -> NDArray[np.float32]:
    """Returns the centres of a sweep's rays: row i covers [i, i + 1) x 360 / rays degrees."""
    return ((np.arange(n_rays) + 0.5) * (360.0 / n_rays)).astype(np.float32)


def ray_times_s(n_rays: int, first_ray: float, duration_s: float) -> NDArray[np.float64]:
    """Returns the time of each ray since the start of its sweep.

    Inferred, for the files give whole seconds a sweep: the antenna turns clockwise at a steady
    speed and radiates ``first_ray`` first.
    """
    turned = (np.arange(n_rays) - first_ray) % n_rays
    return np.asarray((turned + 0.5) / n_rays * duration_s)


def true_offsets_m(field: FieldVolume, reference: FieldVolume) -> list[int]:
    """Returns where the first bin of each sweep of the field begins.

    The signal processor cuts KDP at both ends. In files of 2025 some sweeps state the reference's
    own offset though their bins are cut like those of other sweeps: a sweep with fewer bins than
    the reference's and the same offset gets the larger offset of a sweep with the same deficit,
    if the field has one. Otherwise the header is right.
    """
    offsets_m = [sweep.header.bin_offset_m for sweep in field.sweeps]
    pairs = list(zip(field.sweeps, reference.sweeps, strict=True))
    deficits = [whole.header.n_bins - cut.header.n_bins for cut, whole in pairs]
    found = list(zip(deficits, offsets_m, strict=True))

    def mend(deficit: int, offset_m: int, whole: FieldSweep) -> int:
        if deficit <= 0 or offset_m != whole.header.bin_offset_m:
            return offset_m
        return min((m for other, m in found if other == deficit and m > offset_m), default=offset_m)

    return [mend(*each, whole) for each, whole in zip(found, reference.sweeps, strict=True)]


def range_shift(field: FieldVolume, reference: FieldVolume) -> RangeShift:
    """Returns how far the field's sweeps lie up the range axis, to the nearest gate."""
    size_m = reference.sweeps[0].header.bin_size_m
    start_m = _axis_start_m(reference)
    distances_m = [offset_m - start_m for offset_m in true_offsets_m(field, reference)]
    gates = [round(distance_m / size_m) for distance_m in distances_m]
    residual_m = [
        float(distance_m - gate * size_m)
        for distance_m, gate in zip(distances_m, gates, strict=True)
    ]
    return RangeShift(tuple(gates), tuple(residual_m))


def _axis_start_m(field: FieldVolume) -> int:
    return min(sweep.header.bin_offset_m for sweep in field.sweeps)


def sort_fields(fields: Iterable[FieldVolume]) -> list[FieldVolume]:
    """Returns the fields in the order of ``FIELDS``, their sweeps by elevation, then start."""
    return sorted(map(_sort_sweeps, fields), key=lambda each: FIELD_ORDER[each.field])


def _sort_sweeps(field: FieldVolume) -> FieldVolume:
    def place(sweep: FieldSweep) -> tuple[float, datetime]:
        return sweep.header.elevation_deg, sweep.header.start

    return replace(field, sweeps=tuple(sorted(field.sweeps, key=place)))


def _check_once(name: RadarName, fields: Sequence[FieldVolume]) -> None:
    if not fields:
        raise _refusal(name, "there is no field")
    for before, after in pairwise(fields):
        if before.field == after.field:
            raise _refusal(name, f"{after.field} is there twice")


def contradiction(field: FieldVolume, reference: FieldVolume) -> str | None:
    """Returns why a field cannot be laid on the reference's range axis, None if it can."""
    other_scan = scan_contradiction(field, reference)
    if other_scan:
        return other_scan
    gates = range_shift(field, reference).gates
    if min(gates) >= 0:
        return None
    number = gates.index(min(gates))
    start_m = field.sweeps[number].header.bin_offset_m
    return _differs(f"bin offset (m) of sweep {number}", start_m, _axis_start_m(reference))


def scan_contradiction(field: FieldVolume, other: FieldVolume) -> str | None:
    """Returns what shows that two fields are not of one scan, None if nothing does."""
    if _site(field) != _site(other):
        return _differs("site", _site(field), _site(other))
    if len(field.sweeps) != len(other.sweeps):
        return _differs("number of sweeps", len(field.sweeps), len(other.sweeps))
    size_m = other.sweeps[0].header.bin_size_m
    for number, pair in enumerate(zip(field.sweeps, other.sweeps, strict=True)):
        found, expected = (_scan(sweep.header) for sweep in pair)
        expected["bin size (m)"] = size_m
        for what in expected:
            if found[what] != expected[what]:
                return _differs(f"{what} of sweep {number}", found[what], expected[what])
    return None


def _check_agreement(
    name: RadarName, fields: Sequence[FieldVolume], reference: FieldVolume
) -> None:
    for field in fields:
        cause = contradiction(field, reference)
        if cause:
            raise _refusal(name, f"{field.field} does not fit: {cause} as in {reference.field}")


def _differs(what: str, found: object, expected: object) -> str:
    return f"{what} is {found}, not {expected}"


def _site(field: FieldVolume) -> tuple[str, float, float, float]:
    return field.radar, field.latitude_deg, field.longitude_deg, field.altitude_m


def _scan(header: SweepHeader) -> dict[str, object]:
    return {
        "elevation (degrees)": header.elevation_deg,
        "start": header.start.isoformat(),
        "end": header.end.isoformat(),
        "number of rays": header.n_rays,
        "first ray": header.first_ray,
        "bin size (m)": header.bin_size_m,
    }


def _refusal(name: RadarName, cause: str) -> InputError:
    return InputError(
        cause,
        path=name.volume_id,
        step="build volume",
        action="check the files of this volume, fetch them again or leave the field out",
    )


def _gates_a_sweep(fields: Sequence[FieldVolume], shifts: Mapping[str, RangeShift]) -> list[int]:
    lengths = [
        [place[1].stop for _, place in _places(field, shifts[field.field])] for field in fields
    ]
    return [max(each) for each in zip(*lengths, strict=True)]


def _rays_without_data(fields: Sequence[FieldVolume]) -> list[NDArray[np.bool_]]:
    sweeps = zip(*(field.sweeps for field in fields), strict=True)
    return [np.all([sweep.nodata_rays for sweep in each], axis=0) for each in sweeps]


def _mend_end(header: SweepHeader, not_radiated: NDArray[np.bool_]) -> SweepHeader:
    """Returns the header with end = start if the scan was cut short before this sweep."""
    made = header.end >= header.start and not not_radiated.all()
    return header if made else replace(header, end=header.start)


def _locate_sweeps(headers: Sequence[SweepHeader], gates: Sequence[int]) -> tuple[Sweep, ...]:
    bounds = np.cumsum([0, *(header.n_rays for header in headers)]).tolist()
    return tuple(
        Sweep(header.start, header.end, header.elevation_deg, first, after - 1, n_gates)
        for header, (first, after), n_gates in zip(headers, pairwise(bounds), gates, strict=True)
    )


def _times_s(headers: Sequence[SweepHeader]) -> list[NDArray[np.float64]]:
    start = min(header.start for header in headers)
    return [
        (header.start - start).total_seconds()
        + ray_times_s(header.n_rays, header.first_ray, (header.end - header.start).total_seconds())
        for header in headers
    ]


def _elevations_deg(headers: Sequence[SweepHeader]) -> NDArray[np.float32]:
    angles = np.array([header.elevation_deg for header in headers], np.float32)
    return np.repeat(angles, [header.n_rays for header in headers])


def _places(
    field: FieldVolume, shift: RangeShift
) -> Iterator[tuple[FieldSweep, tuple[slice, slice]]]:
    """Yields each sweep with the rays and gates of the volume where it lies."""
    ray = 0
    for sweep, gate in zip(field.sweeps, shift.gates, strict=True):
        after = ray + sweep.header.n_rays
        yield sweep, (slice(ray, after), slice(gate, gate + sweep.header.n_bins))
        ray = after


def _place_values(field: FieldVolume, shift: RangeShift, n_gates: int) -> NDArray[np.float32]:
    values = np.full((_n_rays(field), n_gates), np.nan, np.float32)
    for sweep, place in _places(field, shift):
        values[place] = sweep.values
    return values


def _place_undetect(
    fields: Sequence[FieldVolume], shifts: Mapping[str, RangeShift], n_gates: int
) -> NDArray[np.int16]:
    undetect = np.zeros((_n_rays(fields[0]), n_gates), np.int16)
    for field in fields:
        bit = np.int16(UNDETECT_BITS[field.field])
        for sweep, place in _places(field, shifts[field.field]):
            undetect[place] |= sweep.undetect * bit
    return undetect


def _n_rays(field: FieldVolume) -> int:
    return sum(sweep.header.n_rays for sweep in field.sweeps)


def _offset_notes(fields: Sequence[FieldVolume], reference: FieldVolume) -> Iterator[str]:
    for field in fields:
        for number, true_m in enumerate(true_offsets_m(field, reference)):
            stated_m = field.sweeps[number].header.bin_offset_m
            if true_m != stated_m:
                yield (
                    f"{field.field}, sweep {number}: bin offset {true_m} m, as in the sweeps cut"
                    f" alike, not {stated_m} m as stated"
                )


def _end_notes(stated: Sequence[SweepHeader], used: Sequence[SweepHeader]) -> Iterator[str]:
    for number, (before, after) in enumerate(zip(stated, used, strict=True)):
        if before.end != after.end:
            yield (
                f"sweep {number}: all rays have its start time, {after.start:%H:%M:%S}; the end"
                f" stated, {before.end:%H:%M:%S}, is not used"
            )
