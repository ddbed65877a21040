"""Reads radar volumes by status and age, from the ledger's view of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from batchio.errors import CannotRun
from pipelines.dashboard.models import UnreadableLedger, VolumeCount, VolumeLine, Volumes
from pipelines.dashboard.run_readings import unreadable_ledger
from pipelines.dashboard.sources import Source, Sources

AGES = ("10 min", "1 h", "1 day", "1 week", "older")
_LIMITS = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
)
_LISTED = 100

_VOLUMES = sa.table(
    "volume_processing",
    sa.column("volume_id"),
    sa.column("radar_code"),
    sa.column("vol_code"),
    sa.column("vol_number"),
    sa.column("observation_datetime"),
    sa.column("status"),
    sa.column("expected_fields"),
    sa.column("downloaded_fields"),
    sa.column("error_message"),
)


def read_volumes(sources: Sources, *, status: str = "", radar: str = "") -> Volumes:
    """Returns how many volumes there are of each status and age, and the latest of them.

    An age is the least of `AGES` that the time since the observation does not reach.

    Args:
        sources: The ledgers.
        status: List volumes of this status only.
        radar: List and count volumes of this radar only.
    """
    counts: dict[tuple[str, str], int] = {}
    lines: list[VolumeLine] = []
    unreadable: list[UnreadableLedger] = []
    for source in sources.all():
        try:
            if source.view.exists():
                for row in _counted(source, radar):
                    place = (row["status"], row["age"])
                    counts[place] = counts.get(place, 0) + row["n"]
                lines += _latest(source, status, radar)
        except CannotRun as error:
            unreadable.append(unreadable_ledger(source, error))
    lines.sort(key=lambda volume: volume.observed, reverse=True)
    return Volumes(
        counts=[VolumeCount(status=s, age=a, count=n) for (s, a), n in sorted(counts.items())],
        volumes=lines[:_LISTED],
        unreadable=unreadable,
    )


def _counted(source: Source, radar: str) -> list[dict[str, Any]]:
    now = datetime.now(timezone.utc)
    observed = _VOLUMES.c.observation_datetime
    limits = [f"{(now - limit).strftime('%Y-%m-%dT%H:%M:%S')}Z" for limit in _LIMITS]
    age = sa.case(
        *((observed >= limit, name) for limit, name in zip(limits, AGES, strict=False)),
        else_=AGES[-1],
    ).label("age")
    query = (
        sa.select(_VOLUMES.c.status, age, sa.func.count().label("n"))
        .where(*_of_radar(radar))
        .group_by(_VOLUMES.c.status, sa.text("age"))
    )
    return source.view.transact(lambda db: [{**row} for row in db.execute(query).mappings()])


def _latest(source: Source, status: str, radar: str) -> list[VolumeLine]:
    query = (
        sa.select(_VOLUMES)
        .where(*_of_radar(radar))
        .order_by(_VOLUMES.c.observation_datetime.desc())
        .limit(_LISTED)
    )
    if status:
        query = query.where(_VOLUMES.c.status == status)
    rows = source.view.transact(lambda db: db.execute(query).mappings().all())
    return [
        VolumeLine(
            ledger=source.key,
            volume_id=row["volume_id"],
            radar=row["radar_code"] or "",
            strategy=row["vol_code"] or "",
            volume=row["vol_number"] or "",
            observed=row["observation_datetime"] or "",
            status=row["status"],
            expected=_names(row["expected_fields"]),
            present=_names(row["downloaded_fields"]) or [],
            message=row["error_message"],
        )
        for row in rows
    ]


def _of_radar(radar: str) -> list[sa.ColumnElement[bool]]:
    return [_VOLUMES.c.radar_code == radar] if radar else []


def _names(value: str | None) -> list[str] | None:
    names: list[str] | None = json.loads(value) if value else None
    return names
