"""BUFKIT's own indices against our recipes, on all real files."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.profiles import Values
from transforms.soundings.bufkit_recipes import reproduce_indices

# index: difference that may be, for which part of all values
WITHIN = {
    "KINX": (0.02, 0.99),
    "TOTL": (0.02, 0.99),
    "SWET": (0.02, 0.95),
    "LCLP": (0.5, 0.99),
    "LCLT": (0.03, 0.99),
    "LIFT": (0.1, 0.95),
    "SHOW": (0.2, 0.95),
    "PWAT": (0.2, 0.95),
}
# No recipe from their levels gives these values of Penn State's files.
DIFFERENT_AT_PENN_STATE = ("KINX", "TOTL", "SWET")


@pytest.fixture(scope="module")
def pairs(sounding_data: Path) -> dict[tuple[str, str], tuple[Values, Values]]:
    """(index, producer): what we compute, and what the files state."""
    ours, theirs = defaultdict(list), defaultdict(list)
    for path in sorted(sounding_data.rglob("*.buf")):
        (forecast,) = decode_bufkit(path.read_bytes(), str(path)).forecasts
        producer = "Penn State" if "psu" in path.parent.name else "others"
        for name, values in reproduce_indices(forecast).items():
            ours[name, producer].append(values)
            theirs[name, producer].append(forecast.indices[name])
    return {key: (np.concatenate(ours[key]), np.concatenate(theirs[key])) for key in ours}


def of_all(pairs, name):
    producers = ("others",) if name in DIFFERENT_AT_PENN_STATE else ("others", "Penn State")
    return (np.concatenate([pairs[name, producer][k] for producer in producers]) for k in (0, 1))


@pytest.mark.parametrize("name", WITHIN)
def test_an_index_is_what_its_recipe_says(pairs, name):
    ours, theirs = of_all(pairs, name)
    limit, part = WITHIN[name]
    found = np.abs(ours - theirs)[np.isfinite(theirs)]
    assert len(found) > 2000
    assert np.mean(found <= limit) >= part, np.percentile(found, [50, 95, 99, 100])


@pytest.mark.parametrize("name", WITHIN)
@pytest.mark.parametrize("producer", ["others", "Penn State"])
def test_an_index_is_missing_where_the_files_miss_it(pairs, name, producer):
    ours, theirs = pairs[name, producer]
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))


def test_cape_is_that_of_the_mean_parcel_without_virtual_temperature(pairs):
    ours, theirs = of_all(pairs, "CAPE")
    much = theirs > 100
    assert much.sum() > 250
    assert np.mean(np.abs(ours - theirs)[much] <= 0.1 * theirs[much]) >= 0.95
    assert np.corrcoef(ours[much], theirs[much])[0, 1] > 0.999


def test_penn_state_has_values_of_another_origin(pairs):
    ours, theirs = pairs["TOTL", "Penn State"]
    assert 0.1 < np.percentile(np.abs(ours - theirs), 95) < 1.4
