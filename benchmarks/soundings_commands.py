"""Whole commands of the soundings pipeline, timed for `soundings_pipeline.py`."""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from timed_command import Timed, timed

from batchio.soundings.bufkit_names import find_model
from batchio.soundings.stations import CatalogueStation, read_stations

DATE, HOUR = "2022-10-26", "12"  # of the archive's runs
MODELS = {"HRRR": "hrrr", "RAP": "rap"}  # with what their files begin
DELAY_S = 0.05


def measure_archive(data: Path, folder: Path, repeat: int) -> None:
    """Times runs over the archive, from start to report."""
    inputs = ["--input", f"{data}/**/*.buf", "--output", str(folder / "out")]
    print(f"\n{sum(1 for _ in data.rglob('*.buf'))} files of {data.name}, NetCDF and CSV\n")
    print("| workers | best, s | median, s | peak memory, MB |\n|---|---|---|---|")
    for workers in (1, 2):
        command = pipeline(*inputs, "--workers", str(workers))
        _print_row(str(workers), repeated(command, [folder / "out"], repeat))


def measure_fetch(files: Sequence[Path], folder: Path, count: int, repeat: int) -> None:
    """Times fetching from a server that waits before each answer, beside a plain loop."""
    stations = _stations_of_both(count // len(MODELS))
    bodies = {
        f"/{prefix}_{quote(station.id.lower())}.buf": moved(_first(files, model), station)
        for model, prefix in MODELS.items()
        for station in stations
    }
    size = sum(map(len, bodies.values())) / 1e6
    print(f"\n{len(bodies)} files, {size:.0f} MB; {1000 * DELAY_S:.0f} ms before each answer\n")
    print("| | best, s | median, s | peak memory, MB |\n|---|---|---|---|")
    with _serving(bodies) as url:
        loop = [_fetch_plainly(url, bodies, folder / "plain") for _ in range(repeat)]
        print(
            f"| urllib, one after the other | {min(loop):.1f} | {statistics.median(loop):.1f} | |"
        )
        archive = folder / "archive"
        asked = [DATE, str(archive), "--hour", HOUR, "--model", *MODELS]
        asked += ["--station", *(station.id for station in stations), "--download_only"]
        asked += ["--source_url", f"{url}/{{prefix}}_{{station}}.buf"]
        asked += ["--output", str(folder / "out")]
        for downloads in (1, 3, 10):
            command = pipeline(*asked, "--max_download_workers", str(downloads))
            runs = repeated(command, [folder / "out", archive], repeat)
            assert sum(1 for _ in archive.rglob("*.buf")) == len(bodies)
            _print_row(f"headrace, {downloads} at a time", runs)


def measure_memory(files: Sequence[Path], folder: Path, count: int) -> None:
    """Times runs over a tenth of so many stations and over all, and says what memory they had."""
    data, inputs = _first(files, "HRRR"), folder / "stations"
    inputs.mkdir()
    print("\nStations of one HRRR run, NetCDF and CSV, 2 workers\n")
    print("| stations | s | launcher, MB | largest worker, MB | all processes, MB |")
    print("|---|---|---|---|---|")
    held = []
    for number in range(count):
        name = f"X{number:04}"  # no station of the catalogue: none is asked for, none is wrong
        place = CatalogueStation(name, 900_000 + number, 35.0, -97.0, "", "", frozenset())
        (inputs / f"hrrr_{name.lower()}.buf").write_bytes(moved(data, place))
        if number + 1 not in (count // 10, count):
            continue
        command = pipeline("--input", f"{inputs}/*.buf", "--output", str(folder / "out"))
        (run,) = repeated([*command, "--workers", "2"], [folder / "out"], 1)
        held.append(run.below_mb)
        row = (run.seconds, run.root_mb, run.below_mb, run.peak_mb)
        print(f"| {number + 1} |", *(f"{value:.0f} |" for value in row), flush=True)
    each = (held[1] - held[0]) / (count - count // 10)
    print(f"\n{each:.2f} MB of the largest worker a station", flush=True)


def pipeline(*options: str) -> list[str]:
    """Returns the command."""
    return [sys.executable, "-m", "pipelines.soundings", *options, "--quiet"]


def repeated(command: Sequence[str], folders: Sequence[Path], repeat: int) -> list[Timed]:
    """Runs a command again and again, each time without the folders that it writes."""
    runs = []
    for _ in range(repeat):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        runs.append(timed(command))
    return runs


def moved(data: bytes, station: CatalogueStation) -> bytes:
    """Returns the text of a file as that of another station."""
    found = re.search(rb"STNM = (\d+)", data)
    assert found is not None
    number = b"%d" % station.number
    values = {
        b"STID": station.id.encode(),
        b"STNM": number,
        b"SLAT": b"%.2f" % station.latitude_deg,
        b"SLON": b"%.2f" % station.longitude_deg,
    }
    for name, value in values.items():
        data = re.sub(rb"\b%s = \S+" % name, b"%s = %s" % (name, value), data)
    return re.sub(rb"(?m)^%s (?=\d{6}/)" % found[1], number + b" ", data)


def _first(files: Sequence[Path], model: str) -> bytes:
    return next(path.read_bytes() for path in files if find_model(str(path)) == model)


def _stations_of_both(count: int) -> list[CatalogueStation]:
    stations = [each for each in read_stations().values() if set(MODELS) <= each.models]
    return stations[:count]


def _fetch_plainly(url: str, paths: Mapping[str, bytes], folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    start = time.perf_counter()
    for path in paths:
        with urlopen(url + path) as answer:
            (folder / path[1:]).write_bytes(answer.read())
    return time.perf_counter() - start


@contextmanager
def _serving(bodies: Mapping[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(DELAY_S)
            body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _print_row(name: str, runs: Sequence[Timed]) -> None:
    seconds = [run.seconds for run in runs]
    peak = max(run.peak_mb for run in runs)
    print(
        f"| {name} | {min(seconds):.1f} | {statistics.median(seconds):.1f} | {peak:.0f} |",
        flush=True,
    )
