"""Python's own trees as `ast2json` writes them, without the keys that it doubles."""

from __future__ import annotations

import ast
from typing import Any

_NO_FIELDS: frozenset[str] = frozenset()


def dump_python(tree: ast.AST, *, leave_out: frozenset[str] = _NO_FIELDS) -> dict[str, Any]:
    """Returns a tree as JSON values, however deep it is.

    Args:
        tree: Of the standard library's `ast`.
        leave_out: Fields that are not written.
    """
    top: dict[str, Any] = {"_type": type(tree).__name__}
    stack: list[tuple[ast.AST, dict[str, Any]]] = [(tree, top)]
    while stack:
        node, written = stack.pop()
        for name in node._fields:
            if name in leave_out:
                continue
            value = getattr(node, name, None)
            if type(value) is list:
                written[name] = [_begun(item, stack) for item in value]
            else:
                written[name] = _begun(value, stack)
        for name in node._attributes:
            written[name] = getattr(node, name, None)
    return top


def _begun(value: Any, stack: list[tuple[ast.AST, dict[str, Any]]]) -> Any:
    """Returns a value as JSON; that of a node is filled in when the stack comes to it."""
    if not isinstance(value, ast.AST):
        return _plain(value)
    child: dict[str, Any] = {"_type": type(value).__name__}
    stack.append((value, child))
    return child


def _plain(value: Any) -> Any:
    """Returns a constant as JSON can hold it."""
    if value is Ellipsis:
        return "..."
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value) if isinstance(value, complex) else value
