"""Writes output files whole: under their final name only when complete, on any storage."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from batchio.errors import HeadraceError
from batchio.fileset import STATE_FOLDER, is_local, local_path
from batchio.fingerprint import sha256_of_file
from batchio.stores import RETRIES, StoreError, ask

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_BYTES = 1_000_000  # with less, an error while writing is taken for a lack of room
_ASK_AT_ONCE = 16  # objects, of a store whose client waits for many answers at once


def _read_umask() -> int:
    """Returns the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _read_umask()  # once, before there are threads: mkstemp ignores it, outputs must not


class Output(NamedTuple):
    """A finished output file."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OutputRoot:
    """The place under which a run writes: a local folder or a URL.

    Each output gets the suffix in its name, if there is one. Unfinished files lie in a scratch
    folder of the run, never beside the finished ones.
    """

    url: str
    run_id: str
    retries: int = RETRIES
    suffix: str = ""

    def path(self, relative: str) -> str:
        """Returns the full path of an output, the suffix before its extension."""
        file = PurePosixPath(relative)
        named = file.with_stem(file.stem + self.suffix)
        return f"{self.folder}{named}"

    @property
    def folder(self) -> str:
        """What the path of every output begins with."""
        return f"{local_path(self.url).rstrip('/')}/"

    @property
    def scratch(self) -> Path:
        """The folder for files that are being written, on the output's own disk if local."""
        root = local_path(self.url)
        if is_local(root):
            return Path(root) / STATE_FOLDER / "scratch" / self.run_id
        return Path(tempfile.gettempdir()) / f"headrace-{self.run_id}"  # nobody else's folder

    def write(self, relative: str, write: Callable[[Path], object]) -> Output:
        """Lets `write` fill a temporary local file, then gives it its final name.

        Raises:
            OSError: When it cannot be written; nothing is left behind then.
        """
        target = self.path(relative)
        self.scratch.mkdir(parents=True, exist_ok=True)
        with (
            _part(self.scratch, Path(relative).name) as part,
            _telling_of_a_full_disk(part, target),
        ):
            write(part)
            output = Output(target, part.stat().st_size, sha256_of_file(str(part)))
            self._publish(part, target)
        return output

    def adopt(self, staged: Output, relative: str) -> Output:
        """Gives a file that was written under another name below this root its final name.

        A store that cannot rename is left with the staged file.
        """
        target = self.path(relative)
        if is_local(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(staged.path).replace(target)
        else:
            ask(target, partial(_take_over, staged), step="write", retries=self.retries)
        return staged._replace(path=target)

    def _publish(self, part: Path, target: str) -> None:
        if is_local(target):
            part.chmod(0o666 & ~_UMASK)
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
        else:
            ask(target, partial(_put, part), step="write", retries=self.retries)

    def clear_scratch(self) -> None:
        """Removes what an interrupted writer of this run left."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def no_room(path: str) -> StoreError:
    """Returns the error of a disk that is full."""
    return StoreError(
        "there is no room left on the disk",
        path=path,
        step="write",
        action="make room, then start the same command again: it goes on where it was",
    )


@contextlib.contextmanager
def _part(folder: Path, name: str) -> Iterator[Path]:
    """Yields a new file in the folder, which is gone afterwards."""
    descriptor, path = tempfile.mkstemp(dir=folder, suffix=f"-{name}")
    os.close(descriptor)
    try:
        yield Path(path)
    finally:
        Path(path).unlink(missing_ok=True)


@contextlib.contextmanager
def _telling_of_a_full_disk(part: Path, target: str) -> Iterator[None]:
    """Names a lack of room as what it is: HDF5 says "HDF error"."""
    try:
        yield
    except HeadraceError:
        raise
    except Exception as error:
        full = getattr(error, "errno", None) in NO_ROOM
        if not full and shutil.disk_usage(part.parent).free > _NO_ROOM_BYTES:
            raise
        raise no_room(target) from error


def _put(part: Path, fs: AbstractFileSystem, target: str) -> None:
    _make_folder_of(target, fs)
    hidden = f"{target}.part" if _renames(fs) else ""
    try:
        fs.put_file(str(part), hidden or target)
        if hidden:
            fs.mv(hidden, target)
    except Exception:
        _make_folder.cache_clear()  # it may be gone
        if hidden:
            with contextlib.suppress(Exception):
                fs.rm_file(hidden)
        raise


def _take_over(staged: Output, fs: AbstractFileSystem, target: str) -> None:
    _make_folder_of(target, fs)
    source = url_to_fs(staged.path)[1]
    if not _renames(fs):
        fs.cp_file(source, target)
        return
    try:
        fs.mv(source, target)
    except FileNotFoundError:  # moved before, and the answer was lost
        if _size(fs, target) != staged.size:
            raise


def _renames(fs: AbstractFileSystem) -> bool:
    """Tells whether a file is seen while it grows, and renaming it is cheap.

    So it is with servers of files. Object stores show an object when it is whole, and rename by
    copying; their clients are asynchronous or leave `mv` as it is.
    """
    return not fs.async_impl and type(fs).mv is not AbstractFileSystem.mv


def _make_folder_of(target: str, fs: AbstractFileSystem) -> None:
    """Makes a file's folder where there are folders; a store of objects would make its bucket."""
    if not fs.async_impl:
        _make_folder(fs, target.rpartition("/")[0])


@cache
def _make_folder(fs: AbstractFileSystem, folder: str) -> None:
    """Makes a folder, once a process."""
    fs.makedirs(folder, exist_ok=True)


def files_below(folder: str) -> list[str]:
    """Returns the paths of all files below a folder of our own; none if it is not there."""
    if is_local(folder):
        return [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()]

    def find(fs: AbstractFileSystem, name: str) -> list[str]:
        fs.invalidate_cache()
        return [f"{folder}{path.removeprefix(name)}" for path in fs.find(name)]

    return ask(folder, find, step="list")


def remove(path: str) -> None:
    """Removes a file; nothing there is as well."""
    if is_local(path):
        Path(path).unlink(missing_ok=True)
        return
    with contextlib.suppress(FileNotFoundError):
        ask(path, lambda fs, name: fs.rm_file(name), step="remove")


def remove_folder(path: str, *, retries: int = RETRIES) -> None:
    """Removes a folder with all that is in it; nothing there is as well."""
    if is_local(path):
        shutil.rmtree(path, ignore_errors=True)
        return

    def clear(fs: AbstractFileSystem, name: str) -> None:
        fs.invalidate_cache()
        fs.rm(name, recursive=True)

    with contextlib.suppress(FileNotFoundError):
        ask(path, clear, step="remove", retries=retries)


def is_there(output: Output, *, retries: int = RETRIES) -> bool:
    """Tells whether an output still exists with the size it was recorded with."""
    if is_local(output.path):
        try:
            return Path(output.path).stat().st_size == output.size
        except OSError:
            return False
    try:
        return ask(output.path, _size, step="look for outputs", retries=retries) == output.size
    except FileNotFoundError:
        return False


def those_there(outputs: Collection[Output], *, retries: int = RETRIES) -> set[Output]:
    """Returns the outputs that still exist, of one store; several are asked for at a time."""
    if not outputs:
        return set()
    fs, _ = url_to_fs(next(iter(outputs)).path)
    fs.invalidate_cache()
    look = partial(is_there, retries=retries)
    if not fs.async_impl:
        return set(filter(look, outputs))
    with ThreadPoolExecutor(_ASK_AT_ONCE) as pool:
        return {
            output for output, there in zip(outputs, pool.map(look, outputs), strict=True) if there
        }


def _size(fs: AbstractFileSystem, name: str) -> int:
    return int(fs.info(name)["size"])


def free_bytes(root: str) -> int | None:
    """Returns the room on the disk of an output root, None if it is not local or not there."""
    root = local_path(root)
    if not is_local(root) or not Path(root).exists():
        return None
    return shutil.disk_usage(root).free
