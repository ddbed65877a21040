"""How each language looks names up, and how it writes them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from batchio.syntax.parts import NAME_FACTOR, key_of
from transforms.syntax.modules import FAMILIES

ALWAYS, IN_ITS_BODY, NEVER = "always", "in its body", "never"


class LookupRules(NamedTuple):
    """How a language looks names up.

    Attributes:
        own: What a class is called within itself.
        base: What its base is called there.
        members: Where a bare name can be a member of the class around it.
        methods_are_bare: Whether a bare name in small letters is rather a method than a function.
        by_name: Whether imports name what they import in full, and not a file.
        is_global: Whether names are known in the whole program.
        has_package: Whether a file is of one package, written once at its top.
    """

    own: frozenset[str] = frozenset()
    base: frozenset[str] = frozenset()
    members: str = NEVER
    methods_are_bare: bool = False
    by_name: bool = False
    is_global: bool = False
    has_package: bool = False


_THIS, _SUPER = frozenset({"this"}), frozenset({"super"})
_JVM = LookupRules(
    _THIS,
    _SUPER,
    ALWAYS,
    methods_are_bare=True,
    by_name=True,
    is_global=True,
    has_package=True,
)
_SCRIPT = LookupRules(_THIS, _SUPER)
_RULES = {
    "python": LookupRules(frozenset({"self", "cls"}), frozenset({"super()"}), IN_ITS_BODY),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "java": _JVM,
    "kotlin": _JVM,
    "scala": _JVM,
    "csharp": LookupRules(_THIS, frozenset({"base"}), ALWAYS, by_name=True, is_global=True),
    "php": LookupRules(
        frozenset({"$this", "this", "self", "static"}),
        frozenset({"parent"}),
        by_name=True,
        is_global=True,
        has_package=True,
    ),
    "c": LookupRules(by_name=True, is_global=True),
    "cpp": LookupRules(_THIS, members=ALWAYS, by_name=True, is_global=True),
    "go": LookupRules(is_global=True, has_package=True),
    "rust": LookupRules(frozenset({"self", "Self"})),
    "solidity": LookupRules(_THIS, _SUPER, ALWAYS, methods_are_bare=True, is_global=True),
}
_UNKNOWN = LookupRules()

_KEY_BITS = 2**64 - 1
_DOTS_ONLY = frozenset({"python", "javascript", ""})
_TYPE_ARGUMENTS = re.compile(r"<[^()]*>")
_TYPE = re.compile(
    r"(?:(?:const|volatile|class|struct|union|enum|contract|interface|library)\s+|type\()*([\w.:\\]+)"
)


def rules_of(language: str) -> LookupRules:
    """Returns the rules of a language, of one that is not known the least."""
    return _RULES.get(language, _UNKNOWN)


def plain_name(language: str, name: str) -> str:
    """Returns a name with dots between its parts, without type arguments and parameter types."""
    if language in _DOTS_ONLY:
        return name
    if name.endswith(")") and FAMILIES.get(language) == "java":
        name = name.rpartition("(")[0]  # a resolved method, `java.util.List.add(int)`
    if "<" in name:
        name = _TYPE_ARGUMENTS.sub("", name)
    if ":" in name or "\\" in name or "->" in name:
        name = name.replace("::", ".").replace("\\", ".").replace("->", ".")
    return name


def called_name(language: str, callee: str, receiver_type: str) -> str:
    """Returns the plain name of what is called, by the type of what it is called on if known."""
    name = plain_name(language, callee)
    if not receiver_type:
        return name
    head, dot, _ = name.partition(".")
    rules = rules_of(language)
    if head in rules.own or head in rules.base:
        return name
    if dot and FAMILIES.get(language) == "java":
        return name  # the dump has resolved it: the class that defines it says more
    found = _TYPE.match(receiver_type)
    return f"{plain_name(language, found[1])}.{last_part(name)}" if found else name


def last_part(name: str) -> str:
    """Returns the last part of a plain name."""
    return name[name.rfind(".") + 1 :]


def name_key(name: str) -> int:
    """Returns the key of a plain name, made of those of its parts (see `NAME_FACTOR`)."""
    if "." not in name:
        return cached_key(name)
    key = 0
    for part in reversed(name.split(".")):
        key = (cached_key(part) + NAME_FACTOR * key) & _KEY_BITS
    return key


def looks_full(language: str, name: str) -> bool:
    """Tells by how names are commonly written whether one begins with a package or namespace."""
    if language == "csharp":
        return name.count(".") > 1
    if language in ("java", "kotlin", "scala", "cpp"):
        return "." in name and name[:1].islower()
    return False


@lru_cache(maxsize=1 << 16)
def cached_key(text: str) -> int:
    """Returns the key of a text, 0 of an empty one; for names, which come again and again."""
    return key_of(text) if text else 0
