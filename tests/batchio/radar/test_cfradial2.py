import os
import pickle
import time
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from scripts import run_python

from batchio.errors import InputError
from batchio.radar.cfradial import write_cfradial
from batchio.radar.cfradial2 import write_cfradial2
from batchio.radar.formats import read_volume
from batchio.radar.scene import EPOCH, Scan, scan_scene
from batchio.radar.sinarame import RadarName, decode_field, parse_name
from batchio.radar.volume import DerivedField, SourceFile, Volume
from transforms.radar.volume import build_volume

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("HEADRACE_DATA", ROOT.parent / "shared" / "data")) / "radar"
REAL = (
    "RMA1_0301_02_20181111T000457Z",
    "RMA11_0315_01_20251020T152828Z",
    "RMA11_0315_02_20251020T152429Z",
)
# All that CF/Radial 1.4 has along rays or sweeps, and its name in a group of CfRadial2.
RAYS = ("time", "azimuth", "elevation", "ray_not_radiated", "antenna_transition")
SWEEPS = {
    "sweep_number": "sweep_number",
    "fixed_angle": "sweep_fixed_angle",
    "sweep_start_time": "sweep_start_time",
    "sweep_end_time": "sweep_end_time",
    "ray_angle_res": "rays_angle_resolution",
}


def made_volume():
    """A volume with a moved field, sweeps of different length, rays lost and derived fields."""
    name = RadarName("RMA1", "0315", "01", "DBZH", f"{EPOCH:%Y%m%dT%H%M%SZ}")
    scene = scan_scene("RMA1", EPOCH, Scan((0.5, 1.3, 4.0), (40, 40, 24)), seed=3)
    volume = build_volume(
        name, list(scene.values()), inputs=[SourceFile("a", "12")], missing_fields=["TH"]
    )
    doubled = volume.fields["DBZH"] * 2
    flags = np.isfinite(doubled).astype(np.int8)
    derived = {
        "DBZH_2": DerivedField(doubled, {"long_name": "doubled", "units": "dBZ", "factor": 2.0}),
        "FLAGS": DerivedField(flags, {"flag_values": np.array([0, 1], np.int8)}),
    }
    return replace(volume, derived=derived)


def real_volume(volume_id):
    paths = sorted(DATA.glob(volume_id.replace("_2", "_*_2") + ".BUFR"))
    names = [parse_name(path.name) for path in paths]
    fields = [
        decode_field(path.read_bytes(), name, path.name)
        for path, name in zip(paths, names, strict=True)
    ]
    return build_volume(names[0], fields)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Each volume in both formats: the volume, the file of 1.4, the file of CfRadial2."""
    folder = tmp_path_factory.mktemp("formats")
    volumes = {"made": made_volume()}
    if (DATA / "EXPECTED.json").exists():
        volumes |= {volume_id: real_volume(volume_id) for volume_id in REAL}
    files = {}
    for name, volume in volumes.items():
        first, second = folder / f"{name}.1.nc", folder / f"{name}.2.nc"
        write_cfradial(volume, first)
        write_cfradial2(volume, second)
        files[name] = volume, first, second
    return files


@pytest.fixture(params=["made", *REAL])
def files(request, written):
    if request.param not in written:
        pytest.skip(f"{request.param} is not in {DATA}")
    return written[request.param]


def stored(path):
    dataset = netCDF4.Dataset(path)
    dataset.set_auto_mask(False)
    return dataset


def test_each_cell_is_that_of_the_other_format(files):
    volume, *paths = files
    with stored(paths[0]) as first, stored(paths[1]) as second:
        names = [name for name, each in first.variables.items() if each.ndim == 2]
        names = [name for name in names if first[name].dimensions == ("time", "range")]
        assert names == [*volume.fields, *volume.derived, "undetect"]
        for number, sweep in enumerate(volume.sweeps):
            group = second[f"sweep_{number}"]
            rays = slice(sweep.first_ray, sweep.last_ray + 1)
            for name in names:
                whole, own = first[name][rays], group[name][:]
                assert own.dtype == whole.dtype
                assert own.shape[1] == sweep.n_gates
                np.testing.assert_array_equal(own, whole[:, : sweep.n_gates], err_msg=name)
                beyond = whole[:, sweep.n_gates :]
                assert np.all(beyond == (-9999 if whole.dtype == np.float32 else 0))
            for name in RAYS:
                np.testing.assert_array_equal(group[name][:], first[name][rays], err_msg=name)
            np.testing.assert_array_equal(group["range"][:], first["range"][: sweep.n_gates])
            for old, new in SWEEPS.items():
                assert group[new][...] == first[old][number]


def test_sweeps_are_as_long_as_their_longest_field(files):
    volume, _, path = files
    with stored(path) as dataset:
        sizes = [len(group.dimensions["range"]) for group in dataset.groups.values()]
        assert sizes == [sweep.n_gates for sweep in volume.sweeps]
        for group in dataset.groups.values():
            assert {each.dimensions for each in group.variables.values()} == {
                (),
                ("time",),
                ("range",),
                ("time", "range"),
            }


def test_sweeps_of_rma11_get_shorter(written):
    if REAL[1] not in written:
        pytest.skip(f"{REAL[1]} is not in {DATA}")
    sweeps = written[REAL[1]][0].sweeps
    bins = [653] * 7 + [487, 465, 367, 298, 242, 187, 134, 107]  # the description, section 5
    assert [sweep.n_gates for sweep in sweeps] == bins


def test_variables_say_the_same_in_both_formats(files):
    volume, *paths = files
    with stored(paths[0]) as first, stored(paths[1]) as second:
        for number in range(len(volume.sweeps)):
            group = second[f"sweep_{number}"]
            for name in (*RAYS, "range", *volume.fields, *volume.derived, "undetect"):
                said = first[name].__dict__
                for attribute in ("range_shift_gates", "range_shift_residual_m"):
                    if attribute in said:
                        said[attribute] = said[attribute][number]
                np.testing.assert_equal(group[name].__dict__, said)


def test_the_root_tells_of_the_volume(files):
    volume, *paths = files
    with stored(paths[0]) as first, stored(paths[1]) as second:
        groups = [f"sweep_{number}" for number in range(len(volume.sweeps))]
        assert list(second.groups) == second["sweep_group_name"][:].tolist() == groups
        np.testing.assert_array_equal(second["sweep_fixed_angle"][:], first["fixed_angle"][:])
        for name in ("latitude", "longitude", "altitude", "volume_number"):
            assert second[name][...] == first[name][...]
        for name in ("time_coverage_start", "time_coverage_end"):
            assert second[name][...] == netCDF4.chartostring(first[name][:])
        assert (second["platform_type"][...], second["instrument_type"][...]) == ("fixed", "radar")
        assert second["sweep_0"]["sweep_mode"][...] == "azimuth_surveillance"
        differs = {"version", "references", "history", "n_gates_vary"}
        assert differs == {
            name for name in first.ncattrs() if first.getncattr(name) != second.__dict__.get(name)
        }
        assert second.version == "2.0"


def test_what_is_read_back_from_either_is_what_was_written(files):
    volume, *paths = files
    for path in paths:
        found = read_volume(path)
        for name in Volume.__dataclass_fields__:
            if name != "derived":
                np.testing.assert_equal(getattr(found, name), getattr(volume, name), err_msg=name)
        assert list(found.derived) == list(volume.derived)
        for name, field in volume.derived.items():
            np.testing.assert_equal(found.derived[name].values, field.values)
            np.testing.assert_equal(found.derived[name].attributes, field.attributes)


def test_the_file_of_another_program_is_refused(tmp_path):
    with netCDF4.Dataset(tmp_path / "other.nc", "w") as dataset:
        dataset.createGroup("sweep_0")
    with pytest.raises(InputError, match=r"other\.nc: read CF/Radial: Headrace did not write"):
        read_volume(tmp_path / "other.nc")


WRITE = """
import pickle, sys
from pathlib import Path
from batchio.radar.cfradial2 import write_cfradial2
write_cfradial2(pickle.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2])
"""


def test_equal_volumes_give_equal_bytes_in_another_process_at_another_time(tmp_path):
    volume, here, there = made_volume(), tmp_path / "here.nc", tmp_path / "elsewhere" / "there.nc"
    there.parent.mkdir()
    (tmp_path / "volume.pickle").write_bytes(pickle.dumps(volume))
    write_cfradial2(volume, here)
    time.sleep(1.1)  # HDF5's time stamps are whole seconds
    # Memory that is not initialised would be other bytes in the file.
    surroundings = {"USER": "somebody", "TZ": "Asia/Tokyo", "MALLOC_PERTURB_": "165"}
    run_python(WRITE, tmp_path / "volume.pickle", there, **surroundings)
    assert here.read_bytes() == there.read_bytes()


XRADAR = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
import xarray, xradar

def compare(path_1, path_2, engine):
    first = xradar.io.open_cfradial1_datatree(path_1)
    second = xradar.io.open_cfradial2_datatree(path_2, first_dim="auto", engine=engine)
    plain = xarray.open_datatree(path_2)
    names = [name for name in first.children if name.startswith("sweep_")]
    assert list(second.children) == list(plain.children) == names
    for name in ("latitude", "longitude", "altitude", "volume_number"):
        assert float(second[name]) == float(first[name]), name
    for name in names:
        compare_sweeps(*(tree[name].to_dataset() for tree in (first, second, plain)))

def compare_sweeps(long, own, plain):
    cells = [each for each, values in long.items() if "range" in values.dims]
    assert sorted(cells) == sorted(each for each in plain if plain[each].ndim == 2)
    n_gates = own.sizes["range"]
    for each in cells:
        np.testing.assert_array_equal(own[each].values, long[each].values[:, :n_gates], each)
        np.testing.assert_array_equal(plain[each].values, own[each].values, each)
        if long[each].dtype.kind == "f":
            assert np.isnan(long[each].values[:, n_gates:]).all()
    for each in ("azimuth", "elevation", "time"):
        np.testing.assert_array_equal(own[each].values, long[each].values, each)
    np.testing.assert_array_equal(own["range"].values, long["range"].values[:n_gates])
    for each in ("sweep_fixed_angle", "sweep_number"):
        assert float(own[each]) == float(long[each]), each

compare(*sys.argv[1:3], "h5netcdf")
for path_1, path_2 in zip(sys.argv[1::2], sys.argv[2::2]):
    compare(path_1, path_2, "netcdf4")
"""


def test_xradar_finds_the_same_in_both_formats(written):
    run_python(XRADAR, *(path for _, *paths in written.values() for path in paths))
