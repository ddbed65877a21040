import pytest
import usaddress
from hypothesis import given
from hypothesis import strategies as st
from peer import lines_of

from transforms.addresses.usps import Lines, regroup_boxes, standard_lines

LABELS = (*usaddress.LABELS, "SecondStreetName", "SecondStreetNamePostType")
MAIN_ST = {"AddressNumber": "12", "StreetName": "Main", "StreetNamePostType": "Street"}


@pytest.mark.parametrize(
    ("text", "line_1", "line_2"),
    [
        ("12 1/2 N.W. Main Str, Bldg 4 Apt 2", "12 1/2 NW MAIN ST", "BLDG 4 APT 2"),
        ("12 North-East 3 Avenue #5", "12 NE 3RD AVE", "# 5"),
        ("12 111 St", "12 111TH ST", None),
        ("12 O'Brien St Suite # 7", "12 OBRIEN ST", "STE # 7"),
        ("12 Séptima Plaza", "12 SEPTIMA PLZ", None),
        ("12 US Highway 101", "12 US HWY 101", None),
    ],
)
def test_a_street_in_standard_words(text: str, line_1: str, line_2: str | None) -> None:
    expected = (line_1, line_2, "ST PAUL", "MN", "55101-1234", "")
    assert lines_of(f"{text}, St. Paul, Minnesota 55101-1234") == expected


def test_parts_that_are_not_there_are_none() -> None:
    assert standard_lines(MAIN_ST, "Street Address") == Lines("12 MAIN ST")


def test_a_unit_that_needs_no_number_stands_alone() -> None:
    # section 213
    assert standard_lines({**MAIN_ST, "OccupancyType": "Rear"}, "Street Address") == Lines(
        "12 MAIN ST", "REAR"
    )


@pytest.mark.parametrize(
    ("components", "kind", "reason"),
    [
        ({}, None, "not tagged"),
        ({}, "Ambiguous", "not tagged"),
        (MAIN_ST, None, "not tagged"),
        ({"StreetName": "Main"}, "Ambiguous", "ambiguous"),
        ({**MAIN_ST, "OccupancyType": "Apt"}, "Street Address", "a unit without its number"),
        ({**MAIN_ST, "Recipient": "x"}, "Street Address", "holds words that are no part of"),
        ({"PlaceName": "Tampa"}, "Street Address", "no street"),
        ({"AddressNumber": "'"}, "Street Address", "no street"),
        (
            {**MAIN_ST, "OccupancyType": "Apt", "USPSBoxType": "PO Box", "USPSBoxID": "7"},
            "Street Address",
            "not a box or route we know",
        ),
        ({"USPSBoxType": "PO Box"}, "PO Box", "not a box or route we know"),
    ],
)
def test_what_has_no_lines_has_a_reason(
    components: dict[str, str], kind: str | None, reason: str
) -> None:
    lines = standard_lines(components, kind)
    assert lines[:5] == (None,) * 5
    assert lines.reason.startswith(reason)


@given(
    st.dictionaries(st.sampled_from(LABELS), st.text()),
    st.sampled_from(["Street Address", "Intersection", "PO Box", "Ambiguous", None]),
)
def test_any_components_have_lines_or_a_reason(
    components: dict[str, str], kind: str | None
) -> None:
    lines = standard_lines(components, kind)
    assert bool(lines.address_line_1) != bool(lines.reason)


def test_a_street_of_more_digits_than_python_reads() -> None:
    number = "9" * 5000
    components = {"StreetName": number, "StreetNamePostType": "St"}
    assert standard_lines(components, "Street Address") == Lines(f"{number} ST")


def test_only_two_boxes_are_regrouped() -> None:
    pair = [("USPSBoxType", "BOX"), ("USPSBoxID", "1")]
    two = [(word, label) for label, word in pair * 2]
    assert regroup_boxes(two) == {
        "USPSBoxGroupType": "BOX",
        "USPSBoxGroupID": "1",
        "USPSBoxType": "BOX",
        "USPSBoxID": "1",
    }
    assert regroup_boxes(two + two) == {}
    assert regroup_boxes([*two, ("a", "PlaceName"), ("b", "ZipCode"), ("c", "PlaceName")]) == {}
    assert regroup_boxes([("RR", "USPSBoxGroupType"), *two]) == {}
    assert regroup_boxes([]) == {}
