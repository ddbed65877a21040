"""The tokens of addresses and their attributes, as usaddress 0.5.16 makes them.

No token holds a space, so that a text is cut at spaces first, by Arrow, and each distinct piece is
looked at once: usaddress's expressions applied to the pieces give the tokens of the whole text.
Tokens that are alike to the model share a small integer, their kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from usaddress import DIRECTIONS, STREET_NAMES

from transforms.addresses.ragged import ragged_ranges

_AMPERSAND = re.compile("&#38;|&amp;")
_TOKEN = re.compile(r"\(*\b[^\s,;#&()]+[.,;)\n]*|[#&]")
_EDGES = re.compile(r"^\W*|[^.\w]*$")
_ENDS_IN_PUNCTUATION = re.compile(r".+[^.\w]")
_TRAILING_ZEROS = re.compile(r"0+$")
_SYMBOLS = frozenset("&#½")
_ASCII_DIGITS = frozenset("0123456789")
_VOWELS = frozenset("aeiou")

# Beyond these numbers what is known is forgotten, so that memory stays flat whatever the input.
_MOST_PIECES = 200_000
_MOST_KINDS = 50_000

Kind = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of some texts, one text after another.

    Those of text i are ``offsets[i]:offsets[i + 1]``; ``spellings[words]`` are their strings.
    """

    offsets: NDArray[np.int64]
    kinds: NDArray[np.int32]
    words: NDArray[np.int32]
    spellings: pa.StringArray


def split_tokens(text: str) -> list[str]:
    """Returns the tokens of a text."""
    return _TOKEN.findall(_AMPERSAND.sub("&", text))


def token_attributes(token: str) -> Sequence[str]:
    """Returns what the model is told of a token, in the order in which weights are added."""
    core = token if token in _SYMBOLS else _EDGES.sub("", token)
    word = core.lower().replace(".", "")
    number = word.isdigit()
    told = ["abbrev"] if core.endswith(".") else []
    told.append(f"digits:{_digits(core)}")
    if number:
        told.append(f"trailing.zeros:{_zeros(word)}")
    else:
        told.append(f"word:{word}")
    told.append(f"length:{'d' if number else 'w'}:{len(word)}")
    if _ENDS_IN_PUNCTUATION.match(token):
        told.append(f"endsinpunc:{token[-1]}")
    if word in DIRECTIONS:
        told.append("directional")
    if word in STREET_NAMES:
        told.append("street_name")
    if not _VOWELS.isdisjoint(word[1:]):
        told.append("has.vowels")
    return told


def _zeros(word: str) -> str:
    found = _TRAILING_ZEROS.search(word)
    return found[0] if found else ""


def _digits(core: str) -> str:
    if core.isdigit():
        return "all_digits"
    return "no_digits" if _ASCII_DIGITS.isdisjoint(core) else "some_digits"


class Vocabulary:
    """Pieces of text and kinds of tokens met so far.

    A kind is the attributes that the model has for the token itself, for the one before which it
    stands and for the one behind; ``generation`` counts how often all kinds were forgotten.
    """

    def __init__(self, attributes: Sequence[bytes]) -> None:
        self._rows = _rows_by_name(attributes)
        self._pieces = _Pieces(self)
        self._kinds: dict[tuple[str, ...], int] = {}
        self.kinds: list[Kind] = []
        self.generation = 0

    def tokens(self, texts: pa.StringArray) -> Tokens:
        """Returns the tokens of texts; a null has none."""
        self._forget_when_full()
        rows = pc.split_pattern(pc.fill_null(texts, ""), " ")
        pieces = pc.dictionary_encode(rows.flatten())
        known = [self._pieces[piece] for piece in pieces.dictionary.to_pylist()]
        counts = np.fromiter((len(kinds) for _, kinds in known), np.int64, len(known))
        kinds = np.fromiter(chain.from_iterable(kinds for _, kinds in known), np.int32)
        spellings = pa.array(chain.from_iterable(words for words, _ in known), pa.string())
        indices = pieces.indices.to_numpy()
        words, ends = ragged_ranges((np.cumsum(counts) - counts)[indices], counts[indices])
        row_ends = rows.offsets.to_numpy().astype(np.int64)
        return Tokens(
            offsets=ends[row_ends - row_ends[0]],
            kinds=kinds[words],
            words=words.astype(np.int32),
            spellings=spellings,
        )

    def kind_of(self, token: str) -> int:
        """Returns the kind of a token."""
        named = token_attributes(token)
        if "\0" in token:  # to the C library that looks names up, their end
            named = [name.partition("\0")[0] for name in named]
        told = tuple(filter(self._rows.__contains__, named))
        number = self._kinds.get(told)
        if number is None:
            own, previous, following = zip(*(self._rows[name] for name in told), strict=True)
            self._kinds[told] = number = len(self.kinds)
            self.kinds.append((_present(own), _present(previous), _present(following)))
        return number

    def _forget_when_full(self) -> None:
        if len(self.kinds) > _MOST_KINDS:
            self._kinds.clear()
            self.kinds = []
            self.generation += 1
            self._pieces.clear()
        elif len(self._pieces) > _MOST_PIECES:
            self._pieces.clear()


class _Pieces(dict[str, tuple[tuple[str, ...], tuple[int, ...]]]):
    """The tokens and their kinds by piece of text, found out at the first asking."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, piece: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        alike = _number_like(piece)
        words: tuple[str, ...] = (piece,)
        if alike and alike != piece:
            kinds = self[alike][1]
        else:
            words = tuple(split_tokens(piece))
            kinds = tuple(map(self._vocabulary.kind_of, words))
        self[piece] = found = (words, kinds)
        return found


def _number_like(piece: str) -> str:
    """Returns the same number for all that have the same attributes, "" for what is no number."""
    digits = piece.rstrip(",")
    if not (digits.isascii() and digits.isdigit()):
        return ""
    stem = digits.rstrip("0")
    return "1" * len(stem) + piece[len(stem) :]


def _rows_by_name(attributes: Sequence[bytes]) -> dict[str, tuple[int, int, int]]:
    """Returns the rows of what is told of a token itself, by the next one, by the one before."""
    numbers = {name.decode(): number for number, name in enumerate(attributes)}
    names = {name.removeprefix("previous:").removeprefix("next:") for name in numbers}
    get = numbers.get
    return {
        name: (get(name, -1), get(f"previous:{name}", -1), get(f"next:{name}", -1))
        for name in sorted(names)
    }


def _present(rows: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(row for row in rows if row >= 0)
