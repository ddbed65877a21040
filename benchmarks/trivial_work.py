"""The work of the smallest domain there can be: the SHA-256 of a file."""

from __future__ import annotations

from batchio.fileset import read_bytes
from batchio.fingerprint import sha256
from transforms.units import Made, Unit


def work(path: str) -> str:
    """Does the work of one file: reads it and returns its SHA-256."""
    return sha256(read_bytes(path))


def work_unit(unit: Unit) -> Made:
    """Does the same for a unit."""
    path = unit.files[0].path
    return Made(sha256={path: work(path)})
