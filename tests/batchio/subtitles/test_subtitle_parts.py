from __future__ import annotations

from pathlib import Path

from batchio.subtitles.parts import FileFindings, places_in_part, read_part, write_part
from batchio.subtitles.tables import FILES, LIMITS, RULES, defused
from transforms.subtitles.edits import _WEIGHTS
from transforms.subtitles.quality import _LOWER, _UPPER


def findings(name: str, *changes: str) -> FileFindings:
    row = {"cues": len(changes), "score_after": 99.5, "encoding": "utf-8"}
    corrections, verses = [[each, 1] for each in changes], [["1", "2", "Gita 2.47"]]
    return FileFindings(name, row, corrections, [[3, "", "no_text"]], verses, {"w": 2})


def test_each_file_is_found_again_in_its_part(tmp_path: Path) -> None:
    written = [findings("a/ä\t\n.srt", "x\ny", "कृष्ण"), findings("b.srt"), findings("c.srt", "z")]
    path = tmp_path / "part.jsonl"
    write_part(written, path)
    places = dict(places_in_part(str(path)))
    assert list(places) == [each.unit_id for each in written]
    assert [read_part(str(path), places[each.unit_id]) for each in reversed(written)] == [
        *reversed(written)
    ]


def test_the_tables_have_a_column_for_each_rule_and_limit() -> None:
    assert {*RULES} == {*_WEIGHTS}
    assert {*LIMITS} == {*_UPPER, *_LOWER}
    assert len(FILES) == len({*FILES})


def test_no_cell_is_a_formula() -> None:
    cells = ["=SUM(A1)", "-1", "+x", "@x", "a=b", "", 5, -2.5]
    assert defused(cells) == ["'=SUM(A1)", "'-1", "'+x", "'@x", "a=b", "", 5, -2.5]
