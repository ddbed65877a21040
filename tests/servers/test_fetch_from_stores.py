"""A day of a radar from a bucket: gs:// and s3://."""

from __future__ import annotations

from pathlib import Path

import pytest
from fetched_day import STRANGE, fetched, files_of, listed, make_day
from store_rig import Store

from batchio.errors import CannotRun
from batchio.folders import Folders


def test_a_day_is_fetched_as_it_lies_in_a_bucket_and_once(store: Store, tmp_path: Path) -> None:
    asked = make_day(tmp_path / "served")
    store.upload(tmp_path / "served", "L2")
    for marker in ("", "2025/", "2025/11/17/", "2025/11/17/12/", "2025/11/17/12/3000/"):
        store.fs.pipe_file(f"{store.bucket}/L2/RMA1/{marker}", b"")  # as consoles make folders
    server = Folders(f"{store.url}/L2")
    units, left_out = listed(server)
    assert {unit.unit_id: unit.details["size"] for unit in units} == {
        name: len(data) for name, data in sorted(asked.items())
    }
    assert left_out == [STRANGE]
    assert fetched(server, units, tmp_path / "out") == ["fetched"] * len(asked)
    assert files_of(tmp_path / "out") == asked
    assert fetched(server, units, tmp_path / "out") == ["present"] * len(asked)


def test_what_is_put_into_a_bucket_later_is_seen(store: Store, tmp_path: Path) -> None:
    server = Folders(f"{store.url}/L2")
    with pytest.raises(CannotRun, match="RMA1: list: there is no such folder"):
        listed(server)
    asked = make_day(tmp_path / "served")
    store.upload(tmp_path / "served", "L2")
    assert len(listed(server)[0]) == len(asked)
    name = min(asked)
    store.fs.pipe_file(f"{store.bucket}/L2/{name}", asked[name] + b"more")
    assert listed(server)[0][0].details["size"] == len(asked[name]) + 4


def test_a_bucket_that_falters_is_asked_again(store: Store, tmp_path: Path) -> None:
    asked = make_day(tmp_path / "served")
    store.upload(tmp_path / "served", "L2")
    server = Folders(f"{store.url}/L2")
    store.proxy.every = 4
    units, _ = listed(server)
    assert fetched(server, units, tmp_path / "out") == ["fetched"] * len(asked)
    assert files_of(tmp_path / "out") == asked
    assert store.proxy.met
