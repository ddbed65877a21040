from __future__ import annotations

import random
from pathlib import Path

import pytest
from subtitle_cues import read_cues

from batchio.lexicon import load_lexicons, read_lexicon
from transforms.subtitles.correct import Corrector
from transforms.subtitles.settings import Settings

DHARMA = "entries:\n- original_term: dharma\n  variations: [darma]\n"
YOGA = "- original_term: yoga\n  variations: [yog]\n"


def reach_of(lexicon: str, text: str) -> str:
    entries, problems = read_lexicon(lexicon, "l.yaml")
    assert problems == []
    return Corrector(entries).reach([text])


def test_comments_order_and_remarks_change_nothing() -> None:
    text = "the darma of yog"
    other = "# new\nentries:\n" + YOGA + "  meaning: union\n" + DHARMA.removeprefix("entries:\n")
    assert reach_of(DHARMA + YOGA, text) == reach_of(other, text)


def test_the_digest_of_lexicons_is_of_what_they_do() -> None:
    def digest_of(lexicon: str) -> str:
        return Corrector(read_lexicon(lexicon, "l.yaml")[0]).digest

    turned = "entries:\n" + YOGA + "# new\n" + DHARMA.removeprefix("entries:\n")
    assert digest_of(DHARMA + YOGA) == digest_of(turned)
    assert digest_of(DHARMA) != digest_of(DHARMA + YOGA)
    assert digest_of(DHARMA) != digest_of(f"{DHARMA}  confidence: 0.5\n  is_proper_noun: true\n")


@pytest.mark.parametrize(
    "added",
    [
        YOGA,
        "- term: Krishna\n  variations: [krsna]\n",
        "- original_term: moksha\n  variations: [free darma]\n",
    ],
)
def test_rules_for_words_that_are_not_there_change_nothing(added: str) -> None:
    assert reach_of(DHARMA, "the darma of it") == reach_of(DHARMA + added, "the darma of it")


@pytest.mark.parametrize(
    ("added", "text"),
    [
        (YOGA, "the yog's end"),
        ("- term: Prarabdha\n", "a praarabdha"),
        ("- term: Prarabdha\n", "a prara bdha"),
        ("- term: Dharma Raja\n", "darma raja"),
        ("  is_proper_noun: true\n", "darma"),
    ],
)
def test_rules_for_words_that_are_there_change_it(added: str, text: str) -> None:
    assert reach_of(DHARMA, text) != reach_of(DHARMA + added, text)


def test_files_of_equal_reach_get_equal_changes(subtitle_data: Path) -> None:
    folder = subtitle_data / "sanskrit"
    paths = sorted(map(str, (folder / "lexicons_full").glob("*.yaml")))
    entries, _ = load_lexicons(paths)
    rng = random.Random(3)
    whole = Corrector(entries, Settings(style="iast"))
    files = [read_cues(path) for path in sorted(folder.glob("**/*.srt"))]
    skipped = 0
    for _ in range(5):
        left_out = set(rng.sample(range(len(entries)), 3))
        rest = [entry for at, entry in enumerate(entries) if at not in left_out]
        less = Corrector(rest, Settings(style="iast"))
        for cues in files:
            texts = [line for cue in cues for line in cue]
            if whole.reach(texts) != less.reach(texts):
                continue
            skipped += 1
            assert [whole.correct(cue)[0] for cue in cues] == [less.correct(cue)[0] for cue in cues]
    assert skipped > len(files)
