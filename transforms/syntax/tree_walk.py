"""The one pass over trees of dicts that the fast shapes share.

A node is a dict with text under the kind key; its children are its values that are nodes or lists
of nodes. What a kind means is in a table of rules, most of them functions of the walk and a node
that are called before the node's children are walked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import filterfalse
from typing import Any

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    FUNCTION,
    LAMBDA,
    MAKE_NO_CALLS,
    METHOD,
    Extraction,
    Symbol,
)
from transforms.syntax.json_values import Json

Handler = Callable[["TreeWalk", Json], "bool | None"]
"""Returns true if it entered something that the walk has to leave with the node."""

Rule = Handler | str | tuple[str, ...]
"""What the walk does with a kind of node.

It calls a handler, and goes on to all children. Of a leaf only one key is looked at, under which
there is mostly nothing, or one node that is nothing but a kind: such leaves make up a third of a
tree. Of a tuple only the children under its keys are.
"""

_InList: Any = type(iter([]))
_ELSE_IF = "else if"

_COUNTED = frozenset({FUNCTION, METHOD, CONSTRUCTOR, LAMBDA})


class TreeWalk:
    """Where a walk is, and what it has counted since it entered the symbol it is in.

    Attributes:
        out: What is taken out of the tree.
        kind_key: The key of a node's kind.
        symbol: The symbol the walk is in, None at the top of the file.
        caller: The same, but past fields and variables: who makes the calls found here.
        decisions: Branches met in the symbol.
        nesting: Control structures of the symbol that the walk is in.
        notes: What a handler found out about a node further down, by the node's `id`.
    """

    __slots__ = (
        "_deepest",
        "_frames",
        "_inner",
        "_kinds",
        "caller",
        "decisions",
        "kind_key",
        "nesting",
        "notes",
        "out",
        "symbol",
    )

    def __init__(self, out: Extraction, kind_key: str) -> None:
        self.out = out
        self.kind_key = kind_key
        self.symbol: Symbol | None = None
        self.caller: Symbol | None = None
        self.decisions = 0
        self.notes: dict[int, Any] = {}
        self.nesting = 0
        self._deepest = 0
        # The kind of every node met, in order: its length at two moments tells the nodes between.
        self._kinds: list[str] = []
        self._inner = 0
        self._frames: list[tuple[Any, ...] | None] = []

    def run(
        self,
        top: Json,
        rules: Mapping[str, Rule],
        *,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        """Walks the tree in document order.

        Args:
            top: The node at the top.
            rules: What kinds mean.
            skip: Keys under which no child is looked for.
        """
        kind_key, add_kind, rule_of = self.kind_key, self._kinds.append, rules.get
        outer: list[Iterator[Any]] = []
        push, pop = outer.append, outer.pop
        values: Iterator[Any] = iter([top])
        depth = deepest = 0
        entered = [0]
        while True:
            for value in values:
                if type(value) is dict:
                    kind = value.get(kind_key)
                    if type(kind) is not str:
                        continue
                    add_kind(kind)
                    if depth >= deepest:
                        deepest = depth + 1
                    if len(value) == 1:
                        continue
                    rule: Any = rule_of(kind)
                    if type(rule) is str:
                        last = value.get(rule)
                        if type(last) is dict and len(last) == 1:
                            if type(last.get(kind_key)) is str:
                                add_kind(last[kind_key])
                                deepest = max(deepest, depth + 2)
                            continue
                        if type(last) is not dict and type(last) is not list:
                            continue
                        rule = None
                    push(values)
                    depth += 1
                    if type(rule) is tuple:
                        values = map(value.get, rule)
                        break
                    if skip:
                        values = map(value.get, filterfalse(skip.__contains__, value))
                    else:
                        values = iter(value.values())
                    if rule is not None and rule(self, value):
                        entered.append(depth)
                    break
                # A list in a list holds no children, here and in `walk_keys`.
                if type(value) is list and value and type(values) is not _InList:
                    push(values)
                    values = iter(value)
                    break
            else:
                if type(values) is not _InList:
                    if depth == entered[-1]:
                        entered.pop()
                        self._leave()
                    depth -= 1
                if not outer:
                    break
                values = pop()
        self.out.add_kinds(self._kinds)
        self.out.max_depth = max(self.out.max_depth, deepest)

    def define(self, kind: str, name: str, line_start: int, line_end: int) -> Symbol:
        """Adds a symbol that is defined where the walk is."""
        return self.out.define(kind, name, self.symbol, line_start, line_end)

    def in_class(self) -> bool:
        """Tells whether the walk is directly in a class."""
        return self.symbol is not None and self.symbol.kind == CLASS

    def enter(self, symbol: Symbol) -> bool:
        """Goes into a symbol, whose node is the last one met."""
        self._frames.append(
            (
                self.symbol,
                self.caller,
                self.decisions,
                self.nesting,
                self._deepest,
                self._inner,
                len(self._kinds) - 1,
            )
        )
        self.symbol = symbol
        if symbol.kind not in MAKE_NO_CALLS:
            self.caller = symbol
        self.decisions = self.nesting = self._deepest = self._inner = 0
        return True

    def enter_control(self) -> bool:
        """Goes into a control structure."""
        self._frames.append(None)
        self.nesting += 1
        if self.nesting > self._deepest:
            self._deepest = self.nesting
        return True

    def enter_if(self, node: Json, otherwise: Any) -> bool:
        """Goes into an `if`; one that is noted as an `else if` is no deeper than the first.

        Args:
            node: The `if`.
            otherwise: What is an `else if` should it be an `if`; None where there is nothing.
        """
        self.decisions += 1
        if otherwise is not None:
            self.notes[id(otherwise)] = _ELSE_IF
        if self.notes and self.notes.pop(id(node), None) is not None:
            return False
        return self.enter_control()

    def _leave(self) -> None:
        frame = self._frames.pop()
        if frame is None:
            self.nesting -= 1
            return
        symbol, inner = self.symbol, self._inner
        deepest, decisions = self._deepest, self.decisions
        (
            self.symbol,
            self.caller,
            self.decisions,
            self.nesting,
            self._deepest,
            self._inner,
            before,
        ) = frame
        nodes = len(self._kinds) - before
        self._inner += nodes
        if symbol is not None:
            symbol.nodes = nodes - inner
            symbol.nesting = deepest
            symbol.complexity = 1 + decisions if symbol.kind in _COUNTED else 0


def decides(walk: TreeWalk, _node: Json) -> None:
    """Handler of what adds one to the complexity and nothing else."""
    walk.decisions += 1


def decides_and_nests(walk: TreeWalk, _node: Json) -> bool:
    """Handler of a control structure that adds one to the complexity."""
    walk.decisions += 1
    return walk.enter_control()


def nests(walk: TreeWalk, _node: Json) -> bool:
    """Handler of a control structure whose parts add to the complexity."""
    return walk.enter_control()
