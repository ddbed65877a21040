"""The Dockerfile is built, on stand-ins for what it takes from registries, and its images run."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ports import free_port
from rig import ROOT, wait_until
from stand_ins import Buildah, beam_base, launcher_base, missing, python_base

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(bool(missing()), reason=f"no images: {missing()}"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="images have Python 3.11"),
]
_SAMPLES = "--input={}/samples/syntax/**/*.json*"


class Images(NamedTuple):
    buildah: Buildah
    bases: dict[str, str]

    def build(self, target: str, **arguments: str) -> str:
        return self.buildah.build(ROOT, target, **self.bases, **arguments)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    folder = tmp_path_factory.mktemp("images")
    version = re.search(r"^ARG BEAM_VERSION=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    buildah = Buildah(folder / "storage")
    bases = {
        "PYTHON_IMAGE": buildah.image_of(python_base(folder / "python"), "python"),
        "BEAM_IMAGE": buildah.image_of(beam_base(folder / "beam", version[1]), "beam"),
        "LAUNCHER_IMAGE": buildah.image_of(launcher_base(folder / "launcher"), "launcher"),
    }
    yield Images(buildah, bases)
    buildah.call("rm", "--all")
    buildah.call("rmi", "--all", "--force")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that containers see under the same path, whoever they run as."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o777)
    subprocess.run(
        [sys.executable, "-m", "pipelines", "samples", "syntax", f"--output={tmp_path}/samples"],
        cwd=ROOT,
        check=True,
    )
    return tmp_path


@contextlib.contextmanager
def worker_pool(buildah: Buildah, container: str, data: Path) -> Iterator[str]:
    """Runs what `boot --worker_pool` does, at a port that is free; yields its address."""
    port = free_port("localhost")
    module = ["-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"]
    boot = "--container_executable=/opt/apache/beam/boot"
    run = ["run", f"--volume={data}:{data}", container, "--"]
    pool = subprocess.Popen(
        buildah.command(*run, "python", *module, boot),
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
        start_new_session=True,
    )

    def listens() -> bool:
        assert pool.poll() is None
        with socket.socket() as client:
            return client.connect_ex(("localhost", port)) == 0

    try:
        wait_until(listens, "a worker pool")
        yield f"localhost:{port}"
    finally:
        os.killpg(pool.pid, signal.SIGTERM)
        pool.wait()


def tables(data: Path, output: str, *arguments: str) -> dict[str, bytes]:
    """Runs the pipeline from here; returns what it wrote."""
    command = [_SAMPLES.format(data), f"--output={data}/{output}", *arguments]
    found = subprocess.run(
        [sys.executable, "-m", "pipelines.syntax", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3, found.stderr  # one sample is damaged
    return {path.name: path.read_bytes() for path in (data / output).glob("*.parquet")}


def tables_by_pool(data: Path, pool: str, *arguments: str) -> dict[str, bytes]:
    environment = ["--environment_type=EXTERNAL", f"--environment_config={pool}"]
    runner = ["--runner=PortableRunner", "--job_endpoint=embed", *environment]
    return tables(data, "by_pool", *runner, *arguments)


def test_the_command_runs_as_anyone_and_writes_to_what_is_mounted(
    images: Images, data: Path
) -> None:
    container = images.buildah.call("from", images.build("cli"))
    entry = images.buildah.call("inspect", "--format={{.OCIv1.Config.Entrypoint}}", container)
    assert entry == "[headrace]"
    run = ["run", f"--volume={data}:/data", container, "--"]
    assert images.buildah.call(*run, "id", "-u") == "1000"
    pattern = _SAMPLES.format("/data")
    assert "16 to work" in images.buildah.call(
        *run, "headrace", "syntax", pattern, "--output=/data/out", "--plan"
    )
    whole = "--exclude=map.js.json"
    images.buildah.call(*run, "headrace", "syntax", pattern, whole, "--output=/data/out")
    assert (data / "out/calls.parquet").is_file()


def test_the_worker_works_for_a_run_from_elsewhere(images: Images, data: Path) -> None:
    container = images.buildah.call("from", images.build("worker"))
    entry = images.buildah.call("inspect", "--format={{.OCIv1.Config.Entrypoint}}", container)
    assert entry == "[/opt/apache/beam/boot]"
    with worker_pool(images.buildah, container, data) as pool:
        assert tables_by_pool(data, pool) == tables(data, "here")


def test_a_worker_without_headrace_gets_it_from_what_beam_stages(
    images: Images, data: Path
) -> None:
    container = images.buildah.call("from", images.build("worker"))
    images.buildah.call("run", container, "--", "pip", "uninstall", "--yes", "headrace")
    with worker_pool(images.buildah, container, data) as pool:
        by_pool = tables_by_pool(data, pool, f"--setup_file={ROOT}/setup.py")
    assert by_pool == tables(data, "here")


@pytest.mark.parametrize("pipeline", ["radar", "syntax"])
def test_the_launcher_starts_the_pipeline_it_is_built_for(images: Images, pipeline: str) -> None:
    container = images.buildah.call("from", images.build("launcher", PIPELINE=pipeline))
    entry = images.buildah.call("inspect", "--format={{.OCIv1.Config.Entrypoint}}", container)
    shown = images.buildah.call("run", container, "--", entry.strip("[]"), "--help")
    assert f"pipelines.{pipeline}" in shown
    client = "import apache_beam.runners.dataflow.internal.apiclient"
    images.buildah.call("run", container, "--", "python", "-c", client)
    images.buildah.call("run", container, "--", "pip", "check")


def test_nothing_but_the_code_is_in_the_build(images: Images) -> None:
    container = images.buildah.call("from", images.build("code"))
    listed = images.buildah.call("run", container, "--", "find", "/build", "-maxdepth", "1")
    assert {Path(line).name for line in listed.splitlines()} == {
        *("build", "LICENSE", "README.md", "constraints.txt", "pyproject.toml", "setup.py"),
        *("batchio", "pipelines", "transforms", "headrace.egg-info"),
    }
