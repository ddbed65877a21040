"""What speech leaves in a text: numbers of references, fillers, words said twice, stray blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchio.subtitles.word_keys import bare_key
from transforms.subtitles.edits import Edit
from transforms.subtitles.placing import Token, joins, place_words

_WORDS = {
    "references": "chapter verse sloka shloka canto adhyaya",
    "below twenty": "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen",
    "tens": "twenty thirty forty fifty sixty seventy eighty ninety",
    # "In this verse one must", "each chapter two ideas": no references.
    "pointers": "this that each every a any another same one which no",
    "after one": "of to through",
    "after a number": "in from and is the we i as says begins where he she it",
    "sounds": "um uh er ah erm uhm",
    # Not those that are right twice: had, that, is, it, you, in, on, very, no.
    "twice": "the an and of or but with from to for at as by my your his our their we they if",
}


def _of(name: str) -> list[str]:
    return _WORDS[name].split()


_PLURALS = frozenset(f"{word}s" for word in _of("references"))
REFERENCES = _PLURALS.union(_of("references"))
_UNITS = {word: number for number, word in enumerate(_of("below twenty"))}
_TENS = {word: 10 * number for number, word in enumerate(_of("tens"), start=2)}
NUMBERS = frozenset([*_UNITS, *_TENS, "hundred"])
_SPANS = frozenset(["to", "through", "and"])
_POINTERS = frozenset(_of("pointers"))
_AFTER_ONE = REFERENCES.union(_of("after one"))
_AFTER = _AFTER_ONE.union(_of("after a number"))

SOUNDS = frozenset(_of("sounds"))
_PHRASES = (("you", "know"), ("i", "mean"), ("like",), ("actually",))
FILLERS = SOUNDS.union(words[0] for words in _PHRASES)
TWICE = frozenset(_of("twice"))

# Not in ".srt" or ". . .".
SPACE = re.compile(r"(?<=\w)[ \u00a0]+(?=[,.](?:\s(?! *[,.])|$))")


@dataclass(frozen=True)
class Cue:
    """The text of a cue, its words, and the keys of these."""

    text: str
    tokens: Sequence[Token]
    keys: Sequence[str]

    @classmethod
    def of(cls, text: str, tokens: Sequence[Token]) -> Cue:
        """Returns the cue of a text and its words."""
        return cls(text, tokens, [bare_key(token.word) for token in tokens])

    def joined(self, index: int) -> bool:
        """Tells whether a word and the one after it can be one term."""
        if index + 1 >= len(self.tokens):
            return False
        return joins(self.text[self.tokens[index].end : self.tokens[index + 1].start])


def find_numbers(cue: Cue, index: int) -> tuple[list[Edit], int]:
    """Returns the numbers of a reference that begins here, and the index behind it."""
    if cue.keys[index] not in REFERENCES:
        return [], index
    if not cue.joined(index):
        return [], index
    edits: list[Edit] = []
    at = index + 1
    while number := _number(cue, at):
        value, end = number
        if not edits and not _is_reference(cue, index, end):
            return [], index
        placed = place_words(cue.text, cue.tokens[at:end], [str(value)], [])
        if placed is None:
            return [], index
        edits.append(Edit(*placed, "number"))
        at = end
        more = cue.keys[index] in _PLURALS and cue.joined(at - 1) and cue.joined(at)
        if not more or cue.keys[at] not in _SPANS:
            break
        at += 1
    return edits, at if edits else index


def _number(cue: Cue, start: int) -> tuple[int, int] | None:
    """Returns the number below 1000 that words are, and the index behind it."""
    end = start
    while end < len(cue.keys) and (cue.keys[end] in NUMBERS or cue.keys[end] == "and"):
        end += 1
        if not cue.joined(end - 1):
            break
    words = list(cue.keys[start:end])
    while words and words[-1] == "and":
        words.pop()
    if "and" in words and "hundred" not in words:
        words = words[: words.index("and")]
    value = _value(words)
    return None if value is None else (value, start + len(words))


def _value(words: list[str]) -> int | None:
    if "hundred" in words:
        at = words.index("hundred")
        rest = words[at + 1 :]
        rest = rest[1:] if rest[:1] == ["and"] else rest
        hundreds = _UNITS.get(words[0], 0) if at == 1 else 0
        below = _value(rest) if rest else 0
        return 100 * hundreds + below if 0 < hundreds < 10 and below is not None else None
    if len(words) == 1:
        return _UNITS.get(words[0], _TENS.get(words[0]))
    if len(words) == 2 and words[0] in _TENS and 0 < _UNITS.get(words[1], 0) < 10:
        return _TENS[words[0]] + _UNITS[words[1]]
    return None


def _is_reference(cue: Cue, index: int, end: int) -> bool:
    """Tells whether what follows chapter or verse is its number and not the next thought."""
    if index and cue.keys[index - 1] in _POINTERS:
        return False
    if end - index > 2 or end == len(cue.keys) or not cue.joined(end - 1):
        return True
    return cue.keys[end] in (_AFTER_ONE if cue.keys[index + 1] == "one" else _AFTER)


def find_filler(cue: Cue, index: int) -> tuple[Edit, int] | None:
    """Returns the removal of a filler that begins here, with its commas."""
    end = _filler_end(cue, index)
    if end is None:
        return None
    first, last = cue.tokens[index], cue.tokens[end - 1]
    head = cue.text[: first.start].rstrip(" ")
    tail = cue.text[last.end :]
    begins = not head or head[-1] in "\n.!?"
    comma = head.endswith(",")
    if tail.startswith(", ") and tail.strip(", \n"):
        gap = cue.text[len(head) : first.start]
        if begins:
            capital = first.word[0].isupper() and tail[2].islower()
            new = gap + (tail[2].upper() if capital else tail[2])
            return Edit(len(head), last.end + 3, new, "filler"), end
        if comma:
            return Edit(len(head) - 1, last.end + 2, " ", "filler"), end
    if cue.keys[index] in SOUNDS and not begins and tail.startswith(" "):
        return Edit(len(head) - comma, last.end, "", "filler"), end
    return None


def _filler_end(cue: Cue, index: int) -> int | None:
    token = cue.tokens[index]
    if cue.keys[index] in SOUNDS:
        return None if token.word.isupper() else index + 1
    for words in _PHRASES:
        end = index + len(words)
        if tuple(cue.keys[index:end]) == words and all(map(cue.joined, range(index, end - 1))):
            return end
    return None


def find_repeat(cue: Cue, index: int) -> tuple[Edit, int] | None:
    """Returns the removal of a word that was said before and is not meant twice."""
    key = cue.keys[index]
    end = index
    while cue.joined(end) and cue.keys[end + 1] == key:
        end += 1
    if key not in TWICE or end == index:
        return None
    first, last = cue.tokens[index], cue.tokens[end]
    gap = cue.text[first.end : last.start]
    if gap.strip(" ") == "":
        return Edit(first.end, last.end, "", "repeat"), end + 1
    if gap.strip(" ") == "\n" and cue.text[last.end : last.end + 1] == " ":
        return Edit(first.end, last.end + 1, "\n", "repeat"), end + 1
    return None


def find_spaces(text: str) -> Iterator[Edit]:
    """Yields the removal of each blank before a comma or full stop."""
    for found in SPACE.finditer(text):
        yield Edit(found.start(), found.end(), "", "space")
