import hashlib
import json
import os
import pickle
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from scripts import run_python

from batchio.errors import InputError
from batchio.radar.cfradial import read_cfradial, write_cfradial
from batchio.radar.sinarame import decode_field, parse_name
from batchio.radar.volume import DerivedField, RangeShift, SourceFile, Sweep, Volume
from batchio.version import __version__
from transforms.radar.volume import build_volume

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("HEADRACE_DATA", ROOT.parent / "shared" / "data")) / "radar"
START = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)
DIGEST = hashlib.sha256(b"").hexdigest()
FILL = np.float32(-9999)


def make_values(value):
    values = np.full((6, 5), value, np.float32)
    values[1, 2:] = np.nan
    return values


UNDETECT = np.zeros((6, 5), np.int16)
UNDETECT[1, 2:] = [1, 1 | 256, 128]  # DBZH; DBZH and KDP; PHIDP

VOLUME = Volume(
    volume_id="RMA1_0301_02_20181111T000457Z",
    radar="RMA1",
    strategy="0301",
    volume_number="02",
    latitude_deg=-31.44133,
    longitude_deg=-64.19192,
    altitude_m=484.0,
    sweeps=(
        Sweep(START, START + timedelta(seconds=4), 0.51, 0, 3, 5),
        Sweep(START + timedelta(seconds=9), START + timedelta(seconds=13), 1.3, 4, 5, 3),
    ),
    time_s=np.array([2.5, 3.5, 0.5, 1.5, 10.0, 12.0]),
    azimuth_deg=np.array([45, 135, 225, 315, 90, 270], np.float32),
    elevation_deg=np.array([0.51] * 4 + [1.3] * 2, np.float32),
    not_radiated=np.array([False, True, False, False, False, False]),
    bin_size_m=120,
    bin_offset_m=2100,
    n_gates=5,
    reference="DBZH",
    fields={name: make_values(i) for i, name in enumerate(["DBZH", "PHIDP", "KDP", "VRAD", "CM"])},
    shifts={"KDP": RangeShift((1, 1), (30.0, 0.0))},
    undetect=UNDETECT,
    inputs=(SourceFile("a.BUFR", DIGEST), SourceFile("b.BUFR", DIGEST)),
    missing_fields=("ZDR",),
    notes=("one", "two"),
)


def open_netcdf(path):
    dataset = netCDF4.Dataset(path)
    dataset.set_auto_mask(False)
    return dataset


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("cfradial") / "volume.nc"
    write_cfradial(VOLUME, path)
    with open_netcdf(path) as dataset:
        yield dataset


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Conventions", "CF/Radial CF-1.7"),
        ("version", "1.4"),
        ("title", "Weather radar RMA1, strategy 0301, volume 02, 2018-11-11T00:04:57Z"),
        ("institution", "SINARAME, the Argentine national weather-radar network"),
        ("references", "CF/Radial 1.4: https://github.com/NCAR/CfRadial"),
        ("source", "weather radar RMA1, SINARAME BUFR, one file a field"),
        ("instrument_name", "RMA1"),
        ("site_name", "RMA1"),
        ("scan_name", "0301"),
        ("scan_id", 301),
        ("platform_is_mobile", "false"),
        ("n_gates_vary", "false"),
        ("ray_times_increase", "false"),
        ("field_names", "DBZH, PHIDP, KDP, VRAD, CM"),
        ("input_files", "a.BUFR, b.BUFR"),
        ("input_sha256", f"{DIGEST}, {DIGEST}"),
        ("missing_fields", "ZDR"),
        ("notes", "one\ntwo"),
        ("range_reference_field", "DBZH"),
    ],
)
def test_global_attributes(written, name, expected):
    assert written.getncattr(name) == expected


def test_history_names_the_version(written):
    assert written.history.startswith(f"Headrace {__version__}: ")


def test_comment_states_the_conventions_chosen(written):
    assert "azimuth holds its centre" in written.comment
    assert "range holds the centre of each bin: offset + (j + 0.5) x size" in written.comment


def test_no_attribute_is_empty(written):
    variables = written.variables.values()
    for about in (written, *variables):
        assert all(np.size(about.getncattr(name)) for name in about.ncattrs())
        assert "" not in [str(about.getncattr(name)) for name in about.ncattrs()]


def test_dimensions(written):
    sizes = {name: len(dimension) for name, dimension in written.dimensions.items()}
    assert sizes == {"time": 6, "range": 5, "sweep": 2, "string_length": 32}
    assert written.data_model == "NETCDF4_CLASSIC"


@pytest.mark.parametrize(
    ("name", "dimensions", "dtype", "values"),
    [
        ("volume_number", (), "i4", 2),
        ("latitude", (), "f8", -31.44133),
        ("longitude", (), "f8", -64.19192),
        ("altitude", (), "f8", 484),
        ("time", ("time",), "f8", [2.5, 3.5, 0.5, 1.5, 10, 12]),
        ("range", ("range",), "f4", [2160, 2280, 2400, 2520, 2640]),
        ("azimuth", ("time",), "f4", [45, 135, 225, 315, 90, 270]),
        ("elevation", ("time",), "f4", np.float32([0.51, 0.51, 0.51, 0.51, 1.3, 1.3])),
        ("antenna_transition", ("time",), "i1", [0, 0, 0, 0, 0, 0]),
        ("ray_not_radiated", ("time",), "i1", [0, 1, 0, 0, 0, 0]),
        ("sweep_number", ("sweep",), "i4", [0, 1]),
        ("fixed_angle", ("sweep",), "f4", np.float32([0.51, 1.3])),
        ("sweep_start_ray_index", ("sweep",), "i4", [0, 4]),
        ("sweep_end_ray_index", ("sweep",), "i4", [3, 5]),
        ("sweep_n_gates", ("sweep",), "i4", [5, 3]),
        ("sweep_start_time", ("sweep",), "f8", [0, 9]),
        ("sweep_end_time", ("sweep",), "f8", [4, 13]),
        ("ray_angle_res", ("sweep",), "f4", [90, 180]),
    ],
)
def test_numbers(written, name, dimensions, dtype, values):
    variable = written[name]
    assert variable.dimensions == dimensions
    assert variable.dtype == np.dtype(dtype)
    assert variable[...].tolist() == np.asarray(values).tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("time_coverage_start", "2018-11-11T00:04:57Z"),
        ("time_coverage_end", "2018-11-11T00:05:10Z"),
        ("sweep_mode", ["azimuth_surveillance"] * 2),
        ("rays_are_indexed", ["true"] * 2),
    ],
)
def test_texts(written, name, expected):
    assert written[name].dimensions[-1] == "string_length"
    assert netCDF4.chartostring(written[name][:]).tolist() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "time",
            {
                "standard_name": "time",
                "units": "seconds since 2018-11-11T00:04:57Z",
                "calendar": "standard",
            },
        ),
        (
            "range",
            {
                "standard_name": "projection_range_coordinate",
                "units": "meters",
                "spacing_is_constant": "true",
                "meters_to_center_of_first_gate": 2160.0,
                "meters_between_gates": 120.0,
                "meters_to_start_of_first_gate": 2100.0,
                "axis": "radial_range_coordinate",
            },
        ),
        ("latitude", {"units": "degrees_north"}),
        ("longitude", {"units": "degrees_east"}),
        ("altitude", {"units": "meters", "positive": "up"}),
        (
            "azimuth",
            {
                "standard_name": "ray_azimuth_angle",
                "units": "degrees",
                "axis": "radial_azimuth_coordinate",
            },
        ),
        (
            "elevation",
            {
                "standard_name": "ray_elevation_angle",
                "units": "degrees",
                "axis": "radial_elevation_coordinate",
            },
        ),
        ("fixed_angle", {"units": "degrees"}),
    ],
)
def test_attributes_of_geometry(written, name, expected):
    found = {attribute: written[name].getncattr(attribute) for attribute in expected}
    assert found == expected
    assert written[name].long_name


@pytest.mark.parametrize(
    ("name", "standard_name", "units"),
    [
        ("DBZH", "equivalent_reflectivity_factor", "dBZ"),
        ("ZDR", "log_differential_reflectivity_hv", "dB"),
        ("KDP", "specific_differential_phase_hv", "degrees/km"),
        ("PHIDP", "differential_phase_hv", "degrees"),
        ("RHOHV", "cross_correlation_ratio_hv", "1"),
        ("VRAD", "radial_velocity_of_scatterers_away_from_instrument", "m/s"),
        ("WRAD", "doppler_spectrum_width", "m/s"),
        ("DBZV", None, "dBZ"),
        ("CM", None, "1"),
    ],
)
def test_attributes_of_fields(tmp_path, name, standard_name, units):
    write_cfradial(replace(VOLUME, fields={name: make_values(1)}, shifts={}), tmp_path / "a.nc")
    with open_netcdf(tmp_path / "a.nc") as dataset:
        about = dict(dataset[name].__dict__)
    assert about.pop("long_name")
    assert about.pop("_FillValue") == FILL
    folds = {"field_folds": "true", "fold_limit_lower": 0.0, "fold_limit_upper": 360.0}
    expected = {"units": units, "coordinates": "elevation azimuth range"}
    expected |= {"standard_name": standard_name} if standard_name else {}
    assert about == expected | (folds if name == "PHIDP" else {})


def test_a_moved_field_says_how_far_and_what_is_left(written):
    assert written["KDP"].range_shift_gates.tolist() == [1, 1]
    assert written["KDP"].range_shift_residual_m.tolist() == [30.0, 0.0]
    assert "range_shift_gates" not in written["DBZH"].ncattrs()


def test_fields_hold_the_fill_value_where_there_is_no_value(written):
    values = written["PHIDP"][:]
    assert values.dtype == np.float32
    assert np.all(values[1, 2:] == FILL)
    assert np.count_nonzero(values == FILL) == 3
    assert np.count_nonzero(values == 1) == 27


def test_infinite_values_do_not_reach_the_file(tmp_path):
    values = make_values(1)
    values[0, :2] = [np.inf, -np.inf]
    write_cfradial(replace(VOLUME, fields={"DBZH": values}, shifts={}), tmp_path / "a.nc")
    with open_netcdf(tmp_path / "a.nc") as dataset:
        assert dataset["DBZH"][0].tolist() == [FILL, FILL, 1, 1, 1]
    assert np.isinf(values[0, :2]).all()


def test_the_bits_of_undetect_are_those_of_the_fields_named(written):
    masks, meanings = written["undetect"].flag_masks, written["undetect"].flag_meanings.split()
    assert meanings == list(VOLUME.fields)
    bits = {
        name: np.argwhere(written["undetect"][:] & mask).tolist()
        for name, mask in zip(meanings, masks, strict=True)
    }
    assert bits == {
        "DBZH": [[1, 2], [1, 3]],
        "PHIDP": [[1, 4]],
        "KDP": [[1, 3]],
        "VRAD": [],
        "CM": [],
    }
    assert written["undetect"].dtype == masks.dtype == np.int16
    assert "nodata" in written["undetect"].comment


def test_a_volume_that_does_not_know_undetect_has_no_such_variable(tmp_path):
    write_cfradial(replace(VOLUME, undetect=None), tmp_path / "a.nc")
    assert read_cfradial(tmp_path / "a.nc").undetect is None


def test_a_chunk_is_a_sweep(written):
    assert written["DBZH"].chunking() == [4, 5]


@pytest.mark.parametrize("compression", [0, 1, 9])
def test_compression_is_the_deflate_level(tmp_path, compression):
    write_cfradial(VOLUME, tmp_path / "a.nc", compression=compression)
    with open_netcdf(tmp_path / "a.nc") as dataset:
        filters = dataset["DBZH"].filters()
    assert (filters["zlib"], filters["complevel"]) == (compression > 0, compression)


def test_what_is_read_back_is_what_was_written(tmp_path):
    write_cfradial(VOLUME, tmp_path / "a.nc")
    found = read_cfradial(tmp_path / "a.nc")
    for name in Volume.__dataclass_fields__:
        if name != "fields":
            np.testing.assert_equal(getattr(found, name), getattr(VOLUME, name), err_msg=name)
    assert list(found.fields) == list(VOLUME.fields)
    for name, values in VOLUME.fields.items():
        np.testing.assert_array_equal(found.fields[name], values)


def test_derived_fields_are_written_beside_the_others_and_read_back(tmp_path):
    flags = np.arange(30, dtype=np.int8).reshape(6, 5)
    derived = {
        "KDP_FIT": DerivedField(make_values(2.5), {"units": "degrees/km", "window_m": 3000.0}),
        "QC": DerivedField(flags, {"flag_values": np.array([0, 1], np.int8)}),
    }
    write_cfradial(replace(VOLUME, derived=derived), tmp_path / "a.nc")
    found = read_cfradial(tmp_path / "a.nc")
    assert list(found.fields) == list(VOLUME.fields)
    assert list(found.derived) == list(derived)
    for name, field in derived.items():
        np.testing.assert_equal(found.derived[name].values, field.values)
        assert found.derived[name].values.dtype == field.values.dtype
        np.testing.assert_equal(found.derived[name].attributes, field.attributes)
    with open_netcdf(tmp_path / "a.nc") as dataset:
        assert dataset.field_names.endswith("CM, KDP_FIT, QC")
        assert "_FillValue" not in dataset["QC"].ncattrs()


def test_a_volume_without_provenance_is_read_back(tmp_path):
    bare = replace(VOLUME, shifts={}, inputs=(), missing_fields=(), notes=())
    write_cfradial(bare, tmp_path / "a.nc")
    found = read_cfradial(tmp_path / "a.nc")
    assert (found.shifts, found.inputs, found.missing_fields, found.notes) == ({}, (), (), ())


def test_the_file_of_another_program_is_refused(tmp_path):
    netCDF4.Dataset(tmp_path / "other.nc", "w").close()
    with pytest.raises(InputError, match=r"other\.nc: read CF/Radial: Headrace did not write"):
        read_cfradial(tmp_path / "other.nc")


WRITE = """
import pickle, sys
from pathlib import Path
from batchio.radar.cfradial import write_cfradial
write_cfradial(pickle.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2])
"""


def test_equal_volumes_give_equal_bytes_in_another_process_at_another_time(tmp_path):
    here, there = tmp_path / "here.nc", tmp_path / "elsewhere" / "there.nc"
    there.parent.mkdir()
    (tmp_path / "volume.pickle").write_bytes(pickle.dumps(VOLUME))
    write_cfradial(VOLUME, here)
    time.sleep(1.1)  # HDF5's time stamps are whole seconds
    surroundings = {"USER": "somebody", "HOSTNAME": "somewhere", "TZ": "Asia/Tokyo"}
    run_python(WRITE, tmp_path / "volume.pickle", there, **surroundings)
    assert here.read_bytes() == there.read_bytes()
    assert str(tmp_path).encode() not in here.read_bytes()


WRITE_AT_ONCE = """
import pickle, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from batchio.radar.cfradial import write_cfradial
volume = pickle.loads(Path(sys.argv[1]).read_bytes())
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda i: write_cfradial(volume, f"{sys.argv[2]}/{i}.nc"), range(40)))
"""


def test_threads_may_write_at_once(tmp_path):
    (tmp_path / "volume.pickle").write_bytes(pickle.dumps(VOLUME))
    run_python(WRITE_AT_ONCE, tmp_path / "volume.pickle", tmp_path)
    assert len({path.read_bytes() for path in tmp_path.glob("*.nc")}) == 1
    assert len(list(tmp_path.glob("*.nc"))) == 40


REAL = {
    # volume: gates by which its KDP moves, sweep for sweep
    "RMA1_0301_02_20181111T000457Z": [0, 0, 0],
    "RMA11_0315_01_20251020T152828Z": [8] * 13 + [0, 0],
    "RMA11_0315_02_20251020T152429Z": [0] * 5,
}


@pytest.fixture(scope="module")
def expected():
    if not (DATA / "EXPECTED.json").exists():
        pytest.skip(f"real files are not in {DATA}")
    return json.loads((DATA / "EXPECTED.json").read_text())


@pytest.fixture(scope="module")
def real(tmp_path_factory, expected):
    """The real volumes, written, as volume -> (path, files, decoded fields)."""
    folder = tmp_path_factory.mktemp("real")
    return {volume_id: write_real(volume_id, folder, expected) for volume_id in REAL}


def write_real(volume_id, folder, expected):
    key, time_ = volume_id.rsplit("_", 1)
    files = [name for name in expected if name.startswith(f"{key}_") and time_ in name]
    fields = [decode_field((DATA / name).read_bytes(), parse_name(name), name) for name in files]
    inputs = [SourceFile(name, expected[name]["sha256"]) for name in files]
    path = folder / f"{volume_id}.nc"
    write_cfradial(build_volume(parse_name(files[0]), fields, inputs=inputs), path)
    return path, files, fields


@pytest.mark.parametrize("volume_id", REAL)
def test_every_cell_of_a_real_volume_is_where_it_belongs(real, volume_id):
    path, _, fields = real[volume_id]
    with open_netcdf(path) as dataset:
        for field in fields:
            values = dataset[field.field][:]
            shifts = REAL[volume_id] if field.field == "KDP" else [0] * len(field.sweeps)
            whole = np.full_like(values, FILL)
            for i, (sweep, shift) in enumerate(zip(field.sweeps, shifts, strict=True)):
                inner = sweep.values
                rays = slice(360 * i, 360 * (i + 1))
                whole[rays, shift : shift + inner.shape[1]] = np.nan_to_num(inner, nan=FILL)
            np.testing.assert_array_equal(values, whole, err_msg=field.field)


@pytest.mark.parametrize("volume_id", REAL)
def test_a_real_volume_agrees_with_the_independent_decoder(real, expected, volume_id):
    path, files, _ = real[volume_id]
    with open_netcdf(path) as dataset:
        for name in files:
            field = parse_name(name).field
            values = dataset[field][:].reshape(len(REAL[volume_id]), 360, -1)
            for i, sweep in enumerate(expected[name]["sweeps"]):
                shift = REAL[volume_id][i] if field == "KDP" else 0
                valid = values[i][values[i] != FILL]
                assert valid.size == sweep["valid"]
                if valid.size:
                    assert (valid.min(), valid.max()) == (sweep["min"], sweep["max"])
                    assert valid.mean(dtype=np.float64) == pytest.approx(sweep["mean"], abs=1e-9)
                for ray, gate, value in sweep["samples_ray_gate_value"]:
                    assert values[i, ray, gate + shift] == value


@pytest.mark.parametrize("volume_id", REAL)
def test_a_real_volume_states_its_inputs_and_its_site(real, expected, volume_id):
    path, files, _ = real[volume_id]
    about = expected[files[0]]
    with open_netcdf(path) as dataset:
        assert dataset.input_files.split(", ") == sorted(files)
        sha256 = [expected[name]["sha256"] for name in sorted(files)]
        assert dataset.input_sha256.split(", ") == sha256
        site = [float(dataset[name][...]) for name in ("latitude", "longitude", "altitude")]
    assert site == [about["latitude"], about["longitude"], about["altitude_m"]]


OPEN = """
import json, os, sys, warnings
os.environ["PYART_QUIET"] = "1"
warnings.simplefilter("ignore")
import pyart, xradar

def by_pyart(path):
    radar = pyart.io.read_cfradial(path)
    return {
        "fields": sorted(radar.fields),
        "angles": radar.fixed_angle["data"].tolist(),
        "rays": [int(n) for n in radar.rays_per_sweep["data"]],
        "units": radar.time["units"],
        "times": [radar.time["data"][radar.get_slice(i)].tolist() for i in range(radar.nsweeps)],
        "type": radar.scan_type,
        "gates": radar.ngates,
    }

def by_xradar(path, engine):
    tree = xradar.io.open_cfradial1_datatree(path, engine=engine)
    sweeps = [tree[f"sweep_{i}"] for i in range(tree.sizes["sweep"])]
    return {
        "children": sum(name.startswith("sweep_") for name in tree.children),
        "angles": [float(sweep["sweep_fixed_angle"]) for sweep in sweeps],
        "rays": [sweep.sizes["azimuth"] for sweep in sweeps],
        "first": [str(sweep["time"].values.min())[:19] + "Z" for sweep in sweeps],
        "last": [str(sweep["time"].values.max())[:19] + "Z" for sweep in sweeps],
    }

json.dump({p: [by_pyart(p), by_xradar(p, "netcdf4"), by_xradar(p, "h5netcdf")]
           for p in sys.argv[1:]}, sys.stdout)
"""


@pytest.fixture(scope="module")
def opened(real):
    """What Py-ART and xradar find in the real volumes, from one process of their own."""
    found = json.loads(run_python(OPEN, *(path for path, _, _ in real.values())))
    return {volume_id: found[str(path)] for volume_id, (path, _, _) in real.items()}


def seconds_of(sweep):
    start, end = (datetime.fromisoformat(sweep[key][:-1]) for key in ("start", "end"))
    return start, max(start, end)


@pytest.mark.parametrize("volume_id", REAL)
def test_pyart_opens_a_real_volume(real, opened, expected, volume_id):
    found, files = opened[volume_id][0], real[volume_id][1]
    sweeps = expected[files[0]]["sweeps"]
    assert found["fields"] == [*sorted(parse_name(name).field for name in files), "undetect"]
    assert found["angles"] == pytest.approx([sweep["elevation"] for sweep in sweeps])
    assert found["rays"] == [360] * len(sweeps)
    assert found["gates"] == max(sweep["bins"] for sweep in sweeps)
    assert found["units"] == f"seconds since {sweeps[0]['start']}"
    assert found["type"] == "ppi"
    zero = seconds_of(sweeps[0])[0]
    for times, sweep in zip(found["times"], sweeps, strict=True):
        start_s, end_s = ((time_ - zero).total_seconds() for time_ in seconds_of(sweep))
        half_ray_s = (end_s - start_s) / 720
        assert min(times) == pytest.approx(start_s + half_ray_s)
        assert max(times) == pytest.approx(end_s - half_ray_s)
        if end_s > start_s:
            assert times.index(min(times)) == sweep["first_ray"]


@pytest.mark.parametrize("engine", [1, 2], ids=["netcdf4", "h5netcdf"])
@pytest.mark.parametrize("volume_id", REAL)
def test_xradar_opens_a_real_volume(real, opened, expected, volume_id, engine):
    found = opened[volume_id][engine]
    sweeps = expected[real[volume_id][1][0]]["sweeps"]
    assert found["children"] == len(sweeps)
    assert found["angles"] == pytest.approx([sweep["elevation"] for sweep in sweeps])
    assert found["rays"] == [360] * len(sweeps)
    assert found["first"] == [sweep["start"] for sweep in sweeps]
    for last, sweep in zip(found["last"], sweeps, strict=True):
        end = seconds_of(sweep)[1]
        late = timedelta(seconds=0 if sweep["end"] < sweep["start"] else 1)
        assert last == f"{(end - late).isoformat()}Z"
