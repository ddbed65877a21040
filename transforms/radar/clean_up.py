"""Deletes the inputs of volumes that were completed long ago, if what was made of them is whole.

Nothing of a volume is deleted unless its output and all its files are as the ledger has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from batchio.errors import InputError, doing
from batchio.fileset import local_copy, look_at
from batchio.fingerprint import sha256_of_file
from batchio.ledger import Ledger
from batchio.ledger_view import LedgerView, Row
from batchio.output import Output, remove
from batchio.radar.cfradial_check import Provenance, read_provenance
from batchio.radar.volume import SourceFile
from batchio.records import CLEANED_UP, COMPLETED, InputFile, RunRecord, Scope, iso
from batchio.stores import RETRIES
from transforms.decisions import batches
from transforms.units import input_fingerprint

Listed: TypeAlias = tuple[str, Sequence[str]]
"""A volume and the paths of its files that the run has listed."""

_DUPLICATE = "duplicate: "  # the one remark of a file that may go
_MAKE_AGAIN = "remove it, and the next run makes it again"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CleanUpRules:
    """When the inputs of a volume go.

    Attributes:
        hours: For how long the volume has been completed, at least.
        now: The time against which that is measured, UTC.
        retries: How often a store is asked again when it falters.
    """

    hours: float
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    retries: int = RETRIES

    @property
    def before(self) -> str:
        """The time before which a volume has to be completed, as the ledger writes times."""
        return iso(self.now - timedelta(hours=self.hours))


@dataclass(frozen=True, slots=True)
class OldVolume:
    """A volume completed long ago.

    Attributes:
        output: Its file; its name again if the ledger knows none.
        files: Those of its inputs that can go; afterwards, those that are gone.
        why_kept: Why none can; afterwards, why others are not. Empty if there is nothing to say.
    """

    volume_id: str
    output: str
    files: tuple[InputFile, ...] = ()
    why_kept: str = ""


def listed_in(view: LedgerView, scope: Scope, started: str) -> Iterator[Listed]:
    """Yields the volumes of which the run started then has seen files."""
    for volume_id, seen in groupby(view.files_seen(scope, started), key=itemgetter(0)):
        yield volume_id, [path for _, path in seen]


def old_volumes(
    view: LedgerView, scope: Scope, listed: Iterable[Listed], rules: CleanUpRules
) -> Iterator[OldVolume]:
    """Yields the volumes that are due, each looked at; touches nothing.

    Volumes that are not completed, that lack a field or are too young are not told of.
    """
    for batch in batches(listed, _AT_ONCE):
        volume_ids = [volume_id for volume_id, _ in batch]
        records = view.newest_rows(scope, volume_ids)
        cleaned = view.cleaned_files(scope, volume_ids)
        known = view.known_files(scope, [path for _, paths in batch for path in paths])
        for volume_id, paths in batch:
            record = records.get(volume_id)
            if record is None:
                yield OldVolume(volume_id, volume_id, why_kept="the ledger has no record of it")
            elif _is_due(record, rules):
                files = [known.get(path, InputFile(path, 0, 0.0)) for path in paths]
                yield _looked_at(record, files, cleaned.get(volume_id, ()), rules.retries)


def clean_up(
    ledger: Ledger, run: RunRecord, volume: OldVolume, *, retries: int = RETRIES
) -> OldVolume:
    """Deletes the inputs of a volume; returns it with those that are gone, and why others are not.

    The ledger is told before: after a kill in between, the next run knows what is left for what it
    is.
    """
    marked = [(_marked(file, run), volume.volume_id) for file in volume.files]
    ledger.record(run, (), marked)
    gone = 0
    try:
        for file in volume.files:
            if _is_there(file, retries):  # as it was a moment ago
                remove(file.path)
            gone += 1
    except (InputError, OSError) as error:
        ledger.record(run, (), [(file, volume.volume_id) for file in volume.files[gone:]])
        volume = replace(volume, files=volume.files[:gone], why_kept=str(error))
    if volume.why_kept:
        note = InputFile(volume.output, 0, 0.0, remark=f"inputs not cleaned up: {volume.why_kept}")
        ledger.record(run, (), [(note, None)])
    return volume


def plan_lines(volumes: Iterable[OldVolume]) -> Iterator[str]:
    """Yields a line for each file that would go and each volume whose inputs stay."""
    for volume in volumes:
        if volume.why_kept:
            yield f"keep inputs  {volume.volume_id}  {volume.why_kept}"
        for file in volume.files:
            yield f"clean up  {file.path}  is in {volume.output}"


def _is_due(record: Row, rules: CleanUpRules) -> bool:
    is_whole = record["details"].get("is_complete") is not False
    return record["status"] == COMPLETED and is_whole and record["recorded"] <= rules.before


def _looked_at(
    record: Row, listed: Sequence[InputFile], cleaned: Sequence[InputFile], retries: int
) -> OldVolume:
    """Returns a volume that is due, with what of it can go.

    Args:
        record: Its newest record.
        listed: Its files that the run has listed.
        cleaned: Those that were cleaned up before, some of which may be listed again.
        retries: How often a store is asked again.
    """
    outputs = [Output(*output) for output in record["outputs"]]
    netcdf = next((output.path for output in outputs if output.path.endswith(".nc")), "")
    volume = OldVolume(record["unit_id"], netcdf or record["unit_id"])
    try:
        _check_read(listed)
        there = [file for file in listed if _is_there(file, retries)]
        if there:
            _check_record(record, netcdf, listed, cleaned)
            made_of = Provenance(record["unit_id"], _used((*listed, *cleaned)))
            for output in outputs:
                _check_output(output, made_of, retries)
            for file in there:
                _check_content(file, retries)
    except (InputError, OSError) as error:
        return replace(volume, why_kept=str(error))
    return replace(volume, files=tuple(there))


def _is_there(file: InputFile, retries: int) -> bool:
    """Tells whether a file has yet to be deleted.

    Raises:
        InputError: It is another than the ledger knows.
    """
    found = look_at(file.path, retries=retries)
    if found is None:
        if file.remark.startswith(CLEANED_UP):
            return False
        raise InputError("is not there any more", path=file.path)
    if (found.size, found.mtime) != (file.size, file.mtime):
        raise InputError("has changed since the volume was made", path=file.path)
    return True


def _check_read(listed: Iterable[InputFile]) -> None:
    for file in listed:
        if not file.sha256:
            raise InputError("the ledger has no SHA-256 of it", path=file.path)
        remark = _own_remark(file)
        if remark and not remark.startswith(_DUPLICATE):
            raise InputError(remark, path=file.path)


def _check_record(
    record: Row, netcdf: str, listed: Sequence[InputFile], cleaned: Sequence[InputFile]
) -> None:
    if not netcdf:
        raise InputError("the ledger has no output of it")
    paths = {file.path for file in listed}
    before = (file for file in cleaned if file.path not in paths)
    sets = (tuple(listed), (*listed, *before))  # all files are back, or some are gone
    if record["input_fingerprint"] not in map(input_fingerprint, sets):
        raise InputError("its files are not those that it was made of")


def _used(files: Iterable[InputFile]) -> frozenset[SourceFile]:
    used = (file for file in files if not _own_remark(file).startswith(_DUPLICATE))
    return frozenset(SourceFile(file.path.rpartition("/")[2], file.sha256) for file in used)


def _check_output(output: Output, made_of: Provenance, retries: int) -> None:
    found = look_at(output.path, retries=retries)
    if found is None:
        raise InputError("is not there any more", path=output.path)
    with TemporaryDirectory() as folder, doing("", output.path):
        path = local_copy(output.path, Path(folder), retries=retries)
        if (found.size, sha256_of_file(path)) != (output.size, output.sha256):
            cause = "is not what was written: its size or SHA-256 is another"
            raise InputError(cause, action=_MAKE_AGAIN)
        if output.path.endswith(".nc") and read_provenance(path) != made_of:
            cause = "is not made of the files that the ledger knows"
            raise InputError(cause, action=_MAKE_AGAIN)


def _check_content(file: InputFile, retries: int) -> None:
    if sha256_of_file(file.path, size=file.size, retries=retries) != file.sha256:
        raise InputError("has another content than the volume was made of", path=file.path)


def _marked(file: InputFile, run: RunRecord) -> InputFile:
    marks = (f"{CLEANED_UP}{run.run_id}", _own_remark(file))
    return file._replace(remark="; ".join(filter(None, marks)))


def _own_remark(file: InputFile) -> str:
    """Returns the remark of a file without that of its cleaning up."""
    return file.remark.partition("; ")[2] if file.remark.startswith(CLEANED_UP) else file.remark
