"""What the name of a BUFKIT file says: the model, which nothing inside the file names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "hrrr": "HRRR",
        "rap": "RAP",
        "nam": "NAM",
        "namm": "NAM",  # the runs of 06 and 18 UTC
        "nam4km": "NAMNEST",
        "namnest": "NAMNEST",
        "gfs": "GFS",
        "gfs3": "GFS",
        "gfsm": "GFS",  # the runs of 06 and 18 UTC, in older files
        "sref": "SREF",
        "arw": "ARW",  # of HiResW
        "nmb": "NMB",  # of HiResW
    }
)
"""How archives write a model in names of files and folders, and what it is called here."""


def find_model(path: str) -> str | None:
    """Returns the model that a path or URL names, None where it names none.

    The last part that names one is right, a name before its folders: of ``12/gfs/gfs3_kdsm.buf``
    and ``2017040112Z_namm_kmso.buf`` the models are GFS and NAM.
    """
    for part in reversed(re.split(r"[/\\]", path.lower())):
        for word in re.split(r"[_.\s-]+", part):
            if word in PREFIXES:
                return PREFIXES[word]
    return None
