import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("HEADRACE_DATA", ROOT.parent / "shared" / "data")) / "radar"
VOLUME_FILES = "RMA11_0315_01_*_20251020T152828Z.BUFR"

# In a process of its own: Py-ART is slow to import and warns of what others deprecate.
COMPARE = """
import sys, warnings
from pathlib import Path
import numpy as np
from batchio.radar.cfradial import write_cfradial
from batchio.radar.sinarame import decode_field, parse_name
from transforms.radar.volume import build_volume

assert "pyart" not in sys.modules
warnings.simplefilter("ignore")
from transforms.radar.pyart import to_pyart
import pyart

output, *paths = map(Path, sys.argv[1:])
names = [parse_name(path.name) for path in paths]
volume = build_volume(
    names[0], [decode_field(p.read_bytes(), n, p.name) for p, n in zip(paths, names)]
)
write_cfradial(volume, output)
ours, read = to_pyart(volume), pyart.io.read_cfradial(output)

def same(name, a, b):
    assert set(a) == set(b), (name, set(a) ^ set(b))
    for key in a:
        left, right = a[key], b[key]
        if key == "data":
            if left.dtype == "S1":
                left, right = np.ma.filled(left, b""), np.ma.filled(right, b"")
            mask = np.ma.getmaskarray(left)
            np.testing.assert_array_equal(mask, np.ma.getmaskarray(right), err_msg=name)
            left, right = np.ma.getdata(left)[~mask], np.ma.getdata(right)[~mask]
            assert left.dtype == right.dtype, name
        np.testing.assert_array_equal(left, right, err_msg=f"{name}: {key}")

for name in ("time", "range", "azimuth", "elevation", "latitude", "longitude", "altitude",
             "sweep_number", "sweep_mode", "fixed_angle", "sweep_start_ray_index",
             "sweep_end_ray_index", "rays_are_indexed", "ray_angle_res", "antenna_transition"):
    same(name, getattr(ours, name), getattr(read, name))
assert list(ours.fields) == list(read.fields) == [*volume.fields, "undetect"]
for name in ours.fields:
    same(name, ours.fields[name], read.fields[name])
for name, values in volume.fields.items():
    assert ours.fields[name]["data"].count() == np.isfinite(values).sum()
np.testing.assert_array_equal(ours.fields["undetect"]["data"], volume.undetect)
for key, value in read.metadata.items():
    assert ours.metadata[key] == value, key
assert (ours.nsweeps, ours.nrays, ours.ngates, ours.scan_type) == (15, 5400, 653, "ppi")
ours.fields["DBZH"]["data"][:] = 0
assert not np.all(volume.fields["DBZH"] == 0)
"""


def test_the_radar_object_is_what_pyart_reads_from_the_file(tmp_path):
    paths = sorted(DATA.glob(VOLUME_FILES))
    if not paths:
        pytest.skip(f"{VOLUME_FILES} is not in {DATA}")
    done = subprocess.run(
        [sys.executable, "-c", COMPARE, tmp_path / "volume.nc", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
