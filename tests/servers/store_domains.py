"""The pipelines as the tests on stores see them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from addresses_hooks import AddressesHooks, write_addresses
from radar_files import START, write_volume
from rig import Finished
from soundings_hooks import write_sounding
from subtitles_hooks import GAP, SubtitlesHooks, write_lecture
from syntax_trees import write_trees

SOURCES = {
    "app/main.py.json": "from app.tools import helper\n\ndef run():\n    return helper(1)\n",
    "app/tools.py.json": "class Tool:\n    def go(self):\n        return 1\n"
    "\ndef helper(x):\n    return Tool().go() if x else None\n",
    "app/deep/er/other.py.json": "def alone(a, b):\n    while a:\n        a -= b\n",
}


class Radar:
    module, pattern = "pipelines.radar", "**/*.BUFR"
    arguments: tuple[str, ...] = ()
    plans_outputs = True
    files = ("0", "1", "2")

    def make_inputs(self, folder: Path) -> None:
        for number in range(len(self.files)):
            self._write(folder, number, base=number)

    def change(self, folder: Path) -> None:
        self._write(folder, 1, base=30)

    def check_state_file(self, name: str, content: bytes) -> None:
        assert name.startswith(("runs/", "probe-"))

    def _write(self, folder: Path, number: int, *, base: float) -> None:
        time = START + timedelta(minutes=10 * number)
        write_volume(folder / f"{number}", ["DBZH", "VRAD"], time=time, base=base)


class Syntax:
    module, pattern = "pipelines.syntax", "**"
    arguments: tuple[str, ...] = ()
    plans_outputs = False  # the tables are no unit of an input
    files = tuple(SOURCES)

    def make_inputs(self, folder: Path) -> None:
        write_trees(folder, SOURCES)

    def change(self, folder: Path) -> None:
        name = "app/deep/er/other.py.json"
        write_trees(folder, {name: SOURCES[name] + "\nimport changed\n"})

    def check_state_file(self, name: str, content: bytes) -> None:
        if name.endswith(".arrow"):
            pa.ipc.open_file(content).read_all().validate(full=True)


class Soundings:
    module, pattern = "pipelines.soundings", "**/*.buf"
    arguments: tuple[str, ...] = ()
    plans_outputs = False  # those of a model run are no unit of an input
    files = ("0", "1", "2")

    def make_inputs(self, folder: Path) -> None:
        for number in range(len(self.files)):
            write_sounding(folder, number)

    def change(self, folder: Path) -> None:
        write_sounding(folder, 1, warmer_c=1)

    def check_state_file(self, name: str, content: bytes) -> None:
        if name.endswith(".part"):
            pa.ipc.open_file(content).read_all().validate(full=True)


class Addresses:
    module, pattern = AddressesHooks.module, AddressesHooks.pattern
    arguments = AddressesHooks.arguments
    plans_outputs = True
    files = ("0", "1", "2")

    def make_inputs(self, folder: Path) -> None:
        for number in range(len(self.files)):
            write_addresses(folder, number)

    def change(self, folder: Path) -> None:
        write_addresses(folder, 1, city="Newly Built, NV 89003")

    def check_state_file(self, name: str, content: bytes) -> None:
        if name.startswith("blocks/"):
            assert content.endswith((b"\n", b"}"))
        else:
            assert name.startswith(("runs/", "probe-"))


class Subtitles:
    module, pattern = SubtitlesHooks.module, SubtitlesHooks.pattern
    arguments: tuple[str, ...] = ()
    plans_outputs = False  # tables and report are no unit of an input
    files = ("0", "1", "2")

    def make_inputs(self, folder: Path) -> None:
        for number in range(len(self.files)):
            write_lecture(folder, number)

    def change(self, folder: Path) -> None:
        file = write_lecture(folder, 1)
        file.write_text(f"{file.read_text()}\n{GAP}")

    def check_state_file(self, name: str, content: bytes) -> None:
        if name.endswith(".jsonl"):
            assert content.endswith(b"\n")


Domain = Radar | Syntax | Soundings | Addresses | Subtitles
DOMAINS: tuple[Domain, ...] = (Radar(), Syntax(), Soundings(), Addresses(), Subtitles())


def ends_well(done: Finished) -> Finished:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    return done
