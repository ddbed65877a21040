from __future__ import annotations

from dataclasses import replace
from datetime import timezone
from pathlib import Path

import fsspec
import numpy as np
import pytest
from bufkit_samples import COLUMNS, GFS_COLUMNS, PATH, block, preamble, surface, text
from equal_forecasts import assert_same_bits, assert_same_columns, assert_same_forecast

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.parts import read_part, write_part
from batchio.soundings.profiles import StationForecast, SurfaceTable, Values
from transforms.soundings.indices import compute_indices


def forecasts(content: str) -> tuple[StationForecast, ...]:
    return decode_bufkit(content.encode(), PATH).forecasts


def members() -> tuple[StationForecast, ...]:
    return forecasts(f"n2\r\n{text(2, GFS_COLUMNS)}\r\n\r\n\r\nn1\r\n{text(4)}")


HOLLOW = preamble() + block(0) + block(1, levels=0) + surface([0, 1, 2])


@pytest.mark.parametrize(
    "made",
    [
        forecasts(text()),
        members(),
        forecasts(HOLLOW),
        forecasts(preamble(COLUMNS) + block(1)),
        forecasts(text().replace("KABQ", "")),
        (),
    ],
    ids=["a file", "an ensemble", "no levels in an hour", "no surface", "no id", "nothing"],
)
def test_what_is_written_comes_back(tmp_path: Path, made: tuple[StationForecast, ...]) -> None:
    computed = tuple(map(compute_indices, made))
    write_part(made, computed, tmp_path / "part")
    found, indices = read_part(tmp_path / "part")
    for one, other in zip(made, found, strict=True):
        assert_same_forecast(one, other)
    for before, after in zip(computed, indices, strict=True):
        assert_same_columns(before, after)


def odd_values() -> Values:
    bits = [0x7FF8000000000000, 0xFFF8000000000123, 0x7FF0000000000000, 0x8000000000000000, 1]
    return np.array(bits, np.uint64).view(np.float64)


def test_odd_numbers_come_back_bit_for_bit(tmp_path: Path) -> None:
    (whole,) = forecasts(text(5))
    odd = odd_values()
    levels = {"TMPC": np.asfortranarray(np.stack([odd, odd[::-1]], axis=1))}
    table = SurfaceTable(whole.time, odd, {"VSBK": odd[::-1]})
    made = replace(whole, levels=levels, indices={"CAPE": odd}, surface=table)
    write_part([made], [{"scp": odd}], tmp_path / "part")
    (found,), (indices,) = read_part(tmp_path / "part")
    assert_same_forecast(made, found)
    assert_same_bits(odd, indices["scp"])


def test_a_forecast_without_level_columns_comes_back(tmp_path: Path) -> None:
    made = replace(forecasts(text(2))[0], levels={}, n_levels=np.zeros(2, np.int64))
    write_part([made], [{}], tmp_path / "part")
    assert_same_forecast(made, read_part(tmp_path / "part")[0][0])


def test_the_run_is_in_utc(tmp_path: Path) -> None:
    write_part(forecasts(text()), [{}], tmp_path / "part")
    assert read_part(tmp_path / "part")[0][0].cycle.tzinfo is timezone.utc


def test_equal_forecasts_give_equal_bytes(tmp_path: Path) -> None:
    paths = tmp_path / "a", tmp_path / "b"
    for path in paths:
        made = members()
        write_part(made, tuple(map(compute_indices, made)), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_part_is_read_from_any_storage(tmp_path: Path) -> None:
    write_part(members(), [{}, {}], tmp_path / "part")
    with fsspec.open("memory://parts/one", "wb") as file:
        file.write((tmp_path / "part").read_bytes())
    found, _ = read_part("memory://parts/one")
    assert [each.member for each in found] == ["n2", "n1"]


def test_indices_of_another_number_of_forecasts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zip"):
        write_part(members(), [{}], tmp_path / "part")
