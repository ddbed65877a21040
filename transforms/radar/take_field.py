"""Reads the file of one field, or picks one where there are several of the same name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchio.errors import InputError, doing
from batchio.fileset import FileRef, read_bytes
from batchio.fingerprint import sha256
from batchio.radar.sinarame import FieldVolume, decode_field, parse_name
from batchio.radar.volume import SourceFile

_DUPLICATE = "duplicate: the same as {used}, which is used"
_CONFLICT = "conflict: other content than {used}, which is used (first by path that decodes)"


@dataclass(slots=True)
class TakenField:
    """What became of the files of one field.

    Attributes:
        decoded: The field, None if no file could be used.
        sha256: Of each file that could be read, by path.
        remarks: What is odd about a file, by path.
        errors: Why files could not be used; a file that another one replaces is no error.
        duplicates: Files with the same content as the one that is used.
    """

    field: str
    decoded: FieldVolume | None = None
    path: str = ""
    sha256: dict[str, str] = dataclasses.field(default_factory=dict)
    remarks: dict[str, str] = dataclasses.field(default_factory=dict)
    errors: list[InputError] = dataclasses.field(default_factory=list)
    duplicates: int = 0

    @property
    def source(self) -> SourceFile:
        """The file that is used."""
        return SourceFile(self.path.rpartition("/")[2], self.sha256[self.path])


def take_field(files: Sequence[FileRef], *, retries: int = 0) -> TakenField:
    """Returns the field of these files, which are all of one volume and field.

    Files are tried in path order; the first that can be decoded is used.
    """
    taken = TakenField(parse_name(files[0].path).field)
    for file in sorted(files, key=lambda file: file.path):
        try:
            _take(file, taken, retries)
        except InputError as error:
            taken.remarks[file.path] = f"damaged: {error.cause}"
            taken.errors.append(error)
    if taken.decoded is not None:
        taken.errors.clear()
    return taken


def _take(file: FileRef, taken: TakenField, retries: int) -> None:
    try:
        with doing("read", file.path):
            data = read_bytes(file.path, size=file.size, retries=retries)
    except OSError as error:
        cause = f"cannot be read: {error.strerror or error}"
        raise InputError(cause, path=file.path, step="read", action="check the file") from error
    digest = sha256(data)
    same_bytes = taken.decoded is not None and digest == taken.sha256[taken.path]
    taken.sha256[file.path] = digest
    if same_bytes:
        taken.duplicates += 1
        taken.remarks[file.path] = _DUPLICATE.format(used=taken.path)
        return
    decoded = decode_field(data, parse_name(file.path), file.path)
    if taken.decoded is None:
        taken.decoded, taken.path = decoded, file.path
    elif _same_content(decoded, taken.decoded):
        taken.duplicates += 1
        taken.remarks[file.path] = _DUPLICATE.format(used=taken.path)
    else:
        taken.remarks[file.path] = _CONFLICT.format(used=taken.path)


def _same_content(one: FieldVolume, other: FieldVolume) -> bool:
    """Tells whether two files hold the same field, one gzipped and one plain, say."""
    if len(one.sweeps) != len(other.sweeps):
        return False
    return all(
        a.header == b.header
        and np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(a.undetect, b.undetect)
        for a, b in zip(one.sweeps, other.sweeps, strict=True)
    )
