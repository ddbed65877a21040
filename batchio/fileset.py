"""Lists files on any storage by globs, and reads them with retries."""

from __future__ import annotations

import logging
import math
import os
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import fsspec
from fsspec.core import url_to_fs

from batchio.errors import CannotRun

logger = logging.getLogger(__name__)

T = TypeVar("T")
Order = Literal["name", "size", "mtime"]
LeftOut = Callable[[str, str], None]

STATE_FOLDER = ".headrace"  # below an output root: the ledger, reports, unfinished files

_MAGIC = re.compile(r"[*?\[{]")
# Each file system has its own word for the time of last change.
_MTIME_KEYS = ("mtime", "updated", "LastModified", "last_modified", "modify", "Last-Modified")
_FINAL_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the listing saw it: path or URL, bytes, seconds since 1970 (0 if unknown)."""

    path: str
    size: int
    mtime: float

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]


def is_local(path: str) -> bool:
    """Tells whether the path needs no file system but the machine's own."""
    return "://" not in path


def local_path(path: str) -> str:
    """Returns the path without a `file://` in front, other URLs as they are."""
    return path[7:] if path.startswith("file://") else path


def list_files(
    patterns: Iterable[str],
    *,
    exclude: Sequence[str] = (),
    order_by: Order = "name",
    left_out: LeftOut | None = None,
) -> Iterator[FileRef]:
    """Yields each file that the globs match, once.

    By name the files stream in path order, pattern by pattern; `size` gives the largest first,
    `mtime` the oldest first. A folder as a pattern stands for every file below it.

    Args:
        patterns: Globs or plain paths on any fsspec storage; `**` recurses.
        exclude: Globs of paths to leave out.
        order_by: The order of the files.
        left_out: Told of each folder that could not be listed: its path and why.
    """
    patterns = list(patterns)
    found = _excluded(_match_all(patterns, left_out or _warn), exclude)
    if len(patterns) > 1:
        found = _unique(found)
    if order_by == "size":
        return iter(sorted(found, key=lambda file: (-file.size, file.path)))
    if order_by == "mtime":
        return iter(sorted(found, key=lambda file: (file.mtime, file.path)))
    return found


def missing_roots(patterns: Iterable[str]) -> list[str]:
    """Returns the fixed part of each pattern that does not exist."""
    roots = {split_pattern(local_path(pattern))[0] for pattern in patterns}
    return sorted(root for root in roots if not _exists(root))


def split_pattern(pattern: str) -> tuple[str, str]:
    """Splits a pattern into the folder before its first wildcard and the rest."""
    magic = _MAGIC.search(pattern)
    if magic is None:
        return pattern, ""
    head = pattern[: magic.start()].rpartition("/")
    return (head[0] or head[1] or "."), pattern[len(head[0]) + len(head[1]) :]


def read_bytes(path: str, *, retries: int = 0) -> bytes:
    """Returns a file's content, read anew up to `retries` times when the storage falters.

    Raises:
        OSError: When the file cannot be read at all.
    """
    path = local_path(path)

    def read() -> bytes:
        if is_local(path):
            with open(path, "rb") as file:  # noqa: PTH123 - twice as fast, once a file
                return bytes(file.read())
        fs, name = url_to_fs(path)
        return bytes(fs.cat_file(name))

    return retrying(read, retries=retries)


def retrying(call: Callable[[], T], *, retries: int, first_wait_s: float = 0.2) -> T:
    """Returns what `call` returns, tried again after an OSError that may pass.

    The wait doubles each time and is scattered, so that many workers do not return together.
    """
    for attempt in range(retries):
        try:
            return call()
        except _FINAL_ERRORS:
            raise
        except OSError as error:
            wait = first_wait_s * 2**attempt * random.uniform(0.5, 1.5)
            logger.warning("%s; trying again in %.1f s", error, wait)
            time.sleep(wait)
    return call()


def _warn(path: str, why: str) -> None:
    logger.warning("%s %s", path, why)


def _match_all(patterns: Iterable[str], left_out: LeftOut) -> Iterator[FileRef]:
    for pattern in map(local_path, patterns):
        yield from _match_local(pattern, left_out) if is_local(pattern) else _match_url(pattern)


def _match_local(pattern: str, left_out: LeftOut) -> Iterator[FileRef]:
    root, rest = split_pattern(pattern)
    if rest:
        depth = math.inf if "**" in rest else rest.count("/")
        yield from _walk("" if root == "/" else root, _glob_regex(pattern), depth, left_out)
    elif Path(root).is_dir():
        yield from _walk(root.rstrip("/"), None, math.inf, left_out)
    elif Path(root).exists():
        stat = Path(root).stat()
        yield FileRef(root, stat.st_size, stat.st_mtime)


def _walk(
    folder: str, regex: re.Pattern[str] | None, depth: float, left_out: LeftOut
) -> Iterator[FileRef]:
    """Yields the files below a folder in path order; `regex` must match a file's whole path."""
    prefix = "" if folder == "." and regex is not None else f"{folder}/"
    try:
        with os.scandir(folder or "/") as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        left_out(folder, f"could not be listed: {error.strerror}; check its permissions")
        return
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir():
            if depth > 0 and entry.name != STATE_FOLDER and not _is_loop(entry):
                yield from _walk(path, regex, depth - 1, left_out)
        elif regex is None or regex.fullmatch(path):
            try:
                stat = entry.stat()
            except OSError as error:
                left_out(path, f"cannot be looked at: {error.strerror}")
                continue
            yield FileRef(path, stat.st_size, stat.st_mtime)


def _is_loop(entry: os.DirEntry[str]) -> bool:
    if not entry.is_symlink():
        return False
    real = os.path.realpath(entry.path)
    return Path(os.path.realpath(Path(entry.path).parent)).is_relative_to(real)


def _match_url(pattern: str) -> Iterator[FileRef]:
    fs, path = url_to_fs(pattern)
    if not _MAGIC.search(path):
        infos = fs.find(path, detail=True)
    else:
        infos = {k: v for k, v in fs.glob(path, detail=True).items() if v["type"] == "file"}
    for name in sorted(infos):
        info = infos[name]
        yield FileRef(fs.unstrip_protocol(name), int(info.get("size") or 0), _mtime(info))


def _mtime(info: dict[str, Any]) -> float:
    for key in _MTIME_KEYS:
        value = info.get(key)
        if value is None:
            continue
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        return _parse_time(str(value))
    created = info.get("created")  # memory:// knows no other time
    return created.timestamp() if isinstance(created, datetime) else 0.0


def _parse_time(text: str) -> float:
    if re.fullmatch(r"\d{14}(\.\d+)?", text):  # FTP's MLSD: YYYYMMDDHHMMSS
        time_of_change = datetime.strptime(text[:14], "%Y%m%d%H%M%S")
        return time_of_change.replace(tzinfo=timezone.utc).timestamp()
    for parse in (
        lambda value: datetime.fromisoformat(value.replace("Z", "+00:00")),
        parsedate_to_datetime,
    ):
        try:
            return float(parse(text).timestamp())
        except ValueError:
            continue
    return 0.0


def _glob_regex(pattern: str) -> re.Pattern[str]:
    """Compiles a glob: `*`, `?`, `[…]` within a component, `**` over any, `{a,b}` either."""
    out, i = "", 0
    while i < len(pattern):
        rest = pattern[i:]
        bracket = re.match(r"\[(!?)([^]/]+)\]", rest)
        braces = re.match(r"\{([^{}/]+)\}", rest)
        if rest.startswith("**/"):
            out, i = out + r"(?:[^/]+/)*", i + 3
        elif rest.startswith("**"):
            out, i = out + r".*", i + 2
        elif bracket:
            inner = bracket[2].replace("\\", r"\\")
            out, i = out + f"[{'^' if bracket[1] else ''}{inner}]", i + bracket.end()
        elif braces:
            either = "|".join(_glob_regex(part).pattern for part in braces[1].split(","))
            out, i = out + f"(?:{either})", i + braces.end()
        else:
            out, i = out + {"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])), i + 1
    return re.compile(out)


def _excluded(files: Iterator[FileRef], exclude: Sequence[str]) -> Iterator[FileRef]:
    if not exclude:
        return files
    refused = [_glob_regex(local_path(pattern)) for pattern in exclude]
    return (
        file
        for file in files
        if not any(r.fullmatch(file.path) or r.fullmatch(file.name) for r in refused)
    )


def _unique(files: Iterator[FileRef]) -> Iterator[FileRef]:
    seen: set[str] = set()
    for file in files:
        if file.path not in seen:
            seen.add(file.path)
            yield file


def _exists(root: str) -> bool:
    if is_local(root):
        return Path(root).exists()
    fs, path = url_to_fs(root)
    try:
        return bool(fs.exists(path))
    except OSError as error:
        raise CannotRun(
            f"cannot be reached: {error}",
            path=root,
            step="preflight",
            action="check the address and the credentials",
        ) from error


def open_text(path: str) -> str:
    """Returns a small UTF-8 text file of any storage, such as a configuration."""
    with fsspec.open(local_path(path), "rt", encoding="utf-8-sig") as file:
        return str(file.read())
