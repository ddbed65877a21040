import random
import sys
import unicodedata

import pytest
from scourgify.cleaning import post_clean_addr_str, pre_clean_addr_str

from transforms.addresses.usps_text import clean, tidy

PIECES = [*"AB1 2.,-#&/()';:½é\u2013Øß٣²\n", "North", "EAST", "west", "SOUTH"]


def test_every_character_stays_or_goes_as_with_the_peer() -> None:
    characters = [each for each in map(chr, range(sys.maxunicode + 1)) if _is_of_interest(each)]
    assert len(characters) > 20_000
    for character in characters:
        text = f"A{character}B"
        assert clean(text) == pre_clean_addr_str(text)
        assert tidy(text) == post_clean_addr_str(text)


def _is_of_interest(character: str) -> bool:
    """Whether it is a character, and no ideograph or the like that stays as it is."""
    category = unicodedata.category(character)
    changes = unicodedata.normalize("NFKD", character) != character
    return category not in ("Cn", "Co", "Cs", "Lo") or (category == "Lo" and changes)


def test_characters_together_are_as_with_the_peer() -> None:
    dice = random.Random(7)
    for _ in range(20_000):
        text = "".join(dice.choices(PIECES, k=dice.randrange(10)))
        assert clean(text) == pre_clean_addr_str(text)
        assert tidy(text) == post_clean_addr_str(text)


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\0", "'"])
def test_what_holds_no_word_is_empty(text: str) -> None:
    assert clean(text) == ""
