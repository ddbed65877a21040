"""The versions that `make setup`, and with it CI, and the images install."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """The versions for a Python on Linux, by name."""
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    found = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(environment):
            (version,) = pin.specifier
            assert version.operator == "==", line
            assert canonicalize_name(pin.name) not in found, line
            found[canonicalize_name(pin.name)] = version.version
    return found


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(each) for some in lists for each in some]


@pytest.mark.parametrize("python", VERSIONS)
def test_every_requirement_has_a_pin_that_fits(python: str) -> None:
    pinned = pins(python)
    wanted = [each for each in requirements() if each.name != "headrace"]
    assert [
        str(each)
        for each in wanted
        if not each.specifier.contains(pinned.get(canonicalize_name(each.name), ""))
    ] == [], "run `make constraints`"


def test_the_same_pythons_are_pinned_as_are_checked() -> None:
    checked = (ROOT / ".github/workflows/check.yml").read_text()
    assert tuple(re.findall(r'"(3\.\d+)"', checked)) == VERSIONS


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = pins(f"{sys.version_info.major}.{sys.version_info.minor}")
    installed = {canonicalize_name(each.name): each.version for each in distributions()}
    assert {name: version for name, version in installed.items() if name in pinned} == {
        name: version for name, version in pinned.items() if name in installed
    }, "run `make setup`"


def test_the_pins_name_no_registry_and_no_file_of_one_platform() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert not [line for line in lines if re.search(r"://|--|@ ", line)]


def test_the_images_have_the_pinned_beam_and_one_python() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (beam,) = re.findall(r"^ARG BEAM_VERSION=(.+)$", dockerfile, re.MULTILINE)
    pythons = re.findall(r"python:?(\d)\.?(\d+)[-_]", dockerfile)
    assert beam == pins("3.11")["apache-beam"]
    assert pythons == [("3", "11")] * 3
