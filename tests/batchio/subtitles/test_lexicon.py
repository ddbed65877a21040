from pathlib import Path

import pytest

from batchio.subtitles.lexicon import load_lexicons, read_lexicon
from batchio.subtitles.lexicon_checks import check_entries

SHAPES = """\
metadata: {version: '1.0'}
entries:
- original_term: moksha
  variations: [moksh, moksa]
  transliteration: mokṣa
  category: concept
  confidence: 0.9
  meaning: liberation
- term: Krishna
  variations: [krsna]
- title: Vedānta
  variations: [Vedaanta]
asr_corrections:
- original_term: yogabashi
  variations: [yoga bashi]
  transliteration: Yogavāsiṣṭha
  is_proper_noun: true
compound_terms:
- phrase: Śrīmad Bhāgavatam
  variations: ["srimad bhagavatam"]
  type: scriptural_title
  context_clues: [canto, verse]
  force: true
"""


def test_every_shape_becomes_entries() -> None:
    entries, problems = read_lexicon(SHAPES, "l.yaml")
    assert problems == []
    assert [(e.kind, e.term, e.proper, e.line) for e in entries] == [
        ("entry", "moksha", False, 3),
        ("noun", "Krishna", True, 9),
        ("title", "Vedānta", True, 11),
        ("asr", "yogabashi", True, 14),
        ("compound", "Śrīmad Bhāgavatam", True, 19),
    ]
    moksha, *_, compound = entries
    assert moksha.transliteration == "mokṣa"
    assert moksha.variations == (("moksh", 4), ("moksa", 4))
    assert (moksha.category, moksha.confidence, moksha.clues) == ("concept", 0.9, ())
    assert (compound.category, compound.clues, compound.force) == (
        "scriptural_title",
        ("canto", "verse"),
        True,
    )
    assert compound.place == "l.yaml:19"


def test_values_are_text_whatever_yaml_makes_of_them() -> None:
    text = "entries:\n- original_term: no\n  variations: [on, 7, 1_0, null, 2024-01-01]\n"
    (entry,), problems = read_lexicon(text, "l.yaml")
    assert problems == []
    assert entry.term == "no"
    assert [text for text, _ in entry.variations] == ["on", "7", "1_0", "null", "2024-01-01"]


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("entries:\n- term: [a\n", 3, "yaml"),
        ("entries:\n- term: a\n  variation: [b]\n", 3, "unknown key"),
        ("entries:\n- term: a\nextra: 1\n", 3, "unknown key"),
        ("entries:\n- term: a\n- variations: [b]\n", 3, "no target"),
        ("asr_corrections:\n- original_term: a\n", 2, "no target"),
        ("entries:\n- term: a\n  term: b\n", 3, "duplicate"),
        ("entries:\n- term: a\n  confidence: high\n", 3, "bad value"),
        ("entries:\n- term: a\n  confidence: 2\n", 3, "bad value"),
        ("entries:\n- term: a\n  force: perhaps\n", 3, "bad value"),
        ("entries:\n- term: a\n  variations: [{b: c}]\n", 3, "bad value"),
        ("entries: a\n", 1, "bad value"),
        ("entries:\n- a\n", 2, "bad value"),
        ("# nothing\n", 1, "no target"),
    ],
)
def test_faults_are_told_with_their_line(text: str, line: int, fault: str) -> None:
    _, problems = read_lexicon(text, "l.yaml")
    assert [(p.line, p.fault) for p in problems][:1] == [(line, fault)]


def test_an_entry_with_a_fault_leaves_the_others() -> None:
    entries, problems = read_lexicon("entries:\n- variations: [b]\n- term: a\n", "l.yaml")
    assert [entry.term for entry in entries] == ["a"]
    assert len(problems) == 1


def test_a_file_that_is_not_there_leaves_the_others(tmp_path: Path) -> None:
    there = tmp_path / "b.yaml"
    there.write_text("entries:\n- term: a\n")
    entries, problems = load_lexicons([str(tmp_path / "a.yaml"), str(there)])
    assert [entry.term for entry in entries] == ["a"]
    assert [(p.file, p.fault) for p in problems] == [(str(tmp_path / "a.yaml"), "unreadable")]


def test_the_example_of_the_page_is_a_clean_lexicon() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lexicons.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    entries, problems = read_lexicon(example, "docs/lexicons.md")
    assert [entry.kind for entry in entries] == ["entry", "entry", "noun", "asr", "compound"]
    assert problems == []
    assert {problem.fault for problem in check_entries(entries)} == {"english"}


def test_all_entries_of_real_lexicons_are_read(subtitle_data: Path) -> None:
    folder = subtitle_data / "sanskrit" / "lexicons_full"
    names = ("corrections", "proper_nouns", "asr_corrections")
    counts = [len(load_lexicons([str(folder / f"{name}.yaml")])[0]) for name in names]
    assert counts == [232, 142, 43]
