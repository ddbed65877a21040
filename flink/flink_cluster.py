"""A Flink cluster of its own on this machine, out of published packages, for tests and trials.

python flink/flink_cluster.py fetch             what it is made of, into a cache
python flink/flink_cluster.py run -- COMMAND    a command beside a running cluster

A standalone cluster: one JobManager and two TaskManagers with two slots each, on loopback and free
ports. Flink comes from its Python package, Beam's job server from Maven by `pom.xml`; Java 11 or 17
and Maven have to be there. A command gets HEADRACE_FLINK_MASTER and HEADRACE_FLINK_JOB_SERVER in
its environment.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

FLINK = "1.19.3"
HERE = Path(__file__).parent

_LIBRARIES = ("flink-dist-", "log4j-")
_SLOTS = 2
_START_S = 90.0
_JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_JOB_SERVER = "org.apache.beam.runners.flink.FlinkJobServerDriver"
# What Flink's own start script opens to it on Java 17.
_OPENED = ("lang", "lang.reflect", "net", "io", "nio", "text", "time", "util", "util.concurrent")
_MANIFEST_LINE = 70
_SETTINGS = {
    "jobmanager.rpc.address": "127.0.0.1",
    "jobmanager.bind-host": "127.0.0.1",
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "taskmanager.host": "127.0.0.1",
    "taskmanager.bind-host": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": _SLOTS,
    # Memory: what Flink's start script would work out and hand to the JVM.
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.framework.off-heap.size": "128m",
    "taskmanager.memory.task.heap.size": "384m",
    "taskmanager.memory.task.off-heap.size": "0b",
    "taskmanager.memory.managed.size": "128m",
    "taskmanager.memory.network.min": "192m",
    "taskmanager.memory.network.max": "192m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "192m",
    "taskmanager.memory.jvm-overhead.max": "192m",
    # A lost TaskManager is noticed soon, by calls that fail, and its work begun again on the other
    # one; one that only is slow, on a machine with much to do, is not lost.
    "heartbeat.interval": 1000,
    "heartbeat.timeout": 50000,
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 5,
    "restart-strategy.fixed-delay.delay": "1 s",
}
# Jobs are over before what the second compiler makes would be worth its time.
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_TASK_MANAGER_JVM = ("-Xmx512m", "-XX:MaxDirectMemorySize=320m", "-XX:MaxMetaspaceSize=256m")


def fetch() -> Path:
    """Returns the folder with Flink and the job server, fetched at the first call."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "headrace" / f"flink-{FLINK}"
    if not folder.exists():
        for tool in ("java", "mvn"):
            if shutil.which(tool) is None:
                sys.exit(f"flink: {tool} is not there: install Java 17 and Maven, then try again")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            made = Path(place) / "made"
            _fetch_flink(Path(place), made / "lib")
            _fetch_job_server(made / "job-server")
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                made.rename(folder)
    return folder


def _fetch_flink(place: Path, folder: Path) -> None:
    package = f"apache-flink-libraries=={FLINK}"
    source = ("--no-deps", "--no-binary=:all:", "--dest", str(place))
    _call(sys.executable, "-m", "pip", "download", "--quiet", *source, package)
    folder.mkdir(parents=True)
    with tarfile.open(next(place.glob("apache*flink*.tar.gz"))) as archive:
        for member in archive:
            name = Path(member.name)
            if name.parent.name == "lib" and name.name.startswith(_LIBRARIES):
                member.name = name.name
                archive.extract(member, folder)


def _fetch_job_server(folder: Path) -> None:
    where = f"-DoutputDirectory={folder}"
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", where)
    _call("mvn", "--quiet", "--batch-mode", "--file", str(HERE / "pom.xml"), *goal)
    names = " ".join(sorted(path.name for path in folder.glob("*.jar")))
    lines = [f"Main-Class: {_JOB_SERVER}", f"Class-Path: {names}"]
    manifest = "\r\n".join(["Manifest-Version: 1.0", *map(_folded, lines), "", ""])
    with zipfile.ZipFile(folder / "job-server.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", manifest)


def _folded(line: str) -> str:
    """Returns a line of a manifest, which must not be longer than 72 bytes."""
    parts = [line[at : at + _MANIFEST_LINE] for at in range(0, len(line), _MANIFEST_LINE)]
    return "\r\n ".join(parts)


def _call(*command: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"flink: this failed: {' '.join(command)}")


class FlinkCluster:
    """A running cluster, within a `with`.

    Attributes:
        master: Address for --flink_master.
        job_server: The jar for --flink_job_server_jar.
        worker_pool: Address for --environment_config, with --environment_type EXTERNAL: of a pool
            that starts Beam workers. Only where there is just one TaskManager, for two that share a
            pool give their workers the same names, and stop each other's.
    """

    def __init__(self, folder: Path, task_managers: int = 2) -> None:
        home = fetch()
        self._number = task_managers
        self._folder = folder
        self._classpath = str(home / "lib" / "*")
        # Beam's worker pool starts workers by the name `python`.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        self._environment = {**os.environ, "PATH": path}
        self._rest, self._rpc, pool = _free_port(), _free_port(), _free_port()
        self.job_server = str(home / "job-server" / "job-server.jar")
        self.master = f"127.0.0.1:{self._rest}"
        self.worker_pool = f"127.0.0.1:{pool}" if task_managers == 1 else ""
        self.task_managers: dict[str, subprocess.Popen[bytes]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> FlinkCluster:
        self._configure()
        try:
            self._java(_JOB_MANAGER, "-Xmx512m")
            for _ in range(self._number):
                self.start_task_manager()
            if self.worker_pool:
                port = self.worker_pool.rpartition(":")[2]
                module = "apache_beam.runners.worker.worker_pool_main"
                self._start("worker-pool", sys.executable, "-m", module, "--service_port", port)
            self.wait_for_slots(self._number * _SLOTS)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def start_task_manager(self) -> None:
        """Adds a TaskManager."""
        name = f"task-manager-{len(self.task_managers)}"
        settings = [f"-Dtaskmanager.resource-id={name}"]
        started = self._java(_TASK_MANAGER, *_TASK_MANAGER_JVM, settings=settings)
        self.task_managers[name] = started

    def lose_task_manager(self) -> None:
        """Kills a TaskManager that works on something."""
        known = self._get("taskmanagers")["taskmanagers"]
        name = next(one["id"] for one in known if one["freeSlots"] < one["slotsNumber"])
        self.task_managers[name].kill()
        self.task_managers[name].wait()
        self._processes.remove(self.task_managers[name])

    def overview(self) -> dict[str, Any]:
        """Returns what the cluster says of itself, nothing while it does not answer."""
        return self._get("overview")

    def running_jobs(self) -> list[str]:
        """Returns the ids of the jobs that run."""
        jobs = self._get("jobs").get("jobs", [])
        return [job["id"] for job in jobs if job["status"] == "RUNNING"]

    def wait_for_slots(self, number: int) -> None:
        """Waits until so many slots are free."""
        deadline = time.monotonic() + _START_S
        while self.overview().get("slots-available", 0) < number:
            if time.monotonic() > deadline or any(p.poll() is not None for p in self._processes):
                raise RuntimeError(f"the Flink cluster does not start; its logs: {self._folder}")
            time.sleep(0.3)

    def _get(self, what: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://{self.master}/{what}", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return {}

    def _configure(self) -> None:
        temporary = self._folder / "tmp"
        temporary.mkdir(parents=True)
        ports = {"rest.port": self._rest, "jobmanager.rpc.port": self._rpc}
        settings = {**_SETTINGS, **ports, "io.tmp.dirs": temporary}
        lines = [f"{key}: {value}\n" for key, value in settings.items()]
        (self._folder / "config.yaml").write_text("".join(lines))

    def _java(
        self, main: str, *flags: str, settings: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        opened = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _OPENED]
        command = ("java", *_JVM, *flags, *opened, "-cp", self._classpath, main)
        arguments = ("--configDir", str(self._folder), *settings)
        return self._start(main.rpartition(".")[2], *command, *arguments)

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{name}-{len(self._processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=self._environment
            )
        self._processes.append(process)
        return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("fetch", "run"))
    parser.add_argument("command", nargs="*", help="behind --: what to run beside the cluster")
    args = parser.parse_args(argv)
    if args.action == "fetch":
        print(fetch())
        return 0
    with tempfile.TemporaryDirectory() as place, FlinkCluster(Path(place) / "flink") as cluster:
        names = {
            "HEADRACE_FLINK_MASTER": cluster.master,
            "HEADRACE_FLINK_JOB_SERVER": cluster.job_server,
        }
        return subprocess.run(args.command, env={**os.environ, **names}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
