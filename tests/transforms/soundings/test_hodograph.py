from __future__ import annotations

import numpy as np
import pytest
from forecasts import warm_day

from transforms.soundings import hodograph
from transforms.soundings.wind import KNOT

DAY = warm_day()
HEIGHT = DAY.levels["HGHT"][0] - 345


def constant(direction: float, speed: float, **changed):
    n = len(HEIGHT)
    return warm_day(DRCT=np.full(n, direction), SKNT=np.full(n, speed), **changed).levels


@pytest.mark.parametrize(
    ("direction", "u", "v"), [(270, 50, 0), (180, 0, 50), (0, 0, -50), (90, -50, 0)]
)
def test_wind_points_where_it_blows_to(direction, u, v):
    for trace in hodograph.traces(constant(direction, 50.0)).values():
        np.testing.assert_allclose(trace.u, u, atol=1e-9)
        np.testing.assert_allclose(trace.v, v, atol=1e-9)


def test_bands_meet_at_their_heights():
    speed = HEIGHT / 200
    levels = warm_day(DRCT=np.full(len(HEIGHT), 270.0), SKNT=speed).levels
    shown = hodograph.traces(levels)
    assert [(trace.u[0], trace.u[-1]) for trace in shown.values()] == [
        pytest.approx((low * 5, high * 5)) for low, high in hodograph.BANDS_KM
    ]


def test_missing_wind_is_not_joined_across():
    speed = np.full(len(HEIGHT), 20.0)
    speed[HEIGHT == 2000] = np.nan
    trace = hodograph.traces(constant(270, 20.0) | warm_day(SKNT=speed).levels)[1, 3]
    assert np.isnan(trace.u).any()
    assert np.isfinite(trace.u[[0, -1]]).all()


def test_wind_ends_where_the_profile_does():
    levels = {name: values[:, :9] for name, values in constant(270, 20.0).items()}
    shown = hodograph.traces(levels)
    assert np.isfinite(shown[1, 3].u).all()
    assert np.isnan(shown[3, 6].u[-1])


def test_storm_motions_are_in_knots_and_the_missing_one_is_left_out():
    indices = {"bunkers_right_u": 10 * KNOT, "bunkers_right_v": -5 * KNOT}
    (found,) = hodograph.storm_motions(indices).items()
    assert found == ("RM", pytest.approx((10, -5)))


def test_the_view_holds_everything():
    shown = hodograph.traces(DAY.levels)
    points = hodograph.all_points(shown, {"RM": (70.0, -30.0)})
    view = hodograph.view(points)
    assert (np.abs(points - [view.u, view.v]) < view.reach).all()
    assert len(view.rings) >= 2
    for u, v in hodograph.ring_labels(view, points).values():
        assert np.hypot(u, v) == pytest.approx(
            min(view.rings, key=lambda r: abs(r - np.hypot(u, v)))
        )


def test_calm_has_a_view_too():
    points = hodograph.all_points(hodograph.traces(constant(0, 0.0)), {})
    assert hodograph.view(points)[:4] == (0, 0, 20, (10, 20))


def test_names_stand_apart():
    points = np.array([(0.0, 0.0), (30.0, 0.0)])
    view = hodograph.view(points)
    names = {"3": (30.0, 0.0), "6": (30.0, 0.5)}
    first, second = hodograph.name_places(view, names, points).values()
    assert np.hypot(first[0] - second[0], first[1] - second[1]) > 0.05 * view.reach
