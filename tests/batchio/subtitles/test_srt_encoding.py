from __future__ import annotations

import codecs

import pytest

from batchio.errors import UsageError
from batchio.subtitles.srt import SubtitleError, read_srt
from batchio.subtitles.srt_encoding import decode

BLOCK = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
RUSSIAN = "Это очень простая лекция о том, как складываются векторы в пространстве."  # noqa: RUF001


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("named", ["", "cp1252"])
def test_a_mark_is_believed_and_dropped(mark: bytes, name: str, named: str) -> None:
    subtitles = read_srt(mark + BLOCK.format("Kṛṣṇa").encode(name), named)
    assert (subtitles.encoding.name, subtitles.encoding.source) == (name, "mark")
    assert subtitles.cues[0][4:6] == (("Kṛṣṇa",), 1)
    assert subtitles.issues == []


def test_an_encoding_is_guessed_and_the_guess_is_named() -> None:
    subtitles = read_srt("\n".join(BLOCK.format(RUSSIAN) for _ in range(9)).encode("cp1251"))
    assert subtitles.cues[0].lines == (RUSSIAN,)
    assert subtitles.encoding.name == "cp1251"
    issue = subtitles.issues[0]
    assert (issue.line, issue.kind) == (1, "encoding_guessed")
    assert "cp1251, confidence" in issue.note


def test_a_named_encoding_is_not_guessed() -> None:
    text = BLOCK.format("Así que ¿cómo está?")
    subtitles = read_srt(text.encode("cp1252"), "windows-1252")
    assert subtitles.cues[0].lines == ("Así que ¿cómo está?",)
    assert (subtitles.encoding.name, subtitles.encoding.source) == ("cp1252", "named")
    assert subtitles.issues == []


@pytest.mark.parametrize("name", ["utf-16", "UTF-16LE"])
def test_utf_16_without_a_mark_is_read_when_named_and_gets_no_mark(name: str) -> None:
    data = BLOCK.format("A").encode("utf-16-le")
    subtitles = read_srt(data, name)
    assert subtitles.cues[0].lines == ("A",)
    assert subtitles.encoding.encode(BLOCK.format("A")) == data


def test_utf_8_with_few_bad_bytes_stays_utf_8() -> None:
    data = BLOCK.format(RUSSIAN).encode() + b"\n\xd0\n" + BLOCK.format(RUSSIAN).encode()
    subtitles = read_srt(data)
    assert subtitles.encoding.name == "utf-8"
    assert subtitles.cues[0].lines[0] == RUSSIAN
    bad = [issue for issue in subtitles.issues if issue.kind == "undecodable"]
    assert [(issue.line, issue.text) for issue in bad] == [(5, "\\udcd0")]
    assert subtitles.encoding.encode("".join(decode(data)[0])) == data


@pytest.mark.parametrize("name", ["utf-9", "rot13", "hex", "undefined", "a\0b", "ü"])
def test_what_is_no_encoding_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no encoding of text"):
        read_srt(BLOCK.format("A").encode(), name)


def test_bytes_in_no_encoding_are_refused_with_advice() -> None:
    with pytest.raises(SubtitleError) as caught:
        read_srt(bytes([0x80, 0xFF, 0x00, 0x81]) * 40)
    assert "--encoding" in caught.value.action


@pytest.mark.parametrize(
    ("data", "name", "cause"),
    [
        (BLOCK.format("A").encode("utf-16-le"), "cp1252", "NUL bytes"),
        (BLOCK.format("é").encode(), "idna", "the bytes are not idna"),
    ],
)
def test_bytes_that_are_not_in_the_named_encoding_are_refused(
    data: bytes, name: str, cause: str
) -> None:
    with pytest.raises(SubtitleError, match=cause):
        read_srt(data, name)
