"""Programming languages, and what the name of a file tells about them.

A dump is named after its source: `foo.py.json`, `foo.ts.ast.json`, `foo_python.json`.
"""

from __future__ import annotations

from functools import lru_cache

SOURCE_EXTENSIONS = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "typescript",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".hpp": "cpp",
    ".hh": "cpp",
    ".cs": "csharp",
}
"""Extensions of the source files that can be read."""

_OTHER_EXTENSIONS = {
    ".kt": "kotlin",
    ".php": "php",
    ".rb": "ruby",
    ".scala": "scala",
    ".sol": "solidity",
    ".swift": "swift",
}
_EXTENSIONS = SOURCE_EXTENSIONS | _OTHER_EXTENSIONS

# `_c` and `_go` are no endings: `vitamin_c.json`, `ready_to_go.json`.
_ENDINGS = {
    "cpp": ".cpp",
    "csharp": ".cs",
    "java": ".java",
    "javascript": ".js",
    "kotlin": ".kt",
    "php": ".php",
    "python": ".py",
    "ruby": ".rb",
    "rust": ".rs",
    "scala": ".scala",
    "solidity": ".sol",
    "swift": ".swift",
    "typescript": ".ts",
}
_FOLDERS = {
    **{language: language for language in _EXTENSIONS.values()},
    "c#": "csharp",
    "c++": "cpp",
    "cs": "csharp",
    "cxx": "cpp",
    "golang": "go",
    "js": "javascript",
    "py": "python",
    "ts": "typescript",
}
_PACKED = (".gz",)
_DUMPS = (".json", ".jsonl", ".ndjson")
_MARKS = (".ast", "_ast", ".syntax", "_syntax")


def language_of(path: str) -> str:
    """Returns the language of a source file that can be read, by its extension; else nothing."""
    return SOURCE_EXTENSIONS.get(_extension(path), "")


@lru_cache(maxsize=16)  # asked for a file's name and its language
def source_path_of(dump_path: str) -> str:
    """Returns the path of the source file that a dump was made of, as its name tells it.

    `X.json`, `X.ast.json`, `X_ast.json`, `X.syntax.json`, each also `.jsonl`, `.ndjson`, `.gz`, are
    dumps of `X`. Where `X` has no extension of a language but ends in the name of one, it gets that
    extension: `foo_python.json` is of `foo.py`. A path that is no dump's is returned as it is.
    """
    unpacked = _without(_PACKED, dump_path)
    dumped = _without(_DUMPS, unpacked)
    if dumped == unpacked:
        return dump_path
    path = _without(_MARKS, dumped)
    if _extension(path) in _EXTENSIONS:
        return path
    stem, _, ending = path.rpartition("_")
    extension = _ENDINGS.get(ending.lower())
    return stem + extension if extension and not f"/{stem}".endswith("/") else path


def language_of_path(path: str) -> tuple[str, str]:
    """Returns what language a dump or source is of, and what tells it.

    That is `file name`, or `directory` for the nearest folder with the name of a language; both are
    empty where neither says anything.
    """
    source = source_path_of(path)
    language = _EXTENSIONS.get(_extension(source))
    if language:
        return language, "file name"
    language = _language_of_folder(source.rpartition("/")[0])
    return language, "directory" if language else ""


@lru_cache(maxsize=1024)
def _language_of_folder(path: str) -> str:
    folders = reversed(path.lower().split("/"))
    return next((_FOLDERS[folder] for folder in folders if folder in _FOLDERS), "")


def _extension(path: str) -> str:
    """Returns the extension in small letters; a name that begins with its only dot has none."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def _without(endings: tuple[str, ...], path: str) -> str:
    for ending in endings:
        if path[-len(ending) :].lower() == ending:
            return path[: -len(ending)]
    return path
