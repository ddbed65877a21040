from dataclasses import replace

import netCDF4
import pytest
from radar_files import a_field

from batchio.errors import InputError
from batchio.radar.cfradial import write_cfradial
from batchio.radar.cfradial_check import Provenance, read_provenance
from batchio.radar.sinarame import parse_name
from batchio.radar.volume import SourceFile
from transforms.radar.volume import build_volume

NAME = parse_name("RMA1_0301_02_DBZH_20181111T000457Z.BUFR")
INPUTS = (SourceFile("a.BUFR", "aa" * 32), SourceFile("b.BUFR", "bb" * 32))


@pytest.fixture
def volume():
    return build_volume(NAME, [a_field("DBZH", ramp=True)], inputs=INPUTS)


def test_a_file_tells_its_volume_and_its_inputs(volume, tmp_path):
    write_cfradial(volume, tmp_path / "v.nc")
    assert read_provenance(tmp_path / "v.nc") == Provenance(volume.volume_id, frozenset(INPUTS))


@pytest.mark.parametrize("grouped", [False, True])
def test_a_damaged_chunk_is_found_in_whatever_group_it_is(tmp_path, grouped):
    path = tmp_path / "v.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        about = {"volume_id": "v", "input_files": "a.BUFR", "input_sha256": "aa" * 32}
        dataset.setncatts(about)
        place = dataset.createGroup("sweep_0") if grouped else dataset
        place.createDimension("time", 5000)
        place.createVariable("DBZH", "f4", ("time",), zlib=True)[:] = range(5000)
    whole = path.read_bytes()
    assert read_provenance(path).inputs == {SourceFile("a.BUFR", "aa" * 32)}
    at = whole.index(b"\x78\x5e")  # where zlib begins, at the level that netCDF4 has by default
    path.write_bytes(whole[: at + 200] + bytes(200) + whole[at + 400 :])
    with pytest.raises(InputError, match="cannot be read"):
        read_provenance(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        read_provenance(path)


def test_a_volume_that_does_not_say_its_inputs_is_refused(volume, tmp_path):
    write_cfradial(replace(volume, inputs=()), tmp_path / "v.nc")
    with pytest.raises(InputError, match="does not say what it was made of"):
        read_provenance(tmp_path / "v.nc")
