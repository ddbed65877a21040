"""Damages terms of a clean text as speech recognition does, and scores what becomes of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from batchio.subtitles.lexicon import Entry, Style
from batchio.subtitles.lexicon_choice import collect
from batchio.subtitles.word_keys import WORD, without_marks

Correct = Callable[[Sequence[str]], list[str]]

# What is heard for what was said, by letters of IAST or of plain spelling.
SOUNDS = {
    "ś": ("sh", "s"), "ṣ": ("sh", "s"), "ā": ("a", "aa"), "ī": ("i", "ee"), "ū": ("u", "oo"),
    "ṛ": ("ri", "r"), "sh": ("s",), "v": ("w", "b"), "bh": ("b",), "dh": ("d",), "gh": ("g",),
    "th": ("t",), "kh": ("k",), "ph": ("p",), "a": ("aa",),
}  # fmt: skip


@dataclass
class Score:
    """What became of damaged words."""

    made: int = 0
    found: int = 0
    missed: int = 0
    wrong: int = 0  # changed, but not to what it was
    false: int = 0  # changed, but was not damaged

    def __add__(self, other: Score) -> Score:
        return Score(
            self.made + other.made,
            self.found + other.found,
            self.missed + other.missed,
            self.wrong + other.wrong,
            self.false + other.false,
        )

    @property
    def precision(self) -> float:
        """Share of right changes."""
        return self.found / max(1, self.found + self.wrong + self.false)

    @property
    def recall(self) -> float:
        """Share of damage that was put right."""
        return self.found / max(1, self.made)


class Damage:
    """Terms of lexicons, and what is heard for them: listed variations, and changed sounds."""

    def __init__(self, entries: Iterable[Entry], style: Style, seed: int) -> None:
        self._random = random.Random(seed)
        self._listed: dict[str, list[str]] = {}
        for key, (used, *_) in collect(entries, style).items():
            if len(key) == 1 and used.usable and WORD.fullmatch(used.target):
                listed = self._listed.setdefault(used.target, [])
                if not used.own:
                    listed.append(key[0])

    def target_of(self, word: str) -> str | None:
        """Returns the lexicon's term that a word is, as the lexicon has it."""
        for target in (word, word[0].lower() + word[1:]):
            if target in self._listed and len(target) > 3:
                return target
        return None

    def listed(self, word: str) -> str | None:
        """Returns one of the variations that lexicons list."""
        spellings = self._listed[self.target_of(word) or ""]
        return _as(word, self._random.choice(spellings)) if spellings else None

    def sound(self, word: str) -> str | None:
        """Returns the word with a sound changed, its last "a" dropped, or split, without marks."""
        heard = misheard(word.lower(), self._random)
        return heard and _as(word, heard)

    def damaged(self, text: str, kind: str, share: float) -> tuple[str, list[str], list[str]]:
        """Returns a text with some of its terms damaged, and both texts in pieces that go together.

        Args:
            text: A clean line.
            kind: ``listed`` or ``sound``.
            share: Of the terms to damage.
        """
        clean: list[str] = []
        hurt: list[str] = []
        at = 0
        for found in WORD.finditer(text):
            word = found[0]
            if self.target_of(word) is None or self._random.random() > share:
                continue
            heard = self.listed(word) if kind == "listed" else self.sound(word)
            if heard is None or heard == word:
                continue
            clean += [text[at : found.start()], word]
            hurt += [text[at : found.start()], heard]
            at = found.end()
        clean.append(text[at:])
        hurt.append(text[at:])
        return "".join(hurt), clean, hurt


def misheard(word: str, chance: random.Random) -> str | None:
    """A word in lower case with a sound changed, its last "a" dropped, or split, without marks."""
    ways = [
        word[:at] + new + word[at + len(old) :]
        for old, news in SOUNDS.items()
        for at in range(len(word))
        if word.startswith(old, at) and not (old == "a" and word[at + 1 : at + 2] == "a")
        for new in news
    ]
    if word.endswith("a"):
        ways.append(word[:-1])
    if len(word) > 5:
        at = chance.randint(2, len(word) - 2)
        ways.append(f"{word[:at]} {word[at:]}")
    return without_marks(chance.choice(ways)) if ways else None


def _as(word: str, heard: str) -> str:
    return heard[0].upper() + heard[1:] if word[0].isupper() else heard


def score_line(score: Score, clean: list[str], hurt: list[str], corrected: str) -> None:
    """Adds what became of a damaged line; undamaged pieces stand at the even places."""
    rest = corrected
    for at, (was, heard) in enumerate(zip(clean, hurt, strict=True)):
        if at % 2 == 0:
            if not rest.startswith(was):
                score.false += 1
                score.made += sum(1 for _ in clean[at + 1 :: 2])
                score.missed += sum(1 for _ in clean[at + 1 :: 2])
                return
            rest = rest[len(was) :]
            continue
        score.made += 1
        if rest.startswith(was) and _ends(rest, was, clean[at + 1]):
            score.found += 1
            rest = rest[len(was) :]
        elif rest.startswith(heard):
            score.missed += 1
            rest = rest[len(heard) :]
        else:
            score.wrong += 1
            following = clean[at + 1]
            rest = rest[rest.find(following) :] if following and following in rest else following


def _ends(rest: str, was: str, following: str) -> bool:
    return rest[len(was) :].startswith(following)


def score_damage(
    lines: Sequence[str], damage: Damage, correct: Correct, *, kind: str, changes: int
) -> Score:
    """Returns what becomes of so many changes; lines are taken again until they are made."""
    score = Score()
    while score.made < changes:
        before = score.made
        for line in lines:
            hurt_line, clean, hurt = damage.damaged(line, kind, 0.6)
            score_line(score, clean, hurt, correct([hurt_line])[0])
            if score.made >= changes:
                break
        if score.made == before:
            raise ValueError("no line has a term to damage")
    return score
