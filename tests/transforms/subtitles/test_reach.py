"""What a changed lexicon can affect: never a file too few, and few in vain."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from batchio.fileset import FileRef
from batchio.output import OutputRoot
from batchio.subtitles.lexicon import Entry, load_lexicons
from batchio.subtitles.parts import FileFindings, places_in_part, read_part
from batchio.subtitles.samples import make_srt
from transforms.subtitles.correct_files import LEXICON, CorrectFiles, How
from transforms.subtitles.file_words import hash_of, pack, unpack, words_of
from transforms.subtitles.lexicons import Lexicons, kept_entries, kept_path
from transforms.subtitles.reach import Book, Difference, Reach
from transforms.subtitles.settings import STEPS, Settings
from transforms.units import Unit

SETTINGS = Settings(steps=[step for step in STEPS if step != "verses"])
TERMS = {
    "moksha": "moksh moksa mukti",
    "Krishna": "krsna krishn crisna",
    "Kṛṣṇa": "Krishna",
    "dharma": "dharm dharmma",
    "karma yoga": "karm_yog karma_yog",
    "satsanga": "sat_sang satsangh",
    "advaita": "adwaita of_dweller",
    "Krishna's flute": "krishnas_flute",
    "the truth": "satya",
    "vishvarupa": "vishwaroop",
    "Arjuna": "arjun our_june",
}
TEXT = """
here the king spoke of first and second truth verse two one , um CHAPTER end our june
Krishna krsna Krishna's flute krishnna kri<i>shna</i> Kṛṣṇa kṛṣna arjun arjunna
moksha moksh mokshaa <i>moksh</i> MOKSH dharm dharmma dharmaa Dharm\u2019s {\\an8}dharm
karma karm yog yoga sat sanga satsang satsangh ad vaita adwaita advaitaa dweller
vishva rupa vishwarupa vishvaroopa
"""
WORDS = TEXT.split()


class Made(NamedTuple):
    findings: tuple[object, ...]
    details: dict[str, object]


def corrector(folder: Path, entries: Sequence[Entry]) -> CorrectFiles:
    how = How(Lexicons(tuple(entries)).named, SETTINGS)
    return CorrectFiles(OutputRoot(str(folder), "run"), how)


def made(work: CorrectFiles, cues: Sequence[str]) -> Made:
    """Returns all that is told of a file, and what its record keeps."""
    file = Path(work.output.url) / "lecture.srt"
    file.write_text(make_srt(list(cues)), encoding="utf-8")
    details = work(Unit("lecture.srt", (FileRef(str(file), 1, 0.0),), "s")).details
    return Made(told(work), dict(details))


def told(work: CorrectFiles) -> tuple[object, ...]:
    found = []
    for part in work.write_pack():
        found += [read_part(part.path, at) for _, at in places_in_part(part.path)]
    (each,) = found
    assert isinstance(each, FileFindings)
    return tuple(each)


def difference(old: Sequence[Entry], new: Sequence[Entry]) -> Difference:
    was, now = (Book(Lexicons(tuple(entries)).named, SETTINGS) for entries in (old, new))
    return Difference(was, now)


def reaches(apart: Difference, details: dict[str, object]) -> bool:
    words = words_of(details)
    assert words is not None
    return apart.reaches(*words)


def entry_of(term: str, rng: random.Random) -> Entry:
    spellings = TERMS[term].replace("_", " ").split() if rng.random() < 0.2 else []
    spellings += [each.replace("_", " ") for each in TERMS[term].split()]
    count = min(rng.randint(0, 2), len(spellings))
    return Entry(
        term,
        rng.choice(["entry", "noun"]),
        transliteration=rng.choice(["", "", "mokṣa", term]),
        variations=tuple((each, 0) for each in rng.sample(spellings, count)),
        proper=rng.random() < 0.3,
        force=rng.random() < 0.3,
        clues=rng.choice([(), (), ("flute",), ("king", "first")]),
        confidence=rng.choice([1.0, 0.5]),
    )


def edited(entries: Sequence[Entry], rng: random.Random) -> list[Entry]:
    """Returns the entries with one change."""
    new = [*entries]
    at = rng.randrange(len(new))
    kind = rng.choice(["remove", "add", "replace", "swap", "force", "spelling"])
    if kind == "remove":
        del new[at]
    elif kind == "add":
        new.insert(at, entry_of(rng.choice([*TERMS]), rng))
    elif kind == "replace":
        new[at] = entry_of(new[at].term, rng)
    elif kind == "swap":
        new.insert(0, new.pop(at))
    elif kind == "force":
        new[at] = replace(new[at], force=not new[at].force)
    else:
        new[at] = replace(new[at], variations=((rng.choice(WORDS).strip("<i>/"), 0),))
    return new


def test_a_file_that_is_not_reached_comes_out_the_same(tmp_path: Path) -> None:
    rng = random.Random(8)
    counts = {"spared": 0, "changed": 0}
    for _ in range(100):
        old = [entry_of(term, rng) for term in rng.sample([*TERMS], rng.randint(2, 8))]
        files = []
        for _ in range(8):
            words = rng.choices(WORDS, k=rng.randint(2, 16))
            files.append([" ".join(words[:8]), " ".join([*words[8:], "end"])])
        new = edited(old, rng)
        first, second = corrector(tmp_path, old), corrector(tmp_path, new)
        apart = difference(old, new)
        for cues in files:
            findings, details = made(first, cues)
            after = made(second, cues).findings
            if reaches(apart, details):
                counts["changed"] += findings != after
            else:
                counts["spared"] += 1
                assert findings == after, (old, new, cues)
    assert counts["spared"] > 300
    assert counts["changed"] > 60


def test_real_files_that_are_not_reached_come_out_the_same(
    subtitle_data: Path, tmp_path: Path
) -> None:
    rng = random.Random(3)
    lexicons = sorted(map(str, (subtitle_data / "sanskrit/lexicons_full").glob("*.yaml")))
    entries, _ = load_lexicons(lexicons)
    files = sorted((subtitle_data / "sanskrit").rglob("*.srt"), key=lambda file: file.name)[:12]
    texts = [file.read_text(encoding="utf-8", errors="replace").splitlines() for file in files]
    cues = [[line for line in text if "-->" not in line and len(line) > 4][:150] for text in texts]
    work = corrector(tmp_path, entries)
    before = [made(work, each) for each in cues if each]
    spared = 0
    for _ in range(3):
        new = [each for each in entries if rng.random() > 0.002]
        again, apart = corrector(tmp_path, new), difference(entries, new)
        for each, (findings, details) in zip(filter(None, cues), before, strict=True):
            if not reaches(apart, details):
                spared += 1
                assert made(again, each).findings == findings
    assert spared > 12


@pytest.mark.parametrize(
    ("spelling", "cue", "is_reached"),
    [
        ("mukti", "A word on moksha.", False),
        ("mukti", "A word on mukti.", True),
        ("mukti", "A word on Mukti\u2019s end.", True),
        ("karm yog", "What karm is.", False),
        ("karm yog", "What karm and yog are.", True),
    ],
)
def test_only_files_with_all_words_of_a_new_spelling_are_reached(
    tmp_path: Path, spelling: str, cue: str, is_reached: bool
) -> None:
    old = [Entry("moksha", "entry"), Entry("karma yoga", "entry")]
    new = [*old]
    at = len(spelling.split()) - 1
    new[at] = replace(old[at], variations=((spelling, 0),), force=True)
    apart = difference(old, new)
    assert reaches(apart, made(corrector(tmp_path, old), [cue]).details) == is_reached


@pytest.mark.parametrize(
    ("term", "cue"),
    [
        ("satsanga", "They met in sat sanga there."),
        ("dharma", "The dharmaa of a king."),
    ],
)
def test_files_with_a_misheard_form_of_a_new_term_are_reached(
    tmp_path: Path, term: str, cue: str
) -> None:
    old = [Entry("moksha", "entry")]
    new = [*old, Entry(term, "entry")]
    work, apart = corrector(tmp_path, old), difference(old, new)
    before = made(work, [cue])
    assert made(corrector(tmp_path, new), [cue]).findings != before.findings
    assert reaches(apart, before.details)
    assert not reaches(apart, made(work, ["Something else it is."]).details)


def test_hashes_come_back_from_text() -> None:
    hashes = {hash_of(str(number)) for number in range(300)} | {0, 255, 510, 511, 32767}
    assert unpack(pack(hashes)) == hashes
    assert unpack(pack([])) == frozenset()
    assert words_of({"lexicon": "90bc"}) is None


def test_entries_that_are_not_kept_whole_spare_nothing(tmp_path: Path) -> None:
    old = Lexicons((Entry("moksha", "entry", variations=(("moksh", 0),), clues=("a",)),))
    assert kept_entries(json.loads(old.kept), old.digest) == [*old.named]
    details = made(corrector(tmp_path, old.entries), ["Something else it is."]).details
    unit = Unit("a.srt", (), "s;lexicon=new;reference=r", {LEXICON: "new"})
    new = (Entry("dharma", "entry"),)

    def spares(before: str, details: dict[str, object]) -> bool:
        reach = Reach(OutputRoot(str(tmp_path), "run"), new, SETTINGS)
        return reach(unit, before, {LEXICON: old.digest} | details)

    same_but_lexicon = f"s;lexicon={old.digest};reference=r"
    assert not spares(same_but_lexicon, details)
    file = tmp_path / kept_path(old.digest)
    file.parent.mkdir(parents=True)
    file.write_text(old.kept)
    assert spares(same_but_lexicon, details)
    assert not spares(f"s;lexicon={old.digest};reference=q", details)
    assert not spares(same_but_lexicon, {})
    file.write_text(old.kept.replace("moksh", "mokhs"))
    assert not spares(same_but_lexicon, details)
    file.write_text(old.kept[:-5])
    assert not spares(same_but_lexicon, details)
