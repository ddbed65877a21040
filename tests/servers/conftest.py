from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from addresses_hooks import without_measures
from faulty_proxy import FaultyProxy, proxy_before
from flink_cluster import FlinkCluster
from fsspec import get_filesystem_class
from fsspec.config import conf
from store_domains import DOMAINS, Domain, ends_well
from store_rig import KINDS, Store, StoreRig, environment, running_store

pytest.register_assert_rewrite("contract_flink")

os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # before it is imported
_numbers = itertools.count()


@pytest.fixture(scope="session")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    """A cluster of one JobManager and two TaskManagers."""
    with FlinkCluster(tmp_path_factory.mktemp("flink") / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def flink_with_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    """A cluster of one TaskManager beside which a pool starts Beam workers."""
    with FlinkCluster(tmp_path_factory.mktemp("flink") / "cluster", task_managers=1) as cluster:
        yield cluster


@pytest.fixture(scope="session", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, FaultyProxy]]:
    """An object store: its kind, and the proxy before it, to which the environment leads."""
    kind = request.param
    with (
        running_store(kind) as url,
        proxy_before(url) as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in environment(kind, proxy.url).items():
            patch.setenv(name, value)
        patch.setitem(conf, "gs", {"token": "anon"})  # the environment is read on import
        get_filesystem_class(kind).clear_instance_cache()  # those of a server that has ended
        yield kind, proxy


@pytest.fixture
def store(server: tuple[str, FaultyProxy]) -> Store:
    """A bucket of the test's own."""
    kind, proxy = server
    store = Store(kind, f"bucket-{os.getpid()}-{next(_numbers)}", proxy)
    store.fs.mkdir(store.bucket)
    proxy.reset()
    return store


@pytest.fixture(scope="session", params=DOMAINS, ids=lambda domain: domain.module[10:])
def local(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StoreRig:
    """The same inputs, worked on this machine alone."""
    rig = _rig(request.param, tmp_path_factory.mktemp("local"))
    request.param.make_inputs(rig.inputs)
    ends_well(rig.run(f"--ledger=sqlite:///{rig.folder}/state/ledgers/local.db"))
    return rig


@pytest.fixture
def rig(local: StoreRig, store: Store, tmp_path: Path) -> StoreRig:
    """A command whose inputs are in the store as well as on this machine."""
    rig = _rig(local.domain, tmp_path, store)
    local.domain.make_inputs(rig.inputs)
    store.upload(rig.inputs, "in")
    return rig


def _rig(domain: Domain, folder: Path, store: Store | None = None) -> StoreRig:
    return StoreRig(
        domain.module,
        folder,
        domain.pattern,
        ("--workers=2", *domain.arguments),
        lasting=without_measures,
        domain=domain,
        store=store,
    )
