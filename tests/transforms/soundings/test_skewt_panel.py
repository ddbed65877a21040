from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from forecasts import warm_day

from batchio.soundings.profiles import Station
from transforms.soundings import skewt_panel as panel
from transforms.soundings.index_names import INDICES
from transforms.soundings.indices import compute_indices
from transforms.soundings.skewt_panel import MISSING

DAY = warm_day()
WIDEST = 57  # letters: the picture has no more room


def lines_of(indices):
    return [line for block in panel.our_blocks(indices) for line in block.lines]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.5, 0, "1234"),
        (-0.4, 0, "0"),
        (-0.04, 1, "0.0"),
        (2.25, 1, "2.2"),
        (np.nan, 1, MISSING),
    ],
)
def test_figures(value, decimals, text):
    assert panel.figure_text(value, decimals) == text


def test_the_title_says_what_when_and_where():
    first, second = panel.title(DAY, 0, "HRRR")
    assert first == "KOUN (723570)   HRRR   valid 2022-05-01 12:00 UTC   forecast hour 0"
    assert second == "cycle 2022-05-01 12:00 UTC   35.20° N 97.40° W   model terrain 345 m"


def test_the_title_of_a_member_of_an_ensemble_at_a_station_without_name():
    forecast = replace(DAY, station=Station("", "941200", -12.42, 130.89, 30.0), member="arw_p1")
    first, second = panel.title(forecast, 0, "SREF")
    assert first.startswith("941200   SREF arw_p1   valid")
    assert "12.42° S 130.89° E" in second


def test_a_parcel_s_line_has_its_figures_in_order():
    indices = dict.fromkeys(INDICES, 0.0)
    order = ("cape", "cin", "li", "lcl", "lcl_height", "lfc", "el")
    for number, name in enumerate(order, 1):
        indices[f"ml_{name}"] = number * 100.0
    (line,) = (line for line in lines_of(indices) if line.startswith("ML"))
    assert line.split() == ["ML", "100", "200", "300.0", "400", "500", "600", "700"]


def test_shear_and_storm_motion_are_in_knots_and_directions_are_where_it_comes_from():
    lines = lines_of({"shear_0_6km": 25.7222, "bunkers_right_u": 5.14444, "bunkers_right_v": 0.0})
    assert any(line.split()[:3] == ["0-6", "km", "50"] for line in lines)
    assert f"Bunkers, from  right 270° 10 kn   left {MISSING}" in lines


def test_what_is_missing_is_a_dash():
    text = " ".join(lines_of({}))
    assert "nan" not in text
    assert text.count(MISSING) >= 40


def test_all_that_a_warm_day_has_is_written_and_fits():
    indices = {name: float(values[0]) for name, values in compute_indices(DAY).items()}
    lines = lines_of(indices)
    assert max(map(len, lines)) <= WIDEST
    assert f" {indices['sb_cape']:.0f} " in " ".join(lines)


def test_bufkit_s_own_stand_apart_in_the_order_of_the_file():
    stated = {"SHOW": np.array([-9.26]), "LIFT": np.array([np.nan]), "CAPE": np.array([2219.7])}
    block = panel.bufkit_block(replace(DAY, indices=stated), 0)
    assert "BUFKIT" in block.title
    assert block.lines[0].split() == ["SHOW", "-9.3", "LIFT", MISSING, "CAPE", "2219.7"]
    assert "500 m, not virtual" in block.lines[1]
    assert panel.bufkit_block(DAY, 0).lines == (MISSING,)


def test_thirteen_of_bufkit_s_indices_fit():
    stated = {f"ABC{k:X}": np.array([-21000.0]) for k in range(13)}
    block = panel.bufkit_block(replace(DAY, indices=stated), 0)
    assert max(map(len, block.lines)) <= WIDEST
    assert len(block.lines) == 4
