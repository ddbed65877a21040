import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state, in a place of the test's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("HEADRACE_STATE", str(folder))
    return folder


@pytest.fixture(scope="session")
def radar_data() -> Path:
    """The folder of real radar files."""
    root = Path(os.environ.get("HEADRACE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / "radar" / "EXPECTED.json").is_file():
        pytest.skip(f"no real radar files: {root / 'radar'} is missing (see HEADRACE_DATA)")
    return root / "radar"
