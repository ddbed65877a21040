from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.subtitles.srt import read_srt
from batchio.subtitles.srt_model import Cue
from transforms.subtitles.reference import Comparison, Triple, align, compare, split_at_agreement


def cue(start: int, end: int, *lines: str) -> Cue:
    return Cue("", start, end, "", lines, 1, 1, 2)


def compared(before: str, after: str, reference: str) -> Comparison:
    return compare([cue(0, 9, before)], [[after]], [cue(0, 9, reference)])


@pytest.mark.parametrize(
    ("before", "after", "reference", "counts"),
    [
        ("of darma", "of dharma", "of dharma", (1, 0, 0)),
        ("of darma", "of drama", "of dharma", (0, 1, 0)),
        ("of darma", "of darma", "of dharma", (0, 0, 1)),
        ("a section", "a prakaraṇa", "a section", (0, 1, 0)),
        ("baki filosofy", "bhakti filosofy", "bhakti philosophy", (1, 0, 1)),
        ("baki x filosofy", "bhakti x filosofy", "bhakti x philosophy", (1, 0, 1)),
        ("yoga bashi x", "yogavāsiṣṭha x", "yogavāsiṣṭha x", (2, 0, 0)),
        ("the the end", "the end", "the end", (1, 0, 0)),
        ("the end", "the the end", "the end", (0, 1, 0)),
        ("so it is", "so it is", "it is", (0, 0, 1)),
        ("<i>Krishna</i>.", "krishna", "KRISHNA!", (0, 0, 0)),
        ("verse twenty five", "verse 25", "verse 25", (2, 0, 0)),
    ],
)
def test_corrections_are_right_wrong_or_missed(
    before: str, after: str, reference: str, counts: tuple[int, int, int]
) -> None:
    found = compared(before, after, reference)
    assert (found.right, found.wrong, found.missed) == counts


def test_rates_are_errors_by_what_the_reference_has() -> None:
    found = compared("the darma is", "the dharma is", "the dharma is")
    assert (found.wer_before, found.wer_after) == (1 / 3, 0)
    assert (found.cer_before, found.cer_after) == (1 / 13, 0)
    assert compared("", "", "").wer_before == 0
    assert compared("a", "a", "").wer_before == 1


def test_cues_are_compared_with_those_of_their_time() -> None:
    cues = [cue(0, 1000), cue(1000, 2000), cue(2000, 4000), cue(5000, 6000), cue(9000, 9500)]
    reference = [cue(0, 2000), cue(2000, 3000), cue(3000, 4000), cue(5100, 5900), cue(7000, 8000)]
    assert align(cues, reference) == [
        ([0, 1], [0]),
        ([2], [1, 2]),
        ([3], [3]),
        ([], [4]),
        ([4], []),
    ]


TIMES = st.lists(st.tuples(st.integers(0, 50), st.integers(-2, 9)), max_size=9)


@given(TIMES, TIMES)
def test_every_cue_is_in_one_group(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    cues = [cue(start, start + length) for start, length in left]
    reference = [cue(start, start + length) for start, length in right]
    groups = align(cues, reference)
    assert sorted(place for ours, _ in groups for place in ours) == list(range(len(cues)))
    assert sorted(place for _, theirs in groups for place in theirs) == list(range(len(reference)))


WORDS = st.lists(st.sampled_from("abcd"), max_size=7)


@given(WORDS, WORDS, WORDS)
def test_parts_leave_out_words_that_all_have(
    before: list[str], after: list[str], reference: list[str]
) -> None:
    parts = split_at_agreement(Triple(before, after, reference))
    left_out = {
        len(side) - sum(len(part[n]) for part in parts)
        for n, side in enumerate((before, after, reference))
    }
    assert len(left_out) == 1
    found = compared(" ".join(before), " ".join(after), " ".join(reference))
    if before == after:
        assert (found.right, found.wrong) == (0, 0)
        assert found.missed == found.word_errors_before
    if after == reference:
        assert (found.wrong, found.missed) == (0, 0)


@pytest.mark.parametrize(
    ("before", "reference", "rate"),
    [
        ("small_lecture.srt", "small_lecture.expected.srt", 0.233),
        ("gita_ch3.asr.srt", "gita_ch3.corrected.srt", 0.0045),
    ],
)
def test_real_pairs_have_the_known_error_rates(
    subtitle_data: Path, before: str, reference: str, rate: float
) -> None:
    folder = subtitle_data / "sanskrit/parallel"
    ours = read_srt((folder / before).read_bytes()).cues
    theirs = read_srt((folder / reference).read_bytes()).cues
    found = compare(ours, [each.lines for each in theirs], theirs)
    assert found.wer_before == pytest.approx(rate, abs=0.0005)
    assert (found.wer_after, found.wrong, found.missed) == (0, 0, 0)
    assert found.right == found.word_errors_before
