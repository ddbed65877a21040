"""Failures as users meet them: what is wrong, and what the command has to say."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from radar_files import file_name
from rig import Rig

from batchio.ledger_schema import SCHEMA_VERSION

RADAR, SYNTAX, FRONT_DOOR = "pipelines.radar", "pipelines.syntax", "pipelines"
VOLUME = "RMA1_0301_02_20181111T000457Z"
FIRST = file_name(VOLUME, "DBZH")
NOBODY = "127.0.0.1:1"  # a port where nobody listens

Arrange = Callable[[Rig, ExitStack], object]


@dataclass(frozen=True)
class Failure:
    """What a user does wrong, or meets, and what the command has to say.

    Attributes:
        module: What is run with `python -m`.
        arguments: Its further arguments; `{here}` is the folder of the test.
        code: The exit code.
        says: What the one line of error holds, in this order: file or option, step, cause, action.
        arrange: Prepares it; what it holds is let go at the end.
        outputs: The outputs that a run leaves for people; None where nothing must have run.
        privileged: Whether the user's rights may be those of root.
    """

    module: str
    arguments: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    arrange: Arrange | None = None
    outputs: tuple[str, ...] | None = None
    privileged: bool = True


def write(name: str, content: str) -> Arrange:
    def arrange(rig: Rig, _held: ExitStack) -> None:
        (rig.folder / name).write_text(content)

    return arrange


def close_to_all(name: str, mode: int = 0) -> Arrange:
    def arrange(rig: Rig, held: ExitStack) -> None:
        path = rig.folder / name
        if not path.exists():
            path.mkdir()
        held.callback(path.chmod, path.stat().st_mode)
        path.chmod(mode)

    return arrange


def damage(name: str, change: Callable[[bytes], bytes]) -> Arrange:
    def arrange(rig: Rig, _held: ExitStack) -> None:
        file = rig.inputs / name
        file.write_bytes(change(file.read_bytes()))

    return arrange


def cut_short(data: bytes) -> bytes:
    return data[:-100]


def garbage(_data: bytes) -> bytes:
    return b"\x80garbage" * 20


def make_ledger(rig: Rig, content: bytes = b"") -> Path:
    rig.state.mkdir(parents=True)
    path = rig.state / "ledger.db"
    path.write_bytes(content)
    return path


def no_database(rig: Rig, _held: ExitStack) -> None:
    make_ledger(rig, b"this is no database" * 100)


def newer_ledger(rig: Rig, _held: ExitStack) -> None:
    with closing(sqlite3.connect(make_ledger(rig))) as db:
        db.execute("CREATE TABLE schema_version (version INTEGER)")
        db.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION + 1])
        db.commit()


def locked_ledger(rig: Rig, held: ExitStack) -> None:
    db = sqlite3.connect(make_ledger(rig), isolation_level=None)
    held.callback(db.close)
    db.execute("BEGIN EXCLUSIVE")


def full_disk(size: str) -> Arrange:
    """Mounts a disk of a few pages as the output."""

    def arrange(rig: Rig, held: ExitStack) -> None:
        rig.output.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(rig.output)]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no disk can be mounted: only root may, outside of most containers")
        held.callback(subprocess.run, ["umount", str(rig.output)], check=True)

    return arrange


def refused(module: str, arguments: str, code: int, *says: str, **changes: object) -> Failure:
    return replace(Failure(module, tuple(arguments.split()), code, says), **changes)  # type: ignore[arg-type]


IN, OUT = "{here}/in", "{here}/out"
LEDGER = f"{OUT}/.headrace/ledger.db"
NAMING_RUNS = {"status": "", "resume": "", "retry": "", "stop": "", "compare": " other"}
UNUSABLE = (f"{LEDGER}: ledger: cannot be used: file is not a database", "; check that")
NEWER = (f"{LEDGER}: ledger: is of a newer Headrace (schema ", "; upgrade Headrace")
UNLOADED = "; write package.module:name, and see that Python finds the module"
NAMES = ("files", "symbols", "calls", "imports", "inherits", "quarantine")
TABLES = tuple(f"{name}.parquet" for name in NAMES)
ON_FLINK = "--runner=FlinkRunner --flink_master="
ROOMLESS = "--min_free_space=0 --retries=0 --ledger=sqlite:///{here}/ledger.db"

FAILURES = {
    "input that is not there": refused(
        RADAR,
        "--input {here}/nowhere/*",
        1,
        "{here}/nowhere: preflight: there is no such file or folder",
        "; check the path",
    ),
    "input of a folder that may not be listed": refused(
        SYNTAX,
        "",
        1,
        f"{IN}: preflight: cannot be listed: Permission denied",
        "; check its permissions",
        arrange=close_to_all("in"),
        privileged=False,
    ),
    "input on storage whose package is not installed": refused(
        RADAR,
        "--input abfs://box/in/*",
        1,
        "abfs://box/in: preflight: cannot be reached: ImportError: Install adlfs",
        "; install that; headrace[s3]",
    ),
    "output below a file": refused(
        RADAR,
        "--output {here}/file/out",
        1,
        "{here}/file/out: preflight: cannot be written: Not a directory",
        "; check --output",
        arrange=write("file", "no folder"),
    ),
    "output that is a file": refused(
        SYNTAX,
        "",
        1,
        f"{OUT}: preflight: cannot be written: Not a directory",
        "; check --output",
        arrange=write("out", "no folder"),
    ),
    "output that may not be written": refused(
        RADAR,
        "",
        1,
        f"{OUT}: preflight: cannot be written: Permission denied",
        "; check --output, its permissions",
        arrange=close_to_all("out", 0o555),
        privileged=False,
    ),
    "too little room": refused(
        RADAR,
        "--min_free_space=900TB",
        1,
        f"{OUT}: preflight: only ",
        "; make room, or lower --min",
    ),
    "log file that cannot be written": refused(
        RADAR,
        "--log_file={here}/no/run.log",
        1,
        "{here}/no/run.log: log: cannot be written: No such file",
        "; check --log_file",
    ),
    "mistyped option": refused(
        RADAR, "--wokers=2", 2, "--wokers is unknown; did you mean --workers"
    ),
    "option of another pipeline": refused(
        RADAR, "--tables=files", 2, "--tables is unknown; see python -m pipelines.radar --help"
    ),
    "value that is none": refused(
        SYNTAX, "--workers=none", 2, "--workers 'none' is not accepted; give a whole number"
    ),
    "mistyped table": refused(
        SYNTAX, "--tables nodez", 2, "--tables 'nodez' is not accepted; give one of files, symbols"
    ),
    "plug-in of no module": refused(
        SYNTAX,
        "--plugin=nosuch:Shape",
        2,
        "nosuch:Shape: --plugin: cannot be loaded: Mod",
        UNLOADED,
    ),
    "plug-in that its module lacks": refused(
        SYNTAX,
        "--batching=json:weigh",
        2,
        "json:weigh: --batching: cannot be loaded: Att",
        UNLOADED,
    ),
    "configuration that is not there": refused(
        RADAR,
        "--config={here}/no.yaml",
        2,
        "{here}/no.yaml: No such file or directory; check what --config names",
    ),
    "volume types that are not there": refused(
        RADAR,
        "--volume_types={here}/t.yaml",
        2,
        "{here}/t.yaml: volume types: cannot be read: No such file or directory; "
        "check what --volume_types names",
    ),
    "volume types that are no YAML": refused(
        RADAR,
        "--volume_types={here}/t.yaml",
        2,
        "{here}/t.yaml: volume types: line 2: expected ',' or ']', but got '<stream end>'; correct",
        arrange=write("t.yaml", '"0301": {"02": [DBZH\n'),
    ),
    "volume types of an unknown field": refused(
        RADAR,
        "--volume_types={here}/t.yaml",
        2,
        "{here}/t.yaml: volume types: 0301.02: unknown field 'DBZHH'; did you mean DBZH?",
        arrange=write("t.yaml", '"0301": {"02": [DBZHH]}'),
    ),
    "volume types that are no table": refused(
        RADAR,
        "--volume_types={here}/t.yaml",
        2,
        "{here}/t.yaml: volume types: holds no table; give strategy",
        arrange=write("t.yaml", "- DBZH"),
    ),
    "ledger that another process has locked": refused(
        RADAR,
        "",
        1,
        f"{LEDGER}: ledger: cannot be used: database is locked; end the process",
        arrange=locked_ledger,
    ),
    "ledger of a newer version": refused(RADAR, "", 1, *NEWER, arrange=newer_ledger),
    "ledger that is no database": refused(SYNTAX, "", 1, *UNUSABLE, arrange=no_database),
    "ledger of no known database": refused(
        RADAR,
        "--ledger=mysql://h/db",
        2,
        "--ledger 'mysql://h/db' is not accepted; give a URL such",
    ),
    "PostgreSQL that does not answer": refused(
        RADAR,
        f"--ledger=postgresql+psycopg://anna:secret@{NOBODY}/none",
        1,
        f"postgresql+psycopg://anna:***@{NOBODY}/none: ledger: cannot be used: ",
        "Connection refused",
        "; check that it is there",
    ),
    "Flink without Java": refused(
        RADAR,
        f"{ON_FLINK}{NOBODY}",
        1,
        "start Flink job: there is no Java",
        "; install Java",
        arrange=lambda rig, _held: (rig.folder / "bin").mkdir(),
    ),
    "Flink that does not answer": refused(
        SYNTAX,
        f"{ON_FLINK}{NOBODY} --flink_submit_uber_jar",
        1,
        f"http://{NOBODY}: start Flink job: no Flink answers: ",
        "Connection refused; check --flink_master",
    ),
    "unknown runner": refused(
        RADAR,
        "--runner=FlinkRuner",
        2,
        "--runner 'FlinkRuner' is not",
        "; did you mean FlinkRunner?",
    ),
    **{
        f"{command} of no run": refused(
            FRONT_DOOR, f"{command} nobody{other}", 2, f"nobody: {command}: no such run; name"
        )
        for command, other in NAMING_RUNS.items()
    },
    "status in a ledger of a newer version": refused(
        FRONT_DOOR, f"status --output {OUT}", 1, *NEWER, arrange=newer_ledger
    ),
    "status in what is no database": refused(
        FRONT_DOOR, f"status --output {OUT}", 1, *UNUSABLE, arrange=no_database
    ),
    "status in what is no URL": refused(
        FRONT_DOOR, "status --ledger=ledger.db", 2, "--ledger 'ledger.db' is not accepted; give a"
    ),
    "input that nothing matches": refused(
        RADAR,
        f"--input {IN}/*.nope",
        1,
        f"{IN}/*.nope: match files: no file matches; check the pattern",
        outputs=(),
    ),
    "file that may not be read": refused(
        RADAR,
        "--retries=0",
        3,
        f"{IN}/{FIRST}: read: cannot be read: Permission denied; check",
        arrange=close_to_all(f"in/{FIRST}"),
        outputs=(f"{VOLUME}.nc",),
        privileged=False,
    ),
    "radar file that is cut short": refused(
        RADAR,
        "",
        3,
        f"{IN}/{FIRST}: decode radar BUFR: is cut short: ",
        "; fetch the file again",
        arrange=damage(FIRST, cut_short),
        outputs=(f"{VOLUME}.nc",),
    ),
    "tree that is garbage": refused(
        SYNTAX,
        "",
        3,
        f"{IN}/a.py.json: read: the byte 0x80 is not UTF-8",
        "; dump or fetch it again",
        arrange=damage("a.py.json", garbage),
        outputs=TABLES,
    ),
    "tree that is too big": refused(
        SYNTAX,
        "--max_file_mb=0.0005",
        3,
        f"{IN}/b.py.json: read: is larger than 500 bytes; raise --max_file_mb",
        outputs=TABLES,
    ),
    "disk that is full, for tables and report": refused(
        SYNTAX,
        ROOMLESS,
        1,
        "headrace: {here}/out",
        ": there is no room left on the disk; make room",
        arrange=full_disk("4k"),
        outputs=(),
    ),
    "disk that is full, for a file": refused(
        RADAR,
        ROOMLESS,
        3,
        f"{VOLUME}: write: {OUT}/{VOLUME}.nc: there is no room left on the disk; make room",
        arrange=full_disk("36k"),
        outputs=(),
    ),
}
