"""Documentation in tree-sitter dumps: the comment above a symbol, Python's first string."""

from __future__ import annotations

import re

from transforms.syntax.extraction import first_line
from transforms.syntax.tree_sitter_nodes import (
    Tree,
    lines_of,
    named_children,
    pick,
    raw_text_of,
)

_XML_TAG = re.compile(r"</?\w[^>]*>")
_OF_OTHERS = ("//!", "/*!", "///<")  # of the file around, of what is before


class Comments:
    """The comment met last, with those right above it."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._end = -1

    def add(self, comment: Tree, before: Tree | None) -> None:
        """Keeps a comment, unless it is about the node before it, on the same line."""
        first, last = lines_of(comment)
        text = raw_text_of(comment)
        trails = before is not None and not before.get("children") and lines_of(before)[1] == first
        if trails or text.startswith(_OF_OTHERS):
            self._texts = []
        elif first == self._end + 1:
            self._texts.append(text)
        else:
            self._texts = [text]
        self._end = last

    def pass_over(self, attached: Tree) -> None:
        """Takes what may stand between a comment and the symbol it documents."""
        first, last = lines_of(attached)
        if self._texts and first == self._end + 1:
            self._end = last

    def take(self, line: int, *, is_xml: bool) -> str:
        """Returns the first line of the documentation of what starts on a line."""
        if not self._texts or not 0 <= line - self._end <= 1:
            return ""
        text = "\n".join(self._texts)
        self._texts = []
        return first_line(_XML_TAG.sub("", text) if is_xml else text)


def docstring_of(node: Tree) -> str:
    """Returns the first line of the string that a Python body begins with."""
    body = pick(node, ("body", "block"))
    statements = named_children(body) if body is not None else []
    is_value = bool(statements) and statements[0]["type"] == "expression_statement"
    first = named_children(statements[0]) if is_value else []
    if not first or first[0]["type"] != "string":
        return ""
    content = pick(first[0], ("string_content",))
    if content is None:
        return first_line(raw_text_of(first[0]).strip("\"'"))
    # Where only leaves have text, that of a string with escapes is gone.
    return first_line(raw_text_of(content)) if "text" in content else ""
