"""Where files of forecast soundings are: URLs of public archives, and paths in the local one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from batchio.download import without_login
from batchio.errors import UsageError
from transforms.soundings.wanted import Wanted

DEFAULT = "iastate"

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "iastate": (
            "https://mtarchive.geol.iastate.edu"
            "/{Y}/{m}/{d}/bufkit/{H}/{model}/{prefix}_{station}.buf"
        ),
        "iastate-api": (
            "https://mesonet.agron.iastate.edu/api/1/nws/bufkit.txt?model={MODEL}"
            "&runtime={Y}-{m}-{d}T{H}:00:00Z&fall=1&station={STATION}"
        ),
        "psu": ("http://www.meteo.psu.edu/bufkit/data/{MODEL}/{H}/{psu_prefix}_{station}.buf"),
        "psu-ftp": ("ftp://ftp.meteo.psu.edu/pub/bufkit/{MODEL}/{H}/{psu_prefix}_{station}.buf"),
    }
)
"""Templates by short name: Iowa State's archive and service, and Penn State's last day."""

_LAYOUT = "{Y}/{m}/{d}/bufkit/{H}/{model}/{prefix}_{station}.buf"  # Iowa State's
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAMM_HOURS = (6, 18)


@dataclass(frozen=True, slots=True)
class Model:
    """How archives write a model, and what is known of its runs.

    Attributes:
        folder: Its folder in Iowa State's archive.
        prefix: What its files begin with there.
        psu_prefix: What they begin with at Penn State, at every hour.
        usual_h: Hours from the start of a run until archives have its files, at the most.
        last_hour: The longest forecast.
    """

    folder: str
    prefix: str
    psu_prefix: str
    usual_h: int
    last_hour: int


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "HRRR": Model("hrrr", "hrrr", "hrrr", 3, 48),
        "RAP": Model("rap", "rap", "rap", 2, 51),
        "NAM": Model("nam", "nam", "nam", 3, 84),
        "NAMNEST": Model("nam4km", "nam4km", "namnest", 4, 60),
        "GFS": Model("gfs", "gfs3", "gfs3", 6, 384),
    }
)
"""The models that can be asked for, named as in `batchio.soundings.bufkit_names`."""

PLACEHOLDERS = (
    *("Y", "m", "d", "H", "model", "MODEL", "prefix", "psu_prefix"),
    *("station", "STATION", "lat", "lon"),
)


def find_template(source: str) -> str:
    """Returns the template that a short name stands for; any other text is one itself.

    Placeholders: ``{Y} {m} {d} {H}`` of the model run's start (UTC), ``{model}`` as in Iowa State's
    folders, ``{MODEL}`` as it is called here, ``{prefix}`` and ``{psu_prefix}`` of file names,
    ``{station}`` in small letters, ``{STATION}``, ``{lat}`` and ``{lon}`` of the place asked for.

    Raises:
        UsageError: It has a placeholder that is not known, or names no station.
    """
    template = SOURCES.get(source, source)
    if without_login(template) != template:
        raise UsageError(
            "the source has a login in it, which would be recorded and shown",
            path=without_login(template),
            action="put the login into ~/.netrc, and leave it out here",
        )
    names = _PLACEHOLDER.findall(template)
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        raise _unusable(source, f"has the placeholder {{{unknown[0]}}}, which is not known")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        raise _unusable(source, "has a brace without its other half")
    if not {"station", "STATION"} & set(names) and not {"lat", "lon"} <= set(names):
        raise _unusable(source, "has no {station}: every station would have the same file")
    return template


def fill(template: str, wanted: Wanted) -> str:
    """Returns the URL or path that a template gives for what is wanted."""
    values = _values(wanted)
    if template.startswith(("http://", "https://")):
        values = {name: quote(value, safe="") for name, value in values.items()}
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def archive_path(wanted: Wanted) -> str:
    """Returns the path of a file below the local archive, which is laid out as Iowa State's."""
    return fill(_LAYOUT, wanted)


def archive_globs(wanted: Iterable[Wanted]) -> list[str]:
    """Returns globs below the local archive that match the files of all that is wanted.

    They are few: what they name in braces would else be thousands of paths.
    """
    groups: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for path in map(archive_path, wanted):
        day, _, rest = path.partition("/bufkit/")
        hour, folder, name = rest.split("/")
        prefix, _, station = name.rpartition("_")
        groups.setdefault((day, f"{folder}/{prefix}"), set()).add((hour, station))
    found = []
    for (day, model), files in sorted(groups.items()):
        hours, stations = ({each[k] for each in files} for k in (0, 1))
        if len(files) == len(hours) * len(stations):
            found.append(f"{day}/bufkit/{_one_of(hours)}/{model}_{_one_of(stations)}")
        else:
            found += [f"{day}/bufkit/{hour}/{model}_{station}" for hour, station in sorted(files)]
    return found


def _one_of(names: Iterable[str]) -> str:
    several = sorted(names)
    return f"{{{','.join(several)}}}" if len(several) > 1 else several[0]


def _values(wanted: Wanted) -> dict[str, str]:
    model, cycle = MODELS[wanted.model], wanted.cycle
    late_nam = wanted.model == "NAM" and cycle.hour in _NAMM_HOURS
    return {
        "Y": f"{cycle:%Y}",
        "m": f"{cycle:%m}",
        "d": f"{cycle:%d}",
        "H": f"{cycle:%H}",
        "model": model.folder,
        "MODEL": wanted.model,
        "prefix": "namm" if late_nam else model.prefix,
        "psu_prefix": model.psu_prefix,
        "station": wanted.station.lower(),
        "STATION": wanted.station.upper(),
        "lat": f"{wanted.latitude_deg:.4f}",
        "lon": f"{wanted.longitude_deg:.4f}",
    }


def _unusable(source: str, cause: str) -> UsageError:
    known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return UsageError(
        f"the source {source!r} {cause}",
        action=f"give {', '.join(SOURCES)} or a template of {known}",
    )
