"""Identifies contents: SHA-256 of files, of values, of sets of inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from batchio.fileset import is_local, local_path, read_bytes
from batchio.stores import retrying

_BLOCK_BYTES = 1 << 20


def sha256(data: bytes) -> str:
    """Returns the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: str, *, size: int = 0, retries: int = 0) -> str:
    """Returns the SHA-256 of a file: a local one is read in blocks, others in one request.

    Raises:
        OSError: When it cannot be read.
    """
    path = local_path(path)
    if not is_local(path):
        return sha256(read_bytes(path, size=size, retries=retries))
    return retrying(partial(_sha256_of_local, path), retries=retries)


def _sha256_of_local(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as source:  # noqa: PTH123 - once a file, and faster
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def of_value(value: Any) -> str:
    """Returns a short digest of a JSON value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode())[:16]


def of_inputs(named_digests: Iterable[tuple[str, str]]) -> str:
    """Returns the digest of a unit's inputs: pairs of file name and SHA-256, in any order."""
    lines = sorted(f"{name} {digest}\n" for name, digest in named_digests)
    return sha256("".join(lines).encode())[:16]
