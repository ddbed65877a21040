"""Lists files on any storage by globs, and reads them with retries."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from batchio.errors import CannotRun
from batchio.globs import MAGIC, alternatives, glob_regex, split_pattern
from batchio.storable import storable
from batchio.stores import RETRIES, advice, ask, retrying

logger = logging.getLogger(__name__)

Order = Literal["name", "size", "mtime"]
LeftOut = Callable[[str, str], None]

STATE_FOLDER = ".headrace"  # below an output root: the ledger, reports, unfinished files

_FIRST_BYTES = 1 << 16  # a buffer of this size is made for each file

# Each file system has its own word for the time of last change.
_MTIME_KEYS = (
    "mtime",
    "updated",
    "LastModified",
    "last_modified",
    "modify",
    "Last-Modified",
    "created",  # memory:// knows no other
)


@dataclass(frozen=True)  # without slots: these are pickled by the million
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


def absolute(path: str) -> str:
    """Returns a local path or glob from the root of the file system, URLs as they are."""
    path = local_path(path)
    return os.path.abspath(path) if is_local(path) else path  # noqa: PTH100 - globs are text


def list_files(
    patterns: Iterable[str],
    *,
    exclude: Sequence[str] = (),
    order_by: Order = "name",
    left_out: LeftOut | None = None,
    retries: int = RETRIES,
) -> Iterator[FileRef]:
    """Yields each file that the globs match, once, local ones by their absolute path.

    By name the files stream in path order, pattern by pattern; `size` gives the largest first,
    `mtime` the oldest first. A folder as a pattern stands for every file below it.

    Args:
        patterns: Globs or plain paths on any fsspec storage; `**` recurses.
        exclude: Globs of paths to leave out.
        order_by: The order of the files.
        left_out: Told of each folder that could not be listed: its path and why.
        retries: How often other storage is asked again when it falters.
    """
    patterns = [absolute(pattern) for pattern in patterns]
    found = excluded(_match_all(patterns, left_out or _warn, retries), exclude)
    if len(patterns) > 1:
        found = _unique(found)
    if order_by == "size":
        return iter(sorted(found, key=lambda file: (-file.size, file.path)))
    if order_by == "mtime":
        return iter(sorted(found, key=lambda file: (file.mtime, file.path)))
    return found


def missing_roots(patterns: Iterable[str]) -> list[str]:
    """Returns the fixed part of each pattern that does not exist."""
    return [root for root in _roots(patterns) if not _exists(root)]


def closed_folders(patterns: Iterable[str]) -> list[str]:
    """Returns the local folders that patterns start from and this user may not list."""
    folders = (root for root in _roots(patterns) if is_local(root) and Path(root).is_dir())
    return [folder for folder in folders if not os.access(folder, os.R_OK | os.X_OK)]


def _roots(patterns: Iterable[str]) -> list[str]:
    return sorted({split_pattern(absolute(pattern))[0] for pattern in patterns})


def read_bytes(path: str, *, size: int = 0, retries: int = 0) -> bytes:
    """Returns a file's content, read anew up to `retries` times when the storage falters.

    Args:
        path: Path or URL.
        size: As it was listed, 0 if unknown; some stores need no other request then.
        retries: How often to read again.

    Raises:
        OSError: When the file cannot be read at all.
    """
    path = local_path(path)
    if is_local(path):
        return retrying(partial(_read_local, path), retries=retries)
    return ask(path, partial(_fetch, size), step="read", retries=retries)


def _fetch(size: int, fs: Any, name: str) -> bytes:
    if size:
        data = bytes(fs.cat_file(name, start=0, end=size + 1))
        if len(data) != size + 1:  # else it has grown since
            return data
    return bytes(fs.cat_file(name))


def _read_local(path: str) -> bytes:
    """Reads with as few system calls as there can be, which a hundred thousand files feel."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, _FIRST_BYTES)
        if len(data) < _FIRST_BYTES:  # all there is of a regular file
            return data
        with os.fdopen(os.dup(descriptor), "rb") as rest:
            return data + bytes(rest.read())
    finally:
        os.close(descriptor)


def _warn(path: str, why: str) -> None:
    logger.warning("%s %s", path, why)


def _match_all(patterns: Iterable[str], left_out: LeftOut, retries: int) -> Iterator[FileRef]:
    for pattern in patterns:
        if is_local(pattern):
            yield from _match_local(pattern, left_out)
        else:
            yield from ask(pattern, _match_url, step="match files", retries=retries)


def _match_local(pattern: str, left_out: LeftOut) -> Iterator[FileRef]:
    _, rest = split_pattern(pattern)
    if rest and not _is_literal(pattern):
        depth = math.inf if "**" in rest else rest.count("/")
        folder = pattern[: len(pattern) - len(rest)]
        yield from _walk(folder, glob_regex(pattern), depth, left_out)
    elif Path(pattern).is_dir():
        yield from _walk(f"{pattern.rstrip('/')}/", None, math.inf, left_out)
    elif Path(pattern).exists() and (file := _look_at(Path(pattern), pattern, left_out)):
        yield file


def _is_literal(pattern: str) -> bool:
    """Tells whether a pattern is the name of a file that it would not match: `a[1].csv`."""
    return os.path.exists(pattern) and not glob_regex(pattern).fullmatch(pattern)  # noqa: PTH110


def look_at(path: str, *, retries: int = RETRIES) -> FileRef | None:
    """Returns a file as a listing would show it now, None if there is none.

    Raises:
        OSError: When the storage does not tell.
    """
    try:
        if is_local(path):
            found = os.stat(path)  # noqa: PTH116 - the path is text
            return FileRef(path, found.st_size, found.st_mtime)
        return ask(path, partial(_look_at_url, path), step="look at inputs", retries=retries)
    except FileNotFoundError:
        return None


def _look_at_url(path: str, fs: Any, name: str) -> FileRef:
    fs.invalidate_cache()
    info = fs.info(name)
    return FileRef(path, int(info.get("size") or 0), _mtime(info))


def _walk(
    folder: str,
    regex: re.Pattern[str] | None,
    depth: float,
    left_out: LeftOut,
    trail: tuple[str, ...] = (),
) -> Iterator[FileRef]:
    """Yields the files below a folder in path order.

    Args:
        folder: With a slash at its end.
        regex: Must match a file's whole path.
        depth: How many levels of folders to go down.
        left_out: Told of what cannot be read.
        trail: The real paths of the folders from which links led here.
    """
    try:
        with os.scandir(folder) as scan:
            entries = sorted(
                (f"{entry.name}/" if _is_folder(entry) else entry.name, entry) for entry in scan
            )
    except OSError as error:
        why = f"could not be listed: {error.strerror}; check its permissions"
        left_out(storable(folder.rstrip("/") or "/"), why)
        return
    for name, entry in entries:
        path = folder + name
        if name.endswith("/"):
            if depth < 1 or entry.name == STATE_FOLDER:
                continue
            ways = (*trail, os.path.realpath(folder)) if entry.is_symlink() else trail
            if ways is trail or not _leads_back(entry, ways):
                yield from _walk(path, regex, depth - 1, left_out, ways)
        elif (regex is None or regex.fullmatch(path)) and (file := _look_at(entry, path, left_out)):
            yield file


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a closed folder: looked at, it tells
        return False


def _leads_back(entry: os.DirEntry[str], ways: tuple[str, ...]) -> bool:
    real = os.path.realpath(entry.path)
    return any(Path(way).is_relative_to(real) for way in ways)


def _look_at(entry: os.DirEntry[str] | Path, path: str, left_out: LeftOut) -> FileRef | None:
    """Returns a file as it is, or tells why it cannot be an input."""
    try:
        path.encode()
        found = entry.stat()
    except UnicodeEncodeError:
        left_out(storable(path), "has a name that is not UTF-8; rename it")
    except OSError as error:
        left_out(path, f"cannot be looked at: {error.strerror}")
    else:
        if stat.S_ISREG(found.st_mode):
            return FileRef(path, found.st_size, found.st_mtime)
        left_out(path, "is no regular file")
    return None


def _match_url(fs: Any, path: str) -> list[FileRef]:
    infos: dict[str, dict[str, Any]] = {}
    fs.invalidate_cache()  # else what was listed once never changes
    for each in alternatives(path):
        if MAGIC.search(each):
            infos |= fs.glob(each, detail=True)
        else:
            infos |= fs.find(each, detail=True)
    fs.invalidate_cache()  # a listing of a million files is not small
    return [
        FileRef(fs.unstrip_protocol(name), int(info.get("size") or 0), _mtime(info))
        for name, info in sorted(infos.items())
        if info["type"] == "file" and not name.endswith("/")  # an object that marks a folder
        if STATE_FOLDER not in name.split("/")
    ]


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
    return 0.0


def _parse_time(text: str) -> float:
    for parse in (
        _parse_ftp_time,
        lambda value: datetime.fromisoformat(value.replace("Z", "+00:00")),
        parsedate_to_datetime,
    ):
        try:
            return float(parse(text).timestamp())
        except ValueError:
            continue
    return 0.0


def _parse_ftp_time(text: str) -> datetime:
    """Reads a time of FTP's MLSD, `YYYYMMDDHHMMSS`, in UTC."""
    if not re.fullmatch(r"\d{14}(\.\d+)?", text):
        raise ValueError(text)
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)


def excluded(files: Iterator[FileRef], exclude: Sequence[str]) -> Iterator[FileRef]:
    """Yields the files that none of the globs matches."""
    if not exclude:
        return files
    refused = [
        glob_regex(absolute(p) if "/" in p and not p.startswith("**/") else p) for p in exclude
    ]
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
    try:
        if is_local(root):
            return Path(root).exists()
        return ask(root, lambda fs, name: bool(fs.exists(name)), step="preflight")
    except Exception as error:  # each storage has its own
        raise CannotRun(
            f"cannot be reached: {getattr(error, 'strerror', None) or error}",
            path=root,
            step="preflight",
            action=advice(
                error,
                "check the path and its permissions"
                if is_local(root)
                else "check the address and the credentials",
            ),
        ) from error


def local_copy(path: str, folder: Path, *, retries: int = RETRIES) -> str:
    """Returns the path of a file on this machine: its own, or that of a copy in the folder."""
    if is_local(local_path(path)):
        return local_path(path)
    copy = folder / hashlib.sha256(path.encode()).hexdigest()[:16]
    if not copy.exists():
        part = copy.with_suffix(".part")
        ask(path, lambda fs, name: fs.get_file(name, str(part)), step="read", retries=retries)
        part.replace(copy)
    return str(copy)


def open_text(path: str) -> str:
    """Returns a small UTF-8 text file of any storage, such as a configuration."""
    return read_bytes(path, retries=RETRIES).decode("utf-8-sig")
