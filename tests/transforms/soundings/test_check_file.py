import gzip
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from bufkit_samples import END, GFS_COLUMNS, block, preamble, surface, surface_row, text

from batchio.errors import InputError
from batchio.soundings.bufkit import decode_bufkit
from transforms.soundings.check_file import (
    CutShort,
    WrongCycle,
    WrongModel,
    WrongPlace,
    check_content,
)
from transforms.soundings.wanted import Wanted

CYCLE = datetime(2022, 10, 26, 12, tzinfo=timezone.utc)
WANTED = Wanted("RAP", CYCLE, "KABQ", 35.04, -106.60, ("ABQ",))
HOURS = range(4)
BLOCKS = [block(hour) for hour in HOURS]
WHOLE = text(len(HOURS))
SOUNDINGS_LAST = preamble() + BLOCKS[0] + surface(HOURS) + "".join(BLOCKS[1:])


def check(file, wanted=WANTED, max_distance_km=50.0):
    check_content(file.encode(), wanted, max_distance_km, "rap_kabq.buf")


def without_first_level(block):
    return block.replace("900.00 20.00 ", "900.00 ")


@pytest.mark.parametrize(
    "file",
    [
        WHOLE,
        WHOLE.replace(END, "\n"),
        WHOLE.rstrip(),
        SOUNDINGS_LAST,
        preamble() + BLOCKS[0] + without_first_level(BLOCKS[1]) + BLOCKS[2] + surface(range(3)),
        preamble() + BLOCKS[0] + without_first_level(BLOCKS[1]) + surface(range(2)),
        preamble() + BLOCKS[0] + block(1, levels=0) + surface(range(2)),
        preamble() + BLOCKS[0] + BLOCKS[1] + surface([1]),
        preamble() + surface([]) + BLOCKS[0],
    ],
    ids=[
        "as produced",
        "LF",
        "no line end",
        "surface in the middle",
        "damaged block",
        "damaged last block",
        "hollow block",
        "a row less",
        "no rows",
    ],
)
def test_a_file_that_no_fetch_would_mend_is_let_pass(file):
    check(file)


@pytest.mark.parametrize(
    ("file", "first"),
    [(WHOLE, 0), (SOUNDINGS_LAST, SOUNDINGS_LAST.index(BLOCKS[1]) - len(surface_row(3)))],
    ids=["surface last", "soundings last"],
)
def test_a_file_that_is_cut_anywhere_is_refused(file, first):
    end = len(file.rstrip())
    for size in range(first, end):
        with pytest.raises(InputError):
            check(file[:size])
    for size in range(end, len(file) + 1):
        check(file[:size])


def test_a_cut_says_where_it_is():
    with pytest.raises(CutShort) as caught:
        check(WHOLE[: WHOLE.index("STN YYMMDD")])
    assert str(caught.value) == (
        "rap_kabq.buf: check: is cut short: it has no surface section; fetch the file again"
    )
    rows = surface(range(3))
    with pytest.raises(CutShort, match="soundings go on to 2022-10-26T15:00:00, its surface rows"):
        check(preamble() + "".join(BLOCKS) + rows)
    with pytest.raises(CutShort, match=r"is cut short: line \d+: surface row: has 5 values, not 7"):
        check(preamble() + "".join(BLOCKS) + rows + " ".join(surface_row(3)[0].split()[:7]))
    with pytest.raises(CutShort, match="surface rows go on to 2022-10-26T15:00:00, its soundings"):
        check(preamble() + BLOCKS[0] + surface(HOURS) + BLOCKS[1])
    with pytest.raises(CutShort, match="surface rows go on to 2022-10-26T13:00:00, its soundings"):
        check(preamble() + BLOCKS[0] + surface([0, 1]))


def test_a_compressed_file_is_checked_as_well():
    packed = gzip.compress(WHOLE.encode())
    check_content(packed, WANTED, 50.0)
    with pytest.raises(InputError, match="ends within its gzip stream"):
        check_content(packed[:-20], WANTED, 50.0)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "the file is empty"),
        ("<!DOCTYPE html><html>not here</html>", "is a page of HTML or XML"),
        ("Traceback (most recent call last):", "is the message of a server's error"),
        ("hello", "neither SNPARM nor STID"),
    ],
)
def test_what_is_no_sounding_is_refused(content, cause):
    with pytest.raises(InputError, match=cause):
        check(content)


def test_another_place_is_named_with_its_distance():
    guam = replace(
        WANTED, station="PGUM", latitude_deg=13.48, longitude_deg=144.8, offices=("GUM",)
    )
    with pytest.raises(WrongPlace) as caught:
        check(WHOLE, guam)
    # By the law of cosines on a sphere of 6371 km: 10,773 km.
    assert caught.value.cause == (
        "is of station KABQ at 35.05 -106.62, 10773 km from GUM PGUM at 13.48 144.80 "
        "and farther than 50 km"
    )


@pytest.mark.parametrize("stated", ["STID = KAEG", "STID ="])
def test_another_station_nearby_is_refused(stated):
    neighbour = WHOLE.replace("STID = KABQ", stated).replace("723650", "723654")
    with pytest.raises(WrongPlace, match=r"is of station (KAEG|723654), 2 km from KABQ") as caught:
        check(neighbour)
    assert caught.value.action == "check the source's address"


@pytest.mark.parametrize(
    ("old", "new"),
    [("STID = KABQ", "STID ="), ("STID = KABQ", "STID = ABQ"), ("723650", "000099")],
)
def test_a_station_is_known_by_its_id_or_by_its_number(old, new):
    check(WHOLE.replace(old, new))


def test_the_distance_allowed_is_the_callers():
    near = replace(WANTED, latitude_deg=36.0)  # 0.95 degrees north: 106 km
    check(WHOLE, near, 110.0)
    with pytest.raises(WrongPlace, match="106 km from ABQ KABQ"):
        check(WHOLE, near, 100.0)


def test_an_id_that_is_missing_is_given_by_the_number():
    with pytest.raises(WrongPlace, match="is of station 723650 at"):
        check(WHOLE.replace("STID = KABQ", "STID ="), replace(WANTED, latitude_deg=-35.0))


def test_another_run_is_refused():
    with pytest.raises(WrongCycle, match="is of the run of 2022-10-26 12:00, not 2022-10-27 12:00"):
        check(WHOLE, replace(WANTED, cycle=CYCLE.replace(day=27)))


GFS = text(4, GFS_COLUMNS)


@pytest.mark.parametrize("model", ["HRRR", "RAP", "NAM", "NAMNEST"])
def test_gfs_is_known_by_its_lack_of_cloud_fractions(model):
    check(GFS, replace(WANTED, model="GFS"))
    with pytest.raises(WrongModel, match=f"is not of {model}: it has no cloud fractions"):
        check(GFS, replace(WANTED, model=model))
    with pytest.raises(WrongModel, match="is not of GFS: it has cloud fractions"):
        check(WHOLE, replace(WANTED, model="GFS"))


@pytest.mark.parametrize(("model", "last"), [("HRRR", 48), ("RAP", 51), ("NAMNEST", 60)])
def test_a_model_goes_no_farther_than_it_goes(model, last):
    check(preamble() + block(last) + surface([last]), replace(WANTED, model=model))
    longer = preamble() + block(0) + block(last + 1) + surface([0, last + 1])
    with pytest.raises(WrongModel, match=f"is not of {model}: it goes to hour {last + 1}"):
        check(longer, replace(WANTED, model=model))


def test_an_ensembles_last_member_tells_whether_it_is_cut():
    one, two = (f"{name}{END}{WHOLE.lstrip()}{END}{END}{END}" for name in ("sref_a", "sref_b"))
    assert len(decode_bufkit((one + two).encode(), "").forecasts) == 2
    check(one + two)
    with pytest.raises(CutShort):
        check(one + two[: two.index("STN YYMMDD")])
