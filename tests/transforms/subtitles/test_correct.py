from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.subtitles.lexicon import read_lexicon
from transforms.subtitles.correct import Corrector
from transforms.subtitles.settings import DEFAULT_STEPS, STEPS, Settings

LEXICON = """\
entries:
- original_term: dharma
  variations: [dhrma, darma]
- original_term: moksha
  variations: [moksh]
  transliteration: mokṣa
- original_term: yoga
  variations: [yog]
- original_term: karma
  variations: [karm]
- original_term: shanti
  transliteration: śānti
- original_term: bhakti
  variations: [baki]
- original_term: prarabdha
  transliteration: prārabdha
  category: concept
- original_term: sadhana
  variations: [sadana]
  transliteration: sādhanā
  category: practice
- original_term: satya
  variations: [truth, reality, satyaa]
- original_term: prakarana
  variations: [section]
  context_clues: [utpatti, full moon]
- original_term: shraddha
  variations: [faith]
  force: true
- original_term: seven
  variations: [7]
- original_term: Lakshmi Devi
  variations: [lakshmi devi, laxmi devi]
  transliteration: Lakṣmī Devī
  is_proper_noun: true
- term: Srimad
  variations: [shrimad]
- term: Bhagavatam
  variations: [bhagwatam]
- term: Rama
- term: Vishnu
- original_term: Kṛṣṇa
  variations: [krishna, krsna]
  transliteration: Kṛṣṇa
  is_proper_noun: true
compound_terms:
- phrase: Śrīmad Bhāgavatam
  variations: [srimad bhagavatam, shrimad bhagavatam]
- phrase: Karma Yoga
  variations: [karma yoga, karmayoga]
asr_corrections:
- original_term: yogabashi
  variations: [yoga bashi]
  transliteration: Yogavāsiṣṭha
  is_proper_noun: true
"""
ENTRIES, _ = read_lexicon(LEXICON, "l.yaml")
PLAIN = Corrector(ENTRIES)
IAST = Corrector(ENTRIES, Settings(style="iast"))
ALL = Corrector(ENTRIES, Settings(steps=STEPS))


def corrected(text: str, corrector: Corrector = PLAIN, **settings: Any) -> str:
    if settings:
        corrector = Corrector(ENTRIES, Settings(**settings))
    return "\n".join(corrector.correct(text.split("\n"))[0])


def unchanged(text: str, corrector: Corrector = PLAIN) -> bool:
    lines = text.split("\n")
    return corrector.correct(lines) == (lines, ())


@pytest.mark.parametrize(
    "text",
    ["one without a second", "one by one", "nineteen ninety five", "in this verse one must see"],
)
def test_fault_1_number_words_of_speech_stay(text: str) -> None:
    assert unchanged(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chapter two verse twenty five", "chapter 2 verse 25"),
        ("Chapter eighteen, verse sixty-six.", "Chapter 18, verse 66."),
        ("verses sixty five to sixty six", "verses 65 to 66"),
        ("sloka one hundred and eight", "sloka 108"),
        ("verse twenty\nfive of it", "verse 25\nof it"),
        ("canto ten", "canto 10"),
        ("chapter nineteen ninety five", "chapter nineteen ninety five"),
        ("each chapter two ideas", "each chapter two ideas"),
        ("chapter five times a day", "chapter five times a day"),
    ],
)
def test_fault_1_numbers_of_references_become_digits(text: str, expected: str) -> None:
    assert corrected(text) == expected


@pytest.mark.parametrize(
    "text", ["whose complexion is like a blue lotus", "you know me", "I mean it", "UM and ER"]
)
def test_fault_2_words_that_can_be_fillers_stay(text: str) -> None:
    assert unchanged(text, ALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Um, today we begin", "Today we begin"),
        ("the soul is, er, eternal", "the soul is eternal"),
        ("the soul is, er eternal", "the soul is eternal"),
        ("as, like, imperishable", "as imperishable"),
        ("Actually, there are four", "There are four"),
        ("it is, you know, one", "it is one"),
        ("of the soul, you know.", "of the soul, you know."),
    ],
)
def test_fault_2_fillers_set_off_go_when_asked(text: str, expected: str) -> None:
    assert corrected(text, ALL) == expected
    assert unchanged(text)


def test_fault_3_no_punctuation_is_added() -> None:
    assert unchanged("thank you", ALL)


@pytest.mark.parametrize(
    ("text", "plain", "iast"),
    [
        ("Lakshmi Devi", "Lakshmi Devi", "Lakṣmī Devī"),
        ("KRISHNA", "Krishna", "Kṛṣṇa"),
        ("krsna", "Krishna", "Kṛṣṇa"),
        ("Darma is", "Dharma is", "Dharma is"),
        ("DARMA", "DHARMA", "DHARMA"),
        ("Moksh", "Moksha", "Mokṣa"),
        ("Kṛsna", "Kṛsna", "Kṛṣṇa"),
    ],
)
def test_fault_4_capitals_are_kept(text: str, plain: str, iast: str) -> None:
    assert corrected(text) == plain
    assert corrected(text, IAST) == iast


def test_fault_5_a_term_is_not_doubled() -> None:
    lines, changes = IAST.correct(["the srimad bhagavatam says"])
    assert lines == ["the Śrīmad Bhāgavatam says"]
    assert [(c.original, c.rule) for c in changes] == [("srimad bhagavatam", "compound")]


@pytest.mark.parametrize("text", ["the truth is", "in this section", "7 days", "a condition"])
def test_fault_6_english_words_stay(text: str) -> None:
    assert unchanged(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the section of Utpatti", "the prakarana of Utpatti"),
        ("a full moon section", "a full moon prakarana"),
        ("have faith", "have shraddha"),
    ],
)
def test_english_words_go_beside_a_clue_or_by_force(text: str, expected: str) -> None:
    assert corrected(text) == expected


def test_fault_7_terms_among_english_are_corrected() -> None:
    assert corrected("What is the darma of a man who wants moksh?") == (
        "What is the dharma of a man who wants moksha?"
    )


@pytest.mark.parametrize(
    "text", ["dharma and Yoga", "MOKSHA", "Karma Yoga", "shanti shanti shanti"]
)
def test_fault_8_right_words_are_no_corrections(text: str) -> None:
    assert unchanged(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("laxmi devi", "Lakshmi Devi"),
        ("Laxmi-Devi", "Lakshmi Devi"),
        ("Laxmi  Devi", "Laxmi  Devi"),
        ("Laxmi, Devi", "Laxmi, Devi"),
        ("yoga bashi's words", "Yogavasishtha's words"),
        ("karmayoga", "Karma Yoga"),
    ],
)
def test_fault_9_variations_of_several_words_match(text: str, expected: str) -> None:
    assert corrected(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the darma\n\nof  all", "the dharma\n\nof  all"),
        ("shrimad\nbhagavatam", "Srimad\nBhagavatam"),
        ("yoga\nbashi says", "Yogavasishtha\nsays"),
        ("the yoga\nbashi", "the\nYogavasishtha"),
        ("yoga\nbashi", "yoga\nbashi"),
        ("- laxmi\n- devi", "- laxmi\n- devi"),
    ],
)
def test_fault_10_line_breaks_stay(text: str, expected: str) -> None:
    assert corrected(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<i>laxmi</i> devi", "<i>Lakshmi</i> Devi"),
        (r"{\an8}darma", r"{\an8}dharma"),
        ('<font color="darma">darma</font>', '<font color="darma">dharma</font>'),
        ("<i>yoga</i> bashi", "<i>yoga</i> bashi"),
        ("if a < darma", "if a < dharma"),
    ],
)
def test_tags_are_untouched_and_transparent(text: str, expected: str) -> None:
    assert corrected(text) == expected


def test_a_word_ends_at_anything_but_letters_and_marks() -> None:
    assert corrected("darma's, (darma) darma2 “darma”") == "dharma's, (dharma) dharma2 “dharma”"
    assert unchanged("darmas adarma darmā")


def test_marks_are_never_taken_away() -> None:
    assert unchanged("mokṣa Kṛṣṇa Śrīmad Bhāgavatam dharmā yogá")
    assert corrected("mokṣa karmā", IAST) == "mokṣa karmā"


def test_plain_letters_of_the_transliteration_are_as_good_as_the_term() -> None:
    text = "entries:\n- original_term: satsang\n  transliteration: satsaṅga\n"
    entries, _ = read_lexicon(text, "l.yaml")
    lines = ["a satsanga, a satsang"]
    assert Corrector(entries).correct(lines) == (lines, ())
    assert Corrector(entries, Settings(style="iast")).correct(lines)[0] == [
        "a satsaṅga, a satsaṅga"
    ]


def test_styles_are_by_category() -> None:
    styles = {"practice": "iast"}
    assert corrected("prarabdh sadana moksh", styles=styles) == "prarabdha sādhanā moksha"


def test_what_follows_from_a_change_is_one_change_with_it() -> None:
    lines, changes = PLAIN.correct(["the karma yog of"])
    assert lines == ["the Karma Yoga of"]
    assert [(c.column, c.original, c.corrected, c.rule) for c in changes] == [
        (5, "karma yog", "Karma Yoga", "lexicon")
    ]


def test_a_change_names_place_rule_entry_and_score() -> None:
    _, (change, other) = PLAIN.correct(["so", "the darma  prarabda"])
    assert (change.line, change.column, change.rule) == (2, 5, "lexicon")
    assert (change.original, change.corrected, change.entry) == ("darma", "dharma", "l.yaml:2")
    assert (other.rule, other.entry, other.score) == ("fuzzy", "l.yaml:15", 100.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("praarabdha", "prarabdha"),
        ("Prarabdh", "Prarabdha"),
        ("prarabgha", "prarabdha"),
        ("pra rabdha", "prarabdha"),
        ("wishnu's", "Vishnu's"),
        ("prarabdhas", "prarabdhas"),
        ("sarabdha", "sarabdha"),
        ("sadkana", "sadkana"),
        ("prārabda", "prārabda"),
        ("yagi", "yagi"),
    ],
)
def test_near_words_are_corrected_behind_guards(text: str, expected: str) -> None:
    assert corrected(text) == expected


def test_the_threshold_of_near_words_can_be_raised() -> None:
    assert corrected("prarabgha", fuzzy_threshold=95.0) == "prarabgha"
    assert corrected("praarabdha", fuzzy_threshold=95.0) == "prarabdha"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The the soul and and body", "The soul and body"),
        ("and\nand they", "and\nthey"),
        ("the\nthe", "the\nthe"),
        ("he had had that that", "he had had that that"),
        ("Rama Rama shanti shanti shanti", "Rama Rama shanti shanti shanti"),
        ("the, the", "the, the"),
    ],
)
def test_words_said_twice_go_when_asked(text: str, expected: str) -> None:
    assert corrected(text, ALL) == expected
    assert unchanged(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so , it is .", "so, it is."),
        ("darma , it", "dharma, it"),
        ("why ?", "why ?"),
        ("the .srt and .5", "the .srt and .5"),
        ("wait . . .", "wait . . ."),
    ],
)
def test_blanks_before_commas_and_full_stops_go(text: str, expected: str) -> None:
    assert corrected(text) == expected


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("lexicon", "darma"),
        ("compound", "laxmi devi"),
        ("case", "vishnu"),
        ("fuzzy", "praarabdha"),
        ("references", "chapter two"),
        ("repeats", "of the the soul"),
        ("fillers", "it is, um, so"),
        ("spaces", "so , it"),
    ],
)
def test_each_step_has_its_switch(step: str, text: str) -> None:
    others = [each for each in STEPS if each != step]
    assert corrected(text, steps=others) == text
    assert corrected(text, steps=[step, "lexicon"]) != text


def test_what_was_said_is_left_by_default() -> None:
    assert set(STEPS) - set(DEFAULT_STEPS) == {"repeats", "fillers", "verses"}


@pytest.mark.parametrize("never", ["Darma", "laxmi devi", "praarabdha"])
def test_what_is_never_to_be_changed_stays(never: str) -> None:
    text = "darma laxmi devi praarabdha"
    assert never.lower() in corrected(text, never=[never])
    assert corrected(text, never=[never]) != text


WORDS = """
the and darma dharma yog yoga karma karm laxmi Lakshmi devi Devi shrimad bhagavatam bhagwatam
KRISHNA krsna Kṛsna pra rabdha praarabdha bashi section utpatti chapter verse two twenty um like
know you moksh's faith <i> </i> {x} 7 Rama rama
"""
GAPS = st.sampled_from([" ", " ", " ", "\n", "-", ", ", " , ", ". ", "  "])


@given(
    st.lists(st.tuples(st.sampled_from(WORDS.split()), GAPS), max_size=12),
    st.sampled_from([PLAIN, IAST, ALL]),
)
def test_a_second_time_changes_nothing(parts: list[tuple[str, str]], corrector: Corrector) -> None:
    lines = "".join(word + gap for word, gap in parts).split("\n")
    once, changes = corrector.correct(lines)
    assert corrector.correct(once) == (once, ())
    assert len(once) == len(lines)
    assert (once == lines) == (not changes)
    assert all(change.original != change.corrected for change in changes)


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    lines = text.split("\n")
    once, _ = ALL.correct(lines)
    assert ALL.correct(once) == (once, ())
