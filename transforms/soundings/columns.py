"""Columns of air: interpolation and means, for arrays (profile, level), bottom to top."""

from __future__ import annotations

import numpy as np

from batchio.soundings.profiles import Values


def at_pressure(values: Values, pressure: Values, target: Values | float) -> Values:
    """Returns the values at a pressure, linear in its logarithm.

    NaN where the column does not reach it, or where either level beside it has no value.

    Args:
        values: (profile, level).
        pressure: (profile, level), falling.
        target: One for all profiles, or (profile).
    """
    wanted = np.broadcast_to(np.asarray(target, np.float64), pressure.shape[:1])
    below = (pressure >= wanted[:, None]).sum(axis=1)
    # A level that is exactly there needs no other one.
    lower, upper = np.maximum(below - 1, 0), np.minimum(below, pressure.shape[1] - 1)
    rows = np.arange(len(pressure))
    bottom, top = np.log(pressure[rows, lower]), np.log(pressure[rows, upper])
    exact = pressure[rows, lower] == wanted
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (bottom - np.log(wanted)) / (bottom - top)
        first = values[rows, lower]
        between = first + weight * (values[rows, upper] - first)
    found: Values = np.where(exact, first, between)
    found[below == 0] = np.nan
    return found


def at_height(values: Values, height: Values, target: Values) -> Values:
    """Returns the values at a height, linear in it; as ``at_pressure`` else."""
    with np.errstate(invalid="ignore"):
        return at_pressure(values, np.exp(-height / 1e4), np.exp(-target / 1e4))


def layer_mean(values: Values, pressure: Values, top: Values) -> Values:
    """Returns the mean by pressure from the lowest level up to the pressure ``top`` (profile).

    NaN where a level in the layer, or the one above its top, has no value.
    """
    logs = np.log(pressure)
    low, high = pressure[:, :-1], np.maximum(pressure[:, 1:], top[:, None])
    depth = low - high
    inside = depth > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (logs[:, :-1] - np.log(high)) / (logs[:, :-1] - logs[:, 1:])
        ends = values[:, :-1] + weight * (values[:, 1:] - values[:, :-1])
        areas = np.where(inside, (values[:, :-1] + ends) / 2 * depth, 0.0)
        mean: Values = areas.sum(axis=1) / np.where(inside, depth, 0.0).sum(axis=1)
    return mean
