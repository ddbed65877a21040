"""The shapes of trees that are known, and those that the user adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batchio.errors import UsageError
from transforms.plugins import load_plugin
from transforms.syntax.clang import Clang
from transforms.syntax.estree import Babel, ESTree
from transforms.syntax.extraction import Shape
from transforms.syntax.generic import Generic
from transforms.syntax.php_parser import PhpParser
from transforms.syntax.python_tree import PythonTree
from transforms.syntax.solc import OldSolc, Solc
from transforms.syntax.symbol_summary import SymbolSummary
from transforms.syntax.tree_sitter_tree import TreeSitter

SHAPES: tuple[Shape, ...] = (
    PythonTree(),
    ESTree(),
    Babel(),
    Clang(),
    Solc(),
    OldSolc(),
    PhpParser(),
    SymbolSummary(),
    TreeSitter(),
)


@dataclass(frozen=True, slots=True)
class ShapeChoice:
    """Which shapes are looked for: the user's own first, the known ones, then by the user's keys.

    Attributes:
        plugin: A class of the user's, `package.module:ShapeClass`.
        kind_key: The key of a node's kind in dumps of no known shape.
        children_key: The key of its children there; any key if not given.
        line_key: The key of its line there.
    """

    plugin: str = ""
    kind_key: str = ""
    children_key: str = ""
    line_key: str = ""

    def shapes(self) -> Sequence[Shape]:
        """Returns the shapes in the order in which they are tried.

        Raises:
            UsageError: If the plug-in cannot be loaded or is no shape.
        """
        own = [_load_shape(self.plugin)] if self.plugin else []
        other = [Generic(self.kind_key, self.children_key, self.line_key)] if self.kind_key else []
        return (*own, *SHAPES, *other)


def shape_of(top: Any, shapes: Sequence[Shape]) -> Shape | None:
    """Returns the first shape that the top of a document has, None if it is no syntax tree."""
    return next((shape for shape in shapes if shape.matches(top)), None)


def _load_shape(name: str) -> Shape:
    shape: Shape = load_plugin(name, "--plugin")()
    missing = [part for part in ("name", "matches", "extract", "walk") if not hasattr(shape, part)]
    if missing:
        raise UsageError(
            f"is no shape: it has no {', '.join(missing)}",
            path=name,
            step="--plugin",
            action="see transforms.syntax.extraction.Shape",
        )
    return shape
