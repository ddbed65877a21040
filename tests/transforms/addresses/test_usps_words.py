"""Every word that we or usaddress-scourgify abbreviate, in every place, as the other does."""

import pytest
import scourgify.address_constants as peer_words
from peer import lines_of, peer_lines
from scourgify.normalize import normalize_directionals

from transforms.addresses import usps_words
from transforms.addresses.usps import standard_lines

STREETS = {*usps_words.STREET_TYPES, *peer_words.STREET_TYPE_ABBREVIATIONS}
DIRECTIONS = {*usps_words.DIRECTIONS, *peer_words.DIRECTIONAL_REPLACEMENTS}
UNITS = {*usps_words.UNITS, *peer_words.OCCUPANCY_TYPE_ABBREVIATIONS, "HANGAR", "UPPR"}
STATES = {*usps_words.ALL_STATES, *peer_words.STATE_ABBREVIATIONS}
WORDS = sorted(STREETS | DIRECTIONS | UNITS | STATES)
FRAMES = (
    "12 MAIN {}, TAMPA, FL 33602",
    "12 {} 5, TAMPA, FL 33602",
    "12 {} MAIN ST, TAMPA, FL 33602",
    "12 MAIN ST {}, TAMPA, FL 33602",
    "12 MAIN ST {} 4, TAMPA, FL 33602",
    "12 MAIN ST, TAMPA, {} 33602",
    "MAIN {0} & ELM {0}, TAMPA, FL 33602",
)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_word_makes_the_peers_lines(frame: str) -> None:
    asked = [frame.format(word) for word in WORDS]
    answers = [(text, found) for text in asked if (found := peer_lines(text)) is not None]
    assert len(answers) > len(WORDS) / 2
    assert [
        (text, found, lines) for text, found in answers if (lines := lines_of(text))[:5] != found
    ] == []


@pytest.mark.parametrize("between", [*" .,-/#&()3\u00d8", " & ", " - ", ". ", "-&"])
def test_directions_of_several_words_are_the_peers(between: str) -> None:
    components = {"StreetName": "X", "StreetNamePostDirectional": f"N{between}E"}
    peers = normalize_directionals(dict(components))["StreetNamePostDirectional"]
    assert standard_lines(components, "Street Address").address_line_1 == f"X {peers}"


def test_a_direction_that_is_a_mark_is_none() -> None:
    assert lines_of("6969& \u00b2N Ravenswood Avenue, Chicago IL")[0] == "6969 2N RAVENSWOOD AVE"


def test_street_types_are_the_peers() -> None:
    peers = peer_words.STREET_TYPE_ABBREVIATIONS
    assert {word: usps_words.STREET_TYPES.get(word, word) for word in STREETS} == {
        word: peers.get(word, word) for word in STREETS
    }


def test_units_are_the_peers() -> None:
    peers = peer_words.OCCUPANCY_TYPE_ABBREVIATIONS
    assert {word: usps_words.UNITS.get(word) for word in UNITS} == {
        word: peers.get(word, word if word in peers.values() else None) for word in UNITS
    }


def test_states_are_the_peers_but_for_territories() -> None:
    assert {
        name: short for name, short in peer_words.STATE_ABBREVIATIONS.items() if name != short
    } == usps_words.STATES
    assert len(usps_words.ALL_STATES) - len(usps_words.STATES) == 11


@pytest.mark.parametrize(
    "word", ["Basement", "FRNT", "lobby", "LOWER", "OFC", "Penthouse", "REAR", "Side", "Upper"]
)
def test_units_that_need_no_number(word: str) -> None:
    # section 213
    components = {"StreetName": "Main", "OccupancyType": word}
    short = usps_words.UNITS[word.upper()]
    assert standard_lines(components, "Street Address")[:2] == ("MAIN", short)
