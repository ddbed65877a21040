from pathlib import Path

from equal_forecasts import assert_same_columns, assert_same_forecast

from batchio.soundings.bufkit import decode_bufkit
from batchio.soundings.parts import read_part, write_part
from transforms.soundings.indices import compute_indices


def test_every_real_file_comes_back_bit_for_bit(sounding_data: Path, tmp_path: Path) -> None:
    paths = sorted(sounding_data.rglob("*.buf"))
    assert paths
    for path in paths:
        made = decode_bufkit(path.read_bytes(), str(path)).forecasts
        computed = tuple(map(compute_indices, made))
        write_part(made, computed, tmp_path / "part")
        found, indices = read_part(tmp_path / "part")
        for one, other in zip(made, found, strict=True):
            assert_same_forecast(one, other)
        for before, after in zip(computed, indices, strict=True):
            assert_same_columns(before, after)
        assert (tmp_path / "part").stat().st_size < path.stat().st_size
