import unicodedata

import pytest

from batchio.subtitles.word_keys import (
    bare_key,
    exact_key,
    plain_spelling,
    sound_key,
    word_patterns,
    words_of,
)


@pytest.mark.parametrize("text", ["Kṛṣṇa", "Krsna", "krsna", unicodedata.normalize("NFD", "KṚṢṆA")])
def test_spellings_of_one_word_have_one_bare_key(text: str) -> None:
    assert bare_key(text) == "krsna"


def test_the_exact_key_is_without_case_and_composed() -> None:
    assert exact_key(unicodedata.normalize("NFD", "VĀSIṢṬHA")) == "vāsiṣṭha"
    assert exact_key("Krishna\u2019s") == "krishna's"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kṛṣṇa", "krishnaa"),
        ("Vāsiṣṭha", "wasistha"),
        ("śraddhā", "shradha"),
        ("jñāna", "gyaana"),
        ("Gītā", "geeta"),
        ("pūjā", "pooja"),
        ("cakra", "chakra"),
        ("bhakti", "bakti"),
    ],
)
def test_what_is_heard_alike_has_one_sound_key(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("karma", "karna"), ("śoka", "śloka"), ("rāga", "roga")]
)
def test_other_words_have_other_sound_keys(one: str, other: str) -> None:
    assert sound_key(one) != sound_key(other)


@pytest.mark.parametrize(
    ("iast", "plain"),
    [
        ("Kṛṣṇa", "Krishna"),
        ("Upaniṣad", "Upanishad"),
        ("Śrīmad Bhāgavatam", "Srimad Bhagavatam"),
        ("caitanya", "caitanya"),
        ("ācārya", "acharya"),
        ("Swami Chinmayananda", "Swami Chinmayananda"),
    ],
)
def test_iast_in_plain_letters(iast: str, plain: str) -> None:
    assert plain_spelling(iast) == plain


def test_words_hold_marks_and_apostrophes_and_end_at_anything_else() -> None:
    text = unicodedata.normalize("NFD", "Don't, dharma2 'Kṛṣṇa' karma-yoga धर्म_x")
    assert [unicodedata.normalize("NFC", word) for word in words_of(text)] == [
        "Don't", "dharma", "2", "Kṛṣṇa", "karma", "yoga", "धर्म", "x",
    ]  # fmt: skip


def test_the_pattern_for_ascii_finds_what_that_for_any_text_does() -> None:
    quick, general = word_patterns()
    text = "Don't say 'dharma2', it's_x 3.5 a-b''c"
    assert [m[0] for m in quick.finditer(text)] == [m[0] for m in general.finditer(text)]
