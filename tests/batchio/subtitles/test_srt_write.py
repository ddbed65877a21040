from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.errors import HeadraceError, UsageError
from batchio.subtitles.srt import read_srt
from batchio.subtitles.srt_write import Rewriting, write_srt

TIMES = "00:00:01,000 --> 00:00:02,000"
NEXT = "00:00:03,000 --> 00:00:04,000"
TWO = f"1\n{TIMES}\nA\nB\n\n2\n{NEXT}\nC\n"


def rewrite(text: str, rewriting: Rewriting) -> str:
    return write_srt(read_srt(text.encode()), {}, rewriting).data.decode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_new_text_changes_its_lines_and_no_other(end: str, encoding: str) -> None:
    text = TWO.replace("\n", end)
    subtitles = read_srt(text.encode(encoding), encoding if encoding == "cp1252" else "")
    written = write_srt(subtitles, {0: ["A", "é"]})
    assert written.data == text.replace("B", "é").encode(encoding)
    assert written.issues == []


@pytest.mark.parametrize("new", [["X"], ["X", "Y"], ["X", "Y", "Z"], []])
@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_a_text_may_have_other_lines_than_before(new: list[str], ending: str) -> None:
    for place, cue in enumerate(("A\nB", "C")):
        text = TWO.rstrip() + ending
        written = write_srt(read_srt(text.encode()), {place: new})
        again = read_srt(written.data)
        assert again.cues[place].lines == tuple(new)
        assert again.cues[1 - place].lines == read_srt(text.encode()).cues[1 - place].lines
        if new:
            assert written.data.decode() == text.replace(cue, "\n".join(new))


def test_mixed_line_ends_stay_with_their_lines() -> None:
    data = f"1\r\n{TIMES}\nA\rB\r\n\n2\r\n{NEXT}\nC".encode()
    subtitles = read_srt(data)
    assert write_srt(subtitles, {0: ["A", "X"]}).data == data.replace(b"B", b"X")
    assert write_srt(subtitles, {0: ["X"]}).data == data.replace(b"A\rB", b"X")
    assert write_srt(subtitles, {1: ["C", "D"]}).data == data + b"\r\nD"
    empty = read_srt(f"1\r\n{TIMES}\n\n2\r\n{NEXT}".encode())
    assert write_srt(empty, {1: ["C"]}).data == f"1\r\n{TIMES}\n\n2\r\n{NEXT}\r\nC".encode()


def test_a_line_that_became_blank_goes_and_one_that_was_stays() -> None:
    assert (
        write_srt(read_srt(TWO.encode()), {0: ["A", " "]}).data == TWO.replace("B\n", "").encode()
    )
    inside = TWO.replace("A\nB", "A\n\nB")
    assert (
        write_srt(read_srt(inside.encode()), {0: ["X", "", "B"]}).data
        == inside.replace("A", "X").encode()
    )


def test_a_line_end_within_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="line end"):
        write_srt(read_srt(TWO.encode()), {0: ["A\nB"]})


def test_letters_that_the_encoding_lacks_make_it_utf_8_and_this_is_said() -> None:
    subtitles = read_srt(TWO.replace("A", "é").encode("cp1252"), "cp1252")
    written = write_srt(subtitles, {1: ["Kṛṣṇa"]})
    assert written.data == TWO.replace("A", "é").replace("C", "Kṛṣṇa").encode()
    assert written.encoding.name == "utf-8"
    ((line, kind, _, note, _),) = written.issues
    assert (line, kind) == (8, "encoding_changed")
    assert "cp1252 has no 'ṛ' ('\\u1e5b')" in note


def test_another_encoding_is_written_when_asked() -> None:
    subtitles = read_srt(codecs.BOM_UTF8 + TWO.encode())
    assert write_srt(subtitles, {}, Rewriting(encoding="utf-8")).data == subtitles.data
    assert write_srt(subtitles, {}, Rewriting(encoding="latin-1")).data == TWO.encode("latin-1")
    with pytest.raises(UsageError):
        write_srt(subtitles, {}, Rewriting(encoding="utf-9"))


def test_bytes_that_were_no_letters_stay_as_they_were() -> None:
    data = TWO.replace("A", "Ā" * 10).encode().replace(b"B", b"\xff")
    assert write_srt(read_srt(data), {1: ["X"]}).data == data.replace(b"C", b"X")
    data = TWO.encode().replace(b"B", b"\x81")  # which cp1252 does not know
    assert write_srt(read_srt(data, "cp1252"), {1: ["X"]}).data == data.replace(b"C", b"X")


def test_an_encoding_that_writes_other_bytes_is_reported() -> None:
    data = TWO.encode("iso2022_jp").replace(b"B", b'\x1b$B$"\x1b(B\x1b(B')
    written = write_srt(read_srt(data, "iso2022_jp"), {1: ["X"]})
    assert [issue.kind for issue in written.issues] == ["bytes_changed"]


@pytest.mark.parametrize(
    ("rewriting", "before", "after"),
    [
        (
            Rewriting(renumber=True),
            f"{TIMES}\nA\n\n9\n{NEXT}\nB",
            f"1\n{TIMES}\nA\n\n2\n{NEXT}\nB",
        ),
        (
            Rewriting(normalise_times=True),
            "7\n0:0:1.5 -> 00:00:02 X1:1\nA\n",
            "7\n00:00:01,500 --> 00:00:02,000 X1:1\nA\n",
        ),
        (
            Rewriting(drop_empty=True),
            f"1\n{TIMES}\n\n2\n{NEXT}\nB\n\n3\n{NEXT}",
            f"2\n{NEXT}\nB",
        ),
        (
            Rewriting(sort=True),
            f"1\n{NEXT}\nB\n\n2\n{TIMES}\nA",
            f"2\n{TIMES}\nA\n\n1\n{NEXT}\nB",
        ),
        (
            Rewriting(sort=True, renumber=True),
            f"stray\n\n1\n{NEXT}\nB\n2\n{TIMES}\nA\n\n",
            f"stray\n\n1\n{TIMES}\nA\n\n2\n{NEXT}\nB\n\n",
        ),
        (
            Rewriting(drop_empty=True),
            f"1\n{TIMES}\nA\n\n2\n{NEXT}\n\n3\nlost\n\n4\n{NEXT}\nB\n",
            f"1\n{TIMES}\nA\n\n\n3\nlost\n\n4\n{NEXT}\nB\n",
        ),
    ],
)
def test_what_is_put_in_order_when_asked(rewriting: Rewriting, before: str, after: str) -> None:
    assert rewrite(before, rewriting) == after
    assert rewrite(after, rewriting) == after


LINE = st.one_of(
    st.sampled_from(["", " ", "1", "2", "9", "x", TIMES, NEXT, "0:0:9 -> 0:0:10.5 X1:1", "{b}A"]),
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=9),
)
END = st.sampled_from(["\n", "\r\n", "\r"])
ENCODING = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "gb18030"])


@given(st.lists(st.tuples(LINE, END), max_size=20), ENCODING, st.data())
def test_only_the_lines_of_changed_cues_change(
    rows: list[tuple[str, str]], encoding: str, data: st.DataObject
) -> None:
    file = "".join(f"{line}{end}" for line, end in rows).encode(encoding)
    with suppress(HeadraceError):
        subtitles = read_srt(file, "" if encoding.startswith("utf-8") else encoding)
        assert write_srt(subtitles, {}).data == file
        same = {place: list(cue.lines) for place, cue in enumerate(subtitles.cues)}
        assert write_srt(subtitles, same).data == file
        place = data.draw(st.integers(0, len(subtitles.cues) - 1))
        cue = subtitles.cues[place]
        lines = [f"{line}w" if line.strip() else line for line in cue.lines]
        written = write_srt(subtitles, {place: lines})
        again = read_srt(written.data, subtitles.encoding.name)
        assert again.ends == subtitles.ends
        first, after = cue.text_line - 1, cue.text_line - 1 + len(cue.lines)
        assert again.lines[first:after] == lines
        del again.lines[first:after], subtitles.lines[first:after]
        assert again.lines == subtitles.lines
