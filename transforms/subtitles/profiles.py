"""Limits of readable cues, as broadcasters and editors have them."""

from __future__ import annotations

from dataclasses import dataclass

from batchio.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits of a cue; what is None has none."""

    name: str
    source: str
    cps: float | None = None  # characters a second
    line_chars: int | None = None
    cue_chars: int | None = None
    lines: int | None = 2
    min_ms: int | None = None
    max_ms: int | None = None
    min_gap_ms: int | None = None  # to the start of the next cue
    wpm: float | None = None  # words a minute


_TWO_FRAMES_MS = 83  # at 24 frames a second
_SHORTEST_MS = 833  # 5/6 s
_TTSG = "Netflix Timed Text Style Guide"


def _netflix(name: str, source: str, cps: float, line_chars: int = 42) -> Profile:
    return Profile(
        name,
        source,
        cps=cps,
        line_chars=line_chars,
        min_ms=_SHORTEST_MS,
        max_ms=7_000,
        min_gap_ms=_TWO_FRAMES_MS,
    )


_ALL = (
    Profile(
        "lecture",
        "speech of one speaker, in long cues",
        cps=20,
        cue_chars=84,
        max_ms=15_000,
    ),
    _netflix("netflix", f"{_TTSG}, English, adults", 20),
    _netflix("netflix-children", f"{_TTSG}, English, children", 17),
    _netflix("netflix-chinese", f"{_TTSG}, Chinese", 9, line_chars=16),
    Profile(
        "subtitle-edit",
        "Subtitle Edit's check for Netflix, most languages",
        cps=17,
        line_chars=42,
        max_ms=7_000,
        min_gap_ms=_TWO_FRAMES_MS,
    ),
    # 68 % of the width of a 16:9 picture are about 37 characters; 0.3 s a word are 200 words a
    # minute, which the lower limit of reading speed includes.
    Profile("bbc", "BBC Subtitle Guidelines", line_chars=37, wpm=180),
)
PROFILES = {profile.name: profile for profile in _ALL}


def find_profile(name: str) -> Profile:
    """Returns the profile of that name."""
    if name not in PROFILES:
        raise UsageError(f"no profile {name!r}", action=f"take one of {', '.join(PROFILES)}")
    return PROFILES[name]
