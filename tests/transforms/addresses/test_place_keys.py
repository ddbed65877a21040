from __future__ import annotations

import pytest

from transforms.addresses.place_keys import (
    agree_on_code,
    agree_on_number,
    find_keys,
)
from transforms.addresses.trigrams import fold


@pytest.mark.parametrize(
    ("text", "number", "code", "area"),
    [
        ("16 Fore Street, Fowey, PL23 1AQ", "16", "pl231aq", "pl23"),
        ("Niles Bakery, 14b Fore Street, PL231AQ", "14b", "pl231aq", "pl23"),
        ("1745 T Street Southeast, Washington, DC 20020", "1745", "20020", "200"),
        ("23485 Western Ave, Park Forest IL 60466-1234", "23485", "60466", "604"),
        ("23485 Western Ave", "23485", "", ""),
        ("20020", "20020", "", ""),
        ("Purcell School, Aldenham Road", "", "", ""),
        ("W1A 1AA", "", "w1a1aa", "w1a"),
        ("", "", "", ""),
    ],
)
def test_number_and_code_are_found(text: str, number: str, code: str, area: str) -> None:
    keys = find_keys([fold(text)])
    assert (keys.house_number[0], keys.postal_code[0], keys.area[0]) == (number, code, area)


def test_what_differs_weighs_more_than_what_is_missing() -> None:
    ours = find_keys([fold(text) for text in ("1 a road, HP1 1PF", "1 a road, HP1 1PF", "a road")])
    theirs = find_keys([fold(text) for text in ("2 a road, HP1 2AB", "a road", "a road, HP1 1PF")])
    assert agree_on_number(ours, theirs).tolist() == [0, 0.5, 1]
    assert agree_on_code(ours, theirs).tolist() == [0.5, 0.5, 0.5]
    far = find_keys(["2 a road al5 1aa"])
    assert agree_on_code(find_keys(["2 a road hp1 1pf"]), far).tolist() == [0]
