from __future__ import annotations

import gzip
import pickle
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sinarame_samples import (
    BINS,
    NAME,
    PATH,
    RADAR_DIRECTORY,
    RAYS,
    SECTION_1,
    SECTION_3,
    VALUES,
    framed,
    message,
    stream_of,
)

from batchio.radar import sinarame
from batchio.radar.sinarame import FieldVolume, decode_field, parse_name
from batchio.radar.sinarame_bits import SinarameError
from batchio.radar.sinarame_frame import eccodes

gzipped = partial(gzip.compress, mtime=0)  # no clock in the names of the tests

GOOD = message(copies=2)
DATA = 8 + len(SECTION_1) + len(SECTION_3) + 4  # the first byte of section 4's bits
REAL = RADAR_DIRECTORY / "RMA1_0301_02_CM_20181111T000457Z.BUFR"


def refusal(data: bytes, name: sinarame.RadarName = NAME) -> str:
    with pytest.raises(SinarameError) as error:
        decode_field(data, name, PATH)
    assert (error.value.path, error.value.step) == (PATH, "decode radar BUFR")
    assert error.value.action
    return error.value.cause


def decoded_or_refused(data: bytes) -> FieldVolume | None:
    try:
        return decode_field(data, NAME, PATH)
    except SinarameError:
        return None


def with_bytes(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]


@pytest.fixture
def real() -> bytes:
    if not REAL.is_file():
        pytest.skip(f"no real radar files: {REAL} is missing (see HEADRACE_DATA)")
    return REAL.read_bytes()


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "the file is empty"),
        (b"B", "is not a BUFR file"),
        (b"CDF\x01" + bytes(2000), "is not a BUFR file"),
        (bytes(1024) + GOOD, "is not a BUFR file"),
        (b"BUFR", "is cut short: 4 bytes"),
        (b"BUFR\xff\xff\xff\x04" + bytes(99), "is cut short: 107 bytes of a message of 16777215"),
        (with_bytes(GOOD, 7, b"\3"), "is BUFR edition 3, not 4"),
        (with_bytes(GOOD, 4, b"\0\0\0"), "does not close with 7777"),
        (with_bytes(GOOD, 4, b"\0\0\x0c"), "does not close with 7777"),
        (GOOD[:-4] + b"777\0", "does not close with 7777"),
        (b"BUFR\0\0\x0c\x047777", "section 1 cannot have"),
        (GOOD + GOOD, "holds a second message"),
        (GOOD + b"\r\r\n\x03" + GOOD, "holds a second message"),
        (GOOD + b"more", "goes on for 4 bytes after 7777"),
    ],
)
def test_what_is_no_single_whole_message_is_refused(data, cause):
    assert cause in refusal(data)


@pytest.mark.parametrize("section_start", [8, 30, 44])
@pytest.mark.parametrize("length", [0, 3, 21, 300, 0xFFFFFF])
def test_a_section_of_a_wrong_length_is_refused(section_start, length):
    damaged = with_bytes(GOOD, section_start, length.to_bytes(3, "big"))
    assert "section" in refusal(damaged)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (message(section_3=bytes.fromhex("00000a 00 0001 80 c934 00")), "descriptors 309052, not"),
        (
            message(section_3=bytes.fromhex("00000e 00 0001 80 d5cc c11f d5ca 00")),
            "descriptors 321204 301031 321202, not 321204 301031 321203",
        ),
        (message(section_3=bytes.fromhex("00000c 00 0001 80 d5cc c11f 00")), "321204 301031, not"),
        (with_bytes(GOOD, 36, b"\xc0"), "is a compressed message"),
        (with_bytes(GOOD, 34, b"\0\2"), "has 2 subsets, not 1"),
        (with_bytes(GOOD, 12, b"\0\x62"), "comes from centre 98, not 41"),
        (with_bytes(GOOD, 17, b"\x80"), "has a section 2"),
        (with_bytes(GOOD, 25, b"\x0d"), "the time of section 1 is none"),
        (with_bytes(GOOD, 23, b"\x07\xe3"), "the time of the message is 2019"),
    ],
)
def test_another_template_is_refused(data, cause):
    assert cause in refusal(data)


def test_what_eccodes_cannot_read_is_refused(monkeypatch):
    def fail(message):
        raise eccodes.PrematureEndOfFileError("no message")

    monkeypatch.setattr(eccodes, "codes_new_from_message", fail)
    assert "ecCodes cannot read it" in refusal(GOOD)


@pytest.mark.parametrize(
    ("stored", "cause"),
    [
        ({"identifiers": 0}, "has 0 identifiers, not 1"),
        ({"identifiers": 2}, "has 2 identifiers, not 1"),
        ({"type": 0}, "the radar cannot be '1'"),
        ({"type": 0xFFFFFF}, "the radar cannot be"),
        ({"identifier": 0x31 << 64}, "the radar cannot be"),
        ({"identifier": 0x32 << 120}, "the radar is RMA2, RMA1 by the name"),
        ({"month": 13}, "the time of section 4 is none"),
        ({"latitude": 18_000_001}, "latitude is 90.00001, not within -90 to 90"),
        ({"latitude": 2**25 - 1}, "the latitude is missing"),
        ({"longitude": 36_000_001}, "longitude is 180.00001"),
        ({"height": 2**15 - 1}, "the height is missing"),
        ({"sweeps": 0}, "has no sweep"),
        ({"sweeps": 2}, "sweep 2 of 2: section 4 ends within"),
        ({"sweeps": 255}, "the count is missing"),
        ({"start_day": 0}, "sweep 1 of 1: the time of section 4 is none"),
        ({"start_month": 15}, "the month is missing"),
        ({"start_year": 2019}, "the time of its start is 2019"),
        ({"end_second": 60}, "the time of section 4 is none"),
        ({"object": 0}, "has 0 as product code of the volume, not 90"),
        ({"elevation": 8799}, "elevation is -2.01"),
        ({"elevation": 18001}, "elevation is 90.01"),
        ({"bins": 0}, "the number of bins is 0"),
        ({"bins": 4095}, "the number of bins is missing"),
        ({"bin_size": 0}, "the bin size is 0"),
        ({"bin_offset": 2**14 - 1}, "the bin offset is missing"),
        ({"rays": 0}, "the number of rays is 0"),
        ({"first_ray": 36001}, "the first ray is 360.01"),
        ({"fields": 0}, "has 0 fields, not 1"),
        ({"fields": 2}, "has 2 fields, not 1"),
        ({"product": 233}, "the product code 233 is DBZV, DBZH by the name"),
        ({"product": 17}, "the product code 17 is unknown"),
        ({"compression": 1}, "has 1 as compression (zlib), not 0"),
        ({"compression": 255}, "has 255 as compression"),
        ({"chunk_count": 0}, "its data inflate to less than 96 bytes"),
        ({"chunk_count": 2}, "section 4 ends within the"),
        ({"chunk_count": 65535}, "the count is missing"),
        ({"chunk_length": 0}, "its data inflate to less than 96 bytes"),
        ({"chunk_length": len(stream_of()) - 1}, "its data do not end with their zlib stream"),
        ({"chunk_length": len(stream_of()) + 3}, "section 4 ends within the"),
        ({"chunk_length": 65534}, "section 4 ends within the 65534 bytes of data"),
        ({"chunk_length": 65535}, "the count is missing"),
        ({"bins": BINS - 1}, "its data inflate to more than 64 bytes"),
        ({"bins": BINS + 1}, "its data inflate to less than 128 bytes"),
        ({"rays": RAYS - 1}, "its data inflate to more than 72 bytes"),
        ({"rays": RAYS + 1}, "its data inflate to less than 120 bytes"),
    ],
)
def test_an_implausible_number_is_refused(stored, cause):
    assert cause in refusal(message(**stored))


def test_fewer_sweeps_than_there_are_is_refused():
    assert "bits after its last sweep" in refusal(message(copies=3, sweeps=2))


@pytest.mark.parametrize(
    ("chunk", "cause"),
    [
        (b"", "its data inflate to less"),
        (b"not zlib", "its data are damaged"),
        (stream_of() + b"\0", "do not end with their zlib stream"),
        (stream_of() + stream_of(), "do not end with their zlib stream"),
        (stream_of()[:-1], "do not end with their zlib stream"),
        (stream_of()[:9], "its data inflate to less"),
        (stream_of()[:-4] + b"\0\0\0\0", "incorrect data check"),
        (gzipped(np.array(VALUES).tobytes()), "its data are damaged"),
    ],
)
def test_damaged_data_are_refused(chunk, cause):
    assert cause in refusal(message((chunk,)))


@pytest.mark.parametrize("value", [1e300, -1e300, 3.5e38, float("inf"), float("-inf")])
def test_a_value_beyond_float32_is_refused(value):
    rows = [[value, 0, 0], *VALUES[1:]]
    assert "beyond float32" in refusal(message((stream_of(rows),)))


def test_a_field_the_network_does_not_know_is_refused():
    assert refusal(GOOD, replace(NAME, field="SNR")) == "the field SNR is unknown"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"field": "VRAD"}, "the product code 0 is DBZH, VRAD by the name"),
        ({"radar": "RMA11"}, "the radar is RMA1, RMA11 by the name"),
        ({"timestamp": "20181113T000000Z"}, "of the name 2018-11-13"),
    ],
)
def test_a_file_of_another_name_is_refused(change, cause):
    assert cause in refusal(GOOD, replace(NAME, **change))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (gzipped(b""), "is not a BUFR file"),
        (gzipped(GOOD)[:-1], "does not end with its gzip stream"),
        (gzipped(GOOD)[:40], "does not end with its gzip stream"),
        (gzipped(GOOD) + gzipped(GOOD), "does not end with its gzip stream"),
        (gzipped(GOOD)[:-8] + bytes(8), "cannot be gunzipped"),
        (b"\x1f\x8b\x07" + bytes(40), "cannot be gunzipped"),
        (b"\x1f\x8b", "does not end with its gzip stream"),
        (gzipped(gzipped(GOOD)), "is not a BUFR file"),
    ],
)
def test_damaged_gzip_is_refused(data, cause):
    assert cause in refusal(data)


def peak_bytes(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_inflated():
    bomb = message((zlib.compress(bytes(50_000_000))[:60_000],))
    assert peak_bytes(lambda: refusal(bomb)) < 2_000_000
    assert "inflate to more than 96 bytes" in refusal(bomb)


def test_a_gzip_bomb_is_not_inflated(monkeypatch):
    monkeypatch.setattr("batchio.radar.sinarame_frame._MAX_INFLATED_BYTES", 100_000)
    bomb = gzipped(bytes(50_000_000))
    assert peak_bytes(lambda: refusal(bomb)) < 2_000_000
    assert "gunzips to more than 100000 bytes" in refusal(bomb)


def test_a_header_that_lies_about_its_size_costs_no_memory():
    lie = message(rays=2046, bins=4094)
    assert peak_bytes(lambda: refusal(lie)) < 2_000_000


def test_a_volume_of_too_many_cells_is_refused(monkeypatch):
    monkeypatch.setattr(sinarame, "_MAX_CELLS", 2 * RAYS * BINS)
    assert len(decode_field(message(copies=2), NAME, PATH).sweeps) == 2
    assert refusal(message(copies=3)) == "sweep 3 of 3: more than 24 cells"


def test_an_error_survives_pickling():
    with pytest.raises(SinarameError) as error:
        decode_field(message(rays=0), NAME, PATH)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)
    assert str(error.value).startswith(f"{PATH}: decode radar BUFR: sweep 1 of 1: the number of")


def test_every_shorter_file_is_refused():
    for length in range(len(GOOD)):
        refusal(GOOD[:length])


def test_every_shorter_section_4_is_refused():
    data = GOOD[DATA:-4]
    for length in range(len(data) - 1):
        refusal(framed(data[:length]))


def test_no_flipped_bit_changes_a_cell_unseen():
    (cells,) = {sweep.values.tobytes() for sweep in decode_field(GOOD, NAME, PATH).sweeps}
    for bit in range(len(GOOD) * 8):
        flipped = with_bytes(GOOD, bit // 8, bytes((GOOD[bit // 8] ^ (0x80 >> bit % 8),)))
        volume = decoded_or_refused(flipped)
        if volume is not None:
            assert [sweep.values.tobytes() for sweep in volume.sweeps] == [cells, cells]


def test_a_real_file_cut_anywhere_is_refused(real):
    name = parse_name(str(REAL))
    ends = (8, 30, 44, 48, 80, len(real) - 5, len(real) - 4, len(real) - 1)
    for length in (*range(0, len(real), 4001), *ends):
        refusal(real[:length], name)


def test_a_real_file_with_one_wrong_byte_in_its_data_is_refused(real):
    name = parse_name(str(REAL))
    for position in range(200, 10_000, 500):
        damaged = with_bytes(real, position, bytes((real[position] ^ 0x55,)))
        assert "sweep 1 of 3" in refusal(damaged, name)


@given(st.binary(max_size=300), st.sampled_from([b"", b"BUFR", b"\x1f\x8b\x08\0", GOOD[:8]]))
@settings(max_examples=200)
def test_arbitrary_bytes_are_refused(data, start):
    refusal(start + data)


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_arbitrary_bits_in_a_good_frame_are_refused(data):
    refusal(framed(data))


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1),
            st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=300)
def test_changed_bytes_are_refused_or_stay_a_volume(changes):
    data = bytearray(GOOD)
    for position, byte in changes:
        data[position] = byte
    decoded_or_refused(bytes(data))


@given(
    section_1=st.binary(min_size=19, max_size=40),
    section_3=st.binary(min_size=6, max_size=40),
    stored=st.fixed_dictionaries({"rays": st.integers(0, 2047), "bins": st.integers(0, 4095)}),
)
@settings(max_examples=200)
def test_arbitrary_sections_are_refused(section_1, section_3, stored):
    refusal(
        message(
            section_1=(3 + len(section_1)).to_bytes(3, "big") + section_1,
            section_3=(3 + len(section_3)).to_bytes(3, "big") + section_3,
            **stored,
        )
    )


@given(
    cut=st.tuples(st.integers(0, len(GOOD) - DATA - 4), st.integers(0, 40)),
    insert=st.binary(max_size=40),
)
@settings(max_examples=200)
def test_spliced_data_are_refused_or_stay_a_volume(cut, insert):
    start, count = cut
    data = GOOD[DATA:-4]
    decoded_or_refused(framed(data[:start] + insert + data[start + count :]))
