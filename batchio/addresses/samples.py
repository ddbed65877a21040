"""Makes the sample set of the addresses pipeline: lists as they come, with what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

_MEMBERS = """\
member,address,since,note,note
1001,"418 N Larch St, Marfield, OH 45123",2019-04-02,,
1002,"418 North Larch Street, Marfield OH 45123",2019-04-02,the same door,
1003,"77 Harbor Blvd Apt 4B, Port Ellery, ME 04988",2020-11-19,,
1004,"PO Box 2210, Quarry Bend, TX 79011",2018-01-30,,
1005,"RR 3 Box 118, Tallgrass, NE 68099",2021-06-07,rural,
1006,"1250 County Road 12, Tallgrass, NE 68099",2021-06-07,,
1007,"Corner of Mill St and 3rd Ave, Marfield, OH",2017-09-14,,
1008,"2 Old Ferry Rd
Suite 300
Port Ellery, ME 04988",2022-02-22,pasted from a letter,
1009,,2016-12-01,moved,
1010,"12 Elm Ct, Marfield, OH 45123, 12 Elm Ct, Marfield, OH 45123",2015-03-03,twice,
1011,"14 Harcourt Gardens, Wexbridge WX4 7QJ, United Kingdom",2023-08-08,,
1012,"900 Rue des Érables, Sainte-Marthe, QC H3Z 2Y7",2023-08-09,,
1013,512 Sycamore Ln, Marfield, OH 45123,2014-05-21,quotes were lost,
1014,"the blue house behind the old mill, ask for Ruth",2013-10-10,,
1015,"=HYPERLINK(""http://example.com"") 5 Larch St, Marfield, OH 45123",2024-01-01,"+1",
1016,"31 Cañada Vista Way Unit #7, San Ysabel, NM 87599-0012",2020-02-29,,
1017,"6 ""The Cedars"", 240 E Orchard Ave, Quarry Bend, TX 79011",2012-07-17,,
1018,"PMB 55, 1600 W 14th Ave Ste 9, Quarry Bend, TX 79011",2019-10-05,,
"""
_CUSTOMERS = """\
customer;Street;Unit;City;State;ZIP
K-01;418 N Larch St;;Marfield;OH;45123
K-02;77 Harbor Boulevard;Apt 4B;Port Ellery;ME;04988
K-03;31 Cañada Vista Way;Unit 7;San Ysabel;NM;87599
K-04;1600 W 14th Ave;Ste 9;Quarry Bend;TX;79011
K-05;1600 West 14th Avenue;Suite 9;Quarry Bend;TX;79011
K-06;PO Box 2210;;Quarry Bend;TX;79011
K-07;;;;;
K-08;8½ Peña Ct;Rear;San Ysabel;NM;87599
K-09;240 E Orchard Ave
K-10;"5 Mill St; side door";;Marfield;OH;45123
"""
_PLACES = """\
place,street,unit,city,state,zip
P1,418 N Larch St,,Marfield,OH,45123
P2,420 N Larch St,,Marfield,OH,45123
P3,77 Harbor Blvd,Apt 4B,Port Ellery,ME,04988
P4,77 Harbor Blvd,Apt 4C,Port Ellery,ME,04988
P5,1600 W 14th Ave,Ste 9,Quarry Bend,TX,79011
P6,31 Canada Vista Way,Unit 7,San Ysabel,NM,87599
P7,240 E Orchard Ave,,Quarry Bend,TX,79011
"""
_SIGN_IN_PAGE = """\
<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Sign in</h1><p>Your session has ended. Sign in to download the list.</p></body></html>
"""
_README = """\
Invented lists of addresses, made by Headrace
=============================================

No such town is meant, and nobody lives there.

  lists/members.csv       one column of free text; UTF-8, commas
  lists/donors.csv        no list at all: a page that asks to sign in
  columns/customers.csv   street, unit, city, state and ZIP apart; Windows-1252, semicolons
  known_places.csv        a list to match the customers with

A run over lists/ ends with exit code 3, because of donors.csv. Rows of members.csv that are not as
they should be: 1008 has line ends in its address, 1009 has none, 1010 has it twice, 1011 and 1012
are abroad, 1013 has lost its quotes, so that it has two fields too many, 1014 is no address, 1015
is a formula to a spreadsheet. Two columns have one name. Of the customers K-07 has no address,
and K-09 ends too early.

The customers, each with the nearest known places:

  python -m pipelines.addresses --input 'columns/*.csv' --output matched
      --address_columns street unit city state zip --match known_places.csv --top_k 2
"""


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yields the files of the sample set: path below its folder, and content."""
    yield "README.txt", _README.encode()
    yield "lists/members.csv", _MEMBERS.encode()
    yield "lists/donors.csv", _SIGN_IN_PAGE.encode()
    yield "columns/customers.csv", _CUSTOMERS.encode("cp1252")
    yield "known_places.csv", _PLACES.encode()
