"""Which files an import may mean, and under which names a file can be meant.

Both are spelled alike: the family of the language, a colon, and a source path without its extension
(`python:email/mime/text`, `js:src/lib/utils`; C keeps the extension, as its includes do) or, where
classes are imported by their full names, that name (`java:java.sql.Connection`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from transforms.syntax.extraction import (
    CLASS,
    ENUM,
    INTERFACE,
    MODULE,
    NAMESPACE,
    STRUCT,
    TYPE,
    Symbol,
)

Candidates = tuple[list[str], int]

FAMILIES = {
    "python": "python",
    "javascript": "js",
    "typescript": "js",
    "java": "java",
    "kotlin": "java",
    "scala": "java",
    "csharp": "csharp",
    "php": "php",
    "c": "c",
    "cpp": "c",
    "go": "go",
    "rust": "rust",
    "solidity": "solidity",
}
"""Languages whose files import one another share a family."""

MOST_CANDIDATES = 24
_MOST_ROOTS = MOST_CANDIDATES // 2

_EXTENSIONS = {
    "python": (".py", ".pyi", ".pyw"),
    "js": (".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".mts", ".cts"),
    "java": (".java", ".kt", ".kts", ".scala", ".sc"),
    "csharp": (".cs",),
    "php": (".php",),
    "go": (".go",),
    "rust": (".rs",),
    "solidity": (".sol",),
}
_TYPES = frozenset({CLASS, ENUM, INTERFACE, STRUCT, TYPE})
_SPACES = frozenset({MODULE, NAMESPACE})
# A file of one of these names stands for its directory.
_DIRECTORY_FILES = {"python": ("__init__",), "rust": ("mod", "lib", "main")}


def place_of(language: str, source_path: str) -> str:
    """Returns what the meaning of an import depends on: the file's directory, or its path."""
    return source_path if language == "rust" else posixpath.dirname(source_path)


def candidates(language: str, place: str, module: str, name: str) -> Candidates:
    """Returns the names of files that an import may mean, best first.

    With them comes how many of the first ones are files that the imported name itself means, as in
    `from package import module`; the rest are files in which that name is defined.

    Args:
        language: Of the importing file.
        place: Of that file, see `place_of`.
        module: What the import names.
        name: What is taken out of it, empty or `*` for all.
    """
    find = _FINDERS.get(language)
    if find is None:
        return [], 0
    family = FAMILIES[language]
    whole, holding = find(place, module, "" if name == "*" else name)
    if name in ("", "*"):
        whole, holding = whole or holding, []
    elif holding:
        whole = whole[:_MOST_ROOTS]
    paths = dict.fromkeys(whole)
    paths.pop("", None)
    first = len(paths)
    paths.update(dict.fromkeys(holding))
    names = [f"{family}:{path}" for path in paths if path]
    return names[:MOST_CANDIDATES], min(first, MOST_CANDIDATES)


def provided(language: str, source_path: str, symbols: Iterable[Symbol]) -> list[str]:
    """Returns the names under which other files import a file."""
    family = FAMILIES.get(language, "")
    if not family:
        return []
    if family == "go":
        return [f"go:{path}" for path in _package_names(posixpath.dirname(source_path))]
    path = _module_path(family, source_path)
    names = [f"{family}:{path}"] if path else []
    if family in ("java", "csharp", "php"):
        names += (f"{family}:{_full_name(each)}" for each in symbols if _is_importable(each))
    return list(dict.fromkeys(names))


def dotted_module(module: str) -> str:
    """Returns the name of a module or class with dots, however the language separates its parts."""
    if "\\" in module or ":" in module:
        module = module.replace("\\", ".").replace("::", ".")
    return module.strip(".")


def _module_path(family: str, source_path: str) -> str:
    """Returns the path by which a file is imported; empty for a package at the very top."""
    path = _without_extension(family, source_path)
    directory, _, name = path.rpartition("/")
    return directory if name in _DIRECTORY_FILES.get(family, ()) else path


def _without_extension(family: str, path: str) -> str:
    for extension in _EXTENSIONS.get(family, ()):
        if path.endswith(extension):
            return path[: -len(extension)]
    return path


def _package_names(directory: str) -> Iterator[str]:
    """Yields a Go package's directory and its ends; one part alone could be any package."""
    if directory:
        yield directory
    parts = directory.split("/")
    for start in range(1, len(parts) - 1):
        yield "/".join(parts[start:])


def _is_importable(symbol: Symbol) -> bool:
    """Tells whether a symbol is a type at the top of its file or namespace."""
    return symbol.kind in _TYPES and (symbol.parent is None or symbol.parent.kind in _SPACES)


def _full_name(symbol: Symbol) -> str:
    parts = [symbol.name]
    while symbol.parent is not None:
        symbol = symbol.parent
        parts.append(dotted_module(symbol.name))
    return ".".join(reversed(parts))


@lru_cache(maxsize=1 << 12)
def _roots(directory: str) -> tuple[str, ...]:
    """Returns the nearest ancestors of a directory, it among them, farthest first, as prefixes."""
    parts = directory.split("/") if directory else []
    prefixes = ["", *("/".join(parts[: end + 1]) + "/" for end in range(len(parts)))]
    return tuple(prefixes[-_MOST_ROOTS:])


def _relative(directory: str, path: str) -> str:
    """Returns a path that is written relative to a directory; empty where it leaves the inputs."""
    joined = posixpath.normpath(posixpath.join(directory, path))
    return "" if joined.startswith(("..", "/")) or joined == "." else joined


_Found = tuple[list[str], list[str]]


def _python(directory: str, module: str, name: str) -> _Found:
    rest = module.lstrip(".")
    path = rest.replace(".", "/")
    prefixes: tuple[str, ...] = ()
    level = len(module) - len(rest)
    if level == 0:
        prefixes = _roots(directory)
    else:
        base = _parent(directory, level - 1)
        prefixes = () if base is None else (f"{base}/" if base else "",)
    holding = [f"{prefix}{path}".rstrip("/") for prefix in prefixes]
    if not name:
        return holding, []
    return [f"{found}/{name}" if found else name for found in holding], holding


def _parent(directory: str, levels: int) -> str | None:
    """Returns the directory so many levels up, None above the top."""
    parts = directory.split("/") if directory else []
    return "/".join(parts[: len(parts) - levels]) if levels <= len(parts) else None


def _javascript(directory: str, module: str, name: str) -> _Found:
    path = _script(directory, module)
    found = [path, f"{path}/index"] if path else []
    return ([], found) if name else (found, [])


def _typescript(directory: str, module: str, name: str) -> _Found:
    path = _script(directory, module)
    # A declaration file stands in for a script that is not there.
    found = [path, f"{path}.d", f"{path}/index", f"{path}/index.d"] if path else []
    return ([], found) if name else (found, [])


def _script(directory: str, module: str) -> str:
    """Returns the path of a relative JavaScript module; packages and aliases have none."""
    if module not in (".", "..") and not module.startswith(("./", "../")):
        return ""
    return _without_extension("js", _relative(directory, module))


def _full_names(directory: str, module: str, name: str) -> _Found:
    """Finds by full names, of classes or as paths: Java, Kotlin, Scala, C#, PHP."""
    module = dotted_module(module)
    if not name:
        return _class_files(directory, module), []
    whole = _class_files(directory, f"{module}.{name}")
    last = module[module.rfind(".") + 1 :]
    # Only a class, not a package, is a file that holds what is imported.
    return whole, _class_files(directory, module) if last[:1].isupper() else []


def _class_files(directory: str, full_name: str) -> list[str]:
    path = full_name.replace(".", "/")
    return [full_name, *(prefix + path for prefix in _roots(directory))]


def _php(directory: str, module: str, name: str) -> _Found:
    if not module.endswith(".php"):
        return _full_names(directory, module, name)
    path = _without_extension("php", module)
    paths = [_relative(directory, path)]
    if not path.startswith((".", "/")):
        paths += (prefix + path for prefix in _roots(directory))
    return paths, []


def _include(directory: str, module: str, name: str) -> _Found:
    if name:
        return [], []
    path = module.strip('"<> ')
    nearest_first = [prefix + path for prefix in reversed(_roots(directory))]
    in_include = [f"{prefix}include/{path}" for prefix in reversed(_roots(directory))]
    paths = [_relative("", each) for each in (*nearest_first, *in_include)]
    return [_relative(directory, path), *paths], []


def _solidity(directory: str, module: str, name: str) -> _Found:
    path = _without_extension("solidity", module)
    if path.startswith("."):
        found = [_relative(directory, path)]
    else:
        found = [_relative("", prefix + path) for prefix in _roots(directory)]
    return ([], found) if name else (found, [])


def _go(directory: str, module: str, name: str) -> _Found:
    parts = module.split("/")
    found = ["/".join(parts[start:]) for start in range(len(parts))]
    return ([], found) if name else (found, [])


def _rust(source_path: str, module: str, name: str) -> _Found:
    parts = module.split("::")
    own = _module_path("rust", source_path)
    bases = [own]
    if parts[0] == "crate":
        bases = _crate_roots(own)
    while parts and parts[0] in ("crate", "self", "super"):
        if parts[0] == "super":
            bases = [posixpath.dirname(base) for base in bases]
        parts = parts[1:]
    path = "/".join(parts)
    holding = [posixpath.join(base, path).rstrip("/") for base in bases]
    if not name:
        return holding, []
    return [posixpath.join(found, name) for found in holding], holding


def _crate_roots(path: str) -> list[str]:
    """Returns the directory `src` around a module, or where there is none every ancestor."""
    parts = path.split("/")
    if "src" in parts:
        last = len(parts) - parts[::-1].index("src")
        return ["/".join(parts[:last])]
    return [prefix.rstrip("/") for prefix in _roots(posixpath.dirname(path))]


_FINDERS: dict[str, Callable[[str, str, str], _Found]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _typescript,
    "java": _full_names,
    "kotlin": _full_names,
    "scala": _full_names,
    "csharp": _full_names,
    "php": _php,
    "c": _include,
    "cpp": _include,
    "solidity": _solidity,
    "go": _go,
    "rust": _rust,
}
