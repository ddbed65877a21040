"""Letters and colours that the parts of a skew-T picture share."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

FONT = "DejaVu Sans"  # comes with matplotlib: the same letters everywhere
FIXED_FONT = "DejaVu Sans Mono"
SMALL, PLAIN, LARGE = 8.0, 9.5, 13.0
GRID = "#c4c4c4"
INK = "#222222"
ON_WHITE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}


def write(where: Axes | Figure, x: float, y: float, words: str, **how: Any) -> None:
    """Writes words as they are: a dollar in a station's name does not begin a formula."""
    style = {"family": FONT, "size": SMALL, "color": INK, "parse_math": False, **how}
    where.text(x, y, words, **style)
