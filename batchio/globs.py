"""Globs: `*`, `?` and `[…]` within a component of a path, `**` over any, `{a,b}` either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

MAGIC = re.compile(r"[*?\[{]")


def split_pattern(pattern: str) -> tuple[str, str]:
    """Splits a pattern into the folder before its first wildcard and the rest."""
    magic = MAGIC.search(pattern)
    if magic is None:
        return pattern, ""
    head = pattern[: magic.start()].rpartition("/")
    rest = pattern[len(head[0]) + len(head[1]) :]
    if head[0].endswith(":/"):  # the wildcard is a bucket's: s3://*/a
        return f"{head[0]}/", rest
    return (head[0] or head[1]), rest


def glob_regex(pattern: str) -> re.Pattern[str]:
    """Compiles a glob; the whole of a path has to match."""
    return re.compile("|".join(map(_translate, alternatives(pattern))))


def alternatives(pattern: str) -> Iterator[str]:
    """Yields a glob once for each choice that its braces leave."""
    braces = re.search(r"\{([^{}/]+)\}", pattern)
    if braces is None:
        yield pattern
        return
    for part in braces[1].split(","):
        yield from alternatives(pattern[: braces.start()] + part + pattern[braces.end() :])


def _translate(pattern: str) -> str:
    out, i = "", 0
    while i < len(pattern):
        rest = pattern[i:]
        bracket = re.match(r"\[(!?)([^]/]+)\]", rest)
        if rest.startswith("**/"):
            out, i = out + r"(?:.*/)?", i + 3
        elif rest.startswith("**"):
            out, i = out + r".*", i + 2
        elif bracket:
            out, i = out + _translate_set(bracket), i + bracket.end()
        else:
            out, i = out + {"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])), i + 1
    return out


def _translate_set(bracket: re.Match[str]) -> str:
    inner = re.sub(r"[\\\[&~|]", r"\\\g<0>", bracket[2])
    try:
        return re.compile(f"[{'^' if bracket[1] else ''}{inner}]").pattern
    except re.error:  # [z-a] is no set: it stands for itself
        return re.escape(bracket[0])


def common_root(patterns: Sequence[str]) -> str:
    """Returns the folder below which all that the patterns match lies, with a slash at its end.

    It follows from the patterns alone, not from what is there: `a/b.json` lies in `a/`, and so does
    whatever else has a dot in its last name.
    """
    roots = []
    for pattern in patterns:
        folder, rest = split_pattern(pattern)
        is_file = not rest and "." in folder.rpartition("/")[2]
        roots.append((folder.rpartition("/")[0] if is_file else folder).rstrip("/").split("/"))
    shared = []
    for names in zip(*roots, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join([*shared, ""])
