from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.subtitles.srt import read_srt
from batchio.subtitles.srt_times import format_times, read_times

# What must come out is said by the format notes; no Python reader reads all of these.
ODD = [
    ("00:00:01,5", 1005, "',5' read as 5 ms"),
    ("00:00:01,50", 1050, "',50' read as 50 ms"),
    ("00:00:01.5", 1500, "'.5' read as 500 ms"),
    ("00:00:01.50", 1500, "'.50' read as 500 ms"),
    ("00:00:01.500", 1500, "'.' for ','"),
    ("00:00:0,500", 500, "blanks or digits out of place"),
    ("1:2:3,4", 3723004, "',4' read as 4 ms"),
    ("00:28:41,1000", 1722000, "',1000' read as 1000 ms"),
    ("00:00:20", 20000, "no milliseconds"),
    ("00:00:01:500", 1500, "':' for ','"),
    ("00:00:01;500", 1500, "';' for ','"),
    ("00:00:01, 500", 1500, "blanks or digits out of place"),
    ("00 : 00 : 01,500", 1500, "blanks or digits out of place"),
    ("00:01,500", 1500, "no hours"),
    ("00:00:75,000", 75000, "60 or more carried over"),
    ("100:00:00,000", 360_000_000, "blanks or digits out of place"),
    ("00:00:01,500000", 1500, "',500000' read as 500 ms"),
    ("००:००:०१,५००", 1500, "blanks or digits out of place"),  # noqa: RUF001
]


@pytest.mark.parametrize(("text", "start", "note"), ODD)
def test_odd_times_are_read_as_the_notes_say(text: str, start: int, note: str) -> None:
    times = read_times(f"{text} --> 99:00:00,000")
    assert times is not None
    assert (times.start, times.end, times.notes) == (start, 356_400_000, note)
    times = read_times(f"00:00:00,000 --> {text}")
    assert times is not None
    assert (times.start, times.end, times.notes) == (0, start, note)


@pytest.mark.parametrize("minus", ["-", "- ", "\N{MINUS SIGN}"])
def test_a_minus_sign_is_kept_and_is_a_fault(minus: str) -> None:
    subtitles = read_srt(f"1\n{minus}00:00:01,000 --> 00:00:02,000\nA\n".encode())
    assert subtitles.cues[0].start == -1000
    assert "time_negative" in {issue.kind for issue in subtitles.issues}


@pytest.mark.parametrize("arrow", ["->", "-->", "--->", "-- >", "–>", "—>", "\t-->\t"])  # noqa: RUF001
def test_arrows_that_are_met(arrow: str) -> None:
    times = read_times(f"00:00:01,000{arrow}00:00:02,000")
    assert times is not None
    assert times[:3] == (1000, 2000, "")
    assert times.notes


@pytest.mark.parametrize(
    ("after", "trailer"),
    [
        ("  X1:40 X2:600 Y1:20 Y2:50", "X1:40 X2:600 Y1:20 Y2:50"),
        (" position:50,00%,middle ", "position:50,00%,middle"),
        (" ", ""),
        (" 7", "7"),
    ],
)
def test_words_after_the_times_are_kept(after: str, trailer: str) -> None:
    assert read_times(f"00:00:01,000 --> 00:00:02,000{after}") == (1000, 2000, trailer, "")


@pytest.mark.parametrize(
    "line",
    [
        "a --> b",
        "00:00:01,000 --> ",
        "00:00:xx,000 --> 00:00:02,000",
        "00:00:01,000 00:00:02,000",
        "12 --> 13",
        "00:00:01,9999999999 --> 00:00:02,000",
        "0000000:00:01 --> 00:00:02,000",
    ],
)
def test_what_is_no_times(line: str) -> None:
    assert read_times(line) is None


@given(st.integers(0, 359_999_999), st.integers(0, 359_999_999), st.sampled_from(["", "X1:4"]))
def test_written_times_are_read_again(start: int, end: int, trailer: str) -> None:
    assert read_times(format_times(start, end, trailer)) == (start, end, trailer, "")


@given(st.integers(-359_999_999, 10**12), st.integers(-359_999_999, 10**12))
def test_times_beyond_a_hundred_hours_and_below_zero_are_written_too(start: int, end: int) -> None:
    times = read_times(format_times(start, end))
    assert times is not None
    assert times[:2] == (start, end)
