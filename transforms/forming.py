"""How a domain's files become units: each by itself, or in groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from batchio.fileset import FileRef, absolute
from batchio.globs import common_root
from transforms.units import Spares, Unit


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that belongs to no unit, and why."""

    file: FileRef
    why: str


@dataclass(frozen=True, slots=True)
class EachFile:
    """Makes a unit of each file, or leaves it out.

    Attributes:
        form: Makes it.
        spares: Tells of units with other settings whether they would come out the same.
    """

    form: Callable[[FileRef], Unit | LeftOut]
    spares: Spares | None = None

    def units_of(self, files: Iterable[FileRef]) -> Iterator[Unit | LeftOut]:
        """Yields what becomes of the files."""
        return map(self.form, files)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Makes a unit of all files that have a key in common, or leaves a file out."""

    key: Callable[[FileRef], str | LeftOut]
    form: Callable[[Iterable[FileRef]], Unit]

    def keyed(self, file: FileRef) -> tuple[str, FileRef] | LeftOut:
        """Returns the file with its key."""
        key = self.key(file)
        return key if isinstance(key, LeftOut) else (key, file)

    def units_of(self, files: Iterable[FileRef]) -> Iterator[Unit | LeftOut]:
        """Yields the files left out as they come, then the units."""
        groups: dict[str, list[FileRef]] = {}
        for keyed in map(self.keyed, files):
            if isinstance(keyed, LeftOut):
                yield keyed
            else:
                groups.setdefault(keyed[0], []).append(keyed[1])
        yield from map(self.form, groups.values())


Forming = EachFile | Grouped


def each_file(patterns: Iterable[str], settings: str = "") -> EachFile:
    """Makes a unit of each file, named by its path below `root_of` the patterns."""
    return EachFile(partial(_whole_file, root_of(patterns), settings))


def root_of(patterns: Iterable[str]) -> str:
    """Returns the folder that all patterns have in common, with a slash at its end.

    A path below it is the same on every machine.
    """
    return common_root([absolute(pattern) for pattern in patterns])


def _whole_file(root: str, settings: str, file: FileRef) -> Unit:
    return Unit(file.path.removeprefix(root), (file,), settings)
