"""Pairs of addresses that are known to be the same place, made from the real lists."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass
from pathlib import Path

_SHORT = {"Road": "Rd", "Street": "St", "Avenue": "Ave", "Lane": "Ln", "Drive": "Dr", "Close": "Cl"}
_NUMBER = re.compile(r"^(\d+)(?=[ ,])")


@dataclass(frozen=True)
class Pairs:
    """Texts to look for, and the rows of the reference that are right for each."""

    texts: list[str]
    reference: list[str]
    right: list[set[int]]


def read_rows(path: Path) -> list[dict[str, str]]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def one_line(row: dict[str, str]) -> str:
    return f"{row['name']}, {row['text']}, {row['postcode']}"


def same_place(folder: Path, *, with_copies: bool = False) -> Pairs:
    """Rows of the school register that share their place's number, each to be found from another.

    Only those of one postcode: most others are schools of one name in two towns. Rows that are
    written alike are one row here, since to find those is no feat, or stay if asked for.
    """
    places, others = _places(folder, with_copies=with_copies)
    members = [(place, text) for place, texts in enumerate(places) for text in texts]
    reference = [text for _, text in members] + others
    right = [
        {row for row, (other, _) in enumerate(members) if other == place} - {own}
        for own, (place, _) in enumerate(members)
    ]
    return Pairs([text for _, text in members], reference, right)


def same_place_among_neighbours(folder: Path) -> Pairs:
    """The first row of each place, with a house number, and the others with those next to it."""
    places, others = _places(folder)
    rng = random.Random(5)
    asked, right = [], []
    reference = list(others)
    for first, *same in places:
        number = rng.randrange(12, 120)
        asked.append(_with_number(first, number))
        right.append({len(reference) + row for row in range(len(same))})
        for step in (0, -10, -2, -1, 1, 2, 10):
            reference += [_with_number(each, number + step) for each in same]
    return Pairs(asked, reference, right)


def _places(folder: Path, *, with_copies: bool = False) -> tuple[list[list[str]], list[str]]:
    """Returns the texts of each place that has several, and the texts of all other places."""
    register = read_rows(folder / "gb/school_register_matched.tsv")
    known = {row["test"] for row in register}
    lists = ("gb/schools_sample.tsv", "gb/food_hygiene_sample.tsv")
    rest = [row for name in lists for row in read_rows(folder / name) if row["test"] not in known]
    found: dict[tuple[str, str], list[str]] = {}
    for row in register:
        found.setdefault((row["address"], row["postcode"]), []).append(one_line(row))
    places = [texts for (_, code), texts in found.items() if code]
    if not with_copies:
        places = [list(dict.fromkeys(texts)) for texts in places]
    several = [texts for texts in places if len(texts) > 1]
    members = {text for texts in several for text in texts}
    lines = [one_line(row) for row in register + rest]
    return several, [line for line in dict.fromkeys(lines) if line not in members]


def _with_number(line: str, number: int) -> str:
    name, rest = line.split(", ", 1)
    return f"{name}, {number} {rest}"


def among_neighbours(folder: Path, count: int) -> Pairs:
    """Addresses with a house number, in a list that holds the houses next to them."""
    rows = read_rows(folder / "gb/food_hygiene_sample.tsv")
    lines = [f"{row['text']}, {row['postcode']}" for row in rows if row["postcode"]]
    lines += [row["address"] for row in read_rows(folder / "us/rrad_us_one_column.csv")]
    lines = [line for line in dict.fromkeys(lines) if _NUMBER.match(line)]
    rng = random.Random(11)
    asked = rng.sample(range(len(lines)), count)
    near = [each for row in asked for each in _neighbours(lines[row])]
    reference = list(dict.fromkeys(lines + near))
    return Pairs([vary(lines[row], rng) for row in asked], reference, [{row} for row in asked])


def vary(line: str, rng: random.Random) -> str:
    """Returns an address with four of what people do to addresses."""
    changes = (_shorten, _misspell, _misspell, _drop_part, _drop_code, _run_together, _shout)
    for change in rng.sample(changes, 4):
        line = change(line, rng)
    return line


def _neighbours(line: str) -> list[str]:
    found = _NUMBER.match(line)
    assert found
    number = int(found[1])
    others = [number + step for step in (-10, -4, -2, -1, 1, 2, 4, 10) if number + step > 0]
    return [f"{other}{line[found.end() :]}" for other in others]


def _shorten(line: str, rng: random.Random) -> str:
    return " ".join(
        _SHORT.get(word.rstrip(","), word.rstrip(",")) + "," * word.endswith(",")
        for word in line.split(" ")
    )


def _misspell(line: str, rng: random.Random) -> str:
    at = rng.choice([i for i, each in enumerate(line[:-1]) if each.isalpha()])
    wrong = rng.choice(("", line[at] * 2, line[at + 1] + line[at], rng.choice("aeinorst")))
    return line[:at] + wrong + line[at + 1 + (len(wrong) == 2 and wrong[0] != line[at]) :]


def _drop_part(line: str, rng: random.Random) -> str:
    """Leaves out one of the parts in the middle: a locality, the town, the county."""
    parts = line.split(", ")
    if len(parts) > 3:
        del parts[rng.randrange(2, len(parts) - 1)]
    return ", ".join(parts)


def _drop_code(line: str, rng: random.Random) -> str:
    return re.sub(r",? ([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{5})$", "", line)


def _run_together(line: str, rng: random.Random) -> str:
    """Writes a UK postcode without its space, or leaves commas out."""
    joined = re.sub(r"([A-Z]{1,2}\d[A-Z\d]?) (\d[A-Z]{2})$", r"\1\2", line)
    return joined if joined != line else line.replace(",", "")


def _shout(line: str, rng: random.Random) -> str:
    return line.upper().replace(",", "")
