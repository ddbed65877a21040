from __future__ import annotations

import pytest

from batchio.subtitles.samples import make_srt
from batchio.subtitles.srt import read_srt
from transforms.subtitles.known_words import KnownWords

KNOWN = KnownWords(["krishna", "kṛṣṇa", "mokṣa"])
FINNISH = (
    "Tämä on luento jossa puhutaan vain siitä mitä kaikki jo tietävät ja mitä kukaan ei sano "
    "ääneen koska silloin pitäisi vastata kysymyksiin"
)
ENGLISH = (
    "This is a lecture in which we speak only of what all know already and nobody says aloud "
    "because then one would have to answer some questions about them"
)


@pytest.mark.parametrize(
    "word", ["Krishna", "KRISHNA", "Kṛṣṇa", "kṛṣṇa's", "café", "don\u2019t", "the"]
)
def test_words_of_english_and_of_terms_are_known(word: str) -> None:
    assert KNOWN(word)


@pytest.mark.parametrize("word", ["krsna", "moksa", "Kṛsṇa", "tietävät"])
def test_misspelled_terms_and_other_words_are_not(word: str) -> None:
    assert not KNOWN(word)


@pytest.mark.parametrize(
    ("texts", "suits"),
    [
        ([ENGLISH], True),
        ([FINNISH], False),
        (["Missä olet"], True),  # too few words to tell
        ([FINNISH] * 45 + [ENGLISH] * 90, True),  # it begins with a long quotation
    ],
)
def test_a_file_is_in_english_if_half_of_its_words_are(texts: list[str], suits: bool) -> None:
    assert KNOWN.suits(read_srt(make_srt(texts).encode()).cues) == suits
