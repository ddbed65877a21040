from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flink_cluster import FlinkCluster

pytest.register_assert_rewrite("contract_flink")


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


@pytest.fixture
def postgres_database(postgres_server: str) -> str:
    """The URL of an empty database."""
    name = f"headrace_{uuid.uuid4().hex}"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
