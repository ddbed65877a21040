from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.errors import HeadraceError, InputError
from batchio.subtitles.srt import SubtitleError, read_srt
from batchio.subtitles.srt_issues import KINDS, Issue
from batchio.subtitles.srt_model import Subtitles

TIMES = "00:00:01,000 --> 00:00:02,000"
NEXT = "00:00:03,000 --> 00:00:04,000"
THEN = "00:00:05,000 --> 00:00:06,000"


def read(*lines: str) -> Subtitles:
    return read_srt("\n".join(lines).encode())


def kinds(subtitles: Subtitles) -> list[tuple[int, str]]:
    return [(issue.line, issue.kind) for issue in subtitles.issues]


def texts(subtitles: Subtitles) -> list[tuple[str, ...]]:
    return [cue.lines for cue in subtitles.cues]


def test_a_file_as_it_should_be():
    subtitles = read("1", TIMES, "One", "<i>two</i>", "", "2", NEXT, "Three", "")
    one, two = subtitles.cues
    assert one == ("1", 1000, 2000, "", ("One", "<i>two</i>"), 1, 2, 3)
    assert two == ("2", 3000, 4000, "", ("Three",), 6, 7, 8)
    assert subtitles.issues == []
    assert subtitles.encoding.source == "utf-8"


@pytest.mark.parametrize(
    ("lines", "found", "seen"),
    [
        (
            [TIMES, "A", "", NEXT, "B"],
            [(1, "number_missing"), (4, "number_missing")],
            [("A",), ("B",)],
        ),
        (["one", TIMES, "A"], [(1, "number_invalid")], [("A",)]),
        (["1", TIMES, "A", "", "x", NEXT, "B"], [(5, "number_invalid")], [("A",), ("B",)]),
        (["1", TIMES, "A", "2", NEXT, "B"], [(4, "no_blank_line")], [("A",), ("B",)]),
        (
            ["1", TIMES, "A", NEXT, "B"],
            [(4, "no_blank_line"), (4, "number_missing")],
            [("A",), ("B",)],
        ),
        (["1", "", TIMES, "", "A"], [(1, "number_apart"), (5, "blank_in_text")], [("A",)]),
        (["1", TIMES, "A", "", "2", "", NEXT, "B"], [(5, "number_apart")], [("A",), ("B",)]),
        (["1", TIMES, "A", " ", "B", "", ""], [(3, "blank_in_text")], [("A", " ", "B")]),
        (["1", TIMES, "", "2", NEXT, "B"], [(1, "no_text")], [(), ("B",)]),
        (["1", TIMES + " X1:40 X2:600", "A"], [(2, "trailer")], [("A",)]),
        (["0", TIMES, "A", "", "1", NEXT, "B"], [(1, "number_order")], [("A",), ("B",)]),
        (["1", TIMES, "A", "", "1", NEXT, "B"], [(5, "number_repeated")], [("A",), ("B",)]),
        (["1", TIMES, "A", "", "9", NEXT, "B"], [(5, "number_gap")], [("A",), ("B",)]),
        (["1", NEXT, "A", "", "2", TIMES, "B"], [(6, "time_order")], [("A",), ("B",)]),
        (["1", TIMES, "A", "", "2", TIMES, "B"], [(6, "overlap")], [("A",), ("B",)]),
        (["1", "00:00:02,000 --> 00:00:02,000", "A"], [(2, "end_before_start")], [("A",)]),
        (["Made by", "", "1", TIMES, "A"], [(1, "stray_lines")], [("A",)]),
    ],
)
def test_each_deviation_is_read_and_reported(
    lines: list[str], found: list[tuple[int, str]], seen: list[tuple[str, ...]]
) -> None:
    subtitles = read(*lines)
    assert kinds(subtitles) == found
    assert texts(subtitles) == seen


@pytest.mark.parametrize(
    ("block", "line"),
    [
        (["2", "no times at all", "Lost."], 5),
        (["2", "Lost."], 5),
        (["2", "00:00:xx,000 --> 00:00:02,000", "Lost."], 5),
        (["2", "00:00:03,000 00:00:04,000", "Lost."], 5),
        (["00:00:xx,000 --> 00:00:02,000", "Lost."], 5),
        (["2", "00:00:03,000 --> ", "Lost."], 5),
        (["2", "--> 00:00:03,000", "Lost."], 5),
        (["2", "-->", "Lost."], 5),
        (["2", "00:00:03,000", "00:00:04,000", "Lost."], 5),
        (["9", "00:00:xx,000 -> 00:00:04,000", "Lost."], 5),
        (["2", "Lost.", "", "and more that is lost"], 5),
    ],
)
def test_a_block_without_readable_times_is_lost_and_in_no_text(block: list[str], line: int) -> None:
    subtitles = read("1", TIMES, "A", "", *block, "", "3", THEN, "B")
    assert texts(subtitles) == [("A",), ("B",)]
    assert Issue(line, "cue_lost", "\n".join(block)) in subtitles.issues
    assert subtitles.lost == 1


def test_lost_blocks_are_told_apart() -> None:
    subtitles = read("1", TIMES, "A", "", "2", "B", "", "3", "C", "", "4", THEN, "D", "", "5", "E")
    lost = [(issue.line, issue.text) for issue in subtitles.issues if issue.kind == "cue_lost"]
    assert lost == [(5, "2\nB"), (8, "3\nC"), (15, "5\nE")]
    assert texts(subtitles) == [("A",), ("D",)]


def test_lost_blocks_before_the_first_cue_and_without_a_blank_line() -> None:
    subtitles = read("1", "A", "", "2", NEXT, "B", "3", "00:00:xx --> 00:00:07,000", "C")
    lost = [(issue.line, issue.text) for issue in subtitles.issues if issue.kind == "cue_lost"]
    assert lost == [(1, "1\nA"), (7, "3\n00:00:xx --> 00:00:07,000\nC")]
    assert texts(subtitles) == [("B",)]


@pytest.mark.parametrize(
    "text",
    [
        ["Which year?", "", "1969", "was the year"],  # numbers in order: nothing is missing
        ["A --> B"],
        ["00:05:10 is when"],
        ["We look", "", "at 00:05:10 and at 00:06:10"],
        ["8:30 --> " + "x" * 1000],
        ["if x > 3 and", "3 -> 4"],
        ["42"],
        ["Ten", "", "9", "", "8"],
    ],
)
def test_numbers_and_arrows_in_a_text_stay_text(text: list[str]) -> None:
    subtitles = read("1", TIMES, *text, "", "2", NEXT, "B")
    assert texts(subtitles) == [tuple(text), ("B",)]
    assert subtitles.lost == 0


def test_a_number_is_the_text_of_a_cue_in_a_file_without_numbers() -> None:
    assert texts(read(TIMES, "42", "", NEXT, "43", THEN, "B")) == [("42",), ("43",), ("B",)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_is_read(end: str) -> None:
    subtitles = read_srt(end.join(["1", TIMES, "A", "", "2", NEXT, "B", ""]).encode())
    assert [cue.line for cue in subtitles.cues] == [1, 5]
    assert subtitles.line_end == end
    assert texts(subtitles) == [("A",), ("B",)]


def test_mixed_line_ends_are_reported_and_only_these_divide_lines() -> None:
    subtitles = read_srt(f"1\r\n{TIMES}\r\nA\x0bB\u2028C\x85D\n".encode())
    assert texts(subtitles) == [("A\x0bB\u2028C\x85D",)]
    assert kinds(subtitles) == [(1, "line_ends_mixed")]
    assert subtitles.line_end == "\r\n"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nA\n", "WebVTT"),
        (b"\xef\xbb\xbfWEBVTT - title\n", "WebVTT"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nA\0B\n", "NUL"),
        (b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe", "NUL"),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n".encode("utf-16-le"), "NUL"),
        (b"some text\nand more\n", "line 1: 'some text'"),
        (b"9" * 5000, "no line has times"),
    ],
)
def test_what_is_no_subtitle_file_is_refused_plainly(data: bytes, cause: str) -> None:
    with pytest.raises(SubtitleError, match=cause) as caught:
        read_srt(data)
    assert isinstance(caught.value, InputError)
    assert caught.value.action


def test_every_kind_has_a_group_and_a_meaning() -> None:
    assert {kind.group for kind in KINDS.values()} == {"file", "parse", "time"}
    issue = Issue(7, "cue_lost", "2\nLost.")
    assert str(issue) == "line 7: no readable times: the block is no cue: '2\\nLost.'"
    issue = Issue(2, "time_format", "0:0:1 --> 0:0:2", "no milliseconds")
    assert str(issue).endswith("00:00:00,000 (no milliseconds): '0:0:1 --> 0:0:2'")
    assert str(Issue(1, "line_ends_mixed")) == "line 1: lines do not all end alike"


LINE = st.sampled_from(
    [
        *["", " ", "1", "2", "3", "7", "\ufeff4", "٣", "x", "text", "a --> b", "A > B"],
        *[TIMES, NEXT, "00:00:9 --> 0:0:10.5 X1:1", "-00:00:01,000 --> 00:00:02,000"],
        "00:xx --> 00:00:02,000",
    ]
)


@given(st.lists(LINE, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_line_is_in_one_place(lines: list[str], end: str) -> None:
    try:
        subtitles = read_srt(end.join(lines).encode())
    except InputError:
        return
    owned = [
        at for cue in subtitles.cues for at in range(cue.text_line, cue.text_line + len(cue.lines))
    ]
    owned += [cue.times_line for cue in subtitles.cues]
    owned += [cue.line for cue in subtitles.cues if cue.line != cue.times_line]
    for issue in subtitles.issues:
        if issue.kind in ("cue_lost", "stray_lines"):
            owned += range(issue.line, issue.line + issue.text.count("\n") + 1)
    assert len(owned) == len(set(owned))
    left = set(range(1, len(lines) + 1)).difference(owned)
    assert [lines[at - 1] for at in left if lines[at - 1].strip()] == []


@given(st.binary(max_size=200))
def test_bytes_give_subtitles_or_our_own_error(data: bytes) -> None:
    with suppress(HeadraceError):
        read_srt(data)


@given(st.text(max_size=60), st.text(max_size=60))
def test_texts_give_subtitles_or_our_own_error(above: str, below: str) -> None:
    with suppress(HeadraceError):
        read_srt(f"{above}\n{TIMES}\n{below}".encode("utf-8", "surrogatepass"))
