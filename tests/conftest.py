import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from postgres import Server, find_binaries, own_schema, running_server

# The same examples each time, however slow the machine; others with HEADRACE_LONG=1.
settings.register_profile("headrace", deadline=None, derandomize="HEADRACE_LONG" not in os.environ)
settings.load_profile("headrace")


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state, in a place of the test's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("HEADRACE_STATE", str(folder))
    return folder


@pytest.fixture(scope="session")
def radar_data() -> Path:
    """The folder of real radar files."""
    return _real_files("radar", "EXPECTED.json")


@pytest.fixture(scope="session")
def ast_data() -> Path:
    """The folder of real AST JSON files, a folder a shape."""
    return _real_files("ast", "SOURCES.md")


@pytest.fixture(scope="session")
def sounding_data() -> Path:
    """The folder of real BUFKIT files."""
    return _real_files("soundings", "SOURCES.md")


@pytest.fixture(scope="session")
def address_data() -> Path:
    """The folder of real addresses."""
    return _real_files("addresses", "SOURCES.md")


@pytest.fixture(scope="session")
def subtitle_data() -> Path:
    """The folder of real subtitles."""
    return _real_files("subtitles", "SOURCES.md")


def _real_files(kind: str, witness: str) -> Path:
    root = Path(os.environ.get("HEADRACE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / kind / witness).is_file():
        pytest.skip(f"no real {kind} files: {root / kind} is missing (see HEADRACE_DATA)")
    return root / kind


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server: install postgresql")
    with running_server(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL server: that of HEADRACE_TEST_POSTGRES, or one of the tests' own."""
    named = os.environ.get("HEADRACE_TEST_POSTGRES")
    return named or str(request.getfixturevalue("own_postgres").url)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty ledger on a real server."""
    with own_schema(postgres_server) as url:
        yield url
