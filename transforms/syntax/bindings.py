"""The names that a file's imports give to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from transforms.syntax.extraction import Import
from transforms.syntax.modules import dotted_module

EVERYTHING = "*"
DEFAULT = "default"
_VERSION = re.compile(r"v\d+")


class Bindings(NamedTuple):
    """The names that imports bind, and the numbers of the imports.

    Attributes:
        named: The first import of each name; in Python a name may have dots.
        stars: Imports of everything in a file, whatever its names are.
    """

    named: dict[str, int]
    stars: list[int]

    def find(self, name: str) -> tuple[int, str]:
        """Returns the import that binds the longest beginning of a name, -1 if none, and the rest.

        The rest of `path.join` is `join` where `path` is bound.
        """
        end = len(name) if self.named else 0
        while end > 0:
            number = self.named.get(name[:end])
            if number is not None:
                return number, name[end + 1 :]
            end = name.rfind(".", 0, end)
        return -1, ""


def bindings_of(language: str, imports: Sequence[Import]) -> Bindings:
    """Returns the names that the imports of a file bind."""
    bindings = Bindings({}, [])
    for number, import_ in enumerate(imports):
        local = local_name(language, import_)
        if local == EVERYTHING:
            bindings.stars.append(number)
        elif local and import_.kind != "export-from":
            bindings.named.setdefault(local, number)
    return bindings


def local_name(language: str, import_: Import) -> str:
    """Returns the name that an import binds, `*` where that may be any, empty for none."""
    module, name, alias, kind, *_ = import_
    if alias:
        return "" if alias == "_" else alias
    if name:
        return "" if name == DEFAULT and kind != "export-from" else name
    if language == "python":
        return module
    if language in ("javascript", "typescript") or kind in ("include", "require"):
        return ""
    if language == "solidity":
        return EVERYTHING
    return go_package(module) if language == "go" else dotted_module(module).rpartition(".")[2]


def go_package(module: str) -> str:
    """Returns the name by which a Go package is used: the last part of its path, not a version."""
    path, _, last = module.rpartition("/")
    return path.rpartition("/")[2] if path and _VERSION.fullmatch(last) else last


def joined(name: str, rest: str) -> str:
    """Returns two parts of a name with a dot between them, either of which may be empty."""
    return f"{name}.{rest}" if name and rest else name or rest


def full_name(import_: Import) -> str:
    """Returns module and name of an import as one name: `java.sql.Connection`."""
    name = "" if import_.name == EVERYTHING else import_.name
    return joined(dotted_module(import_.module), name)


def class_name(full: str) -> str:
    """Returns a full name of Java without its package; packages are written in small letters."""
    parts = full.split(".")
    classes = (at for at, part in enumerate(parts) if part[:1].isupper())
    return ".".join(parts[next(classes, len(parts) - 1) :])
