"""Trees of JavaScript and TypeScript: ESTree, TS-ESTree and Babel.

The nodes: https://github.com/estree/estree, and
https://github.com/babel/babel/blob/main/packages/babel-parser/ast/spec.md for those of Babel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transforms.syntax.estree_definitions import DEFINITION_HANDLERS
from transforms.syntax.estree_modules import MODULE_HANDLERS, import_called, mark_exported
from transforms.syntax.estree_names import KIND, callee, line, lines, passed
from transforms.syntax.extraction import Call, Extraction, Node, dotted, walk_keys
from transforms.syntax.json_values import Json, dict_of, length
from transforms.syntax.tree_walk import Rule, TreeWalk, decides, decides_and_nests, nests

_TOPS = frozenset({"Program", "Script", "Module"})
_SKIP = frozenset(
    {
        "loc",
        "range",
        "extra",
        "tokens",
        "errors",
        # Babel repeats a comment in every node that it lies beside.
        "comments",
        "leadingComments",
        "trailingComments",
        "innerComments",
    }
)
_TYPESCRIPT_NAMES = (".ts", ".tsx", ".mts", ".cts")


class ESTree:
    """Trees of acorn, esprima, espree, typescript-estree and others that keep to ESTree."""

    name = "estree"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a `Program`."""
        if type(top) is not dict or type(top.get(KIND)) is not str or top[KIND] not in _TOPS:
            return False
        body = top.get("body")
        return type(body) is list or (body is None and "sourceType" in top)

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree, or out of the next piece of it."""
        first = len(out.symbols)
        TreeWalk(out, KIND).run(top, _RULES, skip=_SKIP)
        # A piece repeats the list, or has it alone.
        out.errors = max(out.errors, length(top, "errors"))
        line_first, line_last = lines(top)
        out.line_first = out.line_first or line_first
        out.line_last = max(out.line_last, line_last)
        typescript = any(kind.startswith("TS") for kind in out.kinds)
        if typescript or out.path.endswith(_TYPESCRIPT_NAMES):
            out.language = "typescript"
        elif out.language != "typescript":
            out.language = "javascript"
        mark_exported(out, first)

    def walk(self, top: Any) -> Iterator[Node]:
        """Yields the nodes of a tree, each once, in the order of the dump."""
        return walk_keys(top, KIND, skip=_SKIP, line=line)


class Babel(ESTree):
    """Trees of @babel/parser, with a `File` around the `Program`."""

    name = "babel"

    def matches(self, top: Any) -> bool:
        """Tells whether the top is a `File` with its `Program`."""
        if type(top) is not dict or top.get(KIND) != "File":
            return False
        return dict_of(top, "program").get(KIND) == "Program"

    def extract(self, top: Any, out: Extraction) -> None:
        """Takes everything out of a tree, or out of the next piece of it."""
        out.parser = "babel"
        super().extract(top, out)


def _call(walk: TreeWalk, node: Json) -> None:
    parts = callee(dict_of(node, "callee"))
    if len(parts) == 1 and parts[0] in ("import", "require", "define"):
        import_called(walk, node, parts)
        if parts[0] == "import":
            return
    walk.out.calls.append(Call(walk.caller, dotted(parts), passed(node), line(node)))


def _tagged_template(walk: TreeWalk, node: Json) -> None:
    """Handles a call by a template, whose texts are its first argument."""
    parts = callee(dict_of(node, "tag"))
    values = length(dict_of(node, "quasi"), "expressions")
    walk.out.calls.append(Call(walk.caller, dotted(parts), 1 + values, line(node)))


def _if(walk: TreeWalk, node: Json) -> bool:
    otherwise = dict_of(node, "alternate")
    return walk.enter_if(node, otherwise if otherwise.get(KIND) == "IfStatement" else None)


def _case(walk: TreeWalk, node: Json) -> None:
    if node.get("test") is not None:
        walk.decisions += 1


_RULES: dict[str, Rule] = {
    **DEFINITION_HANDLERS,
    **MODULE_HANDLERS,
    "CallExpression": _call,
    "CatchClause": decides,
    "ConditionalExpression": decides,
    "DoWhileStatement": decides_and_nests,
    "ForInStatement": decides_and_nests,
    "ForOfStatement": decides_and_nests,
    "ForStatement": decides_and_nests,
    "IfStatement": _if,
    "LogicalExpression": decides,
    "NewExpression": _call,
    "OptionalCallExpression": _call,
    "SwitchCase": _case,
    "SwitchStatement": nests,
    "TaggedTemplateExpression": _tagged_template,
    "TryStatement": nests,
    "WhileStatement": decides_and_nests,
    # Leaves without children.
    "BooleanLiteral": "",
    "Literal": "",
    "NullLiteral": "",
    "NumericLiteral": "",
    "RegExpLiteral": "",
    "StringLiteral": "",
    "Super": "",
    "TemplateElement": "",
    "ThisExpression": "",
}
