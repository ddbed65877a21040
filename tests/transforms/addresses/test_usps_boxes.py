"""Lines of what is not delivered to a street, by the examples of Publication 28 and their like."""

import pytest
from peer import lines_of

from transforms.addresses.usps import Lines

BOXES = {  # sections 281 and 283
    "PO BOX 11890": "PO BOX 11890",
    "P.O. Box 11890": "PO BOX 11890",
    "P O Box 99-A": "PO BOX 99-A",
    "POST OFFICE BOX 11890": "PO BOX 11890",
    "P.O.Box 12": "PO BOX 12",
    "POBOX 12": "PO BOX 12",
    "PO Box #123": "PO BOX 123",
    "POB 12": "PO BOX 12",
    "PO BOX 00145": "PO BOX 00145",
    "PO BOX G": "PO BOX G",
    "Box 18": "PO BOX 18",
    "CALLER 11": "PO BOX 11",
    "FIRM CALLER 11": "PO BOX 11",
    "BIN 11": "PO BOX 11",
    "LOCKBOX 11": "PO BOX 11",
    "LK BOX 11": "PO BOX 11",
    "DRAWER L": "PO BOX L",
    "PO DRAWER 11": "PO BOX 11",
}
ROUTES = {  # sections 241 to 245
    "RR 2 BOX 152": "RR 2 BOX 152",
    "RURAL ROUTE 2 BOX 152": "RR 2 BOX 152",
    "RR NO 2 BOX 152": "RR 2 BOX 152",
    "R.R. #2 Box #152": "RR 2 BOX 152",
    "RR2 Box 18": "RR 2 BOX 18",
    "RR 03 BOX 98D": "RR 3 BOX 98D",
    "RR 4 BOX 19-1A": "RR 4 BOX 19-1A",
    "RFD ROUTE 4 #87A": "RR 4 BOX 87A",
    "RFD 4 BOX 87A": "RR 4 BOX 87A",
    "RD 4 BOX 87A": "RR 4 BOX 87A",
    "Rt 1, Box 22": "RR 1 BOX 22",
    "RR 2 BOX 18 BRYAN DAIRY RD": "RR 2 BOX 18",
    "RR # 1 BOX 103 A": "RR 1 BOX 103A",
    "RR 1": "RR 1",
}
CONTRACTS = {  # sections 251 to 254
    "HC 68 BOX 23A": "HC 68 BOX 23A",
    "HCR 68 BOX 23A": "HC 68 BOX 23A",
    "HC68 Box 23A": "HC 68 BOX 23A",
    "HIGHWAY CONTRACT ROUTE 68 BOX 23A": "HC 68 BOX 23A",
    "HC 068 BOX 19-2B": "HC 68 BOX 19-2B",
    "HC RTE 68 BOX 23A": "HC 68 BOX 23A",
    "STAR ROUTE 68 BOX 23A": "HC 68 BOX 23A",
    "HC 1": "HC 1",
}
MILITARY = {  # sections 225, 238 and 239
    "PSC 802 BOX 74, APO AE 09499-0074": ("PSC 802 BOX 74", "APO", "AE", "09499-0074"),
    "Psc 3 Box 1234 APO AE 09021": ("PSC 3 BOX 1234", "APO", "AE", "09021"),
    "CMR 1250 BOX 12, APO AE 09045": ("CMR 1250 BOX 12", "APO", "AE", "09045"),
    "CMR 1250, APO AE 09045": ("CMR 1250", "APO", "AE", "09045"),
    "Unit 2050 Box 4190, APO AP 96278-2050": ("UNIT 2050 BOX 4190", "APO", "AP", "96278-2050"),
    "USCGC Hamilton, FPO AP 96667-3931": ("USCGC HAMILTON", "FPO", "AP", "96667-3931"),
    "UNIT 9900 BOX 0500, DPO AE 09701": ("UNIT 9900 BOX 0500", "DPO", "AE", "09701"),
}
TOGETHER = {
    "123 Main St Apt 4 PO Box 9": ("123 MAIN ST APT 4", "PO BOX 9"),
    "PO Box 9, 123 Main St": ("123 MAIN ST", "PO BOX 9"),
    "104 n jefferson rr 1 box 3468": ("104 N JEFFERSON", "RR 1 BOX 3468"),
    "PO Box 5, Apt 3": ("PO BOX 5", "APT 3"),
    "RR 2 BOX 18 Apt 3": ("RR 2 BOX 18", "APT 3"),
    "Acme Inc, 12 Elm St, PO Box 9": ("12 ELM ST", "PO BOX 9"),
    "John Smith, PO Box 12": ("PO BOX 12", None),
}


@pytest.mark.parametrize(("text", "line"), [*BOXES.items(), *ROUTES.items(), *CONTRACTS.items()])
def test_a_box_or_a_route(text: str, line: str) -> None:
    assert lines_of(f"{text}, Tampa FL 33602") == (line, None, "TAMPA", "FL", "33602", "")


def test_general_delivery() -> None:
    lines = lines_of("General Delivery, Tampa, FL 33602-9999")
    assert lines == ("GENERAL DELIVERY", None, "TAMPA", "FL", "33602-9999", "")


@pytest.mark.parametrize(("text", "lines"), MILITARY.items())
def test_military_post(text: str, lines: tuple[str, ...]) -> None:
    line, *last = lines
    assert lines_of(text) == (line, None, *last, "")


@pytest.mark.parametrize(("text", "lines"), TOGETHER.items())
def test_a_box_beside_a_street_or_a_unit(text: str, lines: tuple[str, str | None]) -> None:
    assert lines_of(f"{text}, Ava, MO 65608") == (*lines, "AVA", "MO", "65608", "")


def test_a_country_is_no_part_of_a_line() -> None:
    assert lines_of("PO Box 12, Washington, DC 20008 United States").address_line_1 == "PO BOX 12"


def test_military_words_do_without_their_city() -> None:
    assert lines_of("cmr 411 box 3568") == Lines("CMR 411 BOX 3568")


def test_a_number_on_a_road_is_no_rural_route() -> None:
    assert lines_of("rd 177 #1497, San Juan, PR 00921").reason


def test_territories_are_abbreviated_where_the_peer_has_no_answer() -> None:
    assert lines_of("PO Box 12, San Juan, Puerto Rico 00901").state == "PR"


@pytest.mark.parametrize(
    "text",
    [
        "PO Box, Tampa FL 33602",
        "PO BOX 1 PO BOX 2, Tampa FL 33602",
        "HC 72 BOX 293B BOX 6, Tampa FL 33602",
        "Unit 2050, Tampa FL 33602",
        "USS Hamilton, Tampa FL 33602",
        "APO AE 09499",
    ],
)
def test_what_is_no_box_we_know_has_a_reason_and_no_lines(text: str) -> None:
    *lines, reason = lines_of(text)
    assert lines == [None] * 5
    assert reason
