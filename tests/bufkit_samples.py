"""Small BUFKIT texts put together line by line from the description of the format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PATH = "bufkit/12/rap/rap_kabq.buf"
COLUMNS = ["PRES", "TMPC", "TMWC", "DWPC", "THTE", "DRCT", "SKNT", "OMEG", "CFRL", "HGHT"]
GFS_COLUMNS = [name for name in COLUMNS if name != "CFRL"]
INDICES = [
    "SHOW",
    "LIFT",
    "SWET",
    "KINX",
    "LCLP",
    "PWAT",
    "TOTL",
    "CAPE",
    "LCLT",
    "CINS",
    "EQLV",
    "LFCT",
    "BRCH",
]
SURFACE = ["PMSL", "PRES", "T2MS", "TD2M", "P01M", "WSYM", "VSBK"]
LEVEL = {
    "PRES": 900.0,
    "TMPC": 20.0,
    "TMWC": 15.0,
    "DWPC": 11.0,
    "THTE": 320.0,
    "DRCT": 270.0,
    "SKNT": 10.0,
    "OMEG": -0.1,
    "CFRL": 25.0,
    "HGHT": 1000.0,
}
LEVELS = 3
END = "\r\n"


def level(number: int, columns: Sequence[str] = COLUMNS) -> list[str]:
    """The tokens of a level: 50 hPa and 500 m above the one before."""
    own = {"PRES": 900.0 - 50 * number, "HGHT": 1000.0 + 500 * number, "TMPC": 20.0 - 3 * number}
    return [f"{ {**LEVEL, **own}[name]:.2f}" for name in columns]


def wrapped(tokens: Sequence[str], width: int = 8) -> list[str]:
    return [" ".join(tokens[k : k + width]) for k in range(0, len(tokens), width)]


def block(
    hour: int,
    *,
    columns: Sequence[str] = COLUMNS,
    levels: int = LEVELS,
    station: str = "KABQ",
    **head: str,
) -> str:
    """A sounding block of 2022-10-26 12:00 UTC + ``hour``."""
    stated = {
        "STNM": "723650",
        "TIME": f"2210{26 + (12 + hour) // 24}/{(12 + hour) % 24:02}00",
        "SLAT": "35.05",
        "SLON": "-106.62",
        "SELV": "1639.0",
        "STIM": str(hour),
        **{name: f"{10 * number + 5:.2f}" for number, name in enumerate(INDICES)},
        **head,
    }
    pairs = [f"{name} = {value}" for name, value in stated.items()]
    lines = [
        " ".join([f"STID = {station}".strip(), *pairs[:2]]),
        " ".join(pairs[2:5]),
        pairs[5],
        "",
        *wrapped(pairs[6:], 4),
        "",
    ]
    if levels:
        lines += wrapped(columns)
        lines += [line for n in range(levels) for line in wrapped(level(n, columns))]
    return END.join([*lines, "", ""])


def surface_row(hour: int, station: str = "723650", **values: str) -> list[str]:
    stated = {
        "PMSL": "1012.50",
        "PRES": "834.90",
        "T2MS": f"{hour:.2f}",
        "TD2M": "-3.50",
        "P01M": "-9999.00" if hour == 0 else "0.25",
        "WSYM": "999.00",
        "VSBK": "-10.00",
        **values,
    }
    time = f"2210{26 + (12 + hour) // 24}/{(12 + hour) % 24:02}00"
    return wrapped([station, time, *stated.values()])


def surface(hours: Iterable[int]) -> str:
    lines = wrapped(["STN", "YYMMDD/HHMM", *SURFACE])
    return END.join([*lines, *(line for hour in hours for line in surface_row(hour)), ""])


def preamble(columns: Sequence[str] = COLUMNS) -> str:
    names = f"SNPARM = {';'.join(columns)} {END}STNPRM = {';'.join(INDICES)} {END}"
    return f"{END}{names}{END}"


def text(hours: int = 3, columns: Sequence[str] = COLUMNS) -> str:
    """A whole file."""
    blocks = [block(hour, columns=columns) for hour in range(hours)]
    return preamble(columns) + "".join(blocks) + surface(range(hours))
