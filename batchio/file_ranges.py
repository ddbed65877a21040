"""Reads parts of a file on any storage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from batchio.errors import InputError
from batchio.fileset import is_local, local_path
from batchio.stores import RETRIES, ask

_MOST_CHUNKS = 16  # in one request


def file_size(path: str, *, retries: int = RETRIES) -> int:
    """Returns how many bytes a file has."""
    path = local_path(path)
    if is_local(path):
        return Path(path).stat().st_size
    return ask(path, lambda fs, name: int(fs.info(name)["size"] or 0), step="read", retries=retries)


def read_range(path: str, start: int, end: int, *, retries: int = RETRIES) -> bytes:
    """Returns the bytes of a file from `start` up to `end`.

    Raises:
        InputError: The file ends before, or its storage does not give parts of files.
    """
    path = local_path(path)
    if start == end:
        return b""
    data: bytes
    if is_local(path):
        with Path(path).open("rb") as file:
            file.seek(start)
            data = file.read(end - start)
    else:
        data = ask(path, partial(_fetch, start, end), step="read", retries=retries)
    if len(data) != end - start:
        raise InputError(
            f"gave {len(data)} bytes where {end - start} were asked for",
            path=path,
            step="read",
            action="it has changed, or its storage does not give parts of files: copy it first",
        )
    return data


def read_chunks(path: str, start: int, end: int, size: int) -> Iterator[bytes]:
    """Yields the bytes from `start` up to `end` in chunks of at most `size`.

    More and more are asked for at once: elsewhere, each request costs its time.
    """
    at, asked = start, size
    while at < end:
        data = read_range(path, at, min(at + asked, end))
        for begin in range(0, len(data), size):
            yield data[begin : begin + size]
        at += len(data)
        asked = asked if is_local(local_path(path)) else min(2 * asked, _MOST_CHUNKS * size)


def _fetch(start: int, end: int, fs: Any, name: str) -> bytes:
    return bytes(fs.cat_file(name, start=start, end=end))
