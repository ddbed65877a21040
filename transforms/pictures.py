"""What pictures share: letters, colours, and the way to a PNG that is the same everywhere.

It imports matplotlib, and never its global state (pyplot), so only what draws imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

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


def write_png(figure: Figure, path: Path) -> None:
    """Writes a PNG of 256 colours: a quarter of the bytes, and no difference to the eye."""
    canvas: Any = FigureCanvasAgg(figure)  # its drawing has no types
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    few = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    # The octree's white is 254.
    few.putpalette([255 if part == 254 else part for part in few.getpalette() or ()])
    few.save(path, "PNG", dpi=(figure.dpi, figure.dpi))
