from __future__ import annotations

from pathlib import Path

import pytest
from addresses_hooks import AddressesHooks
from contract_flink import (
    LOOPBACK,
    ON_FLINK_S,
    DisturbedFlinkContract,
    FlinkContract,
    rig_on,
    told,
)
from flink_cluster import FlinkCluster
from http_archive import http_archive
from radar_hooks import RadarHooks
from rig import Rig
from sounding_files import give, path_of, rig_of
from soundings_hooks import SoundingsHooks
from subtitles_hooks import SubtitlesHooks
from syntax_hooks import SyntaxHooks


class TestRadarOnFlink(RadarHooks, DisturbedFlinkContract):
    pass


class TestAddressesOnFlink(AddressesHooks, FlinkContract):
    pass


class TestSoundingsOnFlink(SoundingsHooks, FlinkContract):
    pass


class TestSubtitlesOnFlink(SubtitlesHooks, FlinkContract):
    pass


class TestSyntaxOnFlink(SyntaxHooks, FlinkContract):
    pass


@pytest.mark.slow
class TestAddressesOnADisturbedFlink(AddressesHooks, DisturbedFlinkContract):
    pass


@pytest.mark.slow
class TestSoundingsOnADisturbedFlink(SoundingsHooks, DisturbedFlinkContract):
    pass


@pytest.mark.slow
class TestSubtitlesOnADisturbedFlink(SubtitlesHooks, DisturbedFlinkContract):
    pass


@pytest.mark.slow
class TestSyntaxOnADisturbedFlink(SyntaxHooks, DisturbedFlinkContract):
    pass


@pytest.mark.timeout(900)
def test_soundings_that_are_fetched(flink: FlinkCluster, tmp_path: Path) -> None:
    """The last station is published nowhere; no more files come at a time than are allowed.

    A cluster may do again what it has not heard the end of, so a file may be asked for twice.
    """
    stations = ("KABQ", "KDDC", "KDFW", "KSAF", "KTUS", "OUN", "KMAF")
    asked = ("--station", *stations, "--max_download_workers=2", "--download_batch_size=1")
    with http_archive() as server:
        give(server, stations[:-1])
        direct = rig_of(tmp_path / "direct", server, *asked)
        assert direct.run("--workers=2", inputs=[]).code == 0
        server.requests.clear()
        server.most_at_once = 0
        on_flink = rig_on(flink, rig_of(tmp_path / "flink", server, *asked), *LOOPBACK)
        done = on_flink.run("--parallelism=2", "--workers=2", inputs=[], timeout_s=ON_FLINK_S)
    assert done.code == 0, done.err
    assert set(server.requests) == set(map(path_of, stations))
    assert server.most_at_once <= 2
    assert on_flink.outputs() == direct.outputs() != {}
    assert on_flink.statuses() == direct.statuses()
    assert [*(tmp_path / "flink/archive").rglob("scratch/*/*")] == []


@pytest.mark.timeout(900)
def test_real_radar_files(flink: FlinkCluster, radar_data: Path, tmp_path: Path) -> None:
    rig = Rig("pipelines.radar", tmp_path / "direct", arguments=("--allow_incomplete",))
    same_as_direct(flink, rig, f"{radar_data}/*.BUFR")


@pytest.mark.timeout(900)
def test_real_trees(flink: FlinkCluster, ast_data: Path, tmp_path: Path) -> None:
    rig = Rig("pipelines.syntax", tmp_path / "direct")
    same_as_direct(flink, rig, f"{ast_data}/**/*.json*")


def same_as_direct(flink: FlinkCluster, direct: Rig, pattern: str) -> None:
    folder = direct.folder.parent / "flink"
    on_flink = rig_on(flink, Rig(direct.module, folder, arguments=direct.arguments), *LOOPBACK)
    expected = direct.run("--workers=2", inputs=[pattern])
    done = on_flink.run("--parallelism=2", inputs=[pattern], timeout_s=ON_FLINK_S)
    assert done.code == expected.code, done.err
    assert on_flink.outputs() == direct.outputs() != {}
    assert on_flink.statuses() == direct.statuses()
    assert told(on_flink) == told(direct)
