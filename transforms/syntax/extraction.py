"""What is taken out of one syntax tree: symbols, calls, imports, inheritance, counts.

A shape walks its tree and adds to an `Extraction`; nothing here knows a shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from transforms.syntax.json_values import is_node

# Kinds of symbols; the table `symbols` has no other.
MODULE = "module"
NAMESPACE = "namespace"
CLASS = "class"
INTERFACE = "interface"
ENUM = "enum"
STRUCT = "struct"
FUNCTION = "function"
METHOD = "method"
CONSTRUCTOR = "constructor"
FIELD = "field"
VARIABLE = "variable"
TYPE = "type"
LAMBDA = "lambda"

MAKE_NO_CALLS = frozenset({FIELD, VARIABLE})

_DOC_CHARACTERS = 200
_PATH_PARTS = 8


class Symbol:
    """Something that is defined: a class, a function, a field.

    Attributes:
        kind: One of the kinds above.
        name: Its last name; `<lambda>` where it has none.
        parent: The symbol it is defined in, None at the top of the file.
        signature: The name with its parameters, `parse(text, strict=…)`; empty where it has none.
        visibility: `public`, `protected`, `private`, `package`, or empty where the language or the
            dump does not say.
        line_start: First line, from 1; 0 where the dump has no lines.
        params: How many parameters it has, None if it takes none by its nature (a class).
        returns: Its declared return type, or the declared type of a field or variable, as text.
        nesting: How deep its control structures are nested; 0 without any.
        complexity: Cyclomatic complexity, from 1, of functions, methods, constructors, lambdas; 0
            of others. What is nested in it and a symbol of its own counts there and not here.
        nodes: Nodes in it and not in a symbol that is nested in it, itself among them; the whole is
            added up when the walk is over.
        doc: First line of its documentation.
    """

    __slots__ = (
        "complexity",
        "doc",
        "is_abstract",
        "is_async",
        "is_exported",
        "is_static",
        "kind",
        "line_end",
        "line_start",
        "name",
        "nesting",
        "nodes",
        "params",
        "parent",
        "returns",
        "signature",
        "visibility",
    )

    def __init__(
        self, kind: str, name: str, parent: Symbol | None, line_start: int = 0, line_end: int = 0
    ) -> None:
        self.kind = kind
        self.name = name
        self.parent = parent
        self.line_start = line_start
        self.line_end = line_end
        self.signature = ""
        self.visibility = ""
        self.is_static = False
        self.is_abstract = False
        self.is_async = False
        self.is_exported = False
        self.params: int | None = None
        self.returns = ""
        self.nesting = 0
        self.complexity = 0
        self.nodes = 0
        self.doc = ""

    def sign(self, parameters: Iterable[str], count: int) -> None:
        """Sets how many parameters it has, and its signature."""
        self.params = count
        self.signature = f"{self.name}({', '.join(parameters)})"


def caller_in(symbol: Symbol | None) -> Symbol | None:
    """Returns who makes a call that stands in a symbol: no field or variable does."""
    while symbol is not None and symbol.kind in MAKE_NO_CALLS:
        symbol = symbol.parent
    return symbol


class Call(NamedTuple):
    """A call.

    Attributes:
        caller: The symbol in which it is made, None at the top of the file.
        callee: The whole name, `os.path.join` (see `dotted`).
        args: How many arguments it passes.
        line: From 1; 0 where the dump has no lines.
        receiver_type: The type of what it is called on, where the dump knows it.
    """

    caller: Symbol | None
    callee: str
    args: int
    line: int
    receiver_type: str = ""


class Import(NamedTuple):
    """One name that a file takes from elsewhere; `from a import b, c` is two.

    Attributes:
        module: The module, file or package as the source names it: `os.path`, `./util`, `java.sql`.
        name: What is taken out of it; empty for the module itself, `*` for everything in it.
        alias: Its name in this file where that is another one.
        kind: `import`, `from`, `require`, `include`, `use` or `export-from`.
        line: From 1; 0 where the dump has no lines.
        is_relative: Whether the module is named by its place relative to the importing file.
    """

    module: str
    name: str
    alias: str
    kind: str
    line: int
    is_relative: bool = False


class Inherit(NamedTuple):
    """A base of a class: its whole name, and whether it is extended (`extends`, `implements`)."""

    symbol: Symbol
    base: str
    kind: str


class Node(NamedTuple):
    """A node of a tree: its number in document order from 0, and its parent's (-1 at the top)."""

    number: int
    parent: int
    kind: str
    depth: int
    line: int


class Extraction:
    """What has been taken out of one tree so far.

    Attributes:
        path: Path of the source file, as far as the name of the dump tells it; a shape may set it
            where the dump itself says more.
        language: Set by the shape when the nodes tell it; the path's guess before that.
        parser: What wrote the dump, where it says so.
        nodes: How many nodes the tree has.
        max_depth: Of nodes, 1 for a tree of one node.
        kinds: How many nodes of each kind there are, or just that there are some.
        errors: How many errors the parser left in the tree.
        line_first, line_last: Lines that the tree spans; 0 where the dump has none.
        default: The symbol that is meant by importing the file as one thing: JavaScript's
            `export default` and `module.exports`.
        state: What a shape carries from one piece of a streamed tree to the next.
    """

    __slots__ = (
        "_counts_kinds",
        "calls",
        "default",
        "errors",
        "imports",
        "inherits",
        "kinds",
        "language",
        "line_first",
        "line_last",
        "max_depth",
        "nodes",
        "parser",
        "path",
        "state",
        "symbols",
    )

    def __init__(self, path: str, language: str = "", *, count_kinds: bool = True) -> None:
        self._counts_kinds = count_kinds
        self.path = path
        self.language = language
        self.parser = ""
        self.symbols: list[Symbol] = []
        self.calls: list[Call] = []
        self.imports: list[Import] = []
        self.inherits: list[Inherit] = []
        self.kinds: Counter[str] = Counter()
        self.nodes = 0
        self.max_depth = 0
        self.errors = 0
        self.line_first = 0
        self.line_last = 0
        self.default: Symbol | None = None
        self.state: dict[str, Any] = {}

    def add_kinds(self, kinds: list[str]) -> None:
        """Adds nodes, each by its kind."""
        self.nodes += len(kinds)
        self.kinds.update(kinds if self._counts_kinds else dict.fromkeys(kinds, 1))

    def define(
        self, kind: str, name: str, parent: Symbol | None, line_start: int = 0, line_end: int = 0
    ) -> Symbol:
        """Adds a symbol, in document order, and returns it for the rest to be filled in."""
        symbol = Symbol(kind, name, parent, line_start, line_end)
        self.symbols.append(symbol)
        return symbol


class Shape(Protocol):
    """A way in which syntax trees are written as JSON; a plug-in is a class with these."""

    name: str
    """As in the column `shape`."""

    def matches(self, top: Any) -> bool:
        """Tells whether the top of a document, without its children maybe, is of this shape."""
        ...

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree.

        A big tree comes in pieces: the top with the first of its children, then what is plain text
        or number in the top with the next of them. Nodes around the children are counted with each
        piece; the caller takes them back. Anything that has to be carried from piece to piece goes
        into `out.state`.
        """
        ...

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of a tree, each once, in document order."""
        ...


def walk_keys(top: Any, kind_key: str, *, skip: frozenset[str], line: Any) -> Iterator[Node]:
    """Yields the nodes of a tree in which a node is a dict with text under `kind_key`.

    Its children are the values that are nodes or lists of nodes, in the order of the dump; dicts
    that are no nodes are not entered.

    Args:
        top: A node, or a list of nodes.
        kind_key: The key of a node's kind.
        skip: Keys under which no child is looked for.
        line: Function that returns the line of a node, 0 if it has none.
    """
    first: Sequence[Any] = top if isinstance(top, list) else [top]
    stack = [(node, -1, 1) for node in reversed(first) if is_node(node, kind_key)]
    number = 0
    while stack:
        node, parent, depth = stack.pop()
        yield Node(number, parent, node[kind_key], depth, line(node))
        children: list[Any] = []
        for key, value in node.items():
            if key not in skip:
                if type(value) is dict:
                    children.append(value)
                elif type(value) is list:
                    children.extend(value)
        stack.extend(
            (child, number, depth + 1) for child in reversed(children) if is_node(child, kind_key)
        )
        number += 1


def dotted(parts: Sequence[str]) -> str:
    """Returns the whole name of what is called or inherited.

    Parts are names, outermost first; what is no name is written `()` for the result of a call,
    `[]` for an item, `?` for anything else, so that `a.b().c` has the parts `a`, `b`, `()`, `c` and
    `"x".join` has `?`, `join`. Of a long chain the last parts are kept.
    """
    if len(parts) > _PATH_PARTS:
        parts = ["?", *parts[-_PATH_PARTS:]]
    return ".".join(parts).replace(".()", "()").replace(".[]", "[]")


def first_line(text: str) -> str:
    """Returns the first line of a documentation text that says anything, cut to 200 characters."""
    for line in text.split("\n"):
        said = line.strip().strip("/*").strip()
        if said:
            return said[:_DOC_CHARACTERS]
    return ""
