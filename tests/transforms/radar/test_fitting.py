from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from radar_fields import turned
from radar_files import a_field

from transforms.radar.fitting import fitting_fields


def fitted(*fields):
    """The names of the fields that fit, and the causes of the others; the same in any order."""
    results = []
    for order in permutations(fields):
        good, misfits = fitting_fields(order)
        results.append(([each.field for each in good], {k: v.cause for k, v in misfits.items()}))
    assert all(result == results[0] for result in results)
    return results[0]


def test_fields_of_one_scan_all_fit():
    assert fitted(a_field("ZDR"), a_field("DBZH"), a_field("VRAD")) == (
        ["DBZH", "ZDR", "VRAD"],
        {},
    )


def test_no_fields_give_none():
    assert fitting_fields([]) == ([], {})


def test_a_field_of_another_scan_is_refused():
    good, misfits = fitted(a_field("DBZH"), turned(a_field("ZDR")), a_field("VRAD"))
    assert good == ["DBZH", "VRAD"]
    assert list(misfits) == ["ZDR"]
    assert misfits["ZDR"].startswith("ZDR does not fit: ")
    assert misfits["ZDR"].endswith(" as in DBZH")


def test_the_scan_that_most_fields_show_wins_over_the_first_field():
    good, misfits = fitted(turned(a_field("DBZH")), a_field("ZDR"), a_field("VRAD"))
    assert (good, list(misfits)) == (["ZDR", "VRAD"], ["DBZH"])


def test_of_two_scans_shown_by_equally_many_the_one_with_the_earlier_field_wins():
    good, misfits = fitted(turned(a_field("ZDR")), a_field("DBZH"))
    assert (good, list(misfits)) == (["DBZH"], ["ZDR"])
    good, misfits = fitted(a_field("ZDR"), turned(a_field("DBZH")))
    assert (good, list(misfits)) == (["DBZH"], ["ZDR"])


def test_a_field_of_another_site_is_refused():
    moved = replace(a_field("ZDR"), latitude_deg=-30.0)
    good, misfits = fitted(a_field("DBZH"), moved, a_field("VRAD"))
    assert (good, list(misfits)) == (["DBZH", "VRAD"], ["ZDR"])


def test_a_field_with_fewer_sweeps_is_refused():
    short = replace(a_field("ZDR"), sweeps=a_field("ZDR").sweeps[:1])
    good, misfits = fitted(a_field("DBZH"), short, a_field("VRAD"))
    assert (good, list(misfits)) == (["DBZH", "VRAD"], ["ZDR"])


def test_the_order_of_sweeps_in_a_file_makes_no_difference():
    backwards = replace(a_field("ZDR"), sweeps=a_field("ZDR").sweeps[::-1])
    assert fitted(a_field("DBZH"), backwards) == (["DBZH", "ZDR"], {})


def test_an_error_tells_step_and_action():
    _, misfits = fitting_fields([a_field("DBZH"), turned(a_field("ZDR"))])
    error = misfits["ZDR"]
    assert (error.step, error.action) == ("build", "fetch the file again, or leave it out")


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_field_of_another_time_is_refused(seconds):
    sweeps = [
        replace(s, header=replace(s.header, start=s.header.start + timedelta(seconds=seconds)))
        for s in a_field("ZDR").sweeps
    ]
    later = replace(a_field("ZDR"), sweeps=tuple(sweeps))
    good, misfits = fitted(a_field("DBZH"), later, a_field("VRAD"))
    assert (good, list(misfits)) == (["DBZH", "VRAD"], ["ZDR"])
