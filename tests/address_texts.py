"""Texts of addresses for tests: written here, real ones, slips of the pen, and noise."""

from __future__ import annotations

import csv
import json
import random
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

ADDRESSES = (
    "",
    "   ",
    ",;.",
    "()",
    "&",
    "123",
    "123 Main St",
    "123 N. Main St., Apt #4, Springfield, IL 62701-1234",
    "1600 Pennsylvania Ave NW, Washington, DC 20500",
    "PO Box 1247, Bangor, ME 04402",
    "P.O. Box 12",
    "RR 2 Box 15, Ely MN 55731",
    "Main St & Elm St",
    "Main Street and North Elm Avenue, Boston MA",
    "corner of 1st &amp; 2nd Ave",
    "1 Elm &#38; 2 Oak",
    "12½ Oak Lane",
    "100 Main St, Chicago, IL, 100 Main St, Chicago, IL",
    "(rear) 55 W 5th (Lofts); Suite 900",
    "Attn: John Doe, The Big Building, 1 Plaza Ct.",
    "10 Downing\nStreet,\n;London",
    "12 Rue\u00a0de l'\u00c9glise, Qu\u00e9bec",
    "9\u00b2 Stra\u00dfe 77, 1010 Wien",
    "7 \u4e2d\u5c71 Road",
    "5 Main\0Street st\0x, IL",
    "5 \u0130stanbul \u017ft, \u212aing",
    "12-34 56th St., 5-6, 2000 3,,, 00",
)
_PARTS = (
    *"abegstNSEW0123456789   .,;:#&()-/'\n\t\0",
    *("\u00bd", "\u00b2", "\u0663", "\u00e9", "\u00df", "\u0130", "_", "\x1f", "\u2028", "\u00a0"),
    *("\u0301", "\u017f", "\u212a", "\u4e2d", "&amp;", "&#38;", "&#38;#38;", " st ", " ave"),
    *("PO Box ", " and ", " 100", " n. ", "Apt", " IL ", "20001"),
)


def noise(rng: random.Random) -> str:
    """Returns what is no address, of what addresses are made of."""
    return "".join(rng.choice(_PARTS) for _ in range(rng.randrange(40)))


def with_slips(text: str, rng: random.Random) -> str:
    """Returns a text with one to four characters lost, changed, added or swapped."""
    letters = list(text)
    for _ in range(rng.randrange(1, 5)):
        place = rng.randrange(len(letters) + 1)
        before, here, after = letters[:place], letters[place : place + 1], letters[place + 1 :]
        changed = (
            [],
            [rng.choice(_PARTS)],
            [*here, rng.choice(_PARTS)],
            [*after[:1], *here],
        )[kind := rng.randrange(4)]
        letters = [*before, *changed, *(after[1:] if kind == 3 else after)]
    return "".join(letters)


def real_texts(folder: Path) -> list[str]:
    """Returns all strings of the folder's golden answers, labelled sets and files of addresses."""
    golden = (folder / "golden" / "usaddress_0.5.16_parse.jsonl").read_text().splitlines()
    texts = [json.loads(line)["s"] for line in golden]
    for path in sorted((folder / "usaddress").glob("*.xml")):
        for address in ET.parse(path).getroot():
            texts.append("".join(address.itertext()))
    texts += _columns(folder / "usaddress" / "unparseable.csv", [0])
    texts += _columns(folder / "us" / "rrad_us_one_column.csv", [-1])
    texts += _columns(folder / "us" / "chicago_early_childhood_true_ids.csv", [-1, -2, -3])
    cases = (folder / "world" / "libpostal_cases.jsonl").read_text().splitlines()
    return texts + [str(value) for case in cases for value in json.loads(case).values()]


def _columns(path: Path, columns: Sequence[int]) -> list[str]:
    with path.open(newline="", encoding="utf-8") as lines:
        return [", ".join(row[at] for at in columns) for row in csv.reader(lines) if row]
