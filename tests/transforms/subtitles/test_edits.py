from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transforms.subtitles.edits import Edit, apply_edits, changes_of, follow


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    return [
        Edit(start, end, draw(st.text("xyz", max_size=3)), "lexicon")
        for start, end in zip(places[::2], places[1::2], strict=False)
    ]


@given(st.data(), st.text("abc ", max_size=20))
def test_one_list_of_edits_does_what_two_did(data: st.DataObject, text: str) -> None:
    edits = data.draw(edits_of(text))
    after = apply_edits(text, edits)
    later = data.draw(edits_of(after))
    joined = follow(text, edits, later)
    assert apply_edits(text, joined) == apply_edits(after, later)
    assert all(each.replacement != text[each.start : each.end] for each in joined)
    assert all(a.end <= b.start for a, b in pairwise(joined))


def test_a_change_is_told_by_line_and_column() -> None:
    (change,) = changes_of("om\nthe darma", [Edit(7, 12, "dharma", "lexicon", "l.yaml:3")])
    assert (change.line, change.column, change.original, change.corrected) == (
        2,
        5,
        "darma",
        "dharma",
    )


def test_a_change_that_follows_another_is_one_with_it() -> None:
    first = Edit(6, 9, "yoga", "lexicon", "a:1")
    joined = follow("karma yog", [first], [Edit(0, 10, "Karma Yoga", "case", "b:2")])
    assert joined == [Edit(0, 9, "Karma Yoga", "lexicon", "a:1")]
