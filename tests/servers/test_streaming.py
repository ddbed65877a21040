"""A pipeline that goes on, on Flink, beside rounds on this machine: the same arrivals."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from contract_flink import LOOPBACK, ON_FLINK_S, rig_on
from flink_cluster import FlinkCluster
from radar_files import START, file_name, write_volume
from rig import Rig, wait_until

_TABLE = '"0301": {"02": [DBZH, VRAD]}'


@pytest.mark.timeout(900)
def test_a_stream_gives_what_rounds_give(flink: FlinkCluster, tmp_path: Path) -> None:
    """Volumes complete at once, later, timed out and late after that; damage, a foreign name."""
    arrivals, table = tmp_path / "in", tmp_path / "volumes.yaml"
    table.write_text(_TABLE)
    about = ("--volume_types", str(table), "--incomplete_timeout_hours", "2", "--watch", "1")
    rounds = Rig("pipelines.radar", tmp_path / "rounds", arguments=about)
    stream = rig_on(flink, Rig("pipelines.radar", tmp_path / "stream", arguments=about), *LOOPBACK)
    both = (rounds, stream)

    now = datetime.now(timezone.utc).replace(microsecond=0)
    complete = write_volume(arrivals)
    awaited = write_volume(arrivals, ["DBZH"], time=now)
    late = write_volume(arrivals, ["VRAD"], time=START + timedelta(minutes=5))  # timed out
    damaged = write_volume(arrivals, ["DBZH", "VRAD"], time=START + timedelta(minutes=10))
    (arrivals / file_name(damaged, "VRAD")).write_bytes(b"BUFR")
    (arrivals / "readme.BUFR").write_bytes(b"hello")

    pattern = [f"{arrivals}/*.BUFR"]
    with (
        rounds.started(inputs=pattern) as rounding,
        stream.started("--streaming", "--parallelism=2", inputs=pattern) as streaming,
    ):
        first = {complete: "completed", awaited: "incomplete", late: "completed"}
        for rig in both:
            _wait_for(rig, {**first, damaged: "failed"})
        attempts = _attempts(stream, late)
        write_volume(arrivals, ["VRAD"], time=now)
        write_volume(arrivals, ["DBZH"], time=START + timedelta(minutes=5))
        ended = {**dict.fromkeys(first, "completed"), damaged: "failed"}
        for rig in both:
            _wait_for(rig, ended)
            wait_until(lambda rig=rig: _attempts(rig, late) > attempts, "the late field")
        for running in (rounding, streaming):
            running.send(signal.SIGTERM)
        assert [running.wait(ON_FLINK_S).code for running in (rounding, streaming)] == [130, 130]
    assert stream.outputs() == rounds.outputs() != {}
    assert stream.statuses() == rounds.statuses() == ended
    for rig in both:
        (left_out,) = rig.rows("select path from files where unit_id is null")
        assert left_out["path"].endswith("readme.BUFR")
        assert rig.unfinished_files() == []


def _wait_for(rig: Rig, statuses: dict[str, str]) -> None:
    what = f"{statuses} of {rig.folder.name}"
    wait_until(lambda: rig.statuses() == statuses, what, timeout_s=ON_FLINK_S)


def _attempts(rig: Rig, unit_id: str) -> int:
    (row,) = rig.rows(f"select max(attempt) as n from units where unit_id = '{unit_id}'")
    return int(row["n"])
