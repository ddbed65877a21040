"""Which volumes are on which grid."""

from __future__ import annotations

import pytest

from transforms.radar.grid_choice import (
    GridChoice,
    GridMember,
    form_grid,
    slot_of,
    slot_time,
    used_members,
)


def member(
    volume_id: str, *, has: int = 1, sweeps: int = 15, time: str = "12:30:00", sha256: str = "1f"
) -> GridMember:
    radar = volume_id.partition("_")[0]
    path = f"/out/{volume_id}.nc"
    return GridMember(volume_id, radar, f"2025-11-18T{time}Z", has, sweeps, path, sha256)


@pytest.mark.parametrize(
    ("time", "minutes", "slot"),
    [
        ("2025-11-18T12:30:00Z", 10, "20251118T1230Z"),
        ("2025-11-18T12:39:59Z", 10, "20251118T1230Z"),
        ("2025-11-18T23:59:59Z", 7, "20251118T2355Z"),
        ("2025-11-18T23:59:59Z", 1440, "20251118T0000Z"),
    ],
)
def test_a_slot_is_as_long_as_asked_for(time: str, minutes: int, slot: str) -> None:
    assert slot_of(time, minutes) == slot
    assert slot_time(slot).strftime("%Y%m%dT%H%MZ") == slot


def test_one_volume_of_each_radar_is_used() -> None:
    candidates = {
        "RMA1_0315_01_a": member("RMA1_0315_01_a", has=2, sweeps=3),
        "RMA1_0301_01_b": member("RMA1_0301_01_b", has=1, sweeps=15),
        "RMA2_0301_01_a": member("RMA2_0301_01_a", sweeps=15, time="12:30:00"),
        "RMA2_0301_02_b": member("RMA2_0301_02_b", sweeps=3, time="12:38:00"),
        "RMA3_0301_01_a": member("RMA3_0301_01_a", time="12:31:00"),
        "RMA3_0301_01_b": member("RMA3_0301_01_b", time="12:36:00"),
        "RMA4_0301_01_a": member("RMA4_0301_01_a"),
        "RMA4_0301_02_a": member("RMA4_0301_02_a"),
    }
    expected = ["RMA1_0315_01_a", "RMA2_0301_01_a", "RMA3_0301_01_b", "RMA4_0301_02_a"]
    for order in (candidates.values(), reversed(candidates.values())):
        assert [each.volume_id for each in used_members(order)] == expected


def test_a_grid_is_anew_when_a_volume_that_is_used_or_a_setting_has_changed() -> None:
    one, other = member("RMA1_0315_01_a"), member("RMA2_0315_01_a")
    not_used = member("RMA2_0315_02_a", sweeps=1)
    choice = GridChoice()

    def settings(*members: GridMember, choice: GridChoice = choice, compression: int = 1) -> str:
        return form_grid(("20251118T1230Z", members), choice, compression).settings

    before = settings(one, other)
    assert settings(other, not_used, one) == before
    changed = settings(one, other._replace(sha256="2e"))
    assert changed != before
    assert changed.partition(";")[0] == before.partition(";")[0]  # told as "volumes changed"
    assert settings(one) != before
    assert settings(one, other, choice=GridChoice(minutes=15)) != before
    assert settings(one, other, compression=4) != before


def test_a_grid_names_the_files_of_its_volumes() -> None:
    unit = form_grid(
        ("20251118T1230Z", [member("RMA2_0315_01_a"), member("RMA1_0315_01_a")]), GridChoice(), 1
    )
    assert unit.unit_id == "grid/20251118T1230Z"
    files = {"RMA1_0315_01_a": "/out/RMA1_0315_01_a.nc", "RMA2_0315_01_a": "/out/RMA2_0315_01_a.nc"}
    assert unit.details == {"volumes": files}
    assert unit.files == ()
