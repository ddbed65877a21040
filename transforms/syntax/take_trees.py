"""Takes everything out of the trees of files, and writes what many files gave into one part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from typing import Any

from batchio.errors import InputError, doing
from batchio.fileset import STATE_FOLDER, FileRef, read_bytes
from batchio.fingerprint import of_value, sha256
from batchio.output import Output, OutputRoot
from batchio.syntax.ast_json import BadJson, Contents, Document, read_documents
from batchio.syntax.parts import PartRows, write_part
from transforms.syntax.extraction import Extraction, Shape
from transforms.syntax.file_rows import FileRow, TreeFile
from transforms.syntax.link import link
from transforms.syntax.shapes import ShapeChoice, shape_of
from transforms.syntax.source_code import SourceError, parse_source
from transforms.units import Made, Unit

PARTS_FOLDER = f"{STATE_FOLDER}/parts"

_NO_TREE = "holds no syntax tree of a known shape"


class _Held:
    """What was taken out since the last part was written."""

    def __init__(self) -> None:
        self.rows = PartRows()
        self.names: list[tuple[str, str, str, int]] = []


@dataclass(frozen=True)
class TakeTrees:
    """Reads files and takes symbols, calls, imports and so on out of their trees.

    Attributes:
        output: Where parts are written.
        choice: The shapes that are looked for.
        max_bytes: How big a file may be, decompressed.
        stream_bytes: From what size on a tree is read in pieces; it has no rows in `nodes` then.
        keep_kinds: Whether kinds of nodes are kept.
        keep_nodes: Whether all nodes are kept.
        retries: How often a read is tried again.
    """

    output: OutputRoot
    choice: ShapeChoice = field(default_factory=ShapeChoice)
    max_bytes: int = 100_000_000
    stream_bytes: int = 50_000_000
    keep_kinds: bool = False
    keep_nodes: bool = False
    retries: int = 0
    _held: list[_Held] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, unit: Unit) -> Made:
        """Takes out what is in a unit's file and holds it."""
        file = unit.files[0]
        with doing("take tree apart", file.path):
            contents = self._read(file, is_source=is_source(unit))
            documents = list(self._documents(unit, contents))
        if not self._held:
            self._held.append(_Held())
        held = self._held[0]
        for row, lists, _ in documents:
            held.rows.add(row, **lists)
        held.names.append((unit.unit_id, unit.settings, contents.sha256, unit.attempt))
        wrong = [error for _, _, error in documents if error is not None]
        has_tree = all(lists or error for _, lists, error in documents)
        return Made(
            sha256={file.path: contents.sha256},
            remarks={} if has_tree else {file.path: _NO_TREE},
            error=_all_of(wrong),
        )

    def write_pack(self) -> tuple[Output, ...]:
        """Writes the part of the files worked since the last time."""
        if not self._held:
            return ()
        held = self._held.pop()
        name = of_value(held.names)  # the same files again are the same part
        root = replace(self.output, suffix="")
        return (root.write(f"{PARTS_FOLDER}/{name}.arrow", partial(write_part, held.rows)),)

    @cached_property
    def _shapes(self) -> Sequence[Shape]:
        return self.choice.shapes()

    def _read(self, file: FileRef, *, is_source: bool) -> Contents:
        limits = {"max_bytes": self.max_bytes, "stream_bytes": self.stream_bytes}
        try:
            if not is_source:
                return read_documents(file.path, size=file.size, retries=self.retries, **limits)
            return _read_source(file, self.max_bytes, self.retries)
        except BadJson as error:
            return Contents("", file.size, iter((error,)))

    def _documents(
        self, unit: Unit, contents: Contents
    ) -> Iterator[tuple[FileRow, dict[str, Iterable[Any]], InputError | None]]:
        """Yields of each document its row, its lists, and what is wrong with it."""
        for document, line in _numbered(contents.documents):
            path = f"{unit.unit_id}#{line}" if line else unit.unit_id
            digest = document.sha256 if isinstance(document, Document) else ""
            file = TreeFile(unit.files[0].path, path, contents.size, unit.attempt, digest)
            if not isinstance(document, Document):
                place = (document.byte, document.line, document.column)
                yield file.quarantined(document.kind, document.cause, place), {}, document
                continue
            shape = shape_of(next(iter(document.pieces), None), self._shapes)
            if shape is None:
                yield file.not_ast(), {}, None
            else:
                yield *self._take(shape, document, file), None

    def _take(
        self, shape: Shape, document: Document, file: TreeFile
    ) -> tuple[FileRow, dict[str, Iterable[Any]]]:
        out = extract(shape, document, file, count_kinds=self.keep_kinds)
        linked = link(out, file.path)
        lists: dict[str, Iterable[Any]] = {
            "symbols": linked.symbols,
            "calls": linked.calls,
            "imports": linked.imports,
            "inherits": linked.inherits,
        }
        if self.keep_kinds:
            lists["kinds"] = sorted(out.kinds.items())
        if self.keep_nodes and document.frame is None:
            lists["nodes"] = list(shape.walk(next(iter(document.pieces))))
        return file.taken(out, shape.name, linked.provides), lists


def extract(
    shape: Shape, document: Document, file: TreeFile, *, count_kinds: bool = True
) -> Extraction:
    """Returns what a shape takes out of a document, also of one in pieces."""
    out = Extraction(file.source_path, file.guess[0], count_kinds=count_kinds)
    if document.frame is None:
        shape.extract(next(iter(document.pieces)), out)
        return out
    path: list[str] = []
    again = Extraction(file.source_path, file.guess[0])
    for number, piece in enumerate(document.pieces):
        if not number:
            path = _spine(piece, document.frame)
            shape.extract(_bare(document.frame, path), again)
        shape.extract(_bare(piece, path) if number else piece, out)
        if number:
            out.nodes -= again.nodes
            out.kinds.subtract(again.kinds)
    return out


def _spine(piece: Any, frame: Any) -> list[str]:
    """Returns the keys that lead to the one list in which a piece is not the frame."""
    path: list[str] = []
    while type(frame) is dict:
        path.append(next(key for key in frame if piece[key] is not frame[key]))
        piece, frame = piece[path[-1]], frame[path[-1]]
    return path


def _bare(piece: Any, path: Sequence[str]) -> Any:
    """Returns a piece with only plain values around its spine, for the first had all the rest."""
    around = []
    for key in path:
        around.append({key: each for key, each in piece.items() if type(each) not in (dict, list)})
        piece = piece[key]
    for key, plain in zip(reversed(path), reversed(around), strict=True):
        piece = {**plain, key: piece}
    return piece


def is_source(unit: Unit) -> bool:
    """Tells whether a unit's file is source code itself, not a dump."""
    return bool(unit.details.get("source"))


def _numbered(
    documents: Iterator[Document | BadJson],
) -> Iterator[tuple[Document | BadJson, int]]:
    """Yields each document of a file with its line if it is one of several, else with 0."""
    first, second = next(documents, None), next(documents, None)
    if first is not None and second is None:
        yield first, first.line if isinstance(first, Document) else 0
        return
    for document in chain((first, second), documents):
        if document is not None:
            yield document, document.line or 0


def _read_source(file: FileRef, max_bytes: int, retries: int) -> Contents:
    if file.size > max_bytes:
        raise BadJson("too large", kind="too_large", path=file.path)
    data = read_bytes(file.path, size=file.size, retries=retries)
    digest = sha256(data)
    try:
        document: Document | BadJson = Document((parse_source(data, file.path),), 0, digest)
    except SourceError as error:
        place = (error.byte, error.line, error.column)
        document = BadJson(error.cause, kind=error.kind, path=file.path, place=place)
    return Contents(digest, len(data), iter((document,)))


def _all_of(wrong: list[InputError]) -> InputError | None:
    """Returns one error for all that is wrong with a file."""
    if len(wrong) > 1:
        wrong[0].cause += f"; and {len(wrong) - 1} more such lines"
    return wrong[0] if wrong else None
