from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from radar_fields import encoded, put, put_field, turned
from radar_files import BINS, RAYS, a_field

from batchio.fingerprint import sha256
from batchio.output import OutputRoot
from batchio.radar.formats import read_volume
from transforms.radar.completeness import VolumeRules, form_volume
from transforms.radar.make_volume import MakeVolume
from transforms.radar.quicklook import Quicklook

NAME = "RMA1_0301_02_20181111T000457Z"
NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
TABLE = {"0301": {"02": ("DBZH", "ZDR")}}


@pytest.fixture
def make(tmp_path):
    root = OutputRoot(str(tmp_path / "out"), "run-1")

    def make(files, *, threads=1, compression=1, format="cfradial1", quicklook=None, **rules):
        unit = form_volume(files, VolumeRules(NOW, **rules))
        settings = {"compression": compression, "format": format, "quicklook": quicklook}
        return MakeVolume(root, **settings, decode_threads=threads)(unit)

    return make


@pytest.fixture
def inputs(tmp_path):
    return tmp_path / "in"


def content(made):
    with netCDF4.Dataset(made.outputs[0].path) as dataset:
        names = [name for name in dataset.variables if name.isupper()]
        assert made.details["written_fields"] == names
        return {name: dataset[name][:].filled(np.nan) for name in names}


def told(made):
    return {name: value for name, value in made.details.items() if name != "written_fields"}


def outputs(inputs):
    return [path for path in (inputs.parent / "out").rglob("*") if path.is_file()]


def test_a_volume_is_made(make, inputs):
    files = [put_field(inputs, field, base) for field, base in (("DBZH", 1.0), ("ZDR", 3.0))]
    made = make(files, volume_types=TABLE)
    (output,) = made.outputs
    assert output.path == f"{inputs.parent}/out/{NAME}.nc"
    assert output.sha256 == sha256(Path(output.path).read_bytes())
    values = content(made)
    assert list(values) == ["DBZH", "ZDR"]
    for field, base in (("DBZH", 1.0), ("ZDR", 3.0)):
        expected = np.concatenate([sweep.values for sweep in a_field(field, base).sweeps])
        np.testing.assert_array_equal(values[field], expected)
    assert made.sha256 == {f.path: sha256(Path(f.path).read_bytes()) for f in files}
    assert (made.error, made.remarks) == (None, {})
    assert told(made) == {"damaged_fields": [], "is_complete": True}


def test_what_was_done_is_counted(make, inputs):
    files = [put_field(inputs, "DBZH"), put_field(inputs / "more", "DBZH")]
    metrics = dict(make(files).metrics)
    seconds = [metrics.pop(f"seconds_{step}") for step in ("decode", "build", "write")]
    assert all(0 <= each < 10 for each in seconds)
    assert metrics.pop("bytes_out") == outputs(inputs)[0].stat().st_size
    assert metrics == {
        "fields": 1,
        "sweeps": 2,
        "rays": 2 * RAYS,
        "gates": BINS,
        "bytes_in": sum(file.size for file in files),
        "duplicates": 1,
    }


def test_equal_volumes_have_equal_bytes_in_any_order_and_with_any_threads(make, inputs):
    files = [put_field(inputs, field) for field in ("DBZH", "ZDR", "VRAD", "PHIDP")]
    digests = {
        make(order, threads=threads).outputs[0].sha256
        for order in (files, files[::-1])
        for threads in (1, 3)
    }
    assert len(digests) == 1


def test_compression_is_a_choice(make, inputs):
    files = [put_field(inputs, "DBZH")]
    found = []
    for level in (0, 9):
        made = make(files, compression=level)
        with netCDF4.Dataset(made.outputs[0].path) as dataset:
            filters = dataset["DBZH"].filters()
            found.append((filters["zlib"], filters["complevel"]))
    assert found == [(False, 0), (True, 9)]


def test_the_format_is_a_choice(make, inputs):
    files = [put_field(inputs, "DBZH"), put_field(inputs, "VRAD", 2.0)]
    first, second = (
        read_volume(make(files, format=name).outputs[0].path) for name in ("cfradial1", "cfradial2")
    )
    assert list(first.fields) == list(second.fields) == ["DBZH", "VRAD"]
    np.testing.assert_equal(second.fields, first.fields)
    with netCDF4.Dataset(outputs(inputs)[0]) as dataset:
        assert list(dataset.groups) == ["sweep_0", "sweep_1"]


def test_pictures_are_outputs_after_the_file_and_what_cannot_be_drawn_is_told(make, inputs):
    files = [put_field(inputs, field) for field in ("DBZH", "VRAD")]
    made = make(files, quicklook=Quicklook(("KDP", "VRAD", "usual"), 1, geotiff=True))
    names = [f"{NAME}{end}" for end in (".nc", "_VRAD.png", "_VRAD.tif", "_DBZH.png", "_DBZH.tif")]
    assert [Path(output.path).name for output in made.outputs] == names
    assert {path.name for path in outputs(inputs)} == set(names)
    assert made.metrics["pictures"] == 4
    assert made.metrics["bytes_out"] == sum(path.stat().st_size for path in outputs(inputs))
    assert made.metrics["seconds_draw"] > 0
    assert made.details["not_drawn"] == ["KDP"]
    assert made.error is None


def test_a_picture_of_a_sweep_that_a_volume_has_not_is_not_drawn(make, inputs):
    made = make([put_field(inputs, "DBZH")], quicklook=Quicklook(("usual",), 2))
    assert [Path(output.path).name for output in made.outputs] == [f"{NAME}.nc"]
    assert made.details["not_drawn"] == ["DBZH"]
    assert made.metrics["pictures"] == 0


def test_a_damaged_field_is_left_out_and_told_where_no_table_forbids_it(make, inputs):
    good, damaged = put_field(inputs, "DBZH"), put(inputs, "ZDR", b"")
    made = make([good, damaged])
    assert list(content(made)) == ["DBZH"]
    error = made.error
    assert (error.path, error.step, error.cause) == (
        damaged.path,
        "decode radar BUFR",
        "the file is empty",
    )
    assert made.remarks == {damaged.path: "damaged: the file is empty"}
    assert told(made) == {"damaged_fields": ["ZDR"], "is_complete": None}
    assert len(made.sha256) == 2


def test_the_first_of_several_damaged_fields_tells_of_all(make, inputs):
    files = [put_field(inputs, "DBZH"), put(inputs, "ZDR", b""), put(inputs, "KDP", b"")]
    made = make(files)
    assert made.error.path == files[2].path
    assert made.error.cause == "the file is empty (2 fields lost: KDP, ZDR)"
    assert made.error.action


def test_a_damaged_field_that_a_complete_volume_needs_fails_it_and_nothing_is_written(make, inputs):
    files = [put_field(inputs, "DBZH"), put(inputs, "ZDR", b"")]
    made = make(files, volume_types=TABLE)
    assert (made.error.path, made.error.step) == (files[1].path, "decode radar BUFR")
    assert made.details == {"damaged_fields": ["ZDR"], "is_complete": False}
    assert made.remarks == {files[1].path: "damaged: the file is empty"}
    assert (made.outputs, outputs(inputs)) == ((), [])


@pytest.mark.parametrize("rules", [{"allow_incomplete": True}, {"timeout_hours": 1.0}])
def test_a_damaged_field_is_left_out_where_incomplete_volumes_are_allowed(make, inputs, rules):
    files = [put(inputs, "DBZH", b""), put_field(inputs, "VRAD")]
    made = make(files, volume_types=TABLE, **rules)
    assert list(content(made)) == ["VRAD"]
    assert told(made) == {"damaged_fields": ["DBZH"], "is_complete": False}


def test_a_damaged_field_that_nobody_expects_costs_only_itself(make, inputs):
    files = [put_field(inputs, field) for field in ("DBZH", "ZDR")]
    made = make([*files, put(inputs, "KDP", b"")], volume_types=TABLE)
    assert list(content(made)) == ["DBZH", "ZDR"]
    assert made.error.cause == "the file is empty"
    assert told(made) == {"damaged_fields": ["KDP"], "is_complete": True}


def test_a_complete_volume_that_lost_an_expected_field_is_not_complete(make, inputs):
    files = [put_field(inputs, "DBZH"), put(inputs, "ZDR", b"")]
    made = make(files, volume_types=TABLE, allow_incomplete=True)
    assert told(made) == {"damaged_fields": ["ZDR"], "is_complete": False}


def test_a_volume_of_damaged_files_fails(make, inputs):
    files = [put(inputs, "DBZH", b""), put(inputs, "ZDR", b"")]
    made = make(files)
    assert made.error.cause == "the file is empty (2 fields lost: DBZH, ZDR)"
    assert made.error.path == files[0].path
    assert set(made.remarks) == {file.path for file in files}
    assert (made.outputs, outputs(inputs)) == ((), [])


def test_a_field_of_another_scan_is_left_out_with_its_file_named(make, inputs):
    files = [
        put_field(inputs, "DBZH"),
        put_field(inputs, "VRAD"),
        put(inputs, "ZDR", encoded(turned(a_field("ZDR")))),
    ]
    made = make(files)
    assert list(content(made)) == ["DBZH", "VRAD"]
    error = made.error
    assert (error.path, error.step) == (files[2].path, "build")
    assert error.cause.startswith("ZDR does not fit: ")
    assert made.remarks == {files[2].path: f"misfit: {error.cause}"}
    assert made.details["damaged_fields"] == ["ZDR"]


def test_the_file_records_what_is_missing_and_what_it_was_made_of(make, inputs):
    files = [put_field(inputs, "DBZH"), put(inputs, "KDP", b"")]
    made = make(files, volume_types=TABLE, allow_incomplete=True)
    with netCDF4.Dataset(made.outputs[0].path) as dataset:
        text = " ".join(str(dataset.getncattr(name)) for name in dataset.ncattrs())
    assert "KDP" in text
    assert "ZDR" in text
    assert Path(files[0].path).name in text
    assert Path(files[1].path).name not in text


def test_an_output_that_cannot_be_written_is_named_with_the_step(make, inputs):
    target = inputs.parent / "out" / f"{NAME}.nc"
    target.mkdir(parents=True)
    with pytest.raises(IsADirectoryError) as caught:
        make([put_field(inputs, "DBZH")])
    assert (caught.value.step, caught.value.path) == ("write", str(target))
    assert outputs(inputs) == []


def test_two_volumes_under_one_name_are_no_volume(make, inputs):
    other = replace(a_field("ZDR"), latitude_deg=-30.0)
    made = make([put_field(inputs, "DBZH"), put(inputs, "ZDR", encoded(other))])
    assert list(content(made)) == ["DBZH"]
    assert "does not fit" in made.error.cause
