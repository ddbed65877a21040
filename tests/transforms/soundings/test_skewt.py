from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forecasts import forecast, warm_day
from PIL import Image

from batchio.errors import CannotRun, InputError
from batchio.soundings.profiles import Station
from transforms.soundings.indices import compute_indices
from transforms.soundings.skewt import draw_skewt, require_matplotlib

DAY = warm_day()
N_LEVELS = DAY.levels["PRES"].shape[1]
NONE = np.full(N_LEVELS, np.nan)


def draw(some, path: Path, number: int = 0) -> Image.Image:
    draw_skewt(some, number, compute_indices(some), path, model="HRRR")
    with Image.open(path) as image:
        assert image.size == (1200, 900)
        assert image.format == "PNG"
        return image.convert("RGB")


def first_levels(count: int):
    return forecast({name: values[:, :count].tolist() for name, values in DAY.levels.items()})


def test_a_picture_is_small_and_has_no_clock_or_program_in_it(tmp_path):
    path = tmp_path / "a.png"
    draw(DAY, path)
    assert 20_000 < path.stat().st_size < 200_000
    with Image.open(path) as image:
        assert set(image.info) == {"dpi"}


def test_equal_input_gives_equal_bytes_in_every_process(tmp_path):
    draw(DAY, tmp_path / "a.png")
    code = (
        "from pathlib import Path; from test_skewt import DAY, draw;"
        f"draw(DAY, Path({str(tmp_path / 'b.png')!r}))"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[3])]
    command = f"import sys; sys.path[:0] = {folders!r}; {code}"
    subprocess.run([sys.executable, "-c", command], check=True)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_matplotlib_is_imported_for_the_first_picture_and_pyplot_never():
    code = (
        "import sys, transforms.soundings.skewt as skewt;"
        "assert 'matplotlib' not in sys.modules;"
        "skewt.require_matplotlib();"
        "assert 'matplotlib' in sys.modules;"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


@pytest.mark.parametrize(
    "some",
    [
        first_levels(1),
        first_levels(2),
        first_levels(9),
        warm_day(DWPC=NONE),
        warm_day(DWPC=np.full(N_LEVELS, -128.0)),
        warm_day(DRCT=NONE, SKNT=NONE),
        warm_day(SKNT=np.zeros(N_LEVELS)),
        warm_day(TMPC=NONE),
        warm_day(TMPC=DAY.levels["TMPC"][0] + 40),
        warm_day(TMPC=DAY.levels["TMPC"][0] - 90, DWPC=DAY.levels["TMPC"][0] - 95),
        warm_day(SKNT=np.full(N_LEVELS, 400.0)),
        warm_day(HGHT=NONE),
    ],
    ids=[
        "one level",
        "two levels",
        "too few for parcels",
        "dry air",
        "driest air",
        "no wind",
        "calm",
        "no temperature",
        "hot",
        "cold",
        "storm",
        "no height",
    ],
)
def test_a_profile_that_lacks_much_has_a_picture(some, tmp_path):
    image = draw(some, tmp_path / "a.png")
    assert len(image.getcolors(1 << 20)) > 50


def test_columns_that_are_not_in_the_file_are_left_out_of_the_picture(tmp_path):
    levels = {name: DAY.levels[name] for name in ("PRES", "TMPC", "HGHT")}
    draw(replace(DAY, levels=levels), tmp_path / "a.png")


def test_a_dollar_in_a_name_is_a_dollar(tmp_path):
    draw(replace(DAY, station=Station("A$B$_\ufffd", "1", 0.0, 0.0, 0.0)), tmp_path / "a.png")


def test_a_profile_without_levels_is_named(tmp_path):
    hollow = forecast(
        {name: [values[0].tolist(), NONE.tolist()] for name, values in DAY.levels.items()}
    )
    with pytest.raises(InputError, match="forecast hour 1 has no levels; draw another hour"):
        draw(hollow, tmp_path / "a.png", 1)
    assert not (tmp_path / "a.png").exists()


def test_a_file_without_temperature_is_named(tmp_path):
    levels = {name: values for name, values in DAY.levels.items() if name != "TMPC"}
    with pytest.raises(InputError, match="no TMPC"):
        draw(replace(DAY, levels=levels), tmp_path / "a.png")


def test_missing_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "transforms.soundings.skewt_figure", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(CannotRun) as caught:
        require_matplotlib()
    assert caught.value.action == "pip install 'headrace[plots]'"
