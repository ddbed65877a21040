"""Standard lines of real addresses, and of what becomes of them, beside usaddress-scourgify's."""

import csv
import json
import random
from pathlib import Path

import pytest
from peer import lines_of, peer_lines, tagged

from transforms.addresses.usps import Lines, standard_lines
from transforms.addresses.usps_text import clean
from transforms.addresses.usps_words import ALL_STATES, DIRECTIONS, STREET_TYPES, UNITS

MARKS = ".,;-/#&()'\"!$é½²\u2013٣ﬁ"


@pytest.fixture(scope="session")
def golden(address_data: Path) -> list[dict]:
    file = address_data / "golden" / "scourgify_0.7.1.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="session")
def texts(address_data: Path, golden: list[dict]) -> list[str]:
    us = address_data / "us"
    with (us / "rrad_us_one_column.csv").open(newline="") as file:
        found = [row["address"] for row in csv.DictReader(file)]
    with (us / "chicago_early_childhood_true_ids.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        found += [f"{row['Address']} Chicago IL {row['Zip']}" for row in rows]
    with (address_data / "usaddress" / "unparseable.csv").open(newline="") as file:
        found += [row[0] for row in csv.reader(file) if row]
    return found + [each["s"] for each in golden]


def test_the_lines_are_those_of_every_golden_record(golden: list[dict]) -> None:
    answered = [each for each in golden if "out" in each]
    assert len(answered) > 1500
    assert [
        (each["s"], lines)
        for each in answered
        if (lines := lines_of(each["s"])) != (*each["out"].values(), "")
    ] == []


def test_what_the_peer_refuses_has_a_reason_or_is_a_box_or_a_route(golden: list[dict]) -> None:
    refused = [lines_of(each["s"]) for each in golden if "error" in each]
    assert len(refused) > 200
    for lines in refused:
        street_or_box = f"{lines.address_line_1} {lines.address_line_2}"
        assert lines.reason or "BOX" in street_or_box
        assert not lines.reason or lines == Lines(reason=lines.reason)


def test_tags_of_the_raw_text_give_the_same_lines_but_for_a_few(golden: list[dict]) -> None:
    answered = [each for each in golden if "out" in each]
    components, types = zip(*(tagged(each["s"]) for each in answered), strict=True)
    differ = [
        each["s"]
        for each, lines in zip(answered, map(standard_lines, components, types), strict=True)
        if lines[:5] != tuple(each["out"].values())
    ]
    assert all(clean(text) != text.upper() for text in differ)
    assert len(differ) < len(answered) / 100


@pytest.mark.parametrize("seed", range(2))
def test_the_lines_are_the_peers_for_what_becomes_of_addresses(texts: list[str], seed: int) -> None:
    dice = random.Random(seed)
    variants = [_vary(dice.choice(texts), dice) for _ in range(3000)]
    answers = [(text, found) for text in variants if (found := peer_lines(text)) is not None]
    assert len(answers) > 2000
    assert [
        (text, found, lines) for text, found in answers if (lines := lines_of(text))[:5] != found
    ] == []


def _vary(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    for _ in range(dice.randint(0, 3)):
        place = dice.randrange(len(words))
        change = dice.choice((_drop, _mark, _name, _number, _unit))
        change(words, place, dice)
    return " ".join(words) or "x"


def _drop(words: list[str], place: int, dice: random.Random) -> None:
    words[place : place + 1] = [words[place].upper()] if dice.random() < 0.5 else [""]


def _mark(words: list[str], place: int, dice: random.Random) -> None:
    words[place] += dice.choice(MARKS)
    words[dice.randrange(len(words))] = dice.choice(MARKS) + words[place]


def _name(words: list[str], place: int, dice: random.Random) -> None:
    words[place] = dice.choice([*STREET_TYPES, *ALL_STATES, *ALL_STATES.values()]).title()
    words.insert(place, dice.choice([*DIRECTIONS, "N.", "S.E.", "North-East", "south west"]))


def _number(words: list[str], place: int, dice: random.Random) -> None:
    words[place] = str(dice.randrange(130))


def _unit(words: list[str], place: int, dice: random.Random) -> None:
    kind = dice.choice([*UNITS, "#", "No.", "Apts", "HANGAR", "unit #"])
    words.insert(place, f"{kind} {dice.choice(['4', '12-B', 'A', '#5', ''])}")
