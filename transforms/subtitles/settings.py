"""How subtitles are corrected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batchio.subtitles.lexicon import Style

STEPS = (
    *("lexicon", "compound", "case", "fuzzy", "references", "repeats", "fillers", "spaces"),
    "verses",
)
# What was really said is left unless asked for: careful editors keep it, and "um" and "er" are
# words of other languages. Verses are told of, and written only when asked for.
DEFAULT_STEPS = tuple(step for step in STEPS if step not in ("repeats", "fillers", "verses"))


@dataclass(frozen=True)
class Settings:
    """How to correct.

    Attributes:
        style: Spelling of the targets.
        styles: The same for a category, where another.
        steps: Which of ``STEPS``.
        fuzzy_threshold: How near a word has to be to a term, 0-100.
        never: Words and runs of words to leave as they are.
    """

    style: Style = "plain"
    styles: Mapping[str, Style] = field(default_factory=dict)
    steps: Sequence[str] = DEFAULT_STEPS
    fuzzy_threshold: float = 88.0
    never: Iterable[str] = ()
