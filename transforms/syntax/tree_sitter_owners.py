"""Methods that stand outside their type: Go's all, Rust's in `impl`, C++'s `A::f`."""

from __future__ import annotations

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    ENUM,
    FUNCTION,
    INTERFACE,
    LAMBDA,
    METHOD,
    MODULE,
    NAMESPACE,
    STRUCT,
    TYPE,
    Extraction,
    Inherit,
    Symbol,
)
from transforms.syntax.tree_sitter_words import IMPLEMENTS

CALLABLE = frozenset({FUNCTION, METHOD, CONSTRUCTOR, LAMBDA})
TYPES = frozenset({CLASS, INTERFACE, STRUCT, ENUM, TYPE})
SPACES = frozenset({NAMESPACE, MODULE})


class Owners:
    """Finds the types of such methods in the file, wherever they stand.

    A method whose type is in another file keeps no parent: its signature names the type.
    """

    def __init__(self, out: Extraction) -> None:
        self._out = out
        self._owned: list[tuple[Symbol, str]] = []
        self._implemented: list[tuple[str, str]] = []
        self._types: dict[str, Symbol] = {}
        self._seen = 0

    def own(self, symbol: Symbol, owner: str) -> None:
        """Keeps a method for the type of this name."""
        self._owned.append((symbol, owner))
        symbol.signature = f"{owner}.{symbol.signature}"

    def implement(self, owner: str, base: str) -> None:
        """Keeps what the type of this name implements."""
        self._implemented.append((owner, base))

    def link(self) -> None:
        """Links all that can be linked by now."""
        for symbol in self._out.symbols[self._seen :]:
            if symbol.kind in TYPES | SPACES and _stands_outside_functions(symbol):
                known = self._types.setdefault(symbol.name, symbol)
                if known.kind in SPACES and symbol.kind in TYPES:
                    self._types[symbol.name] = symbol  # Go's package has no methods
        self._seen = len(self._out.symbols)
        self._owned = [pair for pair in self._owned if not self._give_parent(*pair)]
        for owner, base in self._implemented:
            if owner in self._types:
                self._out.inherits.append(Inherit(self._types[owner], base, IMPLEMENTS))
        self._implemented = [pair for pair in self._implemented if pair[0] not in self._types]

    def _give_parent(self, symbol: Symbol, owner: str) -> bool:
        known = self._types.get(owner) or self._types.get(owner.rpartition(".")[2])
        if known is None:
            return False
        symbol.parent = known
        symbol.signature = symbol.signature.removeprefix(f"{owner}.")
        if known.kind in SPACES:
            symbol.kind = FUNCTION
        return True


def _stands_outside_functions(symbol: Symbol) -> bool:
    above: Symbol | None = symbol.parent
    while above is not None and above.kind not in CALLABLE:
        above = above.parent
    return above is None
