"""What is installed from, wheel and sdist, holds all that a pipeline needs and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from apache_beam.runners.portability.stager import Stager
from rig import ROOT

pytestmark = pytest.mark.timeout(900)
_PACKAGES = ("batchio", "pipelines", "transforms")
_ABOUT = {
    *("LICENSE", "MANIFEST.in", "PKG-INFO", "README.md"),
    *("pyproject.toml", "setup.cfg", "setup.py"),
}
_EXTRAS = ("dataflow", "gcs", "gpu", "postgres", "pyart", "s3", "source")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files under version control, as a checkout has them; builds leave traces in it."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT)
    archive = ["tar", "--create", "--null", "--files-from=-"]
    packed = subprocess.run(archive, cwd=ROOT, input=listed, capture_output=True, check=True)
    subprocess.run(["tar", "--extract"], cwd=folder, input=packed.stdout, check=True)
    return folder


@pytest.fixture(scope="module")
def code(sources: Path) -> set[str]:
    return {
        path.relative_to(sources).as_posix()
        for package in _PACKAGES
        for path in (sources / package).rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def sdist(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Beam stages for --setup_file."""
    folder = tmp_path_factory.mktemp("staged")
    options = PipelineOptions()
    options.view_as(SetupOptions).setup_file = str(sources / "setup.py")
    Stager.create_job_resources(options, str(folder), log_submission_env_dependencies=False)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(sources)]
    subprocess.run(build, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def new_environment(folder: Path) -> Path:
    """Makes an environment in which nothing is installed; returns its Python."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def call(*command: str | Path, folder: Path, code: int = 0) -> str:
    """Calls a command that sees neither this environment nor the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["HEADRACE_STATE"] = str(folder / "state")
    found = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == code, found.stderr
    return found.stdout


def test_the_sdist_has_the_code_and_nothing_else(sdist: Path, code: set[str]) -> None:
    with tarfile.open(sdist) as archive:
        names = {file.name.partition("/")[2] for file in archive.getmembers() if file.isfile()}
    assert code <= names
    assert {name for name in names - code if "egg-info/" not in name} == _ABOUT


def test_the_wheel_has_the_code_and_nothing_else(wheel: Path, code: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == code


@pytest.fixture(scope="module", params=["sdist", "wheel"])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A Python in which Headrace alone is installed, as Beam's workers install what is staged."""
    folder = tmp_path_factory.mktemp("environment")
    python = new_environment(folder / "env")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call(*install, f"--constraint={ROOT}/constraints.txt", "setuptools", folder=folder)
    package = request.getfixturevalue(request.param)
    call(*install, "--no-build-isolation", package, folder=folder)
    return python, folder


def test_both_pipelines_run_on_samples_from_an_empty_folder(
    installed: tuple[Path, Path],
) -> None:
    python, folder = installed
    call(python.parent / "headrace", "samples", "--output=samples", folder=folder)
    radar = ["--input=samples/radar/**/*", "--volume_types=samples/radar/volume_types.yaml"]
    call(python, "-m", "pipelines.radar", *radar, "--output=volumes", folder=folder, code=3)
    syntax = ["--input=samples/syntax/**/*.json*", "--output=tables"]
    call(python, "-m", "pipelines.syntax", *syntax, folder=folder, code=3)
    assert len(list(folder.glob("volumes/*.nc"))) == 4
    assert (folder / "tables/calls.parquet").is_file()
    assert list(folder.glob("volumes/.headrace/runs/*/report.html"))


def test_a_worker_with_what_is_staged_has_all_that_a_graph_needs(
    installed: tuple[Path, Path],
) -> None:
    python, folder = installed
    call(python.parent / "headrace", "samples", "syntax", "--output=remote", folder=folder)
    worker = f"cd / && exec {python} -m apache_beam.runners.worker.sdk_worker_main"
    runner = [
        *("--runner=PortableRunner", "--job_endpoint=embed"),
        *("--environment_type=beam:env:harness_subprocess_python:v1",),
        f"--environment_config={worker}",
    ]
    syntax = [f"--input={folder}/remote/syntax/**/*.json*", f"--output={folder}/far"]
    command = [sys.executable, "-m", "pipelines.syntax", *syntax, *runner]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 3, found.stderr
    assert "16 completed, 1 failed" in found.stderr


@pytest.mark.slow
@pytest.mark.parametrize("extra", _EXTRAS)
def test_each_extra_can_be_installed(extra: str, wheel: Path, tmp_path: Path) -> None:
    constraints = ROOT / "constraints.txt"
    python = new_environment(tmp_path / "env")
    install = [python, "-m", "pip", "install", "--dry-run", "--quiet"]
    call(*install, f"--constraint={constraints}", f"{wheel}[{extra}]", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_the_pins_can_be_installed_together(python: str) -> None:
    """With every extra, from wheels but for one dependency of Beam's that has none."""
    resolve = ["uv", "pip", "compile", "pyproject.toml", "--all-extras", "--no-annotate"]
    wheels = ["--no-header", "--only-binary=:all:", "--no-binary=google-apitools"]
    pinned = ["--constraint=constraints.txt", "--python-platform=linux"]
    found = subprocess.run(
        [sys.executable, "-m", *resolve, *wheels, *pinned, f"--python-version={python}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    names = {line.partition(" ")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert set(found.stdout.split()) <= names
