from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from batchio.radar.samples import file_name, sample_files, write_volumes
from batchio.radar.scene import (
    DOPPLER,
    EPOCH,
    NYQUIST_M_S,
    POLARIMETRIC,
    SITE,
    Scan,
    scan_scene,
)
from batchio.radar.sinarame import FIELDS, FieldVolume, decode_field, parse_name
from batchio.radar.sinarame_bits import SinarameError
from batchio.radar.sinarame_encode import encode_field
from transforms.radar.volume import true_offsets_m

COMPLETE = "RMA1_0315_01_{}_20000101T120000Z.BUFR"
DOPPLER_VOLUME = "RMA5_0315_02_{}_20000101T120630Z.BUFR"
DAMAGED = "RMA1_0315_02_VRAD_20000101T121430Z.BUFR"
NO_RADAR_FILES = {"README.txt", "volume_types.yaml"}
# Of the description of the format: least and greatest value that a field can have.
LIMITS = {
    "DBZH": (-30, 75),
    "DBZV": (-30, 75),
    "ZDR": (-10, 10),
    "RHOHV": (0, 1),
    "PHIDP": (0, 360),
    "KDP": (-94, 94),
    "VRAD": (-NYQUIST_M_S, NYQUIST_M_S),
    "WRAD": (0, 20),
}


@cache
def sample_paths() -> dict[str, bytes]:
    return dict(sample_files())


@cache
def radar_files() -> dict[str, bytes]:
    return {
        path.rpartition("/")[2]: data
        for path, data in sample_paths().items()
        if path not in NO_RADAR_FILES
    }


@cache
def decoded(file: str) -> FieldVolume:
    return decode_field(radar_files()[file], parse_name(file), file)


def whole_volumes() -> list[FieldVolume]:
    return [decoded(file) for file in radar_files() if file != DAMAGED]


def lowest_sweep(name: str, field: str) -> NDArray[np.float32]:
    return decoded(name.format(field)).sweeps[0].values


def test_the_set_is_small() -> None:
    assert sum(map(len, sample_paths().values())) < 25e6


def test_files_lie_as_on_the_servers_of_the_network() -> None:
    for path in sample_paths().keys() - NO_RADAR_FILES:
        folder, _, file = path.rpartition("/")
        name = parse_name(file)
        assert folder == f"L2/{name.radar}/{name.time:%Y/%m/%d/%H/%M%S}"


def test_the_text_tells_of_every_volume_and_that_nothing_is_real() -> None:
    text = sample_paths()["README.txt"].decode()
    assert "Synthetic" in text
    assert "No radar saw this" in text
    assert "made by Headrace" in text
    for file in radar_files():
        assert parse_name(file).volume_id in text


def test_one_file_is_damaged_and_all_others_can_be_decoded() -> None:
    with pytest.raises(SinarameError, match="cut short"):
        decoded(DAMAGED)
    assert len(whole_volumes()) == len(radar_files()) - 1


def test_a_file_that_is_there_twice_has_the_same_bytes_inside() -> None:
    plain = {file for file in radar_files() if file.endswith(".BUFR")}
    twice = [file for file in plain if f"{file}.gz" in radar_files()]
    assert twice == ["RMA1_0315_01_DBZH_20000101T121000Z.BUFR"]
    assert gzip.decompress(radar_files()[f"{twice[0]}.gz"]) == radar_files()[twice[0]]


def test_gzipped_files_do_not_tell_when_they_were_made() -> None:
    gzipped = [data for file, data in radar_files().items() if file.endswith(".gz")]
    assert len(gzipped) == 5
    assert {data[4:8] for data in gzipped} == {bytes(4)}


def test_the_name_the_header_and_the_first_sweep_have_one_time() -> None:
    for file in radar_files().keys() - {DAMAGED}:
        volume = decoded(file)
        assert volume.time == volume.sweeps[0].header.start == parse_name(file).time


def test_the_site_is_in_the_open_sea() -> None:
    for volume in whole_volumes():
        assert (volume.latitude_deg, volume.longitude_deg, volume.altitude_m) == SITE


def test_sweeps_rise_with_time_and_reach_less_far() -> None:
    for volume in whole_volumes():
        headers = [sweep.header for sweep in volume.sweeps]
        for before, after in pairwise(headers):
            assert before.start < before.end <= after.start
            assert before.elevation_deg < after.elevation_deg
            assert before.n_bins >= after.n_bins
    bins = [sweep.header.n_bins for sweep in decoded(COMPLETE.format("DBZH")).sweeps]
    assert bins[-1] < bins[0]


def test_values_are_possible_ones() -> None:
    for volume in whole_volumes():
        low, high = LIMITS[volume.field]
        for sweep in volume.sweeps:
            assert low <= np.nanmin(sweep.values)
            assert np.nanmax(sweep.values) <= high
            assert sweep.nan == 0


def test_values_are_exact_in_few_binary_digits() -> None:
    for volume in whole_volumes():
        for sweep in volume.sweeps:
            scaled = sweep.values[np.isfinite(sweep.values)] * 512
            np.testing.assert_array_equal(scaled, np.round(scaled))


def test_all_fields_but_rhohv_have_cells_where_nothing_is_detected() -> None:
    for volume in whole_volumes():
        for sweep in volume.sweeps:
            assert sweep.undetect.any() == (volume.field != "RHOHV")
            assert not sweep.undetect.all()


def test_rays_not_radiated_are_whole_and_next_to_the_first_ray() -> None:
    lost = 0
    for volume in whole_volumes():
        for sweep in volume.sweeps:
            rays = np.flatnonzero(sweep.nodata_rays)
            assert sweep.nodata == len(rays) * sweep.header.n_bins
            away = (rays - sweep.header.first_ray + 180) % 360 - 180
            assert np.all(np.abs(away) <= 6)
            lost += len(rays)
    assert lost > 0


@pytest.mark.parametrize("field", [field for field in POLARIMETRIC if field != "KDP"])
def test_fields_of_a_volume_share_their_sweeps(field: str) -> None:
    first = decoded(COMPLETE.format("DBZH"))
    other = decoded(COMPLETE.format(field))
    for sweep, same in zip(first.sweeps, other.sweeps, strict=True):
        assert replace(same.header, product=sweep.header.product) == sweep.header
        np.testing.assert_array_equal(same.nodata_rays, sweep.nodata_rays)


def test_kdp_is_cut_as_in_files_of_2025() -> None:
    phase, kdp = (decoded(COMPLETE.format(field)) for field in ("PHIDP", "KDP"))
    for whole, cut in zip(phase.sweeps, kdp.sweeps, strict=True):
        assert cut.header.n_bins == whole.header.n_bins - 17
        stated_m = 1770 if whole.nodata_rays.any() else 4770
        assert cut.header.bin_offset_m == stated_m
        within = whole.values[:, 8 : 8 + cut.header.n_bins]
        np.testing.assert_array_equal(np.isnan(cut.values), np.isnan(within))
    assert true_offsets_m(kdp, phase) == [4770] * len(kdp.sweeps)


def test_the_two_reflectivities_differ_by_zdr() -> None:
    dbzh, dbzv, zdr = (lowest_sweep(COMPLETE, field) for field in ("DBZH", "DBZV", "ZDR"))
    difference = dbzh - dbzv - zdr
    assert np.nanmax(np.abs(difference)) <= 3 / 64  # each is rounded to 1/32


def test_heavy_rain_has_more_zdr_and_kdp_than_light_rain() -> None:
    dbzh = lowest_sweep(COMPLETE, "DBZH")
    kdp = lowest_sweep(COMPLETE, "KDP")
    within = dbzh[:, 8 : 8 + kdp.shape[1]]
    assert np.nanmean(kdp[within > 45]) > 0.8 > 0.1 > np.nanmean(kdp[(within > 15) & (within < 30)])
    zdr = lowest_sweep(COMPLETE, "ZDR")
    assert np.nanmean(zdr[dbzh > 45]) > 1.5 > np.nanmean(zdr[(dbzh > 15) & (dbzh < 30)])


def test_the_differential_phase_grows_with_kdp() -> None:
    dbzh, phase, kdp = (lowest_sweep(COMPLETE, field) for field in ("DBZH", "PHIDP", "KDP"))
    gained = 2 * 0.36 * np.cumsum(np.nan_to_num(kdp), axis=1)
    where = dbzh[:, 8 : 8 + kdp.shape[1]] > 35
    found = phase[:, 8 : 8 + kdp.shape[1]][where]
    assert np.corrcoef(gained[where], found)[0, 1] > 0.95


def test_rain_is_coherent_and_noise_is_not() -> None:
    dbzh, rhohv = (lowest_sweep(COMPLETE, field) for field in ("DBZH", "RHOHV"))
    assert np.mean(rhohv[dbzh > 25]) > 0.97
    assert np.mean(rhohv[np.isnan(dbzh) & ~np.isnan(rhohv)]) < 0.5


def test_weak_echoes_are_lost_far_away() -> None:
    sweeps = [sweep.values for sweep in decoded(COMPLETE.format("DBZH")).sweeps]
    near = min(np.nanmin(values[:, :100]) for values in sweeps)
    far = min(np.nanmin(values[:, 300:]) for values in sweeps[:3])
    assert near < far - 3


def test_velocities_near_the_radar_are_those_of_one_wind() -> None:
    velocity = lowest_sweep(DOPPLER_VOLUME, "VRAD")[:, 10:40]
    azimuth = np.deg2rad(np.arange(360) + 0.5)
    mean = np.nanmedian(velocity, axis=1)
    basis = np.column_stack([np.sin(azimuth), np.cos(azimuth)])
    wind, *_ = np.linalg.lstsq(basis, mean, rcond=None)
    assert np.max(np.abs(basis @ wind - mean)) < 0.5
    assert 5 < np.hypot(*wind) < NYQUIST_M_S


def test_velocities_aloft_are_folded() -> None:
    velocity = decoded(DOPPLER_VOLUME.format("VRAD")).sweeps[-1].values
    jumps = np.abs(np.diff(velocity, axis=1)) > 1.8 * NYQUIST_M_S
    assert np.count_nonzero(jumps) > 100


def test_a_scene_comes_again_with_its_seed_and_time_alone() -> None:
    scan = Scan((0.5,), (60,))
    values = [
        scan_scene("RMA1", start, scan, seed=seed)["DBZH"].sweeps[0].values
        for start, seed in ((EPOCH, 1), (EPOCH, 1), (EPOCH, 2), (EPOCH + timedelta(hours=1), 1))
    ]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2], equal_nan=True)
    assert not np.array_equal(values[0], values[3], equal_nan=True)


@settings(max_examples=20)
@given(
    sweeps=st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60)), min_size=1, max_size=3),
    rays=st.integers(1, 400),
    field=st.sampled_from((*POLARIMETRIC, *DOPPLER)),
)
def test_any_scan_gives_files_that_can_be_decoded(
    sweeps: list[tuple[int, int]], rays: int, field: str
) -> None:
    elevations_deg, bins = zip(*sweeps, strict=True)
    made = scan_scene("RMA1", EPOCH, Scan(elevations_deg, bins, rays), seed=0)[field]
    name = parse_name(f"RMA1_0315_01_{field}_20000101T120000Z.BUFR")
    read = decode_field(encode_field(made, name=name), name, "sample")
    assert len(read.sweeps) == len(sweeps)
    for sweep, expected in zip(read.sweeps, made.sweeps, strict=True):
        assert sweep.header == expected.header
        np.testing.assert_array_equal(sweep.values, expected.values)


def read_volume(path: Path) -> FieldVolume:
    return decode_field(path.read_bytes(), parse_name(path.name), path.name)


@pytest.mark.parametrize(
    ("fields", "number"), [(DOPPLER, "02"), (("DBZH", "KDP"), "01"), (("VRAD",), "02")]
)
def test_volumes_in_numbers_differ_in_their_times_alone(
    tmp_path: Path, fields: tuple[str, ...], number: str
) -> None:
    paths = write_volumes(
        tmp_path / "new", 150, fields=fields, scan=Scan((0.5, 1.5, 2.5), (40,) * 3, 90)
    )
    assert len(set(paths)) == 150 * len(fields)
    for path in (*paths[: len(fields)], *paths[-len(fields) :]):  # the last after midnight
        name = parse_name(path.name)
        assert name.volume_number == number
        first, volume = map(read_volume, (paths[fields.index(name.field)], path))
        by = name.time - EPOCH
        assert volume.time == first.time + by
        for sweep, before in zip(volume.sweeps, first.sweeps, strict=True):
            start, end = before.header.start + by, before.header.end + by
            assert sweep.header == replace(before.header, start=start, end=end)
            np.testing.assert_array_equal(sweep.values, before.values)
    assert parse_name(paths[-1].name).time == EPOCH + timedelta(minutes=149 * 5)


def test_volumes_in_numbers_have_the_shape_asked_for(tmp_path: Path) -> None:
    (path,) = write_volumes(tmp_path, 1, fields=["DBZH"], scan=Scan(range(4), [30] * 4, 72))
    assert [sweep.values.shape for sweep in read_volume(path).sweeps] == [(72, 30)] * 4


def test_the_usual_volumes_in_numbers_are_of_a_real_size(tmp_path: Path) -> None:
    paths = write_volumes(tmp_path, 1)
    assert [parse_name(path.name).field for path in paths] == ["VRAD", "WRAD"]
    assert all(200e3 < path.stat().st_size < 400e3 for path in paths)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_file_names_are_the_ones_that_are_read(field: str) -> None:
    file = f"RMA11_0315_01_{field}_20251020T152828Z.BUFR"
    assert file_name(parse_name(f"{file}.gz")) == file
