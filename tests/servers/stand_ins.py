"""Images to build ours on where no registry is reached: with what ours take from theirs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# What python:slim has for the modules of Python that need a library.
_LIBRARIES = (
    "ca-certificates,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,"
    "libsqlite3-0,libssl3,libuuid1,netbase,tzdata,zlib1g"
)
_LAUNCHER = '#!/bin/sh\nexec python "$FLEX_TEMPLATE_PYTHON_PY_FILE" "$@"\n'
_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE")  # of a machine that is behind a proxy of its own


@dataclass(frozen=True)
class Buildah:
    """Builds and runs images without a daemon, with a storage of its own."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        storage = [f"--root={self.folder}/root", f"--runroot={self.folder}/run"]
        return ["buildah", *storage, f"--storage-driver={_driver()}", *arguments]

    def call(self, *arguments: str) -> str:
        found = subprocess.run(
            self.command(*arguments),
            env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, f"{arguments}: {found.stdout}{found.stderr}"
        return found.stdout.strip()

    def build(self, context: Path, target: str, **arguments: str) -> str:
        """Builds a stage of a Dockerfile; returns the image's name."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        name = f"localhost/headrace-{target}"
        self.call("build", "--layers", f"--target={target}", *given, f"--tag={name}", str(context))
        return name

    def image_of(self, folder: Path, name: str) -> str:
        """Makes an image of a folder."""
        container = self.call("from", "scratch")
        self.call("copy", container, str(folder), "/")
        for variable in _VARIABLES:
            if variable in os.environ:
                self.call("config", f"--env={variable}={os.environ[variable]}", container)
        self.call("commit", "--rm", container, f"localhost/{name}")
        return f"localhost/{name}"


def missing() -> str:
    """Returns why images cannot be built here, nothing if they can."""
    absent = [tool for tool in ("buildah", "debootstrap", "go") if shutil.which(tool) is None]
    if absent:
        return f"install {', '.join(absent)}"
    if os.geteuid() != 0:
        return "needs root"
    return "" if _release().get("ID") == "debian" else "this Python is not of a Debian"


def python_base(folder: Path) -> Path:
    """Makes what python:slim is: Debian with this very Python below /usr/local."""
    mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
    codename = _release()["VERSION_CODENAME"]
    options = ["--variant=minbase", f"--include={_LIBRARIES}"]
    _call("debootstrap", *options, codename, str(folder), mirror)
    shutil.copytree(
        sys.base_prefix,
        folder / "usr/local",
        symlinks=True,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("site-packages", "test", "share", "__pycache__"),
    )
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    shutil.copy(certificates, folder / certificates.relative_to("/"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    _call("ldconfig", "-r", str(folder))
    _call("chroot", str(folder), f"/usr/local/bin/{version}", "-m", "ensurepip", "--default-pip")
    return folder


def beam_base(folder: Path, version: str) -> Path:
    """Makes what ours take from Beam's image: its program that starts workers."""
    package = "github.com/apache/beam/sdks/v2/python/container"
    programs = folder / "opt/apache/beam"
    _call("go", "install", f"{package}@v{version}", GOBIN=str(programs), CGO_ENABLED="0")
    (programs / "container").rename(programs / "boot")
    return folder


def launcher_base(folder: Path) -> Path:
    """Makes a stand-in for Google's launcher, which runs the file it is told to."""
    program = folder / "opt/google/dataflow/python_template_launcher"
    program.parent.mkdir(parents=True)
    program.write_text(_LAUNCHER)
    program.chmod(0o755)
    return folder


def _call(*command: str, **variables: str) -> None:
    subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True)


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _driver() -> str:
    return os.environ.get("STORAGE_DRIVER", "vfs")
