from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.errors import UsageError
from batchio.subtitles.verses import Verse, load_verses, read_verses

ROW = '{"chapter": 2, "verse": 47, "iast": "mā te saṅgo.astvakarmaṇi . karma ||2-47||"}'
YAML = """\
metadata: {source: yoga_sutras}
verses:
- chapter: 1
  verse: 2
  tags: [yoga]
  transliteration: "yogaś citta-vṛtti-nirodhaḥ ||"
- reference: Kaṭha 1.3.14
  canonical_text: uttiṣṭhata jāgrata | prāpya varān
"""


def test_a_verse_loses_its_number_and_gets_its_avagraha():
    (verse,) = read_verses(f"\n{ROW}\n", "tables/bhagavad_gita_verses.jsonl")
    text = "mā te saṅgo 'stvakarmaṇi\nkarma"
    path = "tables/bhagavad_gita_verses.jsonl"
    assert verse == Verse("Bhagavad Gita 2.47", text, path, 2)


def test_a_list_in_yaml():
    first, second = read_verses(YAML, "some.yaml")
    assert first == Verse("Yoga Sutras 1.2", "yogaś citta-vṛtti-nirodhaḥ", "some.yaml", 3)
    assert second == Verse("Kaṭha 1.3.14", "uttiṣṭhata jāgrata\nprāpya varān", "some.yaml", 7)


def test_a_number_in_yaml_is_as_written():
    text = "verses:\n- {source: Īśā, verse: 1.10, text: anyadevāhuḥ}\n"
    assert read_verses(text, "isha.yml")[0].reference == "Īśā 1.10"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no verses"),
        (f"{ROW}\n{{", "line 2: no JSON"),
        (f"{ROW}\n7", "line 2: is no object"),
        ('\n{"chapter": 1, "verse": 1}', "line 2: a verse without text"),
        ('{"chapter": 1, "verse": 1, "iast": 7}', "line 1: a verse without text"),
        ('{"chapter": 1, "verse": 1, "iast": "||1-1||"}', "line 1: a verse without words"),
        ('{"iast": "karma"}', "line 1: a verse without its place"),
        ('{"chapter": [1], "iast": "karma"}', "line 1: a verse without its place"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(text, says):
    with pytest.raises(UsageError, match=rf"gita\.jsonl: verses: {says}") as error:
        read_verses(text, "gita.jsonl")
    assert error.value.action


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b: c", "line 1: mapping values"),
        ("verses: {chapter: 1}", "holds no list named verses"),
        ("- 1", "holds no list named verses"),
        ("verses:\n- {chapter: 1, verse: 1, text: karma}\n- 7", "line 3: a verse without text"),
    ],
)
def test_what_is_no_table_in_yaml_is_refused(text, says):
    with pytest.raises(UsageError, match=rf"gita\.yaml: verses: {says}"):
        read_verses(text, "gita.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"gone\.jsonl: verses: cannot be read"):
        load_verses([str(tmp_path / "gone.jsonl")])


@given(st.text(), st.sampled_from(["a.jsonl", "a.yaml"]))
def test_any_text_is_read_or_refused(text, path):
    with suppress(UsageError):
        assert read_verses(text, path)


def test_the_real_tables(subtitle_data: Path):
    folder = subtitle_data / "sanskrit" / "scriptures"
    gita = load_verses([str(folder / "bhagavad_gita_verses.jsonl")])
    others = load_verses(sorted(map(str, folder.glob("*.yaml"))))
    assert len(gita) == len({verse.reference for verse in gita}) == 719
    assert gita[22].reference == "Bhagavad Gita 1.23"
    assert gita[22].line == 23
    assert [verse.reference for verse in others[-2:]] == ["Yoga Sutras 2.46", "Yoga Sutras 2.47"]
    signs = {sign for verse in gita + others for sign in verse.text if not sign.isalpha()}
    assert signs == {" ", "\n", "'", "-"}


def test_the_examples_of_the_page_are_read():
    page = (Path(__file__).parents[3] / "docs" / "verses.md").read_text(encoding="utf-8")
    rows, table = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("json", "yaml"))
    verses = [*read_verses(rows, "bhagavad_gita_verses.jsonl"), *read_verses(table, "some.yaml")]
    references = [verse.reference for verse in verses]
    assert references == ["Bhagavad Gita 2.47", "Yoga Sutras 1.2", "Kaṭha 1.3.14"]
