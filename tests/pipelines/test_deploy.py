"""The service files: their commands are understood, what they name is there."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml
from ports import free_port
from sample_ledger import a_ledger, a_run

from batchio.radar.samples import write_volumes
from batchio.radar.scene import Scan
from pipelines.__main__ import main
from pipelines.dashboard.loopback import is_loopback

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PROGRAM = "/opt/headrace/bin/headrace"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "headrace"}


def exec_start(unit):
    """The arguments of a unit's command."""
    text = (DEPLOY / unit).read_text().replace("\\\n", " ")
    program, *arguments = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1])
    assert program == PROGRAM
    return arguments


def here(words, folder):
    """The same command with paths of this machine."""
    places = {
        "/etc/headrace": DEPLOY / "config",
        "/config": DEPLOY / "config",
        "/srv/headrace": folder,
        "/data": folder,
        "/run/secrets": folder,
        "%d": folder,
        "postgresql+psycopg://headrace@db/headrace": f"sqlite:///{folder}/ledger.db",
    }
    at_start = "|".join(map(re.escape, places))
    return [re.sub(rf"(^|=)({at_start})", lambda m: m[1] + str(places[m[2]]), w) for w in words]


def value_of(words, option):
    return next(
        word.partition("=")[2] or words[number + 1]
        for number, word in enumerate(words)
        if word.partition("=")[0] == option
    )


@pytest.fixture
def place(tmp_path):
    """A server's tree with one file, the folder that is watched, and secrets."""
    (sample,) = write_volumes(tmp_path / "in", 1, fields=["VRAD"], scan=Scan((0.5,), (40,), 36))
    for root in (tmp_path / "L2", tmp_path / "bufr"):
        folder = root / "RMA1/2000/01/01/12/0000"
        folder.mkdir(parents=True)
        shutil.copy(sample, folder)
    (tmp_path / "source_login").write_text("machine radar.example login anna password x\n")
    (tmp_path / "source_login").chmod(0o600)
    return tmp_path


def planned(words, folder, capsys):
    assert main(here(words, folder)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [exec_start("headrace-radar.service"), OURS["fetcher"]["command"]],
    ids=["systemd", "compose"],
)
def test_the_fetching_command_is_understood(words, place, capsys):
    end = words.index("--then") if "--then" in words else len(words)
    tried = [f"--source={place}/L2", "--start=2000-01-01", "--end=2000-01-02", "--plan"]
    told = planned([*words[:end], *tried, *words[end:]], place, capsys)
    assert "plan: 1 to work" in told


def test_the_watching_command_is_understood(place, capsys):
    told = planned([*OURS["watcher"]["command"], "--plan"], place, capsys)
    assert "plan: 1 to work" in told
    assert value_of(OURS["watcher"]["command"], "--watch") == "60"


def test_the_page_is_healthy_by_its_health_check(tmp_path):
    port = str(free_port())
    page = SERVICES["page"]
    assert not is_loopback(value_of(page["command"], "--host"))
    with closing(a_ledger(tmp_path, a_run())) as ledger:
        ledger.finish_run("run-1", "completed", {})
    (tmp_path / "page_token").write_text("a token of the tests' own")
    words = here([word.replace("8000", port) for word in page["command"]], tmp_path)
    command = [sys.executable, "-m", "pipelines", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stderr.readline().split()[-1]
            assert address.endswith(f":{port}/")
            _, _, *check = page["healthcheck"]["test"]
            check = [word.replace("8000", port) for word in check]
            subprocess.run([sys.executable, *check], check=True, timeout=60)
            assert httpx.get(f"http://127.0.0.1:{port}/api/v1/runs").status_code == 401
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_page_of_systemd_has_a_token(tmp_path, capsys):
    words = exec_start("headrace-page.service")
    assert main(here(words, tmp_path)) == 1
    assert f"{tmp_path}/token: serve: cannot be read" in capsys.readouterr().err
    unit = (DEPLOY / "headrace-page.service").read_text()
    assert "\nLoadCredential=token:" in unit


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_units(unit, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze: install systemd")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PROGRAM, shutil.which("true")))
    found = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_can_write_its_outputs_and_nothing_else(unit):
    text = unit.read_text()
    assert "\nProtectSystem=strict\n" in text
    assert "\nReadWritePaths=/srv/headrace\n" in text
    outputs = [word for word in exec_start(unit.name) if word.startswith("/srv")]
    assert all(word.startswith("/srv/headrace/") for word in outputs)


def test_what_the_compose_file_names_is_there():
    used = [secret for service in SERVICES.values() for secret in service.get("secrets", [])]
    assert set(used) == set(COMPOSE["secrets"])
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for secret in COMPOSE["secrets"].values():
        assert f"/deploy/{Path(secret['file']).parent}/" in ignored
    mounts = [mount.split(":") for service in SERVICES.values() for mount in service["volumes"]]
    for source, *_ in mounts:
        assert (
            (DEPLOY / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]
        )


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_needs(name):
    conditions = {"service_healthy": "healthcheck", "service_started": "image"}
    for other, needed in SERVICES[name].get("depends_on", {}).items():
        assert conditions[needed["condition"]] in SERVICES[other]
    if any("@db/" in word for word in SERVICES[name].get("command", [])):
        assert SERVICES[name]["depends_on"]["db"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_is_of_the_image_that_is_built(name):
    service, dockerfile = OURS[name], (ROOT / "Dockerfile").read_text()
    build = service["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert re.search(rf"^FROM \S+ AS {build['target']}$", dockerfile, re.MULTILINE)
    extras = re.findall(r"--extra (\w+)", build["args"]["EXTRAS"])
    project = (ROOT / "pyproject.toml").read_text()
    assert {"dashboard", "postgres"} <= set(extras)
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
    assert service["restart"] == "unless-stopped"


def test_each_container_has_a_name_of_its_own():
    names = [service["hostname"] for service in OURS.values()]
    assert len(set(names)) == len(OURS)
