"""The CUDA kernel that decodes, as text, and how it is compiled and started."""

from __future__ import annotations

from importlib.resources import files

NAME = "decode"
MOST_LABELS = 32  # a lane of a warp each
LANES = 32
_WARPS = 4  # of a block: they share the transitions
_MOST_BLOCKS = 2_048  # about what the largest GPU holds at once; each goes on to further rows


def source() -> str:
    """Returns the source in CUDA C++."""
    return files(__package__).joinpath("decode.cu").read_text(encoding="utf-8")


def options(labels: int) -> tuple[str, ...]:
    """Returns the options of the compiler; labels depend on sums that are not fused."""
    return ("--fmad=false", f"-DLABELS={labels}", f"-DWARPS={_WARPS}")


def grid_of(rows: int) -> tuple[tuple[int], tuple[int]]:
    """Returns how many blocks are started for some rows, and of how many threads."""
    return (min(-(-rows // _WARPS), _MOST_BLOCKS),), (_WARPS * LANES,)
