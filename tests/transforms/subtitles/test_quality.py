from __future__ import annotations

import math
from pathlib import Path

import pytest

from batchio.errors import UsageError
from batchio.subtitles.srt import read_srt
from batchio.subtitles.srt_model import Subtitles
from transforms.subtitles.profiles import PROFILES, Profile, find_profile
from transforms.subtitles.quality import (
    Quality,
    Suspects,
    assess,
    count_over,
    measure,
    quantile,
)
from transforms.subtitles.seen_text import seen_texts
from transforms.subtitles.suspects import suspect

WORDS = {"one", "two", "three", "lengths", "krishna"}


def known(word: str) -> bool:
    return word.casefold() in WORDS


def read(*blocks: str) -> Subtitles:
    return read_srt("\n\n".join(f"{n}\n{block}" for n, block in enumerate(blocks, 1)).encode())


def judged(subtitles: Subtitles, profile: str = "netflix") -> Quality:
    return assess(subtitles, PROFILES[profile], Suspects(known))


def test_measures_of_a_cue() -> None:
    subtitles = read(
        "00:00:01,000 --> 00:00:03,000\n<i>One two</i>\n{\\an8}three",
        "00:00:02,500 --> 00:00:02,500\nx",
        "00:00:04,000 --> 00:00:05,000",
    )
    first, second, third = measure(
        subtitles.cues, seen_texts([cue.lines for cue in subtitles.cues])
    )
    assert first == (12, 2000, 6.0, 7, 2, -500, 3)
    assert (first.overlap, first.wpm) == (500, 90.0)
    assert (second.cps, second.gap, second.overlap) == (math.inf, 1500, 0)
    assert third == (0, 1000, 0.0, 0, 0, None, 0)


def test_blank_lines_within_a_text_are_no_lines() -> None:
    subtitles = read("00:00:01,000 --> 00:00:03,000\none\n\ntwo")
    (only,) = measure(subtitles.cues, seen_texts([cue.lines for cue in subtitles.cues]))
    assert (only.lines, only.characters, only.line_chars) == (2, 6, 3)


@pytest.mark.parametrize(
    ("block", "limit"),
    [
        ("00:00:01,000 --> 00:00:02,000\n" + "one two " * 3, "cps"),
        ("00:00:01,000 --> 00:00:05,000\n" + "x" * 43, "line_chars"),
        ("00:00:01,000 --> 00:00:05,000\na\nb\nc", "lines"),
        ("00:00:01,000 --> 00:00:01,832\none", "min_ms"),
        ("00:00:01,000 --> 00:00:08,001\none", "max_ms"),
        ("00:00:01,000 --> 00:00:09,918\n" + "one", "min_gap_ms"),
    ],
)
def test_cues_beyond_each_limit_are_counted(block: str, limit: str) -> None:
    quality = judged(read(block, "00:00:10,000 --> 00:00:11,000\none"))
    over = {name for name, count in quality.over.items() if count}
    assert over == {limit} | ({"max_ms"} if limit == "min_gap_ms" else set())
    assert set(quality.over) == {"cps", "line_chars", "lines", "min_ms", "max_ms", "min_gap_ms"}
    assert quality.readability == 0.5


@pytest.mark.parametrize(
    ("profile", "block", "limit"),
    [
        ("lecture", "00:00:01,000 --> 00:00:10,000\n" + "x" * 85, "cue_chars"),
        ("bbc", "00:00:01,000 --> 00:00:02,000\na b c d", "wpm"),
        ("netflix-children", "00:00:01,000 --> 00:00:02,000\n" + "x" * 18, "cps"),
        ("netflix-chinese", "00:00:01,000 --> 00:00:07,000\n" + "x" * 17, "line_chars"),
        ("subtitle-edit", "00:00:01,000 --> 00:00:02,000\n" + "x" * 18, "cps"),
    ],
)
def test_profiles_have_limits_of_their_own(profile: str, block: str, limit: str) -> None:
    assert {name for name, count in judged(read(block), profile).over.items() if count} == {limit}


def test_a_profile_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert find_profile("bbc") is PROFILES["bbc"]
    with pytest.raises(UsageError, match="take one of lecture, netflix"):
        find_profile("nbc")


def test_the_score_is_of_its_parts() -> None:
    subtitles = read(
        "00:00:01,000 --> 00:00:03,000\none two three xyz",
        "00:00:04,000 --> 00:00:06,000",  # no text: a fault
        "no times",
        "00:00:09,000 --> 00:00:19,000\none",  # too long
    )
    quality = judged(subtitles)
    assert (quality.cues, quality.lost) == (3, 1)
    assert quality.structure == 2 / 4
    assert quality.readability == 2 / 3
    assert (quality.words, quality.suspects, quality.text) == (5, 1, 4 / 5)
    assert quality.score == pytest.approx(100 * (0.4 / 2 + 0.3 * 2 / 3 + 0.3 * 4 / 5))


def test_texts_after_a_run_are_judged_instead() -> None:
    subtitles = read("00:00:01,000 --> 00:00:03,000\n<i>oen</i>")
    after = assess(subtitles, PROFILES["lecture"], Suspects(known), {0: ["<i>one</i>"]})
    assert (judged(subtitles).suspects, after.suspects) == (1, 0)


def test_medians_are_of_cues_with_text_and_time() -> None:
    subtitles = read(
        *(f"00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{'x' * n}" for n in range(1, 22)),
        "00:00:30,000 --> 00:00:30,000\nx",
    )
    quality = judged(subtitles)
    assert (quality.cps_median, quality.cps_p95) == (11, 20)
    assert quantile([], 0.5) == 0
    assert quantile([1, 2], 0.5) == 1.5


@pytest.mark.parametrize(
    ("token", "without_list", "with_list"),
    [
        ("one", "", ""),
        ("xyz", "", "unknown"),
        ("sooooo", "letters", "letters"),
        ("сat", "scripts", "scripts"),  # noqa: RUF001  (a Cyrillic letter)
        ("frfctng", "consonants", "consonants"),
        ("lengths", "consonants", ""),
        ("HERESY", "capitals", "capitals"),
        ("KRISHNA", "capitals", ""),
        ("UNO", "", "unknown"),
        ("Kṛṣṇa", "", "unknown"),
        ("Ṛgvṛddhi", "", "unknown"),
        ("नमस्ते", "", "unknown"),
        ("字かなカナ", "", "unknown"),
    ],
)
def test_suspects_and_why(token: str, without_list: str, with_list: str) -> None:
    assert suspect(token, None) == without_list
    assert suspect(token, known) == with_list


def test_each_word_is_asked_for_once() -> None:
    asked: list[str] = []

    def ask(word: str) -> bool:
        asked.append(word)
        return word == "a"

    suspects = Suspects(ask)
    assert suspects.count({"a": 2, "b": 2}) == 2
    assert suspects.count({"b": 1, "c": 1}) == 2
    assert asked == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("pattern", "files", "cues", "median", "shares"),
    [
        (
            "3b1b/*/*/english/*.srt",
            12,
            3837,
            19.2,
            {"cps": 0.38, "line_chars": 0.89, "min_gap_ms": 0.55},
        ),
        (
            "sanskrit/lectures/*.srt",
            7,
            1088,
            7.9,
            {"cps": 0, "line_chars": 0.5, "max_ms": 0.66},
        ),
    ],
)
def test_real_files_measure_as_others_found(
    subtitle_data: Path,
    pattern: str,
    files: int,
    cues: int,
    median: float,
    shares: dict[str, float],
) -> None:
    measures = []
    for file in sorted(subtitle_data.glob(pattern)):
        found = read_srt(file.read_bytes()).cues
        measures += measure(found, seen_texts([cue.lines for cue in found]))
        files -= 1
    assert (files, len(measures)) == (0, cues)
    assert quantile(sorted(each.cps for each in measures), 0.5) == pytest.approx(median, abs=0.05)
    over, _ = count_over(measures, PROFILES["netflix"])
    for name, share in shares.items():
        assert over[name] / cues == pytest.approx(share, abs=0.006), name


def test_every_profile_says_whose_it_is() -> None:
    assert all(isinstance(each, Profile) and each.source for each in PROFILES.values())
