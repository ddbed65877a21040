from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.subtitles.seen_text import find_tokens, find_words, seen_texts, strip_tags


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<i>A</i> b", "A b"),
        ('<font color="#0000FF" size=9>blue</font>', "blue"),
        ("{\\an8}{b}Up{/b}", "Up"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("{x, y} and <3", "{x, y} and <3"),
        ("<i>one\ntwo</i>", "one\ntwo"),
        ("a<b\nc>d", "a<b\nc>d"),
    ],
)
def test_tags_are_not_seen(text: str, seen: str) -> None:
    assert strip_tags(text) == seen


def test_a_tag_does_not_reach_into_the_next_cue() -> None:
    assert seen_texts([["a <b"], [], ["c> d"]]) == ["a <b", "", "c> d"]


def test_a_letter_and_its_accent_are_one() -> None:
    assert seen_texts([[unicodedata.normalize("NFD", "śānti")]]) == ["śānti"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, 2nd 'time'", ["Don't", "stop", "nd", "time"]),
        ("Kṛṣṇa’s m\u0304a", ["Kṛṣṇa’s", "m\u0304a"]),  # noqa: RUF001
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("a_b 7 -- \U00020000!", ["a", "b", "\U00020000"]),
    ],
)
def test_words_are_letters_marks_and_apostrophes(text: str, words: list[str]) -> None:
    assert find_words(text) == words


def test_tokens_have_numbers_too() -> None:
    assert find_tokens("Verse 25, self-less") == ["Verse", "25", "self", "less"]


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_words_hold_every_letter_and_mark_and_nothing_else(text: str) -> None:
    found = (
        "".join(find_words(text)).replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    )
    assert found == "".join(letter for letter in text if unicodedata.category(letter)[0] in "LM")
