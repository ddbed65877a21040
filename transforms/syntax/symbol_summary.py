"""Summaries of Java files: classes with their members and calls, but no tree.

A program on top of JavaParser writes them, one file a source. Lists of modifiers and bases are text
that looks like a list, `[public , static ]`. There are neither nodes nor lines; `filePath` is where
the source lay on the machine of whoever made the dump, so that the dump's own name says more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from transforms.syntax.extraction import (
    CLASS,
    CONSTRUCTOR,
    FIELD,
    INTERFACE,
    METHOD,
    NAMESPACE,
    Call,
    Extraction,
    Import,
    Inherit,
    Node,
    Symbol,
    first_line,
)
from transforms.syntax.json_values import Json, children, list_of, text_of

_IMPORT = re.compile(r"\s*import\s+(?:static\s+)?([\w$.]+?)(?:\.(\*))?\s*;?\s*")
_SIMPLE_CALL = re.compile(r"([\w$.]+)\([^()]*\)")
_NO_COMMENT = "No comment"
_VISIBILITIES = ("public", "protected", "private")
# Where inner classes stand, if not beside the outer one.
_INNER = ("classes", "innerClasses")


class SymbolSummary:
    """Summaries of Java files.

    Complexity is what the file says, so it is 0 of constructors, of which it says nothing; what
    fields are set to and constructors call is not told either. A callee is the method's whole
    resolved name, or as the source has it where it was not resolved.
    """

    name = "symbol-summary"

    def matches(self, top: Any) -> bool:
        """Tells whether the top has classes and the path of a source file."""
        if type(top) is not dict or type(top.get("filePath")) is not str:
            return False
        return type(top.get("classes")) is list

    def extract(self, top: Json, out: Extraction) -> None:
        """Takes everything out of a summary, or out of the next of its classes."""
        out.language = "java"
        out.parser = "JavaParser"
        for text in list_of(top, "imports"):
            _add_import(out, text)
        classes: dict[str, Symbol] = out.state.setdefault("classes", {})
        stack: list[tuple[Any, Symbol | None]] = [
            (found, None) for found in reversed(list_of(top, "classes"))
        ]
        while stack:
            found, outer = stack.pop()
            if type(found) is dict:
                symbol = _add_class(out, found, outer, classes)
                inner = [item for key in _INNER for item in list_of(found, key)]
                stack.extend((item, symbol) for item in reversed(inner))

    def walk(self, top: Json) -> Iterator[Node]:
        """Yields nothing: a summary has no nodes."""
        return iter(())


def _add_import(out: Extraction, text: Any) -> None:
    match = _IMPORT.fullmatch(text) if type(text) is str else None
    if match is None:
        return
    whole, everything = match.groups()
    module, _, name = (whole, "", "*") if everything else whole.rpartition(".")
    out.imports.append(Import(module or name, name if module else "", "", "import", 0))


def _add_class(
    out: Extraction, found: Json, outer: Symbol | None, classes: dict[str, Symbol]
) -> Symbol:
    whole = text_of(found, "qualifiedName")
    around = whole.rpartition(".")[0]
    outer = outer or classes.get(around)
    if outer is None and around and found.get("isInner") is not True:
        outer = classes[around] = out.define(NAMESPACE, around, None)
    symbol = out.define(
        INTERFACE if found.get("isInterface") is True else CLASS, text_of(found, "name"), outer
    )
    classes[whole] = symbol
    _describe(symbol, found)
    for key, kind in (("extendsList", "extends"), ("implementsList", "implements")):
        for base in _listed(text_of(found, key)):
            out.inherits.append(Inherit(symbol, base, kind))
    for member in children(found, "fields"):
        field = out.define(FIELD, text_of(member, "name"), symbol)
        _describe(field, member)
        field.returns = text_of(member, "declaredType")
    for member in children(found, "constructors"):
        _add_method(out, member, symbol, CONSTRUCTOR)
    for member in children(found, "methods"):
        _add_method(out, member, symbol, METHOD)
    return symbol


def _add_method(out: Extraction, found: Json, parent: Symbol, kind: str) -> None:
    symbol = out.define(kind, text_of(found, "name"), parent)
    _describe(symbol, found)
    symbol.signature = text_of(found, "signature")
    symbol.params = len(list_of(found, "parameters"))
    symbol.returns = text_of(found, "returnType")
    complexity = found.get("cyclomaticComplexity")
    symbol.complexity = complexity if type(complexity) is int else 0
    for call in children(found, "methodCalls"):
        passed = len(list_of(call, "arguments"))
        out.calls.append(Call(symbol, _callee(call), passed, 0, text_of(call, "receiverType")))


def _describe(symbol: Symbol, found: Json) -> None:
    modifiers = _listed(text_of(found, "modifiers"))
    # Some private methods have `visibility` PUBLIC; the modifiers are those of the source.
    written = [word for word in modifiers if word in _VISIBILITIES]
    symbol.visibility = written[0] if written else text_of(found, "visibility").lower()
    symbol.is_static = found.get("isStatic") is True or "static" in modifiers
    symbol.is_abstract = found.get("isAbstract") is True or "abstract" in modifiers
    comment = text_of(found, "comment")
    symbol.doc = "" if comment == _NO_COMMENT else first_line(comment)


def _callee(call: Json) -> str:
    resolved = text_of(call, "resolvedMethod").partition("(")[0]
    simple = _SIMPLE_CALL.fullmatch(text_of(call, "sourceCode"))
    return resolved or (simple.group(1) if simple else text_of(call, "methodName"))


def _listed(text: str) -> list[str]:
    """Returns the items of a list as text, `[A, B<C, D>]`."""
    items = [""]
    angles = 0
    for letter in text.strip().removeprefix("[").removesuffix("]"):
        angles += (letter == "<") - (letter == ">")
        if letter == "," and not angles:
            items.append("")
        else:
            items[-1] += letter
    return [item.strip() for item in items if item.strip()]
