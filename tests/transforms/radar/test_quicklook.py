from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from echo_volume import (
    ECHO_DBZ,
    GATE_M,
    GATES,
    GATES_OF_ECHO,
    RAYS_OF_ECHO,
    echo_volume,
    ground_km,
)
from PIL import Image

from batchio.errors import CannotRun, UsageError
from batchio.output import OutputRoot
from batchio.radar.sinarame import FIELDS
from transforms.radar.field_colours import FIELD_COLOURS, colours_of
from transforms.radar.quicklook import Quicklook, require_drawing

ROOT = Path(__file__).parents[3]
VOLUME = echo_volume()
NAME = VOLUME.volume_id
RED = (0xF0, 0x40, 0x2C)  # 50 to 55 dBZ
MAP = (20, 64, 830, 874)  # left, upper, right, lower pixel of the picture
MARGIN = 1.08


def draw(folder: Path, *names: str, sweep: int = 0, geotiff: bool = False) -> list[Path]:
    root = OutputRoot(str(folder), "run-1")
    quicklook = Quicklook(names, sweep, geotiff)
    return [Path(output.path) for output in quicklook.draw(VOLUME, names, root)]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (980, 900)
        return np.asarray(image.convert("RGB").crop(MAP)).astype(int)


@pytest.mark.parametrize("sweep", [0, 1])
def test_an_echo_in_the_east_has_its_colour_there_and_nowhere_else(sweep, tmp_path):
    (path,) = draw(tmp_path, "DBZH", sweep=sweep)
    rows, columns = np.nonzero(np.abs(pixels(path) - RED).max(axis=-1) < 8)
    pixels_a_km = 405 / (MARGIN * ground_km(GATES * GATE_M / 1000, sweep))
    near, far = (405 + ground_km(km, sweep) * pixels_a_km for km in (49, 51))
    assert columns.min() == pytest.approx(near, abs=1.5)
    assert columns.max() == pytest.approx(far, abs=1.5)
    across = ground_km(50, sweep) * pixels_a_km * np.tan(np.radians(2))
    assert rows.min() == pytest.approx(405 - across, abs=1.5)
    assert rows.max() == pytest.approx(405 + across, abs=1.5)


def test_a_picture_is_small_and_has_no_clock_or_program_in_it(tmp_path):
    (path,) = draw(tmp_path, "DBZH")
    assert path.name == f"{NAME}_DBZH.png"
    assert 15_000 < path.stat().st_size < 100_000
    with Image.open(path) as image:
        assert set(image.info) == {"dpi"}


def test_a_geotiff_has_the_values_where_they_are_and_is_cloud_optimised(tmp_path):
    _, path = draw(tmp_path, "DBZH", sweep=1, geotiff=True)
    with rasterio.open(path) as tiff:
        values = tiff.read(1)
        left, bottom, right, top = tiff.bounds
        assert (left, bottom, right, top) == (-right, -top, right, top)
        assert tiff.res == (GATE_M, GATE_M)
        assert (tiff.dtypes, tiff.nodata, tiff.units) == (("float32",), -9999.0, ("dBZ",))
        assert tiff.descriptions == ("DBZH",)
        assert tiff.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        about = {"volume": NAME, "sweep": "1", "elevation_degrees": "20"}
        times = {"start": "2018-11-11T00:05:21Z", "end": "2018-11-11T00:05:41Z"}
        assert {**about, **times}.items() <= tiff.tags().items()
        echo = tiff.index(ground_km(50, 1) * 1000, 0.1)
    assert values[echo] == ECHO_DBZ
    assert set(np.unique(values)) == {-9999.0, ECHO_DBZ}


def test_a_wide_geotiff_has_overviews_of_values_that_it_has(tmp_path):
    volume = replace(VOLUME, bin_size_m=100)
    quicklook = Quicklook(("DBZH",), 0, geotiff=True)
    many = {"DBZH": np.tile(VOLUME.fields["DBZH"], (1, 5))}
    wide = replace(volume, fields=many, n_gates=5 * GATES)
    _, tiff = quicklook.draw(wide, ["DBZH"], OutputRoot(str(tmp_path), "run-1"))
    with rasterio.open(tiff.path) as found:
        assert found.overviews(1) == [2, 4]
        small = found.read(1, out_shape=(found.height // 4, found.width // 4))
    assert set(np.unique(small)) == {-9999.0, ECHO_DBZ}


# Py-ART brings pyproj, which aborts the process at its end if eccodes was imported before it.
PEERS = """
import os, sys, warnings
os.environ["PYART_QUIET"] = "1"
warnings.simplefilter("ignore")
import json
from pathlib import Path
import pyart, pyproj
import numpy as np
import rasterio
from batchio.radar.sinarame import decode_field, parse_name
from transforms.radar.plan_view import cells_at
from transforms.radar.volume import build_volume

def cells_at_their_gates(volume):
    for number in (0, len(volume.sweeps) - 1):
        sweep = volume.sweeps[number]
        rays = slice(sweep.first_ray, sweep.last_ray + 1)
        azimuth, reach = np.meshgrid(volume.azimuth_deg[rays], volume.range_m, indexing="ij")
        east, north, _ = pyart.core.transforms.antenna_to_cartesian(
            reach / 1000.0, azimuth, sweep.fixed_angle_deg
        )
        cells = cells_at(volume, sweep, east.astype(np.float32), north.astype(np.float32))
        ray, gate = np.indices(east.shape)
        yield bool((cells.ray == ray + sweep.first_ray).all() and (cells.gate == gate).all())

def value_east(path, latitude, longitude, away_m):
    lon, lat, _ = pyproj.Geod(ellps="WGS84").fwd(longitude, latitude, 90.0, away_m)
    with rasterio.open(path) as tiff:
        to_map = pyproj.Transformer.from_crs(4326, tiff.crs.to_wkt(), always_xy=True)
        x, y = to_map.transform(lon, lat)
        return [x, y, float(tiff.read(1)[tiff.index(x, y)])]

tiff, latitude, longitude, away_m, *paths = sys.argv[1:]
names = [parse_name(path) for path in paths]
fields = [decode_field(Path(p).read_bytes(), n, p) for p, n in zip(paths, names)]
print(json.dumps({
    "gates": [all(cells_at_their_gates(build_volume(n, [f]))) for n, f in zip(names, fields)],
    "east": value_east(tiff, float(latitude), float(longitude), float(away_m)),
}))
"""


def test_pyart_and_pyproj_find_every_gate_of_real_sweeps_and_the_echo_in_the_same_place(
    radar_data, tmp_path
):
    _, tiff = draw(tmp_path, "DBZH", geotiff=True)
    away_m = ground_km(50, 0) * 1000
    site = VOLUME.latitude_deg, VOLUME.longitude_deg
    files = sorted(radar_data.glob("*_DBZH_*.BUFR"))
    done = in_a_process(PEERS, tiff, *site, away_m, *files)
    found = json.loads(done.splitlines()[-1])
    assert found["gates"] == [True] * len(files)
    assert found["east"] == pytest.approx([away_m, 0.0, ECHO_DBZ], abs=0.5)


ALONE = """
import sys
from pathlib import Path
import transforms.radar.make_volume
assert not {"matplotlib", "rasterio"} & set(sys.modules)
import eccodes
eccodes.codes_get_api_version()
sys.path.insert(0, sys.argv[2])
from echo_volume import echo_volume
from batchio.radar.cfradial import write_cfradial
from batchio.output import OutputRoot
from transforms.radar.quicklook import Quicklook
root = OutputRoot(sys.argv[1], "run-1")
root.write("volume.nc", lambda path: write_cfradial(echo_volume(), path))
Quicklook(("DBZH",)).draw(echo_volume(), ["DBZH"], root)
assert not {"matplotlib.pyplot", "rasterio"} & set(sys.modules)
Quicklook(("DBZH",), geotiff=True).draw(echo_volume(), ["DBZH"], root)
"""


def test_a_worker_that_read_bufr_first_draws_the_same_bytes_and_exits_with_0(tmp_path):
    ours = draw(tmp_path / "a", "DBZH", geotiff=True)
    in_a_process(ALONE, tmp_path / "b", Path(__file__).parent)
    for path in ours:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def in_a_process(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONSAFEPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sweep_without_a_value_has_a_picture_that_says_so(tmp_path):
    full, hollow = draw(tmp_path / "a", "DBZH", "VRAD", sweep=1)
    assert {tuple(pixel) for pixel in pixels(full)[400]} - {tuple(p) for p in pixels(hollow)[400]}
    dark = pixels(hollow).max(axis=-1) < 60
    assert dark[480:510, 250:560].sum() > 300


def test_flags_are_shown_by_the_first_that_is_set():
    flags = VOLUME.derived["QC_FLAGS"]
    shown, colours = colours_of("QC_FLAGS", flags.values, flags.attributes)
    assert colours.labels == ("none", "no_echo", "spike")
    assert colours.bounds == (-0.5, 0.5, 1.5, 2.5)
    assert (shown[0] == 1).all()
    assert (shown[1] == 2).all()
    assert (shown[RAYS_OF_ECHO, GATES_OF_ECHO] == 0).all()


def test_flags_have_a_picture_and_their_values_a_geotiff(tmp_path):
    picture, raster = draw(tmp_path, "QC_FLAGS", geotiff=True)
    green = np.abs(pixels(picture) - (0x8F, 0xD0, 0xA0)).max(axis=-1) < 8
    assert np.nonzero(green)[1].min() > 500
    with rasterio.open(raster) as tiff:
        assert set(np.unique(tiff.read(1))) == {-9999.0, 0.0, 1.0, 2.0, 3.0}


def test_every_field_of_the_format_has_colours_in_growing_steps():
    assert set(FIELDS) < set(FIELD_COLOURS)
    for name, colours in FIELD_COLOURS.items():
        assert (np.diff(colours.bounds) > 0).all(), name
        assert len(colours.stops) <= len(colours.bounds) - 1, name


@pytest.mark.parametrize(
    ("name", "action"),
    [("dbzh", "did you mean DBZH?"), ("VARD", "did you mean VRAD?"), ("xyz!", "fields are DBZH")],
)
def test_an_unknown_field_is_refused(name, action):
    with pytest.raises(UsageError, match=f"the field {name} is unknown") as caught:
        Quicklook((name,))
    assert caught.value.action.startswith(action)


@pytest.mark.parametrize(
    ("names", "sweep", "drawn", "lacking"),
    [
        (("usual",), 0, ["DBZH"], []),
        (("usual", "VRAD", "DBZH"), 1, ["DBZH", "VRAD"], []),
        (("KDP", "VRAD"), 0, ["VRAD"], ["KDP"]),
        (("usual", "VRAD"), 2, [], ["DBZH", "VRAD"]),
    ],
)
def test_what_a_volume_has_is_drawn(names, sweep, drawn, lacking):
    assert Quicklook(names, sweep).wanted(VOLUME) == (drawn, lacking)


def test_the_usual_field_of_a_volume_without_reflectivity_is_its_first():
    doppler = replace(VOLUME, fields={"VRAD": VOLUME.fields["VRAD"]})
    assert Quicklook(("usual",)).wanted(doppler) == (["VRAD"], [])


def test_the_setting_tells_pictures_apart():
    same = Quicklook(("VRAD", "DBZH")), Quicklook(("DBZH", "VRAD", "DBZH"))
    other = Quicklook(("DBZH",)), Quicklook(("DBZH",), 1), Quicklook(("DBZH",), 0, geotiff=True)
    assert len({each.setting for each in same}) == 1
    assert len({each.setting for each in (*same, *other)}) == 4


@pytest.mark.parametrize(
    ("package", "module", "ours", "extra"),
    [
        ("matplotlib", "matplotlib.axes", "transforms.radar.quicklook_figure", "plots"),
        ("rasterio", "rasterio", "batchio.radar.geotiff", "geotiff"),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(monkeypatch, package, module, ours, extra):
    monkeypatch.delitem(sys.modules, ours, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CannotRun, match=f"pictures need {package}") as caught:
        require_drawing(Quicklook(("DBZH",), geotiff=True))
    assert caught.value.action == f"pip install 'headrace[{extra}]'"
