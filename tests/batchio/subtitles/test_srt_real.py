from __future__ import annotations

from pathlib import Path

import pytest
import srt

from batchio.subtitles.srt import SubtitleError, read_srt
from batchio.subtitles.srt_write import write_srt

# Blocks that are no cues: file, line, the block.
LOST = [
    (
        "sanskrit/cases/malformed_test.srt",
        9,
        "3\ninvalid timestamp format\nThis has invalid timestamps.",
    ),
    ("webvtt_py/missing_timeframe.srt", 5, "2\nCaption text #2"),
]
# Counted by eye, or by the notes on the format: file, cues, all that is odd with its line.
ODD = [
    (
        "sanskrit/cases/malformed_test.srt",
        7,
        {
            (5, "number_invalid"),
            (9, "cue_lost"),
            (13, "no_text"),
            (13, "number_gap"),
            (26, "blank_in_text"),
            (33, "time_order"),
        },
    ),
    ("webvtt_py/missing_timeframe.srt", 4, {(5, "cue_lost"), (8, "number_gap")}),
    ("webvtt_py/invalid_timeframe.srt", 5, {(6, "time_format")}),
    ("webvtt_py/missing_caption_text.srt", 5, {(5, "no_text")}),
    ("webvtt_py/invalid_format4.srt", 1, {(1, "number_invalid"), (1, "no_text")}),
    ("mantas_subtitles/srt.srt", 2, set()),
    ("mantas_subtitles/utf16.srt", 1, {(2, "time_format")}),
    ("pysrt/invalid.srt", 1, {(2, "time_format")}),
    ("pysrt/empty.srt", 7, {(12, "no_text"), (16, "no_text")}),
    (
        "pysrt/no-indexes.srt",
        7,
        {(line, "number_missing") for line in (1, 5, 10, 17, 20, 23, 26)},
    ),
    (
        "cdown_srt/monsters-bad-newline.srt",
        3,
        {(1, "number_gap"), (2, "trailer")} | {(line, "blank_in_text") for line in (3, 9, 15)},
    ),
    (
        "cdown_srt/monsters-bad-order.srt",
        3,
        {(1, "number_gap"), (7, "trailer"), (7, "time_order")},
    ),
    (
        "sanskrit/lectures/krishna_janmashtami_gaps.srt",
        15,
        {(line, "number_gap") for line in (13, 21, 29, 33, 37, 41, 45, 49, 53, 57)},
    ),
]
ENCODINGS = ("utf-8-sig", "utf-16", "utf-32", "utf-16-be", "gb18030", "cp1251", "cp1252", "cp1256")


@pytest.fixture(scope="module")
def files(subtitle_data: Path) -> list[Path]:
    return sorted(subtitle_data.rglob("*.srt"))


@pytest.mark.parametrize(("name", "cues", "odd"), ODD)
def test_all_that_is_odd_is_reported_with_its_line(
    subtitle_data: Path, name: str, cues: int, odd: set[tuple[int, str]]
) -> None:
    subtitles = read_srt((subtitle_data / name).read_bytes())
    assert len(subtitles.cues) == cues
    assert {(issue.line, issue.kind) for issue in subtitles.issues} == odd


@pytest.mark.parametrize(("name", "line", "block"), LOST)
def test_a_lost_block_is_in_no_text(subtitle_data: Path, name: str, line: int, block: str) -> None:
    subtitles = read_srt((subtitle_data / name).read_bytes())
    lost = [issue for issue in subtitles.issues if issue.kind == "cue_lost"]
    assert [(issue.line, issue.text) for issue in lost] == [(line, block)]
    seen = {line for cue in subtitles.cues for line in cue.lines}
    assert seen.isdisjoint(block.split("\n"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_is_no_subtitle_file_is_refused(subtitle_data: Path, number: int) -> None:
    with pytest.raises(SubtitleError, match="no line has times that can be read"):
        read_srt((subtitle_data / f"webvtt_py/invalid_format{number}.srt").read_bytes())


def test_no_machine_line_is_in_a_text(files: list[Path]) -> None:
    for file in files:
        if "invalid_format" not in file.name:
            for cue in read_srt(file.read_bytes()).cues:
                assert not any("-->" in line for line in cue.lines), file


def test_every_file_is_written_as_it_was(files: list[Path]) -> None:
    assert len(files) > 118
    for file in files:
        data = file.read_bytes()
        if "invalid_format" in file.name and "4" not in file.name:
            continue
        subtitles = read_srt(data)
        # Spliced and encoded again, too: a text is changed, and changed back.
        place = len(subtitles.cues) // 2
        before = subtitles.cues[place].lines
        changed = write_srt(subtitles, {place: [*before, "XYZ"]})
        assert write_srt(subtitles, {}).data == data
        assert changed.issues == []
        again = read_srt(changed.data, subtitles.encoding.name)
        assert again.cues[place].lines == (*before, "XYZ")
        if before:
            assert write_srt(again, {place: before}).data == data, file


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_copies_in_other_encodings_read_alike_and_are_written_as_they_were(
    files: list[Path], encoding: str
) -> None:
    copies = 0
    for file in files[::3]:
        try:
            text = file.read_bytes().decode("utf-8-sig")
            data = text.encode(encoding)
            original = read_srt(text.encode())
        except (UnicodeError, SubtitleError):
            continue
        copies += 1
        copy = read_srt(data, "" if encoding in ("utf-8-sig", "utf-16", "utf-32") else encoding)
        assert copy.cues == original.cues
        assert write_srt(copy, {}).data == data
        place = next((place for place, cue in enumerate(copy.cues) if cue.lines), None)
        if place is None:
            continue
        changed = write_srt(copy, {place: ["XYZ", *copy.cues[place].lines[1:]]})
        first = copy.cues[place].text_line - 1
        lines = [*copy.lines[:first], "XYZ", *copy.lines[first + 1 :]]
        assert changed.data == copy.line_end.join(lines).encode(encoding)
    assert copies >= 3


def test_whole_files_read_as_srt_reads_them(subtitle_data: Path) -> None:
    for file in sorted(subtitle_data.glob("3b1b/*/*/english/*.srt")):
        peer = list(srt.parse(file.read_text(encoding="utf-8")))
        ours = read_srt(file.read_bytes()).cues
        assert [cue.number for cue in ours] == [str(cue.index) for cue in peer]
        assert ["\n".join(cue.lines) for cue in ours] == [cue.content for cue in peer]
        assert [cue.start for cue in ours] == [
            round(cue.start.total_seconds() * 1000) for cue in peer
        ]


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("russian", "cp1251"),
        ("russian", "koi8-r"),
        ("polish", "cp1250"),
        ("greek", "cp1253"),
        ("hebrew", "cp1255"),
        ("arabic", "cp1256"),
        ("thai", "cp874"),
        ("japanese", "shift_jis"),
        ("japanese", "euc_jp"),
        ("chinese", "gb18030"),
        ("korean", "cp949"),
    ],
)
def test_guessed_encodings_read_right_and_are_written_as_they_were(
    subtitle_data: Path, language: str, encoding: str
) -> None:
    texts = sorted(subtitle_data.glob(f"3b1b/*/*/{language}/*.srt"))[:2]
    assert texts
    for file in texts:
        data = file.read_bytes().decode("utf-8-sig").encode(encoding, "replace")
        copy = read_srt(data)
        assert (copy.encoding.source, copy.issues[0].kind) == ("guess", "encoding_guessed")
        assert copy.cues == read_srt(data, encoding).cues
        assert write_srt(copy, {}).data == data
        changed = write_srt(copy, {0: ["XYZ", *copy.cues[0].lines[1:]]})
        first = copy.cues[0].lines[0].encode(encoding)
        assert changed.data == data.replace(first, b"XYZ", 1)
        assert changed.issues == []
