"""The domains there are: the one list that names them, and imports none of them nor Beam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from batchio.addresses import samples as address_samples
from batchio.radar import samples as radar_samples
from batchio.soundings import samples as sounding_samples
from batchio.subtitles import samples as subtitle_samples
from batchio.syntax import samples as syntax_samples

if TYPE_CHECKING:
    from pipelines.launcher.domain import Domain


@dataclass(frozen=True, slots=True)
class Entry:
    """What the commands beside the pipelines know of one.

    Attributes:
        about: From what it makes what.
        samples: Yields its sample files: path below the pipeline's own folder, and content.
        arguments: Options that a first run over the samples takes; {folder} is that folder.
    """

    about: str
    samples: Callable[[], Iterator[tuple[str, bytes]]]
    arguments: str


DOMAINS: Mapping[str, Entry] = MappingProxyType(
    {
        "addresses": Entry(
            "CSVs of postal addresses to components, USPS lines, confidence and matches",
            address_samples.sample_files,
            "--input '{folder}/lists/*.csv' --output addresses",
        ),
        "radar": Entry(
            "weather-radar BUFR (SINARAME) to CF/Radial NetCDF",
            radar_samples.sample_files,
            "--input '{folder}/**/*' --volume_types '{folder}/volume_types.yaml' --output out",
        ),
        "soundings": Entry(
            "BUFKIT forecast soundings to profiles and indices: NetCDF, tables, skew-T",
            sounding_samples.sample_files,
            "--input '{folder}/archive/**/*.buf' --output soundings",
        ),
        "subtitles": Entry(
            "subtitles of lectures (SubRip) corrected by lexicons, each change shown",
            subtitle_samples.sample_files,
            "--input '{folder}/lectures/*.srt' --lexicon '{folder}/lexicons/*.yaml' "
            "--output corrected",
        ),
        "syntax": Entry(
            "syntax trees (AST JSON, or source files) to tables of symbols, calls, imports",
            syntax_samples.sample_files,
            "--input '{folder}/**/*.json*' --output tables",
        ),
    }
)

LAUNCHED = (*DOMAINS, "fetch")  # all that is run alike; fetch makes nothing but brings the files


def load(name: str) -> Domain[Any]:
    """Returns a domain: what stands under its name, in capitals, in its module."""
    domain: Domain[Any] = getattr(import_module(f"pipelines.{name}"), name.upper())
    return domain
