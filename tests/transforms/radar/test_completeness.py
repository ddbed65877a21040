from datetime import datetime, timedelta, timezone

import pytest

from batchio.fileset import FileRef
from batchio.radar.volume_types import load_volume_types
from transforms.radar.completeness import VolumeRules, form_volume, volume_of
from transforms.radar.quality_settings import QualitySettings

TIME = datetime(2025, 11, 18, 12, 30, tzinfo=timezone.utc)
TABLE = {"0315": {"01": ("DBZH", "ZDR"), "02": ("VRAD",)}}
ID = "RMA1_0315_01_20251118T123000Z"


def files(*fields, number="01", strategy="0315", folder="/in"):
    return [
        FileRef(f"{folder}/RMA1_{strategy}_{number}_{field}_20251118T123000Z.BUFR", 10, 1.0)
        for field in fields
    ]


def volume(*fields, number="01", strategy="0315", **rules):
    about = {"now": TIME, "volume_types": TABLE} | rules
    return form_volume(files(*fields, number=number, strategy=strategy), VolumeRules(**about))


def judged(unit):
    return unit.waits, unit.reason


def test_a_volume_is_its_files_with_what_their_names_say():
    unit = volume("ZDR", "DBZH")
    assert (unit.unit_id, judged(unit)) == (ID, ("", ""))
    assert [file.name.split("_")[3] for file in unit.files] == ["DBZH", "ZDR"]
    assert unit.details == {
        "radar_code": "RMA1",
        "vol_code": "0315",
        "vol_number": "01",
        "observation_datetime": "2025-11-18T12:30:00Z",
        "expected_fields": ("DBZH", "ZDR"),
        "downloaded_fields": ["DBZH", "ZDR"],
        "missing_fields": [],
        "is_complete": True,
        "may_be_incomplete": False,
    }


def test_the_order_of_the_files_makes_no_difference():
    forward = form_volume(files("DBZH", "ZDR"), VolumeRules(TIME))
    assert forward == form_volume(reversed(files("DBZH", "ZDR")), VolumeRules(TIME))


def test_fields_come_in_their_usual_order_each_once():
    unit = form_volume([*files("VRAD", "DBZH"), *files("DBZH", folder="/more")], VolumeRules(TIME))
    assert unit.details["downloaded_fields"] == ["DBZH", "VRAD"]
    assert len(unit.files) == 3


def test_without_a_table_every_volume_is_taken_as_it_is():
    unit = volume("ZDR", volume_types=None)
    assert judged(unit) == ("", "")
    assert unit.details["expected_fields"] is None
    assert unit.details["is_complete"] is None
    assert unit.details["may_be_incomplete"]


def test_more_fields_than_expected_are_no_matter():
    assert judged(volume("DBZH", "ZDR", "KDP")) == ("", "")


def test_an_incomplete_volume_waits_and_says_for_what():
    unit = volume("ZDR")
    reason = "incomplete: DBZH missing; add the files, or give --allow_incomplete"
    assert judged(unit) == ("incomplete", reason)
    assert (unit.details["missing_fields"], unit.details["is_complete"]) == (["DBZH"], False)


def test_all_that_is_missing_is_named():
    assert "DBZH, ZDR missing" in volume("KDP").reason


def test_incomplete_volumes_can_be_allowed():
    unit = volume("ZDR", allow_incomplete=True)
    assert judged(unit) == ("", "incomplete, allowed: DBZH missing")
    assert unit.details["may_be_incomplete"]
    assert volume("DBZH", "ZDR", allow_incomplete=True).details["may_be_incomplete"]


@pytest.mark.parametrize(
    ("age_s", "judgement"),
    [
        (3 * 3600, ("", "incomplete, older than 1.5 h: DBZH missing")),
        (1.5 * 3600, ("", "incomplete, older than 1.5 h: DBZH missing")),
        (
            1.5 * 3600 - 1,
            ("incomplete", "incomplete: DBZH missing; waits until 1.5 h old"),
        ),
        (-3600, ("incomplete", "incomplete: DBZH missing; waits until 1.5 h old")),
    ],
)
def test_an_incomplete_volume_waits_no_longer_than_its_timeout(age_s, judgement):
    now = TIME + timedelta(seconds=age_s)
    unit = volume("ZDR", now=now, timeout_hours=1.5)
    assert judged(unit) == judgement


def test_a_complete_volume_waits_for_no_timeout():
    assert judged(volume("ZDR", "DBZH", timeout_hours=1.5)) == ("", "")


@pytest.mark.parametrize("key", [{"number": "03"}, {"strategy": "0999"}])
def test_a_volume_that_the_table_does_not_list_waits(key):
    unit = volume("ZDR", **key)
    strategy, number = key.get("strategy", "0315"), key.get("number", "01")
    what = f"strategy {strategy}, volume {number} is not in the table"
    assert judged(unit) == ("pending", f"unexpected: {what}; add it, or give --allow_unexpected")
    assert unit.details["is_complete"] is None
    allowed = volume("ZDR", allow_unexpected=True, **key)
    assert judged(allowed) == ("", f"unexpected, allowed: {what}")
    assert allowed.details["may_be_incomplete"]


def test_an_unexpected_volume_waits_whatever_the_timeout():
    old = TIME + timedelta(days=9)
    assert volume("ZDR", number="03", now=old, timeout_hours=1, allow_incomplete=True).waits


def test_settings_change_with_what_the_result_depends_on_and_nothing_else():
    settings = volume("ZDR").settings
    later = TIME + timedelta(days=1)
    same = [
        volume("DBZH"),
        volume("ZDR", allow_incomplete=True, allow_unexpected=True),
        volume("ZDR", now=later, timeout_hours=1),
        volume("ZDR", volume_types={**TABLE, "0999": {"01": ("TH",)}}),
    ]
    assert {unit.settings for unit in same} == {settings}
    other = [
        volume("ZDR", compression=5),
        volume("ZDR", format="cfradial2"),
        volume("ZDR", volume_types=None),
        volume("ZDR", volume_types={"0315": {"01": ("ZDR",)}}),
    ]
    assert len({settings, *(unit.settings for unit in other)}) == 5
    assert volume("ZDR", pictures="DBZH@0").settings == f"{settings};pictures=DBZH@0"


def test_the_table_of_a_file_without_quotes_is_meant_as_it_is_written(tmp_path):
    (tmp_path / "types.yaml").write_text("0315: {01: [DBZH, ZDR]}\n")
    table = load_volume_types(str(tmp_path / "types.yaml"))
    assert judged(volume("DBZH", "ZDR", volume_types=table)) == ("", "")
    assert volume("DBZH", volume_types=table).waits == "incomplete"


def test_the_volume_of_a_file_is_read():
    (file,) = files("ZDR")
    assert volume_of(file) == ID


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("README.md", "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP"),
        ("RMA1_0315_01_ZDR_20251399T123000Z.BUFR", "timestamp 20251399T123000Z is no time"),
        ("RMA1_0315_01_FOO_20251118T123000Z.BUFR", "the field FOO is unknown; rename the file"),
    ],
)
def test_a_file_of_no_volume_says_why_and_what_to_do(name, cause):
    left_out = volume_of(FileRef(f"/in/{name}", 1, 1.0))
    assert cause in left_out.why
    assert "; rename the file" in left_out.why


def test_quality_control_is_a_setting_of_the_result_and_that_of_other_volumes_is_not():
    def fingerprint(quality):
        return volume("DBZH", "ZDR", quality=quality).settings

    plain = QualitySettings()
    other = QualitySettings(nyquist_m_s={"0301": {"02": 16}, "0315": {"02": 16}})
    this = QualitySettings(nyquist_m_s={"0315": {"01": 16}})
    assert fingerprint(plain) == fingerprint(other)
    assert len({fingerprint(None), fingerprint(plain), fingerprint(this)}) == 3
