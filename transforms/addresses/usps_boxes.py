"""The delivery lines that are not streets: boxes, routes, general delivery, military post.

Sections 238 and 24 to 28 of https://pe.usps.com/text/pub28/welcome.htm.
"""

from __future__ import annotations

import re

from transforms.addresses.usps_words import MILITARY_CITIES

_NUMBER_SIGN = r"(?:(?:NO|NUM|NUMBER|#)\b ?|# ?)*"
_NUMBER = r"[0-9A-Z]*\d[0-9A-Z/-]*"
_BOX = rf",? ?(?:PO )?(?:BOX|BX) ?{_NUMBER_SIGN}(?P<box>{_NUMBER}|[A-Z])"
_BOX_OR_SIGN = _BOX.replace("(?:BOX|BX)", "(?:BOX|BX|#)")
_ROUTE = r"(?:ROUTE|RTE|RT)"
_ROUTE_NUMBER = rf"{_NUMBER_SIGN}(?P<route>\d+[A-Z]*)"

# Section 283; 281 for the first.
_PO_BOX = re.compile(
    r"(?:(?:P ?O|POST OFFICE) ?)?"
    r"(?:(?:LOCK ?|LK ?)?(?:BOX|BX)|(?:FIRM )?CALLER|BIN|DRAWER|LBX?) ?"
    rf"{_NUMBER_SIGN}(?P<box>{_NUMBER}|[A-Z])"
    rf"|(?:POB|PO) ?{_NUMBER_SIGN}(?P<short>{_NUMBER})"
)
# Sections 241 and 244. RD and ROUTE alone are roads more often than not, but for a BOX behind them.
_RURAL_WORDS = rf"(?:RR|R R|RFD|R F D|RURAL {_ROUTE})(?: {_ROUTE})?"
_RURAL = re.compile(rf"(?:{_RURAL_WORDS}|RURAL) ?{_ROUTE_NUMBER}{_BOX_OR_SIGN}")
_RURAL_ROAD = re.compile(rf"(?:RD|{_ROUTE}) ?{_ROUTE_NUMBER}{_BOX}")
_RURAL_ALONE = re.compile(rf"{_RURAL_WORDS} ?{_ROUTE_NUMBER}")
# Sections 251 and 254.
_CONTRACT = re.compile(
    rf"(?:(?:HCR?|H C R?|(?:HIGHWAY|HWY) CONTRACT)(?: {_ROUTE})?|STAR {_ROUTE}) ?"
    rf"{_ROUTE_NUMBER}(?:{_BOX_OR_SIGN})?"
)
# Section 238.
_MILITARY = re.compile(
    rf"(?P<kind>PSC|CMR|UNIT) ?{_NUMBER_SIGN}(?P<route>{_NUMBER})(?:{_BOX_OR_SIGN})?"
)
_LETTER_APART = re.compile(r"(?<=\bBOX )(\d+) ([A-Z])$")
_SHIP = re.compile(r"US(?:S|NS|CGC) [0-9A-Z -]+")
_GENERAL_DELIVERY = re.compile(r"(?:GENERAL|GEN) (?:DELIVERY|DEL)")


def box_line(words: str, city: str | None) -> str | None:
    """Returns the line that all the words of a delivery line stand for, or none."""
    words = _LETTER_APART.sub(r"\1\2", words)
    military = city in MILITARY_CITIES
    found = _MILITARY.fullmatch(words)
    if found and (military or (found["kind"] != "UNIT" and found["box"])):
        return _with_box(f"{found['kind']} {found['route']}", found["box"])
    if military and _SHIP.fullmatch(words):
        return words
    if _GENERAL_DELIVERY.fullmatch(words):
        return "GENERAL DELIVERY"
    if found := _PO_BOX.fullmatch(words):
        return f"PO BOX {found['box'] or found['short']}"
    if found := _RURAL_ALONE.fullmatch(words):
        return f"RR {_route(found)}"
    return _route_with_box(words, whole=True)


def route_line(words: str) -> str | None:
    """Returns the line of a route and box that other words follow.

    Sections 245 and 255: a street or a town does not belong on that line.
    """
    return _route_with_box(words, whole=False)


def _route_with_box(words: str, *, whole: bool) -> str | None:
    for pattern, name in ((_RURAL, "RR"), (_RURAL_ROAD, "RR"), (_CONTRACT, "HC")):
        found = pattern.fullmatch(words) if whole else pattern.match(words)
        if found and (whole or (found["box"] and words[found.end() :].startswith(" "))):
            return _with_box(f"{name} {_route(found)}", found["box"])
    return None


def _route(found: re.Match[str]) -> str:
    """Returns the number of a route without leading zeros (sections 242 and 252)."""
    return found["route"].lstrip("0") or "0"


def _with_box(line: str, box: str | None) -> str:
    return f"{line} BOX {box}" if box else line
