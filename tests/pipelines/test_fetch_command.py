"""A day of a radar through a server that misbehaves: what was whole there is a volume here."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from ftp_server import PASSWORD, FaultyFtp, faulty_ftp, login_file
from radar_files import file_name, write_volume
from rig import Rig, wait_until

from batchio.radar.sinarame import parse_name

DAY = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
    days=2
)  # of late, for --look_back
FIELDS = ("DBZH", "VRAD")
TABLE = "'0301':\n  '02': [DBZH, VRAD]\n"
KILLS = 20 if os.environ.get("HEADRACE_LONG") else 2
MINUTES = range(0, 24 * 60, 45)


class Served(NamedTuple):
    """A server and the folder that it serves."""

    top: Path
    server: FaultyFtp

    def put(self, minutes: int, fields: Sequence[str] = FIELDS, *, strategy: str = "0301") -> str:
        """Puts a volume there; returns its key."""
        at = DAY + timedelta(minutes=minutes)
        return write_volume(self.folder(at), fields, time=at, strategy=strategy)

    def folder(self, at: datetime) -> Path:
        return self.top / "L2" / "RMA1" / f"{at:%Y/%m/%d/%H/%M%S}"

    def file(self, volume: str, field: str) -> Path:
        name = file_name(volume, field)
        return self.folder(parse_name(name).time) / name

    def cut(self, volume: str, field: str) -> bytes:
        """Leaves the first bytes of a file; returns all of it."""
        file = self.file(volume, field)
        content = file.read_bytes()
        file.write_bytes(content[:200])
        return content


class Scene(NamedTuple):
    """What the runs have left, and what the server had."""

    served: Served
    fetching: Rig
    making: Rig
    whole: set[str]
    half: str
    unexpected: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("day")
    table = folder / "volumes.yaml"
    table.write_text(TABLE)
    (folder / "served").mkdir()
    with faulty_ftp(folder / "served", max_users=2) as server:
        served = Served(folder / "served", server)
        minutes = random.sample(MINUTES, len(MINUTES))
        volumes = [served.put(each, [*FIELDS, "ZDR"]) for each in minutes[:20]]
        unexpected = served.put(5, strategy="0999")
        (served.folder(DAY + timedelta(minutes=5)) / "notes.txt").write_text("nothing")
        grows, half, repeated = volumes[:3]
        content = served.cut(grows, "VRAD")
        served.cut(half, "VRAD")
        for number, volume in enumerate(volumes[3:12]):
            fault = ("drop", "cut", "421 Idle too long.")[number % 3]
            server.faults[file_name(volume, "DBZH")] = [fault, fault]
        server.drops_every = 25
        fetching = Rig("pipelines.fetch", folder, arguments=_arguments(served, table))

        making = Rig("pipelines.radar", folder / "made")
        own = ("--workers", "1", "--output", str(making.output))
        both = ("--watch", "0.3", "--look_back", "96", "--then", "radar", *own)
        dice = random.Random(20251117)
        for number in range(KILLS):
            with fetching.started(*both, inputs=[]) as run:
                if number == 0:
                    wait_until(lambda: sum(server.sent.values()) > 15, "the first files")
                else:
                    time.sleep(dice.uniform(1.5, 6))
                run.kill()
        late = [served.put(each) for each in minutes[20:]]
        twice = served.folder(DAY + timedelta(hours=23, minutes=59))
        twice.mkdir(parents=True)
        name = file_name(repeated, "DBZH")
        (twice / name).write_bytes(served.file(repeated, "DBZH").read_bytes())
        whole = {*volumes, *late} - {half}
        with fetching.started(*both, inputs=[]) as run:
            wait_until(lambda: _are_made(making, whole - {grows}), "what is whole")
            served.file(grows, "VRAD").write_bytes(content)
            wait_until(lambda: _are_made(making, whole), "what has grown")
            wait_until(lambda: _has_failed(fetching, half), "the last attempt")
            wait_until(lambda: making.statuses().get(half) == "incomplete", "the half volume")
            run.send(signal.SIGTERM)
            assert run.wait().code == 130
        yield Scene(served, fetching, making, whole, half, unexpected)


def _arguments(served: Served, table: Path) -> tuple[str, ...]:
    return (
        *("--what", "radar", "--radar", "RMA1", "--volume_types", str(table)),
        *("--source", f"{served.server.url}/L2"),
        *("--credentials", str(login_file(table.parent))),
        *("--start", f"{DAY:%Y-%m-%d}", "--end", f"{DAY:%Y-%m-%d}"),
        *("--connections", "4", "--max_attempts", "2"),
    )


def _are_made(rig: Rig, volumes: set[str]) -> bool:
    statuses = rig.statuses()
    return all(statuses.get(volume) == "completed" for volume in volumes)


def _has_failed(rig: Rig, volume: str) -> bool:
    """Tells whether a half file was given up, and nothing else waits any more."""
    unfinished = {unit: status for unit, status in rig.statuses().items() if status != "completed"}
    name = file_name(volume, "VRAD")
    return [(unit.rpartition("/")[2], each) for unit, each in unfinished.items()] == [
        (name, "failed")
    ]


def test_every_volume_that_was_whole_on_the_server_is_a_file(scene: Scene) -> None:
    made = {Path(path).stem for path in scene.making.outputs() if path.endswith(".nc")}
    assert made == scene.whole
    (left,) = {*scene.making.statuses()} - scene.whole
    assert left == scene.half


def test_each_other_volume_is_named_with_its_reason(scene: Scene) -> None:
    (waits,) = (row for row in scene.making.units().values() if row["status"] != "completed")
    assert (waits["unit_id"], waits["status"]) == (scene.half, "incomplete")
    assert "VRAD missing" in waits["error_message"]
    (failed,) = (row for row in scene.fetching.units().values() if row["status"] != "completed")
    assert failed["unit_id"].endswith(file_name(scene.half, "VRAD"))
    assert "is cut short: 200 bytes of a message of" in failed["error_message"]
    remarks = {
        Path(row["path"]).name: row["remark"]
        for row in scene.fetching.rows("SELECT path, remark FROM files WHERE remark > ''")
    }
    assert remarks == {
        file_name(scene.unexpected, "DBZH"): "unexpected: strategy 0999, volume 02 is not in the "
        "table; add it to have it fetched",
        file_name(scene.unexpected, "VRAD"): "unexpected: strategy 0999, volume 02 is not in the "
        "table; add it to have it fetched",
        "notes.txt": "the name is not RADAR_STRATEGY_VOLUME_FIELD_TIMESTAMP.BUFR[.gz]",
    }


def test_what_is_here_is_as_on_the_server_and_nothing_else(scene: Scene) -> None:
    for file in scene.fetching.output_files():
        twin = scene.served.top / "L2" / file.relative_to(scene.fetching.output)
        assert file.read_bytes() == twin.read_bytes()
        assert "ZDR" not in file.name
    assert scene.fetching.unfinished_files() == []


def test_nothing_is_fetched_twice_but_what_was_under_way_at_the_kill(scene: Scene) -> None:
    again = [name for name, times in scene.served.server.sent.items() if times > 1]
    assert (
        len(again) <= 4 * KILLS + 2 + 1
    )  # downloads at a time, half files, one that is there twice
    assert 2 <= scene.served.server.sent[file_name(scene.half, "VRAD")] <= 2 + KILLS


def test_no_volume_is_made_twice_but_what_was_under_way_at_a_kill(scene: Scene) -> None:
    rows = scene.making.rows("SELECT unit_id FROM units WHERE status = 'completed'")
    assert len(rows) - len(scene.whole) <= 2 * KILLS


def test_the_password_is_nowhere(scene: Scene) -> None:
    for file in scene.fetching.folder.rglob("*"):
        if file.is_file() and file.name != "logins":
            assert PASSWORD.encode() not in file.read_bytes()
