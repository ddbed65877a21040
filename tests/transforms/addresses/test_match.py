from __future__ import annotations

import random

import pytest
from far_arrays import far_device

from batchio.errors import UsageError
from transforms.addresses.match import Matches, MatchSettings, dedupe, make_reference, match

LIST = [
    "12 High Street, Fowey, PL23 1AQ",
    "14 High Street, Fowey, PL23 1AQ",
    "114 High Street, Fowey, PL23 1AQ",
    "14 HIGH STREET  FOWEY PL23 1AQ",
    "14 High Street, Ware, SG12 9HY",
    "",
]


def found(matches: Matches) -> list[tuple[int, int]]:
    return list(zip(matches.row.tolist(), matches.reference.tolist(), strict=True))


def test_the_house_number_and_the_code_decide_between_neighbours() -> None:
    texts = ["14, High St, Fowey PL231AQ", "14 High Street SG12 9HY", "12 Hihg Street Fowey"]
    matches = match(texts, make_reference(LIST), MatchSettings())
    assert found(matches) == [(0, 1), (1, 4), (2, 0)]


def test_equal_rows_stand_in_the_order_of_the_list() -> None:
    matches = match(["14 high street fowey pl23 1aq"], make_reference(LIST), MatchSettings(3))
    assert matches.reference[:2].tolist() == [1, 3]
    assert matches.score[:2].tolist() == matches.cosine[:2].tolist() == [1, 1]
    assert matches.score[2] < 1


@pytest.mark.parametrize("top_k", [1, 3, 30])
def test_as_many_rows_as_asked_for(top_k: int) -> None:
    matches = match([LIST[0]] * 2, make_reference(LIST * 6), MatchSettings(top_k))
    assert matches.row.tolist() == [0] * top_k + [1] * top_k
    assert sorted(matches.score[:top_k], reverse=True) == matches.score[:top_k].tolist()


def test_a_score_too_low_is_no_match() -> None:
    everything = match([LIST[0]], make_reference(LIST), MatchSettings(9))
    least = float(everything.score[2])
    some = match([LIST[0]], make_reference(LIST), MatchSettings(9, least))
    assert found(some) == found(everything)[:3]
    assert found(match(["Purcell School"], make_reference(LIST), MatchSettings(9, 0.6))) == []


def test_nothing_matches_an_empty_text_or_an_empty_list() -> None:
    assert found(match(["", "--"], make_reference(LIST), MatchSettings(3))) == []
    assert found(match(["x"], make_reference([]), MatchSettings())) == []
    assert found(match([], make_reference(LIST), MatchSettings())) == []


def test_a_device_gives_the_same_matches() -> None:
    rng = random.Random(2)
    texts = [
        f"{rng.randrange(90)} {rng.choice('abcdef')}{rng.choice('aeiou')} road" for _ in range(900)
    ]
    settings, far = MatchSettings(4, 0.5), far_device()
    here = match(texts, make_reference(texts[:500]), settings)
    there = match(texts, make_reference(texts[:500], device=far), settings)
    assert found(here) == found(there)
    assert here.score.tolist() == there.score.tolist()
    assert dedupe(texts, 0.8).group.tolist() == dedupe(texts, 0.8, device=far).group.tolist()


@pytest.mark.parametrize("wrong", [{"top_k": 0}, {"min_score": 1.1}, {"min_score": -0.1}])
def test_settings_out_of_bounds_are_told(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        MatchSettings(**wrong)  # type: ignore[arg-type]


def test_rows_of_one_place_are_a_group_named_by_its_first() -> None:
    texts = [
        "12 High Street, Fowey, PL23 1AQ",
        "",
        "9 Mill Lane, Ware, SG12 9HY",
        "12 HIGH ST FOWEY PL23 1AQ",
        "14 High Street, Fowey, PL23 1AQ",
        "--",
        "12 High Street, Fowey, PL23 1AQ",
        "12 High St, Fowey",
    ]
    same = dedupe(texts, 0.75)
    assert same.group.tolist() == [0, 1, 2, 0, 4, 5, 0, 0]
    assert same.like.tolist() == [-1, -1, -1, 0, -1, -1, 0, 3]
    assert same.score[[0, 1, 2, 4, 5, 6]].tolist() == [0, 0, 0, 0, 0, 1]


def test_groups_do_not_depend_on_how_often_a_row_is_there() -> None:
    rng = random.Random(4)
    texts = [f"{rng.randrange(30)} {rng.choice(('mill', 'park', 'high'))} road" for _ in range(300)]
    group = dedupe(texts, 0.9).group
    first = {text: row for row, text in reversed(list(enumerate(texts)))}
    assert group.tolist() == [first[text] for text in texts]
    assert dedupe([], 0.9).group.tolist() == []
