from pathlib import Path

from batchio.subtitles.lexicon import read_lexicon
from batchio.subtitles.lexicon_checks import check_entries, check_lexicons


def faults_of(text: str) -> list[tuple[int, str]]:
    entries, problems = read_lexicon(text, "l.yaml")
    assert problems == []
    return [(problem.line, problem.fault) for problem in check_entries(entries)]


def test_a_clean_lexicon_has_no_problems() -> None:
    assert faults_of("entries:\n- original_term: dharma\n  variations: [darma, dhrma]\n") == []


def test_an_entry_that_stands_twice_is_told() -> None:
    assert faults_of("entries:\n- term: Arjuna\n- term: arjuna\n") == [(3, "duplicate")]


def test_a_spelling_of_two_terms_is_a_conflict_told_where_it_is_not_used() -> None:
    text = """\
entries:
- term: Narada
  variations: [narda]
  confidence: 0.8
- term: Sharada
  variations: [narda]
"""
    assert faults_of(text) == [(3, "conflict")]


def test_a_term_spelled_in_two_styles_is_no_conflict() -> None:
    text = """\
entries:
- term: Krishna
  variations: [krsna]
- original_term: Kṛṣṇa
  variations: [krsna]
"""
    assert faults_of(text) == []


def test_english_words_are_told_unless_forced() -> None:
    text = "entries:\n- original_term: satya\n  variations:\n  - satyaa\n  - truth\n"
    assert faults_of(text) == [(5, "english")]
    assert faults_of(f"{text}  force: true\n") == []


def test_english_words_that_sound_as_their_term_are_its_spellings() -> None:
    assert faults_of("entries:\n- original_term: śāstra\n  variations: [shastra, sutra]\n") == [
        (3, "english")
    ]


def test_other_names_of_the_thing_are_told() -> None:
    assert faults_of("entries:\n- term: Lakshmi\n  variations: [laksmi, shri]\n") == [(3, "unlike")]


def test_spellings_that_cannot_match_are_told() -> None:
    text = "entries:\n- original_term: saptan\n  variations: [7, 'yoga, vasistha']\n"
    assert faults_of(text) == [(3, "never matches"), (3, "never matches")]


def test_problems_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    second, first = tmp_path / "a.yaml", tmp_path / "b.yaml"
    second.write_text("entries:\n- term: Arjuna\n- variations: [a]\n")
    first.write_text("entries:\n- term: Arjuna\n  mening: a\n")
    found = [
        (Path(p.file).name, p.line, p.fault) for p in check_lexicons([str(first), str(second)])
    ]
    assert found == [
        ("b.yaml", 3, "unknown key"),
        ("a.yaml", 2, "duplicate"),
        ("a.yaml", 3, "no target"),
    ]


def test_the_known_faults_of_real_lexicons_are_found(subtitle_data: Path) -> None:
    folder = subtitle_data / "sanskrit" / "lexicons_full"
    told = "\n".join(map(str, check_lexicons([str(folder / "corrections.yaml")])))
    for word in ("condition", "chant"):
        assert f"english: {word}: English" in told
    assert "never matches: 7: no letters" in told
