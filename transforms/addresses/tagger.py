"""Tags addresses in batches, with exactly the labels of usaddress 0.5.16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batchio.addresses.crfsuite_model import CrfModel, find_usaddress_model, read_crfsuite
from transforms.addresses.decoders import make_decoder
from transforms.addresses.decoding import Sequences
from transforms.addresses.device import CPU, Device
from transforms.addresses.tagging import TYPES, Arrangements
from transforms.addresses.tokens import Tokens, Vocabulary


@dataclass(frozen=True, eq=False)
class Parsed:
    """The tokens and labels of texts: what usaddress.parse gives, text after text."""

    tokens: Tokens
    labels: NDArray[np.int64]
    names: tuple[str, ...]

    def row(self, number: int) -> list[tuple[str, str]]:
        """Returns the tokens of one text with their labels."""
        own = slice(*self.tokens.offsets[number : number + 2])
        words = self.tokens.spellings.take(pa.array(self.tokens.words[own])).to_pylist()
        return list(zip(words, (self.names[label] for label in self.labels[own]), strict=True))


@dataclass(frozen=True, eq=False)
class Tagged:
    """What is known of texts, a value a text in every column.

    ``components`` has all names there are, in a fixed order, null where a text has none. A text
    is ``repeated`` where usaddress refuses it: then all tokens of a label are joined.
    ``confidence`` is the probability of its labels, ``min_marginal`` that of its least sure token
    to have its label; both are null for a text without tokens. ``arrangement`` numbers which
    components a text has and in which order, as they stand in ``orders``.
    """

    components: dict[str, pa.StringArray]
    arrangement: NDArray[np.int64]
    orders: list[tuple[str, ...]]
    type: pa.DictionaryArray
    repeated: pa.BooleanArray
    confidence: pa.DoubleArray
    min_marginal: pa.DoubleArray


class Tagger:
    """Tags texts; what was found out for a block makes the next ones faster.

    Not to be used by two threads at once.
    """

    def __init__(self, model: CrfModel | None = None, device: Device = CPU) -> None:
        self._model = model or read_crfsuite(find_usaddress_model())
        self._device = device
        self._vocabulary = Vocabulary(self._model.attributes)
        self._generation = self._vocabulary.generation
        self._sequences = Sequences(make_decoder(self._model, device))
        self._arrangements = Arrangements(self._model.labels)
        self._of_sequences = np.empty(0, np.int64)

    def parse(self, texts: Sequence[str | None] | pa.Array) -> Parsed:
        """Returns the tokens and labels of texts."""
        tokens, numbers = self._decode(texts)
        return Parsed(tokens, self._sequences.labels.take(numbers)[0], self._model.labels)

    def tag(self, texts: Sequence[str | None] | pa.Array) -> Tagged:
        """Returns the components of texts, their types and how sure these are."""
        tokens, numbers = self._decode(texts)
        self._arrange_new()
        arrangements = self._of_sequences[numbers]
        types = pa.array(self._arrangements.types[arrangements])
        met, arrangement = np.unique(arrangements, return_inverse=True)
        return Tagged(
            components=self._arrangements.columns(arrangements, tokens),
            arrangement=arrangement,
            orders=[self._arrangements.names(number) for number in met.tolist()],
            type=pa.DictionaryArray.from_arrays(types, pa.array(TYPES)),
            repeated=pa.array(self._arrangements.repeated[arrangements]),
            confidence=pa.array(self._sequences.probability[numbers], from_pandas=True),
            min_marginal=pa.array(self._sequences.min_marginal[numbers], from_pandas=True),
        )

    def _decode(self, texts: Sequence[str | None] | pa.Array) -> tuple[Tokens, NDArray[np.int64]]:
        tokens = self._vocabulary.tokens(_strings(texts))
        if self._generation != self._vocabulary.generation or self._sequences.is_full():
            self._forget_sequences()
        known = self._vocabulary.kinds
        return tokens, self._sequences.numbers(tokens.kinds, tokens.offsets, known)

    def _arrange_new(self) -> None:
        new = np.arange(len(self._of_sequences), len(self._sequences.labels))
        labels, offsets = self._sequences.labels.take(new)
        more = self._arrangements.numbers(labels, offsets)
        self._of_sequences = np.concatenate([self._of_sequences, more])

    def _forget_sequences(self) -> None:
        self._generation = self._vocabulary.generation
        self._sequences = Sequences(make_decoder(self._model, self._device))
        self._arrangements = Arrangements(self._model.labels)
        self._of_sequences = np.empty(0, np.int64)


def _strings(texts: Sequence[str | None] | pa.Array) -> pa.StringArray:
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if isinstance(texts, pa.Array):
        return texts if texts.type == pa.string() else texts.cast(pa.string())
    return pa.array(texts, pa.string())
