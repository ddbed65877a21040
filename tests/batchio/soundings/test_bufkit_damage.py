from __future__ import annotations

import gzip
import random

import numpy as np
import pytest
from bufkit_samples import END, PATH, block, level, preamble, surface, text
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bufkit import decode, zipped

from batchio.soundings.bufkit import BufkitError, BufkitFile, decode_bufkit

HOURS = 4
GOOD = text(HOURS)


def refusal(data: bytes) -> str:
    with pytest.raises(BufkitError) as error:
        decode_bufkit(data, PATH)
    assert (error.value.path, error.value.step) == (PATH, "read BUFKIT")
    assert error.value.action
    return error.value.cause


def lost(content: str, hours: list[int]) -> str:
    """Asserts that all is there but one part, given the hours that are; returns the loss."""
    file = decode(content)
    (forecast,) = file.forecasts
    assert forecast.forecast_hour.tolist() == hours
    (loss,) = file.losses
    return str(loss)


def line_of(content: str, piece: str) -> int:
    return content[: content.index(piece)].count("\n") + 1


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "the file is empty"),
        (b" \r\n", "the file is empty"),
        (b"<!DOCTYPE html><html>404</html>", "is a page of HTML or XML"),
        (b"<html>503</html>", "is a page of HTML or XML"),
        (b"Traceback (most recent call last):\n  File", "is the message of a server's error"),
        (b"no such station", "it has neither SNPARM nor STID"),
        (bytes(500), "it has neither SNPARM nor STID"),
        (preamble().encode(), "has no sounding"),
        (surface([0, 1]).encode(), "it has neither SNPARM nor STID"),
        (gzip.compress(GOOD.encode())[:-20], "ends within its gzip stream"),
        (b"\x1f\x8b" + bytes(50), "cannot be gunzipped"),
        (zipped(GOOD.encode())[:-30], "cannot be unzipped"),
        (zipped(GOOD.encode(), b""), "holds 2 files, not one"),
        (zipped(), "holds 0 files, not one"),
        (gzip.compress(bytes(65 << 20)), "is larger than"),
        (zipped(bytes(65 << 20)), "is larger than"),
        ((preamble() + block(0, TIME="221326/1200")).encode(), "no sounding is whole; line 5"),
    ],
)
def test_what_holds_no_sounding_is_refused(data, cause):
    assert cause in refusal(data)


def test_a_block_without_levels_is_a_profile_without_levels():
    hollow = block(1, levels=0).replace(" = 5.00", " = -9999.00")
    content = preamble() + block(0) + hollow + block(2) + surface(range(3))
    assert lost(content, [0, 1, 2]) == (
        f"line {line_of(content, 'STID = KABQ STNM = 723650 TIME = 221026/1300')}:"
        " sounding of hour 1: has no levels"
    )
    forecast = decode(content).forecasts[0]
    assert forecast.n_levels.tolist() == [3, 0, 3]
    assert np.isnan(forecast.levels["PRES"][1]).all()
    assert len(forecast.surface.time) == 3


@pytest.mark.parametrize("hour", range(HOURS))
@pytest.mark.parametrize("number", [0, 7, 9, 14, 29])
def test_a_block_that_lost_a_value_is_left_out(hour, number):
    tokens = [token for n in range(3) for token in level(n)]
    whole = END.join(
        " ".join(tokens[k : k + w]) for n in range(3) for k, w in ((10 * n, 8), (10 * n + 8, 2))
    )
    rows = whole.split(END)
    row, place = divmod(number, 10)
    row, place = (2 * row, place) if place < 8 else (2 * row + 1, place - 8)
    short = rows[row].split()
    del short[place]
    damaged = END.join([*rows[:row], " ".join(short), *rows[row + 1 :]])
    blocks = [block(each) for each in range(HOURS)]
    assert whole in blocks[hour]
    first = (preamble() + "".join(blocks[:hour]) + blocks[hour]).rindex(whole)
    blocks[hour] = blocks[hour].replace(whole, damaged)
    content = preamble() + "".join(blocks) + surface(range(HOURS))
    line = content[:first].count("\n") + 1 + row
    assert lost(content, [each for each in range(HOURS) if each != hour]) == (
        f"line {line}: sounding of hour {hour}: its 29 values are no whole rows of 10"
    )


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("STIM = 2", "STIM = x", "sounding: STIM 'x' is no forecast hour"),
        ("STIM = 2", "STIM = -2", "is no forecast hour"),
        ("STIM = 2", "", "its head has no STIM"),
        ("TIME = 221026/1400", "TIME = 221026/2500", "'221026/2500' is no time"),
        ("TIME = 221026/1400", "TIME = now", "'now' is no time YYMMDD/HHMM"),
        ("TIME = 221026/1400", "TIME = 221026/1500", "is of the run of 2022-10-26 13:00, not 20"),
        ("STIM = 2", "STIM = 1", "is of the run of 2022-10-26 13:00"),
        ("STNM = 723650 TIME = 221026/1400", "STNM = 1 TIME = 221026/1400", "is of station 1, not"),
        ("SLAT = 35.05", "SLAT = 95.05", "SLAT is '95.05'"),
        ("SLON = -106.62", "SLON = west", "SLON: 'west' is no number"),
        ("SELV = 1639.0", "SELV = -9999.00", "SELV is '-9999.00'"),
        ("CAPE = 75.00", "CAPE = 7_5", "CAPE: '7_5' is no number"),
        ("CAPE = 75.00", "CAPE =", "CAPE: '' is no number"),
        ("PRES TMPC TMWC", "TMPC TMPC TMWC", "its columns are TMPC TMPC"),
        ("PRES TMPC TMWC", "PRSS TMPC TMWC", "its columns are PRSS TMPC"),
        ("900.00 20.00", "900.00 2O.00", "'2O.00' is no number"),
        ("900.00 20.00", "900.00 nan", "'nan' is no number"),
        ("900.00 20.00", "900.00 1_0", "'1_0' is no number"),
        ("900.00 20.00", "900.00 " + "9" * 400, "is no number"),
        ("900.00 20.00", "900.00 200.00", "its level 1 has a value that no atmosphere has"),
        ("900.00 20.00", "-9999.00 20.00", "its level 1 has a value that no atmosphere has"),
        ("850.00 17.00", "900.00 17.00", "its level 2 does not lie above the last"),
        ("25.00 1500.00", "25.00 150.00", "its level 2 does not lie above the last"),
        ("25.00 1500.00", "25.00 1500.00\x00", "is no number"),
    ],
)
def test_a_block_that_is_not_whole_is_left_out(old, new, cause):
    damaged = block(2)
    assert damaged.count(old) == 1
    blocks = [block(0), block(1), damaged.replace(old, new), block(3)]
    content = preamble() + "".join(blocks) + surface(range(HOURS))
    assert cause in lost(content, [0, 1, 3])


def test_a_block_with_fewer_levels_than_the_others_is_left_out():
    content = preamble() + block(0) + block(1) + block(2, levels=2) + surface(range(3))
    assert "has 2 levels, not 3 like the others" in lost(content, [0, 1])


def test_an_hour_that_comes_twice_counts_once():
    content = preamble() + block(0) + block(1) + block(1) + surface(range(2))
    assert "sounding of hour 1: was there before" in lost(content, [0, 1])


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("1012.50 834.90 1.00", "1012.50 1.00", "surface row: has 6 values, not 7"),
        ("1012.50 834.90 1.00", "1012.50 834,90 1.00", "'834,90' is no number"),
        ("1012.50 834.90 1.00", "1012.50 83_4.90 1.00", "'83_4.90' is no number"),
        ("723650 221026/1300", "723651 221026/1300", "is of station '723651', not 723650"),
        ("723650 221026/1300", "723650 221026/1200", "its time 2022-10-26 12:00 was there before"),
        (
            "723650 221026/1300",
            "723650 221026/13",
            "'723650 221026/13 1012.50 834.90 1.00 -3.' beg",
        ),
        ("723650 221026/1300", "723650 221026/2500", "'221026/2500' is no time"),
    ],
)
def test_a_surface_row_that_is_not_whole_is_left_out(old, new, cause):
    below = surface(range(3))
    assert below.count(old) == 1
    content = preamble() + block(0) + below.replace(old, new)
    assert cause in lost(content, [0])
    assert len(decode(content).forecasts[0].surface.time) == 2


def test_a_surface_section_with_fewer_rows_than_soundings_is_reported():
    content = preamble() + block(0) + block(1) + block(2) + surface([1])
    assert "surface section: has no row for 2 of the soundings" in lost(content, [0, 1, 2])


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        ("", "surface section: is not there: the file may be cut short"),
        (f"STN YYMMDD/HHMM PMSL{END}", "surface section: has no rows"),
        (surface([0]).replace("PRES", "PMSL"), "surface section: names a column twice"),
    ],
)
def test_a_surface_section_that_is_not_whole_is_reported(end, cause):
    content = preamble() + block(0) + end
    assert cause in lost(content, [0])
    assert len(decode(content).forecasts[0].surface.time) == 0


def test_a_member_without_a_sounding_does_not_cost_the_others():
    content = f"a{END}{text()}{END * 3}b{END}{text().replace('STIM', 'STUM')}"
    file = decode(content)
    assert [forecast.member for forecast in file.forecasts] == ["a"]
    assert len(file.losses) == 3


def test_a_file_cut_anywhere_gives_what_is_whole_and_nothing_else():
    data = text(2).encode()
    whole = decode_bufkit(data, PATH).forecasts[0]
    sizes = []
    for size in range(len(data)):
        file = read_or_refused(data[:size])
        if file is None:
            continue
        (forecast,) = file.forecasts
        assert_part_of(forecast, whole, may_be_short=(forecast.n_levels > 0).sum() == 1)
        assert file.losses or len(forecast.surface.time) == 2 or size < data.index(b"STN Y")
        sizes.append(int((forecast.n_levels > 0).sum()))
    assert sizes == sorted(sizes)
    assert set(sizes) == {1, 2}


def assert_part_of(forecast, whole, *, may_be_short):
    # A block that was cut in its head is a profile without levels.
    hours, rows = int((forecast.n_levels > 0).sum()), len(forecast.surface.time)
    levels = int(forecast.n_levels.max())
    # A single block that was cut between two levels cannot be told from a whole one.
    assert levels == 3 or may_be_short
    for name, values in forecast.levels.items():
        np.testing.assert_array_equal(values[:hours], whole.levels[name][:hours, :levels])
    for name, values in forecast.surface.columns.items():
        np.testing.assert_array_equal(values, whole.surface.columns[name][:rows])


def read_or_refused(data: bytes) -> BufkitFile | None:
    try:
        return decode_bufkit(data, PATH)
    except BufkitError:
        return None


PIECES = [END, "\n", " ", "=", "/", "-", ".", "9", "STID = ", "STN YYMMDD/HHMM ", "SNPARM = "]


@settings(max_examples=300)
@given(st.data())
def test_random_damage_never_raises_anything_but_our_error(data):
    content = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content) - 1))
        size = data.draw(st.integers(0, 40))
        piece = st.sampled_from(PIECES).map(str.encode) | st.binary(max_size=8)
        content[start : start + size] = data.draw(piece)
    file = read_or_refused(bytes(content))
    for forecast in file.forecasts if file else ():
        assert (np.diff(forecast.levels["PRES"], axis=1) < 0).any()


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise_anything_but_our_error(data):
    read_or_refused(data)
    read_or_refused(b"SNPARM = PRES;TMPC;HGHT\nSTID = " + data)


@pytest.mark.parametrize("piece", ["A", "A ", " ", "=", "A=", "-", ".", "1", "1 ", "\n", "\x00"])
def test_a_long_run_of_anything_is_soon_refused(piece):
    run = piece * 300_000
    for content in (f"STID = {run}", f"{GOOD}{run}", GOOD.replace("TMPC", run, 1)):
        read_or_refused(content.encode())


def test_many_markers_are_soon_refused():
    for marker in ("STID =\n", "SNPARM =\n", "STN YYMMDD/HHMM\n", "STID = SNPARM =\n"):
        read_or_refused(marker.encode() * 20_000)


def test_shuffled_lines_never_raise_anything_but_our_error():
    lines = GOOD.split(END)
    for seed in range(50):
        random.Random(seed).shuffle(lines)
        read_or_refused(END.join(lines).encode())
