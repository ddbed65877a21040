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

from transforms.addresses.ragged import offsets_of, ragged_ranges

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
_NUMBER_BYTES = 64  # longer numbers are looked at one by one

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
        self._kinds_of_shapes = np.full(_NUMBER_BYTES**3, -1, np.int32)
        self.kinds: list[Kind] = []
        self.generation = 0

    def tokens(self, texts: pa.StringArray) -> Tokens:
        """Returns the tokens of texts; a null has none."""
        self._forget_when_full()
        rows = pc.split_pattern(pc.coalesce(texts, ""), " ")
        pieces = pc.dictionary_encode(rows.flatten())
        distinct = self._tokens_of_distinct(pieces.dictionary)
        indices = pieces.indices.to_numpy()
        counts = np.diff(distinct.offsets)
        places, ends = ragged_ranges(distinct.offsets[indices], counts[indices])
        row_ends = rows.offsets.to_numpy().astype(np.int64)
        return Tokens(
            offsets=ends[row_ends - row_ends[0]],
            kinds=distinct.kinds[places],
            words=distinct.words[places],
            spellings=distinct.spellings,
        )

    def _tokens_of_distinct(self, pieces: pa.StringArray) -> Tokens:
        """Returns the tokens of pieces that all differ; many are numbers, looked at as arrays."""
        digits = pc.ascii_rtrim(pieces, ",")
        short = pc.less(pc.binary_length(pieces), _NUMBER_BYTES)
        plain = pc.and_(pc.ascii_is_decimal(digits), short)
        numbers = pieces.filter(plain)
        others = pieces.filter(pc.invert(plain)).to_pylist()
        known = list(map(self._pieces.__getitem__, others))
        counts = np.ones(len(pieces), np.int64)
        is_other = ~plain.to_numpy(zero_copy_only=False)
        counts[is_other] = np.fromiter((len(words) for words, _ in known), np.int64, len(known))
        # Tokens of others take their places, numbers those that are left.
        of_other = np.repeat(is_other, counts)
        kinds = np.empty(len(of_other), np.int32)
        kinds[of_other] = np.fromiter(chain.from_iterable(each for _, each in known), np.int32)
        kinds[~of_other] = self._kinds_of_numbers(numbers, digits.filter(plain))
        words = np.empty(len(of_other), np.int32)
        words[~of_other] = np.arange(len(numbers))
        words[of_other] = np.arange(len(numbers), len(of_other))
        strings = pa.array(chain.from_iterable(each for each, _ in known), pa.string())
        return Tokens(offsets_of(counts), kinds, words, pa.concat_arrays([numbers, strings]))

    def _kinds_of_numbers(
        self, pieces: pa.StringArray, digits: pa.StringArray
    ) -> NDArray[np.int32]:
        """Returns the kinds of numbers, which follow from how many digits, zeros and commas."""
        shapes = np.zeros(len(pieces), np.int32)
        for strings in (pc.ascii_rtrim(digits, "0"), digits, pieces):
            shapes = shapes * _NUMBER_BYTES + pc.binary_length(strings).to_numpy()
        kinds = self._kinds_of_shapes[shapes]
        for shape in set(shapes[kinds < 0].tolist()):
            rest, whole = divmod(shape, _NUMBER_BYTES)
            stem, number = divmod(rest, _NUMBER_BYTES)
            alike = "1" * stem + "0" * (number - stem) + "," * (whole - number)
            self._kinds_of_shapes[shape] = self.kind_of(alike)
        found: NDArray[np.int32] = self._kinds_of_shapes[shapes]
        return found

    def kind_of(self, token: str) -> int:
        """Returns the kind of a token."""
        named = token_attributes(token)
        if "\0" in token:  # to the C library that looks names up, their end
            named = [name.partition("\0")[0] for name in named]
        told = tuple(filter(self._rows.__contains__, named))
        number = self._kinds.get(told)
        if number is None:
            rows = [self._rows[name] for name in told]
            self._kinds[told] = number = len(self.kinds)
            self.kinds.append((_present(rows, 0), _present(rows, 1), _present(rows, 2)))
        return number

    def _forget_when_full(self) -> None:
        if len(self.kinds) > _MOST_KINDS:
            self._kinds.clear()
            self._kinds_of_shapes.fill(-1)
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
        words = tuple(split_tokens(piece))
        self[piece] = found = (words, tuple(map(self._vocabulary.kind_of, words)))
        return found


def _rows_by_name(attributes: Sequence[bytes]) -> dict[str, tuple[int, int, int]]:
    """Returns the rows of what is told of a token itself, by the next one, by the one before."""
    numbers = {name.decode(): number for number, name in enumerate(attributes)}
    names = {name.removeprefix("previous:").removeprefix("next:") for name in numbers}
    get = numbers.get
    return {
        name: (get(name, -1), get(f"previous:{name}", -1), get(f"next:{name}", -1))
        for name in sorted(names)
    }


def _present(rows: Sequence[tuple[int, int, int]], place: int) -> tuple[int, ...]:
    return tuple(each[place] for each in rows if each[place] >= 0)
