"""What a grid shall be like, and which volumes are on it: what is known without Py-ART."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from batchio.fingerprint import of_value
from transforms.units import Unit

if TYPE_CHECKING:  # workers need no database
    from batchio.ledger_view import LedgerView, Row
    from batchio.records import RunRecord

PREFIX = "grid/"

_SLOT = "%Y%m%dT%H%MZ"
_ASK_AT_ONCE = 500


class GridChoice(NamedTuple):
    """What is put on a grid, and on which.

    Attributes:
        fields: Those that are put on it, of volumes that have any.
        minutes: Length of a time slot.
        spacing_m: Distance of columns.
        radius_km: How far the grid reaches from each radar, east, west, north and south.
        top_km: Height of the highest level above mean sea level.
        levels: How many there are, evenly from the ground up.
        origin_deg: Latitude and longitude of x = y = 0, if it is not where the radars are.
    """

    fields: tuple[str, ...] = ("DBZH",)
    minutes: int = 10
    spacing_m: float = 1000.0
    radius_km: float = 240.0
    top_km: float = 15.0
    levels: int = 15
    origin_deg: tuple[float, float] | None = None


class GridMember(NamedTuple):
    """A volume that may be on a grid: which it is, and its file.

    Attributes:
        has: How many of the fields it has.
    """

    volume_id: str
    radar: str
    time: str  # ISO 8601
    has: int
    sweeps: int
    path: str
    sha256: str


def members_by_slot(
    ledger: LedgerView, run: RunRecord, choice: GridChoice, *, alone: bool = False
) -> Iterator[tuple[str, GridMember]]:
    """Yields each volume that may be on a grid, with the start of its slot.

    These are the volumes that the run has seen, and in their slots those that the grid of before
    was made of: a run may ask for one radar of several, and inputs may have been removed.

    Args:
        ledger: Knows what volumes became.
        run: The run.
        choice: Which fields are looked for.
        alone: Whether only volumes count that the run has seen.
    """
    slots: dict[str, None] = {}
    seen: set[str] = set()
    for row in ledger.units_as_of(ledger.known_run(run.run_id, step="grid")):
        seen.add(row["unit_id"])
        if member := _member(row, choice):
            slot = slot_of(member.time, choice.minutes)
            slots[slot] = None
            yield slot, member
    grids = [PREFIX + slot for slot in slots]
    for start in range(0, 0 if alone else len(grids), _ASK_AT_ONCE):
        before = ledger.newest_rows(run.scope, grids[start : start + _ASK_AT_ONCE])
        volumes = [each for row in before.values() for each in row["details"].get("volumes", ())]
        for row in ledger.newest_rows(run.scope, sorted({*volumes} - seen)).values():
            member = _member(row, choice)
            if member and (slot := slot_of(member.time, choice.minutes)) in slots:
                yield slot, member


def _member(row: Row, choice: GridChoice) -> GridMember | None:
    """Returns the volume of a record, None if it has no file or none of the fields."""
    details = row["details"]
    has = len({*choice.fields} & {*details.get("written_fields", ())})
    file = next((each for each in row["outputs"] if each[0].endswith(".nc")), None)
    if not has or file is None:
        return None
    return GridMember(
        row["unit_id"],
        details["radar_code"],
        details["observation_datetime"],
        has,
        row["metrics"].get("sweeps", 0),
        path=file[0],
        sha256=file[2],
    )


def slot_of(time: str, minutes: int) -> str:
    """Returns the start of the slot that a time (ISO 8601, UTC) lies in.

    Slots are as long as asked for, counted from midnight.
    """
    exact = datetime.fromisoformat(time.replace("Z", "+00:00"))
    midnight = exact.replace(hour=0, minute=0, second=0, microsecond=0)
    length = timedelta(minutes=minutes)
    return (midnight + (exact - midnight) // length * length).strftime(_SLOT)


def slot_time(slot: str) -> datetime:
    """Returns the start of a slot, UTC."""
    return datetime.strptime(slot, _SLOT).replace(tzinfo=timezone.utc)


def form_grid(
    slot_and_members: tuple[str, Iterable[GridMember]], choice: GridChoice, compression: int
) -> Unit:
    """Returns the unit of work that the grid of a slot is.

    Args:
        slot_and_members: The slot, and all volumes that may be on its grid.
        choice: What the grid shall be like.
        compression: Deflate level of the file.
    """
    slot, members = slot_and_members
    used = used_members(members)
    volumes = [(each.volume_id, each.sha256) for each in used]
    return Unit(
        f"{PREFIX}{slot}",
        (),
        settings=f"{of_value([list(choice), compression])};volumes={of_value(volumes)}",
        details={"volumes": {each.volume_id: each.path for each in used}},
    )


def used_members(members: Iterable[GridMember]) -> Sequence[GridMember]:
    """Returns the volume of each radar that is used, by the radar's name.

    That is the one with the most of the fields; of these the one with the most sweeps, then the
    latest, then the last by name.
    """
    best: dict[str, GridMember] = {}
    for each in members:
        known = best.get(each.radar)
        if known is None or _rank(each) > _rank(known):
            best[each.radar] = each
    return [best[radar] for radar in sorted(best)]


def _rank(member: GridMember) -> tuple[int, int, str, str]:
    return member.has, member.sweeps, member.time, member.volume_id
