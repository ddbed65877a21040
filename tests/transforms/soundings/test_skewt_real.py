"""Pictures of real profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from forecasts import shaded
from PIL import Image

from batchio.soundings.bufkit import decode_bufkit
from transforms.soundings import skewt_lines as lines
from transforms.soundings.columns import at_pressure
from transforms.soundings.indices import compute_indices
from transforms.soundings.skewt import draw_skewt
from transforms.soundings.skewt_lines import SKEW, rise

HRRR = "archive/2022/10/26/bufkit/12/hrrr/hrrr_{}.buf"
PROFILES = {
    "storms": (HRRR.format("kbro"), 35),
    "dry air between moist": (HRRR.format("kabq"), 34),
    "high ground": (HRRR.format("flg"), 0),
    "no cloud column": ("models/psu2026/gfs3_kbuf.buf", 96),
    "no name": ("models/kmso2017/2017040112Z_gfs3_kmso.buf", 42),
}


def read(path: Path):
    (forecast,) = decode_bufkit(path.read_bytes(), str(path)).forecasts
    return forecast


@pytest.mark.parametrize("name", PROFILES)
def test_a_real_profile_has_its_picture(name, sounding_data, tmp_path):
    file, hour = PROFILES[name]
    forecast = read(sounding_data / file)
    (number,) = np.flatnonzero(forecast.forecast_hour == hour)
    path = tmp_path / "a.png"
    draw_skewt(forecast, int(number), compute_indices(forecast), path, model="HRRR")
    assert path.stat().st_size < 200_000
    with Image.open(path) as image:
        assert image.size == (1200, 900)


@pytest.mark.parametrize("name", PROFILES)
def test_the_temperature_at_500_hpa_is_read_off_the_picture(name, sounding_data, tmp_path):
    file, hour = PROFILES[name]
    forecast = read(sounding_data / file)
    (number,) = np.flatnonzero(forecast.forecast_hour == hour)
    path = tmp_path / "a.png"
    draw_skewt(forecast, int(number), {}, path, model="HRRR")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    left, width, bottom, height = 60, 636, 900 - 76.5, 742.5  # of the diagram, in pixels
    row = pixels[round(bottom - height * float(rise(500.0) / rise(100.0)))]
    red = np.flatnonzero(np.abs(row[left : left + width] - [200, 16, 46]).sum(axis=1) < 60)
    read_off = -40 + 90 * (red.mean() + 0.5) / width - SKEW * float(rise(500.0))
    stated = at_pressure(forecast.levels["TMPC"], forecast.levels["PRES"], 500.0)[number]
    assert read_off == pytest.approx(stated, abs=0.25)


@pytest.mark.parametrize("file", [HRRR.format("kbro"), HRRR.format("kjax"), PROFILES["no name"][0]])
def test_the_area_that_is_shaded_is_the_cape_and_cin_of_the_panel(file, sounding_data):
    forecast = read(sounding_data / file)
    found = compute_indices(forecast)
    compared = 0
    for number in range(len(forecast)):
        path = lines.parcel_path(lines.single(forecast, number))
        if path is None or not found[f"{path.parcel}_cape"][number] > 100:
            continue
        compared += 1
        cape, cin = (found[f"{path.parcel}_{name}"][number] for name in ("cape", "cin"))
        assert shaded(path, path.buoyant) == pytest.approx(cape, rel=0.03, abs=5)
        assert shaded(path, path.inhibited) == pytest.approx(cin, abs=5)
    assert compared
