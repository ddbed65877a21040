import json
import re

import pytest
from rig import ROOT, Rig

PAGE = (ROOT / "docs/new-domain.md").read_text()
CODE = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def words(tmp_path):
    """The domain of the page as a person would have it, and three texts."""
    for name, code in zip(("word_work", "words"), CODE, strict=True):
        (tmp_path / f"{name}.py").write_text(code)
    rig = Rig("words", tmp_path, "**/*.txt", ("--workers", "2"), started_in=tmp_path)
    for name, text in (("a", "to be or not to be"), ("deep/b", "Ä ä"), ("deep/er/c", "")):
        file = rig.inputs / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return rig


def tables(rig):
    return {
        file.relative_to(rig.output).as_posix(): json.loads(file.read_text())
        for file in rig.output_files()
    }


def counted(rig):
    """How many units the newest run skipped, and how many it left completed and failed."""
    report = rig.report()
    statuses = report["statuses"]
    return report["counts"]["skipped"], statuses["completed"], statuses["failed"]


def test_the_domain_of_the_page_is_short():
    assert sum(len(code.splitlines()) for code in CODE) < 80


def test_the_domain_of_the_page_keeps_the_promises(words):
    planned = words.run("--plan")
    assert planned.code == 0, planned.err
    assert planned.out.count("work  ") == 3
    assert not words.output.exists()

    first = words.run()
    assert first.code == 0, first.err
    made = tables(words)
    assert made == {
        "a.txt.json": {"be": 2, "not": 1, "or": 1, "to": 2},
        "deep/b.txt.json": {"ä": 2},
        "deep/er/c.txt.json": {},
    }
    assert counted(words) == (0, 3, 0)

    (words.inputs / "bad.txt").write_bytes(b"caf\xe9")
    again = words.run()
    assert again.code == 3
    assert "bad.txt: decode: is not UTF-8 at byte 3; save it as UTF-8" in again.err
    assert counted(words) == (3, 0, 1)
    assert tables(words) == made

    (words.inputs / "bad.txt").unlink()
    assert words.run().code == 0
    assert counted(words) == (3, 0, 0)

    assert words.run("--min_length", "3").code == 0
    assert counted(words) == (0, 3, 0)
    assert tables(words)["a.txt.json"] == {"not": 1}
