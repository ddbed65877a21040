from pathlib import Path

import pytest
from subtitle_cues import read_cues
from verse_damage import score_quotations

from batchio.subtitles.verses import Verse
from transforms.subtitles.verse_index import Stream, VerseIndex, verse_index, verse_key
from transforms.subtitles.verses import find_verses

SCORES = [(False, 1, 0.99), (False, 3, 0.98), (True, 0, 0.98), (True, 2, 0.96)]
KARMANI = "karmaṇyevādhikāraste mā phaleṣu kadācana\nmā karmaphalaheturbhūrmā te saṅgo 'stvakarmaṇi"
SREYAN = "śreyānsvadharmo viguṇaḥ paradharmātsvanuṣṭhitāt"
INDEX = VerseIndex(
    [
        Verse("Gita 2.47", KARMANI),
        Verse("Gita 3.35", f"{SREYAN}\nsvadharme nidhanaṃ śreyaḥ paradharmo bhayāvahaḥ"),
        Verse("Gita 18.47", f"{SREYAN}\nsvabhāvaniyataṃ karma kurvannāpnoti kilbiṣam"),
        Verse("Gita 10.1", "śrībhagavānuvāca\nbhūya eva mahābāho śṛṇu me paramaṃ vacaḥ"),
    ]
)


def found(*texts):
    return [(each.reference, each.first, each.last) for each in find_verses(texts, INDEX)]


def real_texts(path: Path) -> list[str]:
    return ["\n".join(cue) for cue in read_cues(path)]


@pytest.fixture(scope="module")
def index(subtitle_data: Path) -> VerseIndex:
    folder = subtitle_data / "sanskrit" / "scriptures"
    paths = [folder / "bhagavad_gita_verses.jsonl", *sorted(folder.glob("*.yaml"))]
    return verse_index(tuple(map(str, paths)))


def test_a_half_over_cues_and_lines_with_words_of_english_around():
    texts = (
        "He says:",
        "in verse forty seven, karmany eva\nadhikaras te",
        "ma phaleshu kadachana.",
    )
    assert found(*texts, "You have a right") == [("Gita 2.47", 1, 2)]
    (quotation,) = find_verses(texts, INDEX)
    assert quotation.text == "karmaṇyevādhikāraste mā phaleṣu kadācana"
    assert [each.token.word for each in quotation.spoken][::6] == ["karmany", "kadachana"]
    assert quotation.score > 95
    assert 0.4 < quotation.share < 0.6


def test_a_whole_verse_has_all_of_it():
    (quotation,) = find_verses([KARMANI], INDEX)
    assert (quotation.score, quotation.share) == (100.0, 1.0)
    assert quotation.text == KARMANI.replace("\n", " ")


def test_of_verses_with_the_same_half_the_first_is_told():
    assert found("sreyan svadharmo vigunah", "paradharmat svanushthitat") == [("Gita 3.35", 0, 1)]


def test_of_verses_with_the_same_half_the_other_half_decides():
    texts = ("shreyan swadharmo vigunah paradharmat", "svanushtitat svabhava niyatam karma")
    assert found(*texts) == [("Gita 18.47", 0, 1)]


def test_two_verses_one_after_the_other():
    second = f"{SREYAN} svadharme nidhanam shreyah paradharmo bhayavahah"
    assert found(KARMANI, second) == [("Gita 2.47", 0, 0), ("Gita 3.35", 1, 1)]


def test_a_verse_said_twice():
    assert found(KARMANI, "Again.", KARMANI) == [("Gita 2.47", 0, 0), ("Gita 2.47", 2, 2)]


def test_who_speaks_is_no_quotation():
    assert found("Shri Bhagavan uvacha. Sri Bhagavan uvaca.") == []


def test_terms_are_no_quotation():
    assert found("svadharma and paradharma, karma phala", "and nishkama karma, mahabaho") == []


def test_tags_are_no_words():
    texts = ("<i>karmany eva</i> adhikaras te", "{\\i1}ma phaleshu{\\i0} kadachana")
    assert found(*texts) == [("Gita 2.47", 0, 1)]


def test_nothing_in_nothing():
    assert found() == []
    assert found("", "\n") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bhaviṣyati", "bhavishyathi"),
        ("śreyān", "shreyaan"),
        ("'bhimānaśca", "abhimānaśhcha"[1:]),
        ("saṅgaṃ", "sangam"),
        ("kṛṣṇa", "krishna"),
        ("jñāna", "gyaan"),
        ("jñāna", "gnana"),
        ("vettha", "bettha"),
    ],
)
def test_words_that_sound_alike(one, other):
    assert verse_key(one).rstrip("a") == verse_key(other).rstrip("a")


def test_letters_know_their_words_and_meet_over_blanks():
    stream = Stream.of(["tat", "tvam", "asi"])
    assert stream.letters == "tatvanasi"
    assert stream.between(1, 1) == "van"
    assert stream.between(1, 2) == "vanasi"


def test_the_quotations_of_all_real_files(subtitle_data: Path, index: VerseIndex):
    """Read by hand: each hit is a quotation, and the lectures have no other of these tables."""
    hits = {
        path.name: [(each.reference, each.first, each.last) for each in quotations]
        for path in sorted(subtitle_data.rglob("*.srt"))
        if (quotations := find_verses(real_texts(path), index))
    }
    assert hits == {
        "complex_test.srt": [("Bhagavad Gita 18.66", 4, 4)],
        "highlights_tulsi_ramayana_28.srt": [("Bhagavad Gita 16.4", 278, 279)],
        "sample_yoga_lecture.srt": [("Bhagavad Gita 2.47", 2, 3)],
    }


@pytest.mark.parametrize(("half", "times", "recall"), SCORES)
def test_damaged_verses_are_found(subtitle_data, index, half, times, recall):
    """Seeded; benchmarks/subtitles_verses.py tells precision and recall for each kind."""
    english = sorted(subtitle_data.glob("3b1b/2016/*/english/*.srt"))
    around = [text for path in english for text in real_texts(path)]
    score = score_quotations(index, around, half=half, times=times, seed=8)
    assert score.made == 730
    assert score.recall >= recall
    assert score.precision >= 0.985


def test_a_recitation_is_told_verse_by_verse(subtitle_data: Path):
    table = subtitle_data / "sanskrit/scriptures/bhagavad_gita_verses.jsonl"
    gita = verse_index((str(table),))
    verses = [known.verse for known in gita.verses[:150]]
    texts = [line for verse in verses for line in verse.text.split("\n")]
    found = find_verses(texts, gita)
    assert [each.reference for each in found] == [verse.reference for verse in verses]


def test_an_index_is_made_once(subtitle_data: Path):
    paths = (str(subtitle_data / "sanskrit/scriptures/yoga_sutras.yaml"),)
    assert verse_index(paths) is verse_index(paths)
