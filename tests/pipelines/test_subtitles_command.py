"""The subtitles command on invented lectures, and on real files with the full lexicons."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rig import Finished, Rig

from batchio.fileset import FileRef
from batchio.subtitles.samples import make_srt
from batchio.subtitles.srt import read_srt
from pipelines.subtitles import SubtitlesOptions, forming, main
from transforms.forming import LeftOut
from transforms.subtitles.settings import DEFAULT_STEPS

LEXICON = """\
entries:
- original_term: moksha
  variations: [moksh]
- term: Krishna
  variations: [krsna, krishn]
- original_term: dharma
  variations: [dharm]
"""
LECTURES = {
    "a/terms.srt": make_srt(["Here krsna spoke of moksh .", "What is the dharm of a king?"])
    .replace("\n", "\r\n")
    .encode(),
    "b/right.srt": make_srt(["<i>The café of Krishna</i>", "is closed."]).encode("utf-16"),
    "b/single.srt": make_srt(["Nothing but krishn in it."]).encode(),
    "guessed.srt": make_srt(["Ein Café in München, schöne Grüße aus Köln"] * 9).encode("cp1252"),
    "broken.srt": (
        b"1\n00:00:01,000 --> 00:00:02,000\nFirst of all\n\n2\n00:00:03,000 -> soon\n=lost()\n\n"
        b"3\n00:00:04,000 --> 00:00:05,000\nAnd moksh\n"
    ),
    "page.srt": b"<!DOCTYPE html><title>503</title>",
}
GOOD = LECTURES.keys() - {"page.srt"}


class Worked(NamedTuple):
    rig: Rig
    done: Finished


def rig_in(folder: Path, files: Mapping[str, bytes] = LECTURES) -> Rig:
    lexicon = folder / "terms.yaml"
    rig = Rig("pipelines.subtitles", folder, "**/*.srt", ("--lexicon", str(lexicon)))
    for name, data in files.items():
        file = rig.inputs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    lexicon.write_text(LEXICON)
    return rig


def table(rig: Rig, name: str) -> list[dict[str, str]]:
    with (rig.output / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def told(rig: Rig) -> Any:
    return json.loads((rig.output / "report.json").read_text())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.srt")}


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    rig = rig_in(tmp_path_factory.mktemp("worked"))
    return Worked(rig, rig.run("--workers=1"))


def test_the_tree_is_mirrored_and_only_what_is_wrong_changes(worked: Worked) -> None:
    rig, done = worked
    assert done.code == 3
    made = tree(rig.output)
    assert made.keys() == GOOD
    same = {name for name in GOOD if made[name] == LECTURES[name]}
    assert same == {"b/right.srt", "guessed.srt"}
    terms = LECTURES["a/terms.srt"].replace(b"krsna", b"Krishna").replace(b"moksh .", b"moksha.")
    assert made["a/terms.srt"] == terms.replace(b"dharm ", b"dharma ")
    assert made["broken.srt"] == LECTURES["broken.srt"].replace(b"And moksh", b"And moksha")


def test_each_change_and_each_fault_has_a_row(worked: Worked) -> None:
    rig, _ = worked
    lines = (rig.output / "corrections.csv").read_text().splitlines()
    assert lines[1:5] == [
        'a/terms.srt,1,"00:00:01,000",3,6,krsna,Krishna,lexicon,terms.yaml:4,100.0',
        'a/terms.srt,1,"00:00:01,000",3,21,moksh,moksha,lexicon,terms.yaml:2,100.0',
        'a/terms.srt,1,"00:00:01,000",3,26, ,,space,,100.0',
        'a/terms.srt,2,"00:00:04,750",7,13,dharm,dharma,lexicon,terms.yaml:6,100.0',
    ]
    assert [(row["file"], row["line"], row["after"]) for row in table(rig, "corrections")[4:]] == [
        ("b/single.srt", "3", "Krishna"),
        ("broken.srt", "11", "moksha"),
    ]
    issues = {(row["file"], row["kind"]): row for row in table(rig, "issues")}
    lost = issues["broken.srt", "cue_lost"]
    assert (lost["line"], lost["fault"], lost["group"]) == ("5", "yes", "parse")
    assert lost["text"] == "2\n00:00:03,000 -> soon\n=lost()"
    assert issues["guessed.srt", "encoding_guessed"]["note"].startswith("read as cp125")


def test_each_file_has_a_row_with_its_quality(worked: Worked) -> None:
    rig, _ = worked
    files = {row["file"]: row for row in table(rig, "files")}
    assert list(files) == sorted(LECTURES)
    assert {name: row["status"] for name, row in files.items()} == dict.fromkeys(GOOD, "ok") | {
        "broken.srt": "warnings",
        "page.srt": "failed",
    }
    assert files["page.srt"]["error"].startswith("no line has times that can be read")
    terms = files["a/terms.srt"]
    counts = ("cues", "lost", "corrections", "by_lexicon", "by_space", "line_end", "word_list")
    assert [terms[name] for name in counts] == ["2", "0", "4", "3", "1", "CRLF", "en"]
    assert float(terms["text_after"]) == 1
    assert float(terms["text_before"]) == pytest.approx(9 / 12, abs=1e-5)
    assert files["b/right.srt"]["encoding"] == "utf-16-le"
    assert files["broken.srt"]["structure_after"] == "0.66667"


def test_the_report_adds_all_files_up(worked: Worked) -> None:
    report = told(worked.rig)
    counts = {"all": 6, "ok": 4, "warnings": 1, "failed": 1, "corrected": 3}
    assert report["files"] == counts | {"other_language": 0}
    assert (report["cues"], report["lost"], report["corrections"]["all"]) == (16, 1, 6)
    assert {name: n for name, n in report["corrections"]["by_type"].items() if n} == {
        "lexicon": 5,
        "space": 1,
    }
    rows = [row for row in table(worked.rig, "files") if row["status"] != "failed"]
    scores = [float(row["score_after"]) for row in rows]
    cues = [int(row["cues"]) for row in rows]
    by_cues = sum(s * n for s, n in zip(scores, cues, strict=True)) / sum(cues)
    assert report["quality"]["by_cues"]["after"]["score"] == pytest.approx(by_cues, abs=0.006)
    mean = sum(scores) / len(scores)
    assert report["quality"]["by_files"]["after"]["score"] == pytest.approx(mean, abs=0.006)
    page = (worked.rig.output / "report.md").read_text()
    assert "| lexicon | 5 |" in page
    assert "| `moksh` | `moksha` | lexicon | 2 |" in page


def test_a_changed_lexicon_is_told_as_the_reason_and_changes_only_its_outputs(
    tmp_path: Path,
) -> None:
    rig = rig_in(tmp_path, {name: LECTURES[name] for name in GOOD})
    lexicon = tmp_path / "terms.yaml"
    assert rig.run("--workers=1").code == 0
    before = rig.mtimes()

    lexicon.write_text(f"# a remark\n{LEXICON}")
    assert rig.run("--workers=1").code == 0
    assert rig.report()["counts"]["skipped"] == len(GOOD)
    assert rig.mtimes() == before

    lexicon.write_text(LEXICON.replace("[moksh]", "[moksh, first]\n  force: true"))
    assert rig.run("--workers=1").code == 0
    reasons = rig.report()["reasons"]
    assert reasons == {"lexicon changed": 1, "files or settings changed": 1}
    after = rig.mtimes()
    changed = {Path(name).name for name in after if after[name] != before[name]}
    assert {name for name in changed if name.endswith(".srt")} == {"broken.srt"}
    assert b"\nMoksha of all" in (rig.output / "broken.srt").read_bytes()

    fresh = Rig("pipelines.subtitles", tmp_path / "fresh", arguments=rig.arguments)
    assert fresh.run("--workers=1", inputs=[f"{rig.inputs}/**/*.srt"]).code == 0
    for name in ("files.csv", "corrections.csv", "issues.csv", "report.json", "report.md"):
        assert (rig.output / name).read_bytes() == (fresh.output / name).read_bytes()
    kept = rig.output / ".headrace/lexicons"
    assert len(list(kept.iterdir())) == 2

    lexicon.write_text(f"{LEXICON}- original_term: satsanga\n")
    assert rig.run("--plan").out.count("lexicon changed") == 1
    shutil.rmtree(kept)
    assert rig.run("--plan").out.count("lexicon changed") == len(GOOD)


def test_a_review_writes_no_subtitles_and_compares_with_what_is_right(tmp_path: Path) -> None:
    rig = rig_in(tmp_path)
    right = tmp_path / "right/a/terms.srt"
    right.parent.mkdir(parents=True)
    right.write_text(make_srt(["Here Krishna spoke of moksha.", "What is the dharma of a king?"]))
    never = tmp_path / "never.txt"
    never.write_text("# as spoken\ndharm  # in the north\n")
    asked = ["--review", f"--reference={tmp_path / 'right'}", f"--never={never}"]
    assert rig.run("--workers=1", *asked).code == 3
    assert tree(rig.output) == {}
    assert [row["before"] for row in table(rig, "corrections")][:3] == ["krsna", "moksh", " "]
    row = {row["file"]: row for row in table(rig, "files")}["a/terms.srt"]
    assert row["output"] == ""
    assert [row[name] for name in ("reference_words", "right", "wrong", "missed")] == [
        *("12", "2", "0", "1")
    ]
    assert (row["wer_before"], row["wer_after"]) == ("0.25", "0.083333")
    assert told(rig)["reference"]["files"] == 1


class Real(NamedTuple):
    first: Rig
    second: Rig
    inputs: Path


@pytest.fixture(scope="module")
def real(subtitle_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """All real files with the full lexicons, and what came of them once more."""
    folder = tmp_path_factory.mktemp("real")
    sanskrit = subtitle_data / "sanskrit"
    arguments = (
        *("--lexicon", str(sanskrit / "lexicons_full/*.yaml")),
        *("--verses", str(sanskrit / "scriptures/bhagavad_gita_verses.jsonl")),
        *("--steps", *DEFAULT_STEPS, "verses"),
    )
    first = Rig("pipelines.subtitles", folder / "first", arguments=arguments)
    again = Rig("pipelines.subtitles", folder / "second", arguments=arguments)
    assert first.run("--workers=2", inputs=[str(subtitle_data / "**/*.srt")]).code == 3
    assert again.run("--workers=2", inputs=[str(first.output / "**/*.srt")]).code == 0
    return Real(first, again, subtitle_data)


@pytest.mark.timeout(120)
def test_real_files_without_a_correction_are_byte_for_byte_the_same(real: Real) -> None:
    rows = {row["file"]: row for row in table(real.first, "files")}
    made, given = tree(real.first.output), tree(real.inputs)
    assert rows.keys() == given.keys()
    good = {name for name, row in rows.items() if row["status"] != "failed"}
    assert made.keys() == good
    assert len(good) > 180
    assert sum(int(row["corrections"] or 0) for row in rows.values()) > 200
    same = {name for name in good if made[name] == given[name]}
    assert same == {name for name in good if rows[name]["corrections"] == "0"}
    for name in good:
        cues = [read_srt(data[name]).cues for data in (given, made)]
        assert [cue[:4] for cue in cues[0]] == [cue[:4] for cue in cues[1]]


def test_lectures_on_mathematics_and_in_other_languages_are_not_changed(real: Real) -> None:
    rows = [row for row in table(real.first, "files") if row["file"].startswith("3b1b")]
    english = [row for row in rows if "/english/" in row["file"]]
    assert {row["word_list"] for row in english} == {"en"}
    assert {row["word_list"] for row in rows if row not in english} == {""}
    assert {row["corrections"] for row in rows} == {"0"}


def test_quoted_verses_are_told_and_written(real: Real) -> None:
    found = table(real.first, "verses")
    assert {(row["file"].rpartition("/")[2], row["reference"]) for row in found} == {
        ("complex_test.srt", "Bhagavad Gita 18.66"),
        ("highlights_tulsi_ramayana_28.srt", "Bhagavad Gita 16.4"),
        ("sample_yoga_lecture.srt", "Bhagavad Gita 2.47"),
    }
    written = [row for row in table(real.first, "corrections") if row["rule"] == "verse"]
    assert {row["before"]: row["after"] for row in written}["karmany eva adhikaram te"] == (
        "karmanyevadhikaraste"
    )
    assert told(real.first)["verses"] == dict.fromkeys(sorted(row["reference"] for row in found), 1)


def test_a_second_run_over_the_output_changes_nothing(real: Real) -> None:
    assert table(real.second, "corrections") == []
    assert tree(real.second.output) == tree(real.first.output)


def test_lexicons_are_checked_without_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(LEXICON)
    bad.write_text("entries:\n- original_term: satya\n  variations: [truth]\n  colour: red\n")
    assert main(["--check_lexicon", "--lexicon", "good.yaml"]) == 0
    assert main(["--lexicon", "*.yaml", "--check-lexicon", "--output", "anywhere"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "0 problems in 1 lexicons",
        "bad.yaml:3: english: truth: English, not used; give context_clues, or force: true",
        "bad.yaml:4: unknown key: colour: not read",
        "2 problems in 2 lexicons",
    ]
    assert main(["--check_lexicon"]) == 2
    assert not (tmp_path / "anywhere").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--encoding", "klingon"], 2, "'klingon' is no encoding of text"),
        (["--never", "none.txt"], 2, "none.txt: cannot be read: No such file or directory"),
        (["--lexicon", "none/*.yaml"], 2, "none/*.yaml: no such lexicon"),
        (["--lexicon", "broken.yaml"], 1, "broken.yaml: read lexicon: line 3: "),
        (["--reference", "nowhere"], 2, "nowhere: holds no file"),
        (["--output", "in"], 2, "in: is the folder of the inputs, which would be overwritten"),
        (["--steps", "guess"], 2, "guess"),
        (["--steps", "verses"], 2, "the step verses needs --verses"),
        (["--verses", "none.jsonl"], 2, "none.jsonl: verses: cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_before_a_run(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    rig_in(tmp_path)
    (tmp_path / "broken.yaml").write_text("entries:\n- a: [\n")
    output = [] if "--output" in arguments else ["--output", "out"]
    assert main(["--input", "in/**/*.srt", *output, *arguments]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_outputs_among_the_inputs_are_left_out(tmp_path: Path) -> None:
    options = SubtitlesOptions(input=[f"{tmp_path}/**/*.srt"], output=f"{tmp_path}/corrected")
    paths = (f"{tmp_path}/a.srt", f"{tmp_path}/corrected/a.srt", f"{tmp_path}/corrected2/a.srt")
    formed = list(forming(options).units_of(FileRef(path, 1, 0.0) for path in paths))
    assert [isinstance(each, LeftOut) for each in formed] == [False, True, False]
