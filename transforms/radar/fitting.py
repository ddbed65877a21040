"""Tells which fields of a volume belong to one scan, and which contradict the others."""

from __future__ import annotations

from collections.abc import Sequence

from batchio.errors import InputError
from batchio.radar.sinarame import FieldVolume
from transforms.radar.volume import (
    choose_reference,
    contradiction,
    scan_contradiction,
    sort_fields,
)


def fitting_fields(
    fields: Sequence[FieldVolume],
) -> tuple[list[FieldVolume], dict[str, InputError]]:
    """Returns the fields of the scan that most of them show, and an error for each other one.

    Of two scans shown by equally many fields, the one with the earlier field in `FIELDS` wins.
    """
    ordered = sort_fields(fields)
    scan = max(_scans(ordered), key=len, default=[])
    if not scan:
        return [], {}
    reference = choose_reference(scan)
    causes = {each.field: contradiction(each, reference) for each in ordered}
    misfits = {field: _misfit(field, cause, reference) for field, cause in causes.items() if cause}
    return [each for each in ordered if not causes[each.field]], misfits


def _scans(fields: Sequence[FieldVolume]) -> list[list[FieldVolume]]:
    scans: list[list[FieldVolume]] = []
    for field in fields:
        scan = next((scan for scan in scans if not scan_contradiction(field, scan[0])), None)
        if scan is None:
            scans.append([field])
        else:
            scan.append(field)
    return scans


def _misfit(field: str, cause: str, reference: FieldVolume) -> InputError:
    return InputError(
        f"{field} does not fit: {cause} as in {reference.field}",
        step="build",
        action="fetch the file again, or leave it out",
    )
