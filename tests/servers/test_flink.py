from __future__ import annotations

from pathlib import Path

import pytest
from contract_flink import LOOPBACK, ON_FLINK_S, FlinkContract, rig_on, told
from flink_cluster import FlinkCluster
from radar_hooks import RadarHooks
from rig import Rig
from syntax_hooks import SyntaxHooks


class TestRadarOnFlink(RadarHooks, FlinkContract):
    pass


class TestSyntaxOnFlink(SyntaxHooks, FlinkContract):
    pass


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
