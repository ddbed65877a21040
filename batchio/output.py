"""Writes output files whole: under their final name only when complete, on any storage."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fsspec.core import url_to_fs

from batchio.fileset import STATE_FOLDER, is_local, local_path, retrying
from batchio.fingerprint import sha256_of_file

# Where a half-written file would be visible under its name, and a rename is cheap.
_RENAMING = {"ftp", "sftp", "ssh"}


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
    retries: int = 0
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

    def write(
        self, relative: str, write: Callable[[Path], None], *, retries: int | None = None
    ) -> Output:
        """Lets `write` fill a temporary local file, then gives it its final name.

        Raises:
            OSError: When it cannot be written; nothing is left behind then.
        """
        target = self.path(relative)
        self.scratch.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.scratch, suffix=f"-{Path(relative).name}")
        os.close(descriptor)
        part = Path(name)
        try:
            write(part)
            output = Output(target, part.stat().st_size, sha256_of_file(name))
            self._publish(part, target, self.retries if retries is None else retries)
        finally:
            part.unlink(missing_ok=True)
        return output

    def adopt(self, staged: Output, relative: str) -> Output:
        """Gives a file that was written under another name below this root its final name."""
        target = self.path(relative)
        if is_local(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(staged.path).replace(target)
        else:
            fs, path = url_to_fs(target)
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            retrying(lambda: fs.mv(url_to_fs(staged.path)[1], path), retries=self.retries)
        return staged._replace(path=target)

    def _publish(self, part: Path, target: str, retries: int) -> None:
        if is_local(target):
            part.chmod(0o666 & ~_UMASK)
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
            return
        fs, path = url_to_fs(target)
        protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        if protocols & _RENAMING:
            hidden = f"{path}.part"
            try:
                retrying(lambda: fs.put_file(str(part), hidden), retries=retries)
                fs.mv(hidden, path)
            except OSError:
                with contextlib.suppress(OSError):
                    fs.rm_file(hidden)
                raise
        else:
            retrying(lambda: fs.put_file(str(part), path), retries=retries)

    def clear_scratch(self) -> None:
        """Removes what an interrupted writer of this run left."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def files_below(folder: str) -> list[str]:
    """Returns the paths of all files below a folder of our own; none if it is not there."""
    if is_local(folder):
        return [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    fs, name = url_to_fs(folder)
    return [f"{folder}{path.removeprefix(name)}" for path in fs.find(name)]


def remove(path: str) -> None:
    """Removes a file or a folder with all that is in it; nothing there is as well."""
    if is_local(path):
        if Path(path).is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)
        return
    fs, name = url_to_fs(path)
    with contextlib.suppress(FileNotFoundError):
        fs.rm(name, recursive=True)


def is_there(output: Output) -> bool:
    """Tells whether an output still exists with the size it was recorded with."""
    if is_local(output.path):
        try:
            return Path(output.path).stat().st_size == output.size
        except OSError:
            return False
    fs, path = url_to_fs(output.path)
    try:
        return int(retrying(lambda: fs.info(path), retries=3)["size"]) == output.size
    except FileNotFoundError:
        return False


def free_bytes(root: str) -> int | None:
    """Returns the room on the disk of an output root, None if it is not local or not there."""
    root = local_path(root)
    if not is_local(root) or not Path(root).exists():
        return None
    return shutil.disk_usage(root).free
