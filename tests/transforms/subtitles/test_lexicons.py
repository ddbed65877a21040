from __future__ import annotations

from pathlib import Path

import pytest

from batchio.errors import CannotRun, UsageError
from transforms.subtitles.lexicons import load, read_never, styles_of

TERMS = "entries:\n- original_term: moksha\n  variations: [moksh]\n"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (f"# a remark\n\n{TERMS}", True),
        (f"{TERMS}  meaning: liberation\n", True),
        (TERMS.replace("moksh]", "mokshaa]"), False),
        (f"{TERMS}  force: true\n", False),
        (f"{TERMS}- term: Krishna\n", False),
    ],
)
def test_the_digest_tells_what_entries_say_and_not_how(
    tmp_path: Path, text: str, same: bool
) -> None:
    for name, content in (("a/terms.yaml", TERMS), ("b/other.yaml", text)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    digests = [load([str(tmp_path / folder / "*.yaml")]).digest for folder in "ab"]
    assert (digests[0] == digests[1]) == same


def test_entries_are_named_below_the_folder_of_all_lexicons(tmp_path: Path) -> None:
    for name in ("deep/one.yaml", "two.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TERMS)
    found = load([str(tmp_path / "**/*.yaml"), str(tmp_path / "two.yaml")])
    assert [entry.place for entry in found.entries] == ["deep/one.yaml:2", "two.yaml:2"]


def test_what_is_no_yaml_or_not_there_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("entries:\n- term: [\n")
    with pytest.raises(CannotRun, match=r"bad\.yaml: read lexicon: line 3"):
        load([str(tmp_path / "bad.yaml")])
    with pytest.raises(UsageError, match="no such lexicon"):
        load([str(tmp_path / "*.yml")])


def test_a_list_of_words_may_have_remarks(tmp_path: Path) -> None:
    path = tmp_path / "never.txt"
    path.write_text("\ufeff# names\nKali  # months\n\nkarma yoga\n")
    assert read_never(str(path)) == ("Kali", "karma yoga")


def test_styles_by_category() -> None:
    assert styles_of(["deity=iast", "a=b=plain"]) == {"deity": "iast", "a=b": "plain"}
