"""Forms volumes from files by name, and judges whether each is complete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from batchio.errors import InputError
from batchio.fileset import FileRef
from batchio.fingerprint import of_value
from batchio.radar.formats import RadarFormat
from batchio.radar.sinarame import FIELD_ORDER, FIELDS, RadarName, parse_name
from batchio.radar.volume_types import VolumeTypes
from batchio.records import INCOMPLETE, PENDING
from transforms.forming import Grouped, LeftOut
from transforms.radar.quality_settings import QualitySettings
from transforms.units import Unit


@dataclass(frozen=True, slots=True)
class VolumeRules:
    """What makes a volume ready to be worked.

    Attributes:
        volume_types: Expected fields; without it every volume is taken as it is.
        timeout_hours: Incomplete volumes of that age are worked all the same.
        now: The time against which the age is measured, UTC.
        format: Setting of the result, part of its fingerprint.
        compression: Another one.
        quality: A third; None without quality control.
        pictures: What is drawn beside it, part of its fingerprint too; empty for nothing.
    """

    now: datetime
    volume_types: VolumeTypes | None = None
    allow_incomplete: bool = False
    allow_unexpected: bool = False
    timeout_hours: float | None = None
    format: RadarFormat = "cfradial1"
    compression: int = 1
    quality: QualitySettings | None = None
    pictures: str = ""

    @property
    def named_settings(self) -> str:
        """What follows the fingerprint of a volume's settings, with its name (`Unit.settings`)."""
        return f";pictures={self.pictures}" if self.pictures else ""

    def expected(self, name: RadarName) -> tuple[str, ...] | None:
        """Returns the fields that the table expects of the volume, None if it knows it not."""
        return (self.volume_types or {}).get(name.strategy, {}).get(name.volume_number)

    def timed_out(self, name: RadarName) -> bool:
        """Tells whether the volume need not wait any longer for missing fields."""
        hours = self.timeout_hours
        return hours is not None and self.now - name.time >= timedelta(hours=hours)

    def times_out_at(self, volume: Unit) -> float | None:
        """Returns when an incomplete volume need not wait any longer, in seconds since 1970."""
        if self.timeout_hours is None or volume.waits != INCOMPLETE:
            return None
        time = parse_name(volume.files[0].path).time
        return (time + timedelta(hours=self.timeout_hours)).timestamp()


def forming_now(rules: VolumeRules) -> Grouped:
    """Returns how files make up volumes, judged by their age at this moment."""
    now = datetime.now(timezone.utc)
    return Grouped(volume_of, partial(form_volume, rules=replace(rules, now=now)))


def volume_of(file: FileRef) -> str | LeftOut:
    """Returns the volume that the file belongs to by its name, or why to none."""
    try:
        name = parse_name(file.path)
    except InputError as error:
        return LeftOut(file, f"{error.cause}; {error.action}")
    if name.field not in FIELDS:
        why = f"the field {name.field} is unknown; rename the file, or leave it out"
        return LeftOut(file, why)
    return name.volume_id


def form_volume(files: Iterable[FileRef], rules: VolumeRules) -> Unit:
    """Returns the volume that these files, all of one volume key, make up."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    names = [parse_name(file.path) for file in ordered]
    name = names[0]
    present = sorted({each.field for each in names}, key=FIELD_ORDER.__getitem__)
    expected = rules.expected(name)
    missing = [field for field in expected or () if field not in present]
    waits, reason = _judge(name, missing, expected, rules)
    return Unit(
        unit_id=name.volume_id,
        files=ordered,
        settings=of_value(_settings(name, expected, rules)) + rules.named_settings,
        details={
            "radar_code": name.radar,
            "vol_code": name.strategy,
            "vol_number": name.volume_number,
            "observation_datetime": name.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expected_fields": expected,
            "downloaded_fields": present,
            "missing_fields": missing,
            "is_complete": None if expected is None else not missing,
            "may_be_incomplete": expected is None
            or rules.allow_incomplete
            or rules.timed_out(name),
        },
        waits=waits,
        reason=reason,
    )


def _settings(
    name: RadarName, expected: tuple[str, ...] | None, rules: VolumeRules
) -> dict[str, Any]:
    """Returns what the result depends on beside its inputs, as JSON."""
    settings: dict[str, Any] = {
        "format": rules.format,
        "compression": rules.compression,
        "expected": expected,
    }
    if rules.quality is not None:
        settings["quality"] = rules.quality.of_volume(name.radar, name.strategy, name.volume_number)
    return settings


def _judge(
    name: RadarName, missing: list[str], expected: tuple[str, ...] | None, rules: VolumeRules
) -> tuple[str, str]:
    """Returns the status in which the volume waits (empty: it does not) and the reason."""
    if rules.volume_types is None:
        return "", ""
    if expected is None:
        what = f"strategy {name.strategy}, volume {name.volume_number} is not in the table"
        if rules.allow_unexpected:
            return "", f"unexpected, allowed: {what}"
        return PENDING, f"unexpected: {what}; add it, or give --allow_unexpected"
    if not missing:
        return "", ""
    lacks = f"{', '.join(missing)} missing"
    if rules.allow_incomplete:
        return "", f"incomplete, allowed: {lacks}"
    if rules.timed_out(name):
        return "", f"incomplete, older than {rules.timeout_hours:g} h: {lacks}"
    if rules.timeout_hours is not None:
        return INCOMPLETE, f"incomplete: {lacks}; waits until {rules.timeout_hours:g} h old"
    return INCOMPLETE, f"incomplete: {lacks}; add the files, or give --allow_incomplete"
