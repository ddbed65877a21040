"""Cues of real files for tests of what is done to their text: blocks divided by blank lines."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

BLANK = re.compile(r"\n[ \t]*\n")
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_cues(path: Path) -> list[list[str]]:
    """The text lines of each block that has a line of times."""
    data = path.read_bytes()
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    cues = []
    for block in BLANK.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.strip("\n").split("\n")
        times = next((at for at, line in enumerate(lines) if "-->" in line), None)
        if times is not None:
            cues.append(lines[times + 1 :])
    return cues
