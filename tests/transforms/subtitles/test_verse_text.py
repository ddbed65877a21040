import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subtitle_cues import read_cues
from verse_damage import quoted

from batchio.subtitles.lexicon import Style
from batchio.subtitles.verses import Verse
from batchio.subtitles.word_keys import words_of
from transforms.subtitles.edits import Change
from transforms.subtitles.verse_index import VerseIndex, verse_index
from transforms.subtitles.verse_text import write_verses

KARMANI = "karmaṇyevādhikāraste mā phaleṣu kadācana\nmā karmaphalaheturbhūrmā te saṅgo 'stvakarmaṇi"
STYLES: tuple[Style, ...] = ("plain", "iast")
INDEX = VerseIndex([Verse("Gita 2.47", KARMANI)])


def written(*texts, style="iast"):
    return write_verses(texts, INDEX, style)[0]


@pytest.fixture(scope="module")
def index(subtitle_data: Path) -> VerseIndex:
    table = subtitle_data / "sanskrit/scriptures/bhagavad_gita_verses.jsonl"
    return verse_index((str(table),))


def test_the_words_go_where_the_cues_and_lines_break():
    texts = ("In verse 47: karmany eva adhikaras te", "ma phaleshu,\nkadachana. You have")
    after, changes = write_verses(texts, INDEX, "iast")
    assert after == ["In verse 47: karmaṇyevādhikāraste", "mā phaleṣu,\nkadācana. You have"]
    why = ("verse", "Gita 2.47", changes[0][0].score)
    assert changes[0][0].score > 95
    assert changes == {
        0: (Change(1, 14, "karmany eva adhikaras te", "karmaṇyevādhikāraste", *why),),
        1: (
            Change(1, 1, "ma phaleshu", "mā phaleṣu", *why),
            Change(2, 1, "kadachana", "kadācana", *why),
        ),
    }


def test_what_is_right_stays():
    assert write_verses(KARMANI.split("\n"), INDEX, "iast") == (KARMANI.split("\n"), {})


def test_capitals_and_stops_stay():
    text = "“Karmanyevadhikaraste ma phaleshu kadacana!”"
    assert written(text) == ["“Karmaṇyevādhikāraste mā phaleṣu kadācana!”"]
    assert written("Karmaṇyevādhikāraste, Mā phaleshu kadacana") == [
        "Karmaṇyevādhikāraste, Mā phaleṣu kadācana"
    ]


def test_tags_stay_or_the_quotation_does():
    text = "<i>karmanyevadhikaraste ma phaleshu kadacana</i>"
    assert written(text) == ["<i>karmaṇyevādhikāraste mā phaleṣu kadācana</i>"]
    inside = "karmany eva <i>adhikaras te</i> ma phaleshu kadachana"
    assert written(inside) == [inside]


def test_an_avagraha_is_not_doubled():
    text = "ma karmaphalaheturbhurma te sango \N{RIGHT SINGLE QUOTATION MARK}stvakarmani"
    once = written(text)
    assert once == ["mā karmaphalaheturbhūrmā te saṅgo 'stvakarmaṇi"]
    assert written(*once) == once


def test_plain_style_takes_no_marks_and_leaves_what_sounds_right():
    right = "karmany eva adhikaraste ma phaleshu kadachana"
    assert written(right, style="plain") == [right]
    marks = "karmaṇyevādhikarama mā phaleṣu kadācan"
    assert written(marks, style="plain") == [marks]
    wrong = "karmanyevadhikaram te ma phalesu kadacan"
    assert written(wrong, style="plain") == ["karmanyevadhikaraste ma phaleshu kadachana"]


def test_a_quotation_that_is_too_unlike_stays():
    text = "karmani vadikaro me ma phalani kadachanam"
    (stays,), changes = write_verses([text], INDEX, "iast")
    assert (stays, changes) == (text, {})
    assert write_verses([text], INDEX, "iast", 75.0)[0] != [text]


def test_a_line_is_never_left_empty():
    text = "karmanye\nvadhika\nraste ma phaleshu kadachana"
    assert written(text) == [text]


def test_no_quotation_nothing_done():
    assert write_verses(["Good morning", "to all"], INDEX, "iast") == (
        ["Good morning", "to all"],
        {},
    )


HEARD = words_of(
    "Karmany eva adhikaras te ma phaleshu kadachana ma karma phala hetur bhurma te sango"
)
GAPS = st.sampled_from([" ", " ", " ", ", ", "\n", "|", " the ", " <i>", " '"])


@given(st.lists(GAPS, min_size=len(HEARD), max_size=len(HEARD)), st.sampled_from(STYLES))
def test_cues_and_lines_stay_and_a_second_run_changes_nothing(gaps, style):
    pairs = zip(HEARD, gaps, strict=True)
    texts = "".join(part for pair in pairs for part in pair).split("|")
    after, changes = write_verses(texts, INDEX, style)
    assert [text.count("\n") for text in after] == [text.count("\n") for text in texts]
    assert {at for at, text in enumerate(texts) if text != after[at]} == set(changes)
    assert write_verses(after, INDEX, style) == (after, {})


@pytest.mark.parametrize("style", STYLES)
def test_a_second_run_changes_nothing(subtitle_data: Path, index: VerseIndex, style):
    chance = random.Random(3)
    hurt = [quoted(known.verse, chance, half=False, times=1)[0] for known in index.verses]
    real = [
        ["\n".join(cue) for cue in read_cues(path)]
        for path in sorted(subtitle_data.glob("sanskrit/**/*.srt"))
    ]
    changed = 0
    for texts in [*hurt, *real]:
        after, changes = write_verses(texts, index, style)
        changed += bool(changes)
        assert write_verses(after, index, style) == (after, {})
    assert changed > 500


def test_damaged_verses_come_out_as_in_the_table(index: VerseIndex):
    """Each word of 719 verses damaged once and cut over cues: nearly all words come back."""
    chance = random.Random(4)
    words = right = 0
    for known in index.verses:
        texts, said = quoted(known.verse, chance, half=False, times=1)
        after = " ".join(write_verses(texts, index, "iast")[0]).lower().split()
        words += len(said.split())
        right += len({*said.lower().split()} & {*after})
    assert right / words > 0.9
