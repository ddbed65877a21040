"""Names in tree-sitter dumps: what is called, how symbols and parameters are named."""

from __future__ import annotations

from transforms.syntax.extraction import dotted
from transforms.syntax.tree_sitter_nodes import (
    Tree,
    children_of,
    field_of,
    innermost,
    is_named,
    named_children,
    pick,
    text_of_node,
)
from transforms.syntax.tree_sitter_words import CALLED, Link, Words

_MOST_PARTS = (
    16  # more than `dotted` keeps: a chain of a thousand calls is not read a thousand times
)
_DEFAULTS = frozenset({"=", "value", "right", "default_value"})
_REST = frozenset({"spread_parameter", "variadic_parameter_declaration"})
_SEPARATORS = {"keyword_separator": "*", "positional_separator": "/"}
_KINDS_IN_LINKS = frozenset({"this", "base", "member_binding_expression"})
_DOTTED_NAMES = frozenset({"qualified_name", "nested_identifier", "nested_namespace_specifier"})
_ONLY_ARGUMENTS = frozenset({"generator_expression", "template_string"})
_ARGUMENTS = frozenset({"argument_list", "arguments"})
_QUOTES = "\"'`"
_AROUND_TYPES = "\"' "  # Python may write a type as a string


def parts_of(node: Tree, words: Words) -> list[str]:
    """Returns the parts of a dotted name as `dotted` takes them, of a long one the last."""
    parts: list[str] = []
    stack: list[Tree | str] = [node]
    while stack and len(parts) < _MOST_PARTS:
        current = stack.pop()
        if isinstance(current, str):
            parts.append(current)
            continue
        link = words.links.get(current["type"])
        if link is None:
            parts.append(_leaf_name(current, words))
            continue
        inner, name = _linked(current, link)
        stack.extend(part for part in (inner, name, link.mark) if part)
    parts.reverse()
    return parts


def _linked(node: Tree, link: Link) -> tuple[Tree | None, Tree | None]:
    """Returns what is inside a node of a dotted name, and the node's own name."""
    inner, name = _linked_by(node, link.inner), _linked_by(node, link.name)
    if inner is not None and name is not None:
        return inner, name
    bare = not any(field_of(child) for child in children_of(node))
    children = [child for child in named_children(node) if child["type"] not in _ARGUMENTS]
    if link.name and name is None and bare and children:
        name = children[-1]
    if inner is None and children and (bare or not link.inner) and children[0] is not name:
        inner = children[0]
    return inner, name


def named_value(node: Tree, link: Link) -> tuple[Tree | None, Tree | None]:
    """Returns a name that is given and the value it is given to; first and last without fields."""
    name, value = _linked_by(node, link.name), _linked_by(node, link.inner)
    children = named_children(node)
    if name is None and value is None and len(children) > 1:
        return children[0], children[-1]
    return name, value


def _linked_by(node: Tree, names: tuple[str, ...]) -> Tree | None:
    kinds = _KINDS_IN_LINKS.intersection(names)
    for child in children_of(node):
        if field_of(child) in names or child["type"] in kinds:
            return child
    return None


def _leaf_name(node: Tree, words: Words) -> str:
    return (text_of_node(node) if node["type"] in words.names else "") or "?"


def callee_of(call: Tree, words: Words) -> str:
    """Returns the whole name of what a call calls."""
    parts = parts_of(call, words)
    if parts and parts[-1] == CALLED:
        parts.pop()
    return dotted(parts or ["?"])


def arguments_of(call: Tree) -> list[Tree]:
    """Returns the arguments of a call."""
    given = pick(call, ("arguments", *_ARGUMENTS, *_ONLY_ARGUMENTS))
    if given is None:
        return []
    if given["type"] not in _ARGUMENTS:
        return [given]  # a generator, a template
    return [child for child in named_children(given) if not child["type"].endswith("comment")]


def name_of(node: Tree, words: Words) -> str:
    """Returns the name of a definition; empty where it has none or the dump no text.

    Where children have no fields it is the last name before the parameters, else the first.
    """
    name = pick(node, ("name",))
    if name is None:
        name = _name_by_place(children_of(node), words)
    if name is None:
        mark = pick(node, ("operator",))  # C#: of an operator that a class defines
        return "" if mark is None else "operator" + text_of_node(mark).removeprefix("operator")
    if name["type"] in words.links:
        return ".".join(parts_of(name, words))
    return ("~" if node["type"] == "destructor_declaration" else "") + unquoted(name)


def _name_by_place(children: list[Tree], words: Words) -> Tree | None:
    if any(field_of(child) for child in children):
        return None
    names = [index for index, child in enumerate(children) if child["type"] in words.names]
    lists = [index for index, child in enumerate(children) if child["type"] in words.parameters]
    before = [index for index in names if lists and index < lists[-1]]
    if not names:
        return next((child for child in children if child["type"] in _DOTTED_NAMES), None)
    return children[before[-1] if before else names[0]]


def unquoted(node: Tree) -> str:
    """Returns the text of a name or a string without its quotes."""
    return text_of_node(node).strip(_QUOTES)


def parameters_of(node: Tree, words: Words) -> list[str]:
    """Returns the parameters as a signature shows them."""
    node = pick(node, ("abstract_function_declarator",)) or node  # a C++ lambda's
    found = pick(node, ("parameters", "parameter"))
    if found is None:
        found = _parameter_list(children_of(node), words)
    if found is None:
        return []
    if found["type"] not in words.parameters and "parameter_list" not in found["type"]:
        return [text_of_node(found)]  # an arrow function's only one
    shown = [
        name
        for child in named_children(found)
        if child["type"] not in words.not_parameters and child["type"] not in words.comments
        for name in _shown(child)
    ]
    return [] if shown == ["void"] else shown


def _parameter_list(children: list[Tree], words: Words) -> Tree | None:
    """Returns the list of parameters after the name, of Go's methods the second."""
    lists = [child for child in children if child["type"] in words.parameters]
    named = False
    for child in children:
        named = named or child["type"] in words.names
        if named and child["type"] in words.parameters:
            return child
    return lists[0] if lists else None


def _shown(parameter: Tree) -> list[str]:
    if parameter["type"] in _SEPARATORS:
        return [_SEPARATORS[parameter["type"]]]
    names = [child for child in children_of(parameter) if field_of(child) == "name"]
    if len(names) > 1:  # Go: `a, b int`
        return [text_of_node(name) for name in names]
    inner = innermost(parameter)
    if inner is parameter and inner["type"].startswith("typed_"):
        inner = named_children(parameter)[0]
    if inner["type"].startswith("abstract_"):
        inner = parameter  # C: a type without a name
    name = text_of_node(inner)
    if parameter["type"] in _REST:
        return ["..." + name]
    return [name + "=…" if _has_default(parameter) else name]


def _has_default(parameter: Tree) -> bool:
    return any(
        child["type"] == "=" or field_of(child) in _DEFAULTS for child in children_of(parameter)
    )


def returns_of(node: Tree, words: Words) -> str:
    """Returns the declared type of a definition as text."""
    found = next(
        (child for child in children_of(node) if field_of(child) in words.returns),
        None,
    )
    return "" if found is None else text_of_node(found).removeprefix(":").strip(_AROUND_TYPES)


def modifiers_of(node: Tree, words: Words) -> set[str]:
    """Returns the words before a definition: `public`, `static`, `async`."""
    found: set[str] = set()
    for child in children_of(node):
        kind = child["type"]
        if kind in words.modifiers:
            for leaf in [child, *children_of(child)]:
                text = leaf.get("text")
                found.update(text.replace("(", " (").split() if type(text) is str else ())
                found.add(leaf["type"])
        elif not child.get("children") and not is_named(child):
            found.add(kind)
    return found
