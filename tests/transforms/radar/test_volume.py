import json
import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from batchio.errors import InputError
from batchio.radar.sinarame import (
    FIELDS,
    UNDETECT_BITS,
    FieldSweep,
    FieldVolume,
    RadarName,
    SweepHeader,
    decode_field,
    parse_name,
)
from batchio.radar.volume import RangeShift, SourceFile
from transforms.radar.volume import build_volume, choose_reference, ray_azimuths_deg, ray_times_s

DATA = (
    Path(os.environ.get("HEADRACE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "radar"
)
NAME = RadarName("RMA1", "0301", "02", "DBZH", "20181111T000457Z")
START = datetime(2018, 11, 11, 0, 4, 57, tzinfo=timezone.utc)
HEADER = SweepHeader(
    start=START,
    end=START + timedelta(seconds=24),
    elevation_deg=0.5,
    n_bins=10,
    bin_size_m=100,
    bin_offset_m=2000,
    n_rays=4,
    first_ray=0.0,
    product=0,
)


def make_sweep(value=1.0, nodata_rays=(), undetect=(), **header):
    about = replace(HEADER, **header)
    values = np.full((about.n_rays, about.n_bins), value, np.float32)
    rays = np.zeros(about.n_rays, np.bool_)
    rays[list(nodata_rays)] = True
    values[rays] = np.nan
    undetected = np.zeros(values.shape, np.bool_)
    undetected[tuple(zip(*undetect, strict=True))] = bool(undetect)
    values[undetected] = np.nan
    return FieldSweep(about, values, undetected, int(rays.sum()) * about.n_bins, 0, rays)


def make_field(field="DBZH", sweeps=None, **site):
    about = {"radar": "RMA1", "latitude_deg": -31.4, "longitude_deg": -64.2, "altitude_m": 484.0}
    return FieldVolume(field, time=START, sweeps=tuple(sweeps or [make_sweep()]), **about | site)


def refusal(*fields):
    with pytest.raises(InputError) as caught:
        build_volume(NAME, fields)
    assert caught.value.path == "RMA1_0301_02_20181111T000457Z"
    assert caught.value.step == "build volume"
    assert caught.value.action
    return caught.value.cause


def test_the_volume_bears_the_name_and_the_site():
    volume = build_volume(NAME, [make_field()])
    assert (volume.volume_id, volume.radar) == ("RMA1_0301_02_20181111T000457Z", "RMA1")
    assert (volume.strategy, volume.volume_number) == ("0301", "02")
    assert (volume.latitude_deg, volume.longitude_deg, volume.altitude_m) == (-31.4, -64.2, 484.0)


def test_sweeps_come_by_elevation_then_start():
    later = START + timedelta(seconds=60)
    sweeps = [
        make_sweep(3.0, elevation_deg=2.0),
        make_sweep(2.0, elevation_deg=1.0, start=later, end=later),
        make_sweep(1.0, elevation_deg=1.0),
    ]
    volume = build_volume(NAME, [make_field(sweeps=sweeps)])
    assert volume.fields["DBZH"][:, 0].tolist() == [1.0] * 4 + [2.0] * 4 + [3.0] * 4
    assert [sweep.fixed_angle_deg for sweep in volume.sweeps] == [1.0, 1.0, 2.0]
    assert [sweep.start for sweep in volume.sweeps] == [START, later, START]
    assert volume.elevation_deg.tolist() == [1.0] * 8 + [2.0] * 4


def test_fields_match_though_their_files_order_sweeps_differently():
    low, high = make_sweep(1.0, elevation_deg=1.0), make_sweep(2.0, elevation_deg=2.0)
    volume = build_volume(NAME, [make_field(sweeps=[low, high]), make_field("ZDR", [high, low])])
    np.testing.assert_array_equal(volume.fields["DBZH"], volume.fields["ZDR"])


def test_cells_in_which_nothing_was_detected_have_the_bit_of_their_field():
    fields = [
        make_field("DBZH", [make_sweep(undetect=[(0, 0), (1, 2)], nodata_rays=[3])]),
        make_field("ZDR", [make_sweep(undetect=[(0, 0)], n_bins=6)]),
        make_field("KDP", [make_sweep(undetect=[(2, 0)], n_bins=6, bin_offset_m=2330)]),
    ]
    volume = build_volume(NAME, fields)
    assert volume.undetect.dtype == np.int16
    dbzh, zdr, kdp = (UNDETECT_BITS[name] for name in volume.fields)
    found = {tuple(at): int(volume.undetect[tuple(at)]) for at in np.argwhere(volume.undetect)}
    assert found == {(0, 0): dbzh | zdr, (1, 2): dbzh, (2, 3): kdp}


def test_the_bits_of_all_fields_fit():
    bits = np.array([UNDETECT_BITS[field] for field in FIELDS], np.int16)
    assert np.bitwise_or.reduce(bits) == bits.sum() > 0


def test_the_order_of_the_fields_makes_no_difference():
    fields = [make_field(field, [make_sweep(i)]) for i, field in enumerate(FIELDS)]
    forward, backward = build_volume(NAME, fields), build_volume(NAME, fields[::-1])
    assert list(forward.fields) == list(backward.fields) == list(FIELDS)
    assert forward.reference == backward.reference
    np.testing.assert_array_equal(forward.undetect, backward.undetect)
    for i, field in enumerate(FIELDS):
        assert np.all(forward.fields[field] == i)
        assert np.all(backward.fields[field] == i)


def test_short_sweeps_are_filled_up_to_the_longest():
    sweeps = [make_sweep(1.0), make_sweep(2.0, elevation_deg=5.0, n_bins=6)]
    volume = build_volume(NAME, [make_field(sweeps=sweeps)])
    values = volume.fields["DBZH"]
    assert values.shape == (8, 10)
    assert [sweep.n_gates for sweep in volume.sweeps] == [10, 6]
    assert values.dtype == np.float32
    assert np.all(values[:4] == 1.0)
    assert np.all(values[4:, :6] == 2.0)
    assert np.isnan(values[4:, 6:]).all()


def test_the_range_is_that_of_bin_centres():
    volume = build_volume(NAME, [make_field()])
    assert volume.range_m.tolist() == [2050 + 100 * gate for gate in range(10)]
    assert (volume.bin_offset_m, volume.bin_size_m, volume.n_gates) == (2000, 100, 10)


def test_rays_may_differ_between_sweeps():
    sweeps = [make_sweep(1.0), make_sweep(2.0, elevation_deg=5.0, n_rays=8)]
    volume = build_volume(NAME, [make_field(sweeps=sweeps)])
    assert [(sweep.first_ray, sweep.last_ray) for sweep in volume.sweeps] == [(0, 3), (4, 11)]
    assert volume.azimuth_deg[:4].tolist() == [45.0, 135.0, 225.0, 315.0]
    assert volume.azimuth_deg[4:6].tolist() == [22.5, 67.5]
    assert volume.fields["DBZH"].shape == (12, 10)
    assert len(volume.time_s) == len(volume.elevation_deg) == len(volume.not_radiated) == 12


def test_kdp_with_fewer_bins_and_the_same_offset_stays_where_it_is():
    volume = build_volume(NAME, [make_field(), make_field("KDP", [make_sweep(7.0, n_bins=8)])])
    assert np.all(volume.fields["KDP"][:, :8] == 7.0)
    assert np.isnan(volume.fields["KDP"][:, 8:]).all()
    assert volume.shifts == {}
    assert volume.notes == ()


def test_kdp_with_a_larger_offset_moves_to_the_nearest_gate():
    kdp = make_field("KDP", [make_sweep(7.0, n_bins=6, bin_offset_m=2330)])
    volume = build_volume(NAME, [make_field(), kdp])
    assert np.isnan(volume.fields["KDP"][:, :3]).all()
    assert np.all(volume.fields["KDP"][:, 3:9] == 7.0)
    assert np.isnan(volume.fields["KDP"][:, 9:]).all()
    assert volume.shifts == {"KDP": RangeShift((3,), (30.0,))}


def cut_kdp(*bins_and_offsets_m):
    sweeps = [
        make_sweep(7.0, elevation_deg=i, n_bins=n_bins, bin_offset_m=offset_m)
        for i, (n_bins, offset_m) in enumerate(bins_and_offsets_m)
    ]
    whole = [make_sweep(elevation_deg=i) for i, _ in enumerate(sweeps)]
    return build_volume(NAME, [make_field(sweeps=whole), make_field("KDP", sweeps)])


def test_a_cut_sweep_that_states_the_whole_offset_gets_that_of_the_sweeps_cut_alike():
    volume = cut_kdp((7, 2300), (7, 2000), (7, 2300))
    assert volume.shifts["KDP"].gates == (3, 3, 3)
    assert np.isnan(volume.fields["KDP"][4:8, :3]).all()
    assert np.all(volume.fields["KDP"][4:8, 3:] == 7.0)
    assert len(volume.notes) == 1
    assert volume.notes[0].startswith("KDP, sweep 1: bin offset 2300 m")


@pytest.mark.parametrize("bins", [pytest.param(8, id="cut less"), pytest.param(10, id="not cut")])
def test_a_sweep_not_cut_alike_keeps_its_stated_offset(bins):
    volume = cut_kdp((7, 2300), (bins, 2000))
    assert volume.shifts["KDP"].gates == (3, 0)
    assert np.all(volume.fields["KDP"][4:, :bins] == 7.0)
    assert volume.notes == ()


def test_a_shift_below_half_a_gate_leaves_the_field_and_records_the_rest():
    kdp = make_field("KDP", [make_sweep(7.0, n_bins=9, bin_offset_m=2040)])
    volume = build_volume(NAME, [make_field(), kdp])
    assert np.all(volume.fields["KDP"][:, :9] == 7.0)
    assert volume.shifts == {"KDP": RangeShift((0,), (40.0,))}


def test_the_axis_holds_a_moved_field_that_reaches_farther_than_the_reference():
    kdp = make_field("KDP", [make_sweep(7.0, bin_offset_m=2200)])
    volume = build_volume(NAME, [make_field(), kdp])
    assert volume.n_gates == 12
    assert np.all(volume.fields["KDP"][:, 2:] == 7.0)
    assert np.isnan(volume.fields["DBZH"][:, 10:]).all()


def test_kdp_alone_is_its_own_reference():
    volume = build_volume(NAME, [make_field("KDP", [make_sweep(bin_offset_m=4770)])])
    assert (volume.reference, volume.bin_offset_m, volume.shifts) == ("KDP", 4770, {})


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ("TH", [make_field("KDP", [make_sweep(n_bins=12)]), make_field("TH")]),
        ("ZDR", [make_field("DBZH", [make_sweep(n_bins=9)]), make_field("ZDR")]),
        ("ZDR", [make_field("DBZH", [make_sweep(bin_offset_m=2100)]), make_field("ZDR")]),
        ("DBZH", [make_field("CM"), make_field("ZDR"), make_field("DBZH")]),
    ],
    ids=["not KDP", "longest", "nearest", "first of FIELDS"],
)
def test_the_reference_is_chosen_by_length_then_offset_then_order(expected, fields):
    assert choose_reference(fields).field == expected
    assert choose_reference(fields[::-1]).field == expected


@pytest.mark.parametrize(
    ("what", "header"),
    [
        ("elevation (degrees) of sweep 0 is 0.6, not 0.5", {"elevation_deg": 0.6}),
        ("start of sweep 0 is 2018-11-11T00:04:58", {"start": START + timedelta(seconds=1)}),
        ("end of sweep 0 is 2018-11-11T00:04:57", {"end": START}),
        ("number of rays of sweep 0 is 5, not 4", {"n_rays": 5}),
        ("first ray of sweep 0 is 2.0, not 0.0", {"first_ray": 2.0}),
        ("bin size (m) of sweep 0 is 200, not 100", {"bin_size_m": 200}),
        ("bin offset (m) of sweep 0 is 1900, not 2000", {"bin_offset_m": 1900}),
    ],
)
def test_a_field_whose_sweep_contradicts_the_others_is_named(what, header):
    cause = refusal(make_field(), make_field("ZDR", [make_sweep(n_bins=9, **header)]))
    assert cause.startswith(f"ZDR does not fit: {what}")
    assert cause.endswith("as in DBZH")


@pytest.mark.parametrize(
    "site", [{"radar": "RMA2"}, {"latitude_deg": 0}, {"longitude_deg": 0}, {"altitude_m": 0}]
)
def test_a_field_of_another_site_is_named(site):
    assert refusal(make_field(), make_field("ZDR", **site)).startswith("ZDR does not fit: site is")


def test_a_field_with_more_sweeps_is_named():
    more = [make_sweep(n_bins=9), make_sweep(n_bins=9, elevation_deg=1)]
    cause = refusal(make_field(), make_field("ZDR", more))
    assert cause == "ZDR does not fit: number of sweeps is 2, not 1 as in DBZH"


def test_sweeps_of_one_field_must_share_their_bin_size():
    cause = refusal(make_field(sweeps=[make_sweep(), make_sweep(elevation_deg=1, bin_size_m=50)]))
    assert cause.startswith("DBZH does not fit: bin size (m) of sweep 1 is 50, not 100")


def test_a_field_given_twice_is_named():
    assert refusal(make_field(), make_field("ZDR"), make_field()) == "DBZH is there twice"


def test_no_field_is_no_volume():
    assert refusal() == "there is no field"


def test_rays_are_timed_from_the_first_radiated_onwards():
    times_s = ray_times_s(360, 161.0, 25.0)
    assert times_s[161] == pytest.approx(25 * 0.5 / 360)
    assert times_s[162] == pytest.approx(25 * 1.5 / 360)
    assert times_s[0] == pytest.approx(25 * (199 + 0.5) / 360)
    assert times_s[160] == pytest.approx(25 * 359.5 / 360)


def test_azimuths_are_the_centres_of_the_rays():
    assert ray_azimuths_deg(360)[[0, 1, 359]].tolist() == [0.5, 1.5, 359.5]


def test_times_count_from_the_earliest_sweep_even_if_it_is_not_the_lowest():
    later = START + timedelta(seconds=100)
    low = make_sweep(start=later, end=later + timedelta(seconds=8))
    high = make_sweep(elevation_deg=9.0, first_ray=2.0)
    volume = build_volume(NAME, [make_field(sweeps=[low, high])])
    assert volume.time_s.tolist() == [101, 103, 105, 107, 15, 21, 3, 9]
    assert volume.start == START
    assert volume.end == later + timedelta(seconds=8)


def test_a_sweep_that_ends_before_it_starts_has_one_time():
    late = START + timedelta(seconds=30)
    sweeps = [make_sweep(), make_sweep(2.0, elevation_deg=20.0, start=late, end=START)]
    volume = build_volume(NAME, [make_field(sweeps=sweeps)])
    assert volume.time_s[4:].tolist() == [30.0] * 4
    assert volume.sweeps[1].end == volume.end == late
    assert np.all(volume.fields["DBZH"][4:] == 2.0)
    assert volume.notes == (
        "sweep 1: all rays have its start time, 00:05:27; the end stated, 00:04:57, is not used",
    )


def test_a_sweep_without_a_ray_stays_empty_with_its_start_time():
    empty = make_sweep(nodata_rays=range(4), elevation_deg=20.0)
    volume = build_volume(NAME, [make_field(sweeps=[make_sweep(), empty])])
    assert len(volume.sweeps) == 2
    assert np.isnan(volume.fields["DBZH"][4:]).all()
    assert volume.time_s[4:].tolist() == [0.0] * 4
    assert volume.not_radiated.tolist() == [False] * 4 + [True] * 4


def test_a_ray_is_not_radiated_only_if_no_field_has_it():
    fields = [
        make_field(sweeps=[make_sweep(nodata_rays=[0, 1])]),
        make_field("ZDR", [make_sweep(nodata_rays=[1, 2])]),
    ]
    assert build_volume(NAME, fields).not_radiated.tolist() == [False, True, False, False]


def test_inputs_and_missing_fields_are_recorded_in_a_fixed_order():
    inputs = [SourceFile("b.BUFR", "22"), SourceFile("a.BUFR", "11")]
    volume = build_volume(NAME, [make_field()], inputs=inputs, missing_fields=["ZDR", "KDP"])
    assert volume.inputs == (SourceFile("a.BUFR", "11"), SourceFile("b.BUFR", "22"))
    assert volume.missing_fields == ("KDP", "ZDR")


def test_the_fields_given_are_left_as_they_were():
    field = make_field(sweeps=[make_sweep(), make_sweep(elevation_deg=1, n_bins=5)])
    volume = build_volume(NAME, [field])
    volume.fields["DBZH"][:] = 0
    assert np.all(field.sweeps[0].values == 1.0)


def test_what_was_detected_nowhere_in_real_volumes_is_what_another_decoder_finds():
    if not (DATA / "EXPECTED.json").exists():
        pytest.skip(f"EXPECTED.json is not in {DATA}")
    expected = json.loads((DATA / "EXPECTED.json").read_text())
    volumes = {}
    for file, about in expected.items():
        name = parse_name(file)
        volume = volumes.setdefault(name.volume_id, None) or build_real(name.volume_id)
        volumes[name.volume_id] = volume
        bits = volume.undetect & UNDETECT_BITS[name.field]
        counts = [
            np.count_nonzero(bits[sweep.first_ray : sweep.last_ray + 1]) for sweep in volume.sweeps
        ]
        assert counts == [sweep["undetect"] for sweep in about["sweeps"]], file
        assert np.isnan(volume.fields[name.field][bits > 0]).all()


def build_real(volume_id):
    paths = sorted(DATA.glob(volume_id.replace("_2", "_*_2") + ".BUFR"))
    if not paths:
        pytest.skip(f"{volume_id} is not in {DATA}")
    names = [parse_name(path.name) for path in paths]
    fields = [
        decode_field(path.read_bytes(), name, path.name)
        for path, name in zip(paths, names, strict=True)
    ]
    return build_volume(names[0], fields)


def test_kdp_of_rma11_lies_eight_gates_up_trap_sweeps_included():
    volume = build_real("RMA11_0315_01_20251020T152828Z")
    assert volume.shifts == {"KDP": RangeShift((8,) * 13 + (0, 0), (120.0,) * 13 + (0.0, 0.0))}
    assert volume.range_m[[0, 652]].tolist() == [1950.0, 1950.0 + 652 * 360]
    mended = [note for note in volume.notes if note.startswith("KDP")]
    assert [note[:13] for note in mended] == ["KDP, sweep 1:", "KDP, sweep 2:"]


def test_the_sweeps_that_rma11_did_not_make_are_kept_empty():
    volume = build_real("RMA11_0315_01_20251020T152828Z")
    assert volume.not_radiated.reshape(15, 360).sum(axis=1)[13:].tolist() == [360, 360]
    assert volume.time_s[[13 * 360, 15 * 360 - 1]].tolist() == [249.0, 264.0]


def test_kdp_of_rma1_stays_in_place():
    volume = build_real("RMA1_0301_02_20181111T000457Z")
    assert volume.shifts == {}
    assert np.isnan(volume.fields["KDP"][:, 901:]).all()
