from __future__ import annotations

import gzip
import importlib.util
import json
import os
import zlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scripts import run_python
from sinarame_samples import (
    DBL_MAX,
    NAME,
    PATH,
    RADAR_DIRECTORY,
    VALUES,
    message,
    stream_of,
)

from batchio.radar.sinarame import (
    FIELDS,
    FieldSweep,
    FieldVolume,
    RadarName,
    SweepHeader,
    decode_field,
    parse_name,
)
from batchio.radar.sinarame_bits import SinarameError
from batchio.radar.sinarame_encode import encode_field

ROOT = Path(__file__).parents[3]
EXPECTED_FILE = RADAR_DIRECTORY / "EXPECTED.json"
EXPECTED = json.loads(EXPECTED_FILE.read_text()) if EXPECTED_FILE.is_file() else {}
no_files = pytest.mark.skipif(
    not EXPECTED, reason=f"no real radar files: {RADAR_DIRECTORY} is missing (see HEADRACE_DATA)"
)
each_file = pytest.mark.parametrize("file", sorted(EXPECTED) or [pytest.param("", marks=no_files)])
VRAD_WITH_NAN = "RMA11_0315_02_VRAD_20251020T152429Z.BUFR"
WITH_EMPTY_SWEEPS = "RMA11_0315_01_DBZH_20251020T152828Z.BUFR"


def real_bytes(file: str) -> bytes:
    return (RADAR_DIRECTORY / file).read_bytes()


@cache
def real_volume(file: str) -> FieldVolume:
    return decode_field(real_bytes(file), parse_name(file), file)


def assert_same(volume: FieldVolume, other: FieldVolume) -> None:
    for part in ("field", "radar", "time", "latitude_deg", "longitude_deg", "altitude_m"):
        assert getattr(volume, part) == getattr(other, part)
    for sweep, other_sweep in zip(volume.sweeps, other.sweeps, strict=True):
        assert sweep.header == other_sweep.header
        np.testing.assert_array_equal(sweep.values, other_sweep.values)
        np.testing.assert_array_equal(sweep.undetect, other_sweep.undetect)
        np.testing.assert_array_equal(sweep.nodata_rays, other_sweep.nodata_rays)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (
            "RMA1_0315_01_DBZH_20251118T123000Z.BUFR",
            RadarName("RMA1", "0315", "01", "DBZH", "20251118T123000Z"),
        ),
        (
            "ftp://host/L2/RMA11/2025/10/20/15/2828/RMA11_0315_02_VRAD_20251020T152429Z.BUFR.gz",
            RadarName("RMA11", "0315", "02", "VRAD", "20251020T152429Z"),
        ),
        (
            r"C:\radar\AR5_1000_1_CM_20240101T000746Z.BUFR",
            RadarName("AR5", "1000", "1", "CM", "20240101T000746Z"),
        ),
        (
            "/a_b/RMA123_12345_007_SNR_20240229T235959Z.BUFR",
            RadarName("RMA123", "12345", "007", "SNR", "20240229T235959Z"),
        ),
    ],
)
def test_a_name_is_parsed(path, name):
    assert parse_name(path) == name


def test_a_volume_is_its_name_without_the_field():
    name = parse_name("AR5_1000_1_CM_20240101T000746Z.BUFR")
    assert name.volume_id == "AR5_1000_1_20240101T000746Z"
    assert name.time == datetime(2024, 1, 1, 0, 7, 46, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "README.md",
        "RMA1_0315_01_DBZH_20251118T123000Z.nc",
        "RMA1_0315_01_dbzh_20251118T123000Z.BUFR",
        "RMA1_0315_01_DBZH_20251118T123000Z.bufr",
        "RMA1_0315_01_20251118T123000Z.BUFR",
        "RMA_0315_01_DBZH_20251118T123000Z.BUFR",
        "1_0315_01_DBZH_20251118T123000Z.BUFR",
        "RMA1_0315_x1_DBZH_20251118T123000Z.BUFR",
        "RMA1_0315_01_DBZH_20251118T123000.BUFR",
        "RMA1_0315_01_DBZH_20251118T123000Z.BUFR\n",
        "RMA1_0315_01_DBZH_20251118T123000Z.BUFR/",
        "RMA1_0315_01_DBZH_2025111\u0668T123000Z.BUFR",
    ],
)
def test_another_name_is_refused_with_an_action(path):
    with pytest.raises(SinarameError, match="the name is not RADAR_STRATEGY") as error:
        parse_name(path)
    assert error.value.path == path
    assert "rename" in error.value.action


@pytest.mark.parametrize("time", ["20250229T000000Z", "20251301T000000Z", "20251118T240000Z"])
def test_a_name_with_no_real_time_is_refused(time):
    with pytest.raises(SinarameError, match=f"{time} is no time"):
        parse_name(f"RMA1_0315_01_DBZH_{time}.BUFR")


def test_the_code_table_is_the_networks():
    assert {field: (info.codes, info.unit) for field, info in FIELDS.items()} == {
        "DBZH": ((0,), "dBZ"),
        "DBZV": ((233,), "dBZ"),
        "TH": ((230,), "dBZ"),
        "TV": ((231,), "dBZ"),
        "ZDR": ((80, 238), "dB"),
        "TDR": ((242,), "dB"),
        "RHOHV": ((241, 110), "1"),
        "PHIDP": ((239, 100), "degrees"),
        "KDP": ((240,), "degrees/km"),
        "VRAD": ((40, 234), "m/s"),
        "WRAD": ((60, 236), "m/s"),
        "CM": ((243,), "1"),
    }
    assert FIELDS["PHIDP"].fold_limits == (0.0, 360.0)
    assert [field for field, info in FIELDS.items() if info.standard_name is None] == [
        "DBZV",
        "TH",
        "TV",
        "TDR",
        "CM",
    ]


@pytest.mark.parametrize(
    ("field", "code"), [(field, code) for field, info in FIELDS.items() for code in info.codes]
)
def test_every_code_of_a_field_is_accepted(field, code):
    volume = decode_field(message(product=code), replace(NAME, field=field), PATH)
    assert (volume.field, volume.sweeps[0].header.product) == (field, code)


def test_a_message_built_by_the_description_is_read():
    volume = decode_field(message(), NAME, PATH)
    assert (volume.radar, volume.field) == ("RMA1", "DBZH")
    assert volume.time == NAME.time
    assert (volume.latitude_deg, volume.longitude_deg) == (-31.44133, -64.19192)
    assert volume.altitude_m == 484
    (sweep,) = volume.sweeps
    start = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)
    end = start + timedelta(seconds=24)
    assert sweep.header == SweepHeader(start, end, 0.51, 3, 120, 2100, 4, 2.0, 0)
    nan = np.nan
    rows = [[1.5, nan, 3.0], [nan] * 3, [0.25, -12.5, 60.0], [nan] * 3]
    np.testing.assert_array_equal(sweep.values, np.array(rows, np.float32))
    assert sweep.values.dtype == np.float32
    assert sweep.undetect.tolist() == [[False, True, False], [True] * 3, [False] * 3, [False] * 3]
    assert (sweep.nodata, sweep.nan) == (3, 0)
    assert sweep.nodata_rays.tolist() == [False, False, False, True]


def test_nodata_and_nan_cells_within_a_ray_are_counted_apart():
    signalling_nan = np.frombuffer(bytes.fromhex("010000000000f07f"), "<f8")[0]
    rows = [[DBL_MAX, -DBL_MAX, np.nan], [signalling_nan, 1, -0.0], *VALUES[2:]]
    (sweep,) = decode_field(message((stream_of(rows),)), NAME, PATH).sweeps
    assert np.argwhere(sweep.undetect).tolist() == [[0, 1]]
    assert (sweep.nodata, sweep.nan) == (4, 2)
    assert sweep.nodata_rays.tolist() == [False, False, False, True]
    assert np.isnan(sweep.values[0]).all()
    assert sweep.values[1, 1:].tolist() == [1, 0]


def test_a_byte_of_255_is_a_value():
    rows = [[np.frombuffer(b"\xff" * 5 + b"\xe0\xef\x3f", "<f8")[0]] * 3] * 4
    stored = zlib.compress(np.array(rows, "<f8").tobytes(), 0)
    assert stored.count(b"\xff") >= 60
    (sweep,) = decode_field(message((stored,)), NAME, PATH).sweeps
    np.testing.assert_array_equal(sweep.values, np.array(rows, np.float32))


def test_chunks_are_joined():
    stream = stream_of()
    parts = [stream[:7], stream[7:8], b"", stream[8:]]
    assert_same(decode_field(message(parts), NAME, PATH), decode_field(message(), NAME, PATH))


def test_lower_case_types_make_upper_case_radars():
    changes = {
        "type": int.from_bytes(b"ar\0", "big"),
        "identifier": int.from_bytes(b"5".ljust(16, b"\0"), "big"),
    }
    volume = decode_field(message(**changes), replace(NAME, radar="AR5"), PATH)
    assert volume.radar == "AR5"


def test_a_sweep_may_end_before_it_starts():
    (sweep,) = decode_field(message(end_minute=3), NAME, PATH).sweeps
    assert sweep.header.end < sweep.header.start


@pytest.mark.parametrize("heading", [b"", b"\x01\r\r\n123\r\r\nISZX41 SABM 110004\r\r\n"])
@pytest.mark.parametrize("trailer", [b"", b"\r\r\n\x03"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_message_is_found_in_its_wrapping(heading, trailer, pack):
    wrapped = pack(heading + message() + trailer)
    assert_same(decode_field(wrapped, NAME, PATH), decode_field(message(), NAME, PATH))


@each_file
def test_the_site_of_a_real_file(file):
    volume, expected = real_volume(file), EXPECTED[file]
    name = parse_name(file)
    assert (volume.radar, volume.field) == (name.radar, name.field)
    assert volume.time == name.time
    assert volume.latitude_deg == expected["latitude"]
    assert volume.longitude_deg == expected["longitude"]
    assert volume.altitude_m == expected["altitude_m"]


@each_file
def test_the_sweep_headers_of_a_real_file(file):
    headers = [
        {
            "start": f"{header.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{header.end:%Y-%m-%dT%H:%M:%SZ}",
            "elevation": header.elevation_deg,
            "bins": header.n_bins,
            "bin_size_m": header.bin_size_m,
            "bin_offset_m": header.bin_offset_m,
            "rays": header.n_rays,
            "first_ray": header.first_ray,
            "product": header.product,
        }
        for header in (sweep.header for sweep in real_volume(file).sweeps)
    ]
    assert headers == [
        {key: sweep[key] for key in headers[0]} for sweep in EXPECTED[file]["sweeps"]
    ]


@each_file
def test_the_cells_of_a_real_file(file):
    for sweep, expected in zip(real_volume(file).sweeps, EXPECTED[file]["sweeps"], strict=True):
        values = sweep.values[~np.isnan(sweep.values)].astype(np.float64)
        assert values.size == expected["valid"]
        found = int(sweep.undetect.sum()), sweep.nodata, sweep.nan
        assert found == (expected["undetect"], expected["nodata"], expected["nan"])
        assert int(sweep.nodata_rays.sum()) * sweep.header.n_bins == expected["nodata"]
        if values.size:
            assert (values.min(), values.max()) == (expected["min"], expected["max"])
            assert values.mean() == pytest.approx(expected["mean"], rel=1e-9, abs=1e-12)
        for ray, gate, value in expected["samples_ray_gate_value"]:
            assert sweep.values[ray, gate] == value


@no_files
def test_rays_not_radiated_lie_next_to_the_first_ray():
    sweeps = real_volume(WITH_EMPTY_SWEEPS).sweeps
    missing = {
        int(sweep.header.first_ray): np.flatnonzero(sweep.nodata_rays).tolist()
        for sweep in sweeps[:13]
        if sweep.nodata
    }
    assert missing == {165: [166, 167, 168, 169, 170], 170: [172, 173, 174, 175, 176]}
    assert all(sweep.nodata_rays.all() for sweep in sweeps[13:])


@pytest.mark.parametrize(
    "file", sorted({*EXPECTED} - {VRAD_WITH_NAN}) or [pytest.param("", marks=no_files)]
)
@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng packs differently")
def test_a_real_file_is_encoded_as_the_radar_did(file):
    assert encode_field(real_volume(file), name=parse_name(file)) == real_bytes(file)


@no_files
def test_nan_cells_come_back_as_such():
    name = parse_name(VRAD_WITH_NAN)
    volume = real_volume(VRAD_WITH_NAN)
    again = decode_field(encode_field(volume, name=name, level=1), name, VRAD_WITH_NAN)
    assert_same(again, volume)
    assert [sweep.nan for sweep in again.sweeps] == [sweep.nan for sweep in volume.sweeps]


@no_files
def test_a_gzipped_real_file_reads_the_same():
    file = "RMA1_0301_02_CM_20181111T000457Z.BUFR"
    packed = gzip.compress(real_bytes(file))
    assert_same(decode_field(packed, parse_name(f"{file}.gz"), file), real_volume(file))


def test_the_encoder_writes_the_description_s_bits():
    assert encode_field(decode_field(message(), NAME, PATH), name=NAME) == message()


TIMES = st.datetimes(
    datetime(2018, 11, 11), datetime(2018, 11, 11, 23, 59), timezones=st.just(timezone.utc)
).map(lambda time: time.replace(microsecond=0))


@st.composite
def field_sweeps(draw, field: str) -> FieldSweep:
    header = SweepHeader(
        start=draw(TIMES),
        end=draw(TIMES),
        elevation_deg=draw(st.integers(-200, 9000)) / 100,
        n_bins=draw(st.integers(1, 40)),
        bin_size_m=draw(st.integers(1, 16382)),
        bin_offset_m=draw(st.integers(0, 16382)) * 10,
        n_rays=draw(st.integers(1, 20)),
        first_ray=draw(st.integers(0, 36000)) / 100,
        product=draw(st.sampled_from(FIELDS[field].codes)),
    )
    shape = header.n_rays, header.n_bins
    cells = st.floats(width=32, allow_infinity=False)
    values = draw(st_numpy.arrays(np.float32, shape, elements=cells, fill=cells))
    nodata_rays = draw(st_numpy.arrays(np.bool_, header.n_rays))
    values[nodata_rays] = np.nan
    undetect = draw(st_numpy.arrays(np.bool_, shape)) & ~nodata_rays[:, np.newaxis]
    values[undetect] = np.nan
    return FieldSweep(header, values, undetect, 0, 0, nodata_rays)


@st.composite
def field_volumes(draw) -> FieldVolume:
    field = draw(st.sampled_from(sorted(FIELDS)))
    return FieldVolume(
        field=field,
        radar=draw(st.from_regex(r"[A-Z]{1,3}[0-9]{1,16}", fullmatch=True)),
        time=draw(TIMES),
        latitude_deg=draw(st.integers(-9_000_000, 9_000_000)) / 1e5,
        longitude_deg=draw(st.integers(-18_000_000, 18_000_000)) / 1e5,
        altitude_m=draw(st.integers(-400, 32366)),
        sweeps=tuple(draw(st.lists(field_sweeps(field), min_size=1, max_size=4))),
    )


@given(field_volumes())
@settings(max_examples=60)
def test_a_volume_comes_back_as_it_was_encoded(volume):
    name = RadarName(volume.radar, "0315", "01", volume.field, f"{volume.time:%Y%m%dT%H%M%SZ}")
    encoded = encode_field(volume, name=name)
    again = decode_field(encoded, name, PATH)
    assert_same(again, volume)
    assert encode_field(again, name=name) == encoded


def test_a_stream_of_several_chunks_comes_back():
    rng = np.random.default_rng(1)
    (sweep,) = decode_field(message(), NAME, PATH).sweeps
    header = replace(sweep.header, n_rays=360, n_bins=300)
    values = rng.normal(size=(360, 300)).astype(np.float32)
    noisy = FieldSweep(header, values, np.isnan(values), 0, 0, np.zeros(360, np.bool_))
    volume = replace(decode_field(message(), NAME, PATH), sweeps=(noisy, sweep))
    encoded = encode_field(volume, name=NAME)
    assert len(encoded) > 4 * 65534
    assert_same(decode_field(encoded, NAME, PATH), volume)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"radar": "RMA2"}, "does not name"),
        ({"field": "DBZV"}, "does not name"),
        ({"latitude_deg": 400.0}, "latitude 400.0 does not fit"),
        ({"altitude_m": -401.0}, "height"),
    ],
)
def test_a_volume_the_format_cannot_hold_is_not_encoded(change, cause):
    volume = replace(decode_field(message(), NAME, PATH), **change)
    with pytest.raises(ValueError, match=cause):
        encode_field(volume, name=NAME)


@pytest.mark.parametrize("radar", ["ARMA1", "RMA", "5", "RMA1B", "A12345678901234567"])
def test_a_radar_the_format_cannot_hold_is_not_encoded(radar):
    volume = replace(decode_field(message(), NAME, PATH), radar=radar)
    with pytest.raises(ValueError, match="is not 1-3 letters and 1-16 digits"):
        encode_field(volume, name=replace(NAME, radar=radar))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"n_bins": 2}, "values are not 4 x 2"),
        ({"bin_size_m": 16383}, "bin size 16383 does not fit"),
        ({"product": 233}, "233 is not DBZH"),
    ],
)
def test_a_sweep_the_format_cannot_hold_is_not_encoded(change, cause):
    volume = decode_field(message(), NAME, PATH)
    (sweep,) = volume.sweeps
    changed = replace(sweep, header=replace(sweep.header, **change))
    with pytest.raises(ValueError, match=cause):
        encode_field(replace(volume, sweeps=(changed,)), name=NAME)


def test_more_than_a_message_can_have_is_not_encoded():
    volume = decode_field(message(), NAME, PATH)
    header = replace(volume.sweeps[0].header, n_rays=2046, n_bins=1100)
    noise = np.random.default_rng(2).normal(size=(2046, 1100)).astype(np.float32)
    sweep = FieldSweep(header, noise, np.isnan(noise), 0, 0, np.zeros(2046, np.bool_))
    with pytest.raises(ValueError, match="more than a message can have"):
        encode_field(replace(volume, sweeps=(sweep,)), name=NAME, level=0)


@pytest.mark.parametrize(
    "code",
    [
        "import batchio.radar.sinarame",
        "import batchio.radar.sinarame, pyproj; print(pyproj.CRS(4326).name)",
        "import batchio.radar.sinarame, pyart",
        "import batchio.radar.sinarame, psycopg",
    ],
)
def test_the_process_ends_well_after_the_import(code):
    if "pyart" in code and importlib.util.find_spec("pyart") is None:
        pytest.skip("Py-ART is not installed")
    run_python(code, PYART_QUIET="1")


ELEMENT_TABLE = """\
#code|abbreviation|type|name|unit|scale|reference|width|crex_unit|crex_scale|crex_width
001192|objectType|string|TYPE|CCITT IA5|0|0|24|Character|0|3
001193|objectId|string|IDENTIFIER|CCITT IA5|0|0|128|Character|0|16
021201|binSize|long|BIN SIZE|m|0|0|14|m|0|5
021203|binOffset|long|BIN OFFSET|m|-1|0|14|m|-1|5
030194|numberOfBins|long|BINS|Numeric|0|0|12|Numeric|0|4
030195|numberOfRays|long|RAYS|Numeric|0|0|11|Numeric|0|4
030196|productCode|long|PRODUCT|Numeric|0|0|8|Numeric|0|3
030197|compressionMethod|long|COMPRESSION|Numeric|0|0|8|Numeric|0|3
030198|compressedByte|long|BYTE|Numeric|0|0|8|Numeric|0|3
"""
SEQUENCES = """\
"321203" = [112000,031001,321205,030196,002135,030194,021201,021203,030195,002134,102000,031001,030196,321206]
"321204" = [102000,031001,001192,001193]
"321205" = [102002,301011,301013]
"321206" = [030197,103000,031002,101000,031002,030198]
"""  # noqa: E501
READ_WITH_ECCODES = """
import json, sys, eccodes
handle = eccodes.codes_new_from_message(open(sys.argv[1], "rb").read())
eccodes.codes_set(handle, "unpack", 1)
texts = ["objectType", "objectId"]
keys = ["latitude", "longitude", "heightOfStation", "antennaElevation", "numberOfBins", "binSize",
    "binOffset", "numberOfRays", "antennaBeamAzimuth", "productCode", "compressionMethod",
    "year", "month", "day", "hour", "minute", "second", "compressedByte"]
values = {key: eccodes.codes_get_array(handle, key).tolist() for key in keys}
values |= {key: eccodes.codes_get(handle, key) for key in texts}
print(json.dumps(values))
"""


@pytest.fixture
def read_by_eccodes(tmp_path):
    """Reads a message with ecCodes alone, given the network's local tables."""
    tables = tmp_path / "bufr/tables/0/local/2/41/0"
    tables.mkdir(parents=True)
    (tables / "element.table").write_text(ELEMENT_TABLE)
    (tables / "sequence.def").write_text(SEQUENCES)
    own = run_python("import eccodes; print(eccodes.codes_definition_path())").strip()

    def read(encoded: bytes) -> dict:
        file = tmp_path / "field.BUFR"
        file.write_bytes(encoded)
        printed = run_python(
            f"import sys; sys.argv[1:] = [{str(file)!r}]\n{READ_WITH_ECCODES}",
            ECCODES_DEFINITION_PATH=f"{tmp_path}{os.pathsep}{own}",
        )
        return json.loads(printed)

    return read


def test_eccodes_reads_what_the_encoder_wrote(read_by_eccodes):
    volume = decode_field(message(), NAME, PATH)
    (sweep,) = volume.sweeps
    second = replace(sweep, header=replace(sweep.header, elevation_deg=29.71, bin_offset_m=4770))
    found = read_by_eccodes(encode_field(replace(volume, sweeps=(sweep, second)), name=NAME))
    assert (found["objectType"], found["objectId"]) == ("RMA", "1")
    assert found["latitude"] == pytest.approx([-31.44133])
    assert found["longitude"] == pytest.approx([-64.19192])
    assert found["heightOfStation"] == [484]
    assert found["antennaElevation"] == pytest.approx([0.51, 29.71])
    assert (found["numberOfRays"], found["numberOfBins"]) == ([4, 4], [3, 3])
    assert (found["binSize"], found["binOffset"]) == ([120, 120], [2100, 4770])
    assert found["antennaBeamAzimuth"] == [2, 2]
    assert (found["productCode"], found["compressionMethod"]) == ([90, 0, 90, 0], [0, 0])
    assert (found["minute"], found["second"]) == ([4, 4, 5, 4, 5], [57, 21, 57, 21])
    stream = bytes(255 if byte > 255 or byte < 0 else byte for byte in found["compressedByte"])
    first = zlib.decompressobj()
    cells = np.array(VALUES, "<f8").tobytes()
    assert first.decompress(stream) == cells
    assert zlib.decompress(first.unused_data) == cells
