import os
import stat
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from batchio import stores
from batchio.fingerprint import sha256
from batchio.output import (
    Output,
    OutputRoot,
    files_below,
    is_there,
    remove,
    remove_folder,
    those_there,
)
from batchio.stores import StoreError

# (address of the output root, beginning of the paths below it), for the same folder
ROOTS = ["{folder}/out", "{folder}/out/", "file://{folder}/out"]


def write_text(text):
    return lambda path: path.write_text(text)


def paths_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path):
    return OutputRoot(str(tmp_path / "out"), "run-1")


@pytest.fixture
def memory():
    fs = fsspec.filesystem("memory")
    yield fs
    fs.rm("/", recursive=True)


@pytest.mark.parametrize("url", ROOTS)
def test_an_output_is_written_below_the_root(tmp_path, url):
    root = OutputRoot(url.format(folder=tmp_path), "run-1")
    output = root.write("a/b.txt", write_text("text"))
    assert output == Output(f"{tmp_path}/out/a/b.txt", 4, sha256(b"text"))
    assert (tmp_path / "out/a/b.txt").read_text() == "text"
    assert paths_below(tmp_path) == ["out/a/b.txt"]


def test_the_file_is_under_its_name_only_when_it_is_whole(root):
    target = Path(root.path("b.txt"))
    seen = []

    def write(path):
        path.write_text("half")
        seen.append((target.exists(), path.parent, path.name.endswith("-b.txt")))
        path.write_text("whole")

    root.write("b.txt", write)
    assert seen == [(False, root.scratch, True)]
    assert target.read_text() == "whole"


def test_a_writer_that_fails_leaves_nothing(root, tmp_path):
    def write(path):
        path.write_text("half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        root.write("b.txt", write)
    assert paths_below(tmp_path) == []


def test_a_writer_that_fails_leaves_the_earlier_output(root, tmp_path):
    root.write("b.txt", write_text("earlier"))

    def write(path):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        root.write("b.txt", write)
    assert (tmp_path / "out/b.txt").read_text() == "earlier"
    assert paths_below(tmp_path) == ["out/b.txt"]


def test_an_output_that_cannot_get_its_name_leaves_nothing(root, tmp_path):
    (tmp_path / "out/b.txt").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        root.write("b.txt", write_text("text"))
    assert paths_below(tmp_path) == []


def test_an_output_replaces_the_earlier_one(root):
    root.write("b.txt", write_text("long earlier text"))
    output = root.write("b.txt", write_text("new"))
    assert Path(output.path).read_text() == "new"
    assert output.size == 3


def test_permissions_follow_the_umask(tmp_path):
    code = f"""
import os
os.umask(0o027)
from batchio.output import OutputRoot
OutputRoot({str(tmp_path)!r}, "run").write("a.txt", lambda path: path.write_text("x"))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("relative", "named"),
    [
        ("a.nc", "a_2024.nc"),
        ("v1.2/a.nc", "v1.2/a_2024.nc"),
        ("v1.2/a", "v1.2/a_2024"),
        ("a.b.nc", "a.b_2024.nc"),
    ],
)
def test_the_suffix_stands_before_the_extension(tmp_path, relative, named):
    root = OutputRoot(str(tmp_path), "run", suffix="_2024")
    assert root.path(relative) == f"{tmp_path}/{named}"
    assert OutputRoot(str(tmp_path), "run").path(relative) == f"{tmp_path}/{relative}"


def test_scratch_is_removed_for_its_run_alone(tmp_path):
    one, other = (OutputRoot(str(tmp_path), run) for run in ("one", "other"))
    for root in (one, other):
        root.scratch.mkdir(parents=True)
        (root.scratch / "rest").touch()
    one.clear_scratch()
    one.clear_scratch()
    assert not one.scratch.exists()
    assert (other.scratch / "rest").exists()


def test_an_output_goes_to_other_storage(memory, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    root = OutputRoot("memory://box/out/", "run-1")
    root.write("a/b.txt", write_text("earlier and longer"))
    output = root.write("a/b.txt", write_text("text"))
    assert output == Output("memory://box/out/a/b.txt", 4, sha256(b"text"))
    assert memory.cat("/box/out/a/b.txt") == b"text"
    assert paths_below(tmp_path) == []
    root.clear_scratch()
    assert list(tmp_path.iterdir()) == []


def test_other_storage_that_falters_is_tried_again(memory, monkeypatch):
    errors = [ConnectionError("reset"), TimeoutError("slow")]
    real = MemoryFileSystem.put_file

    def put_file(*args, **kwargs):
        if errors:
            raise errors.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "put_file", put_file)
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    root = OutputRoot("memory://box", "run-1", retries=2)
    root.write("b.txt", write_text("text"))
    assert memory.cat("/box/b.txt") == b"text"
    root.clear_scratch()


class RenamingStorage(MemoryFileSystem):
    """Stands for FTP servers, where a file is seen while it grows."""

    protocol = "sftp"
    store: dict = {}  # noqa: RUF012 - as in its base
    pseudo_dirs = [""]  # noqa: RUF012
    moves: list = []  # noqa: RUF012
    refuses = False

    def mv(self, path1, path2, **kwargs):
        if self.refuses:
            raise PermissionError(path2)
        self.moves.append((path1, path2, self.exists(path2)))
        super().mv(path1, path2, **kwargs)

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("sftp://", "memory://"))


@pytest.fixture
def renaming(monkeypatch):
    monkeypatch.setitem(_registry, "sftp", RenamingStorage)
    yield RenamingStorage()
    RenamingStorage.clear_instance_cache()
    RenamingStorage.store.clear()
    RenamingStorage.moves.clear()


def test_where_files_are_seen_while_they_grow_they_are_renamed_at_the_end(renaming):
    root = OutputRoot("sftp://host/out", "run-1")
    root.write("b.txt", write_text("text"))
    assert renaming.find("/") == ["/host/out/b.txt"]
    assert renaming.moves == [("/host/out/b.txt.part", "/host/out/b.txt", False)]
    root.clear_scratch()


def test_where_the_renaming_fails_nothing_is_left(renaming, monkeypatch):
    monkeypatch.setattr(RenamingStorage, "refuses", True)
    root = OutputRoot("sftp://host/out", "run-1")
    with pytest.raises(StoreError, match=r"b\.txt: write: "):
        root.write("b.txt", write_text("text"))
    assert renaming.find("/") == []
    root.clear_scratch()


@pytest.mark.parametrize("url", ["{folder}", "memory://box"])
def test_an_output_is_there_while_it_has_its_size(memory, tmp_path, url):
    root = OutputRoot(url.format(folder=tmp_path), "run-1")
    output = root.write("b.txt", write_text("text"))
    assert is_there(output)
    fs, path = fsspec.core.url_to_fs(output.path)
    fs.pipe(path, b"tex")
    assert not is_there(output)
    fs.rm(path)
    assert not is_there(output)
    root.clear_scratch()


@pytest.mark.parametrize("url", ["{folder}/out", "memory://out"])
def test_a_staged_file_gets_its_final_name(memory, tmp_path, url):
    root = OutputRoot(url.format(folder=tmp_path), "run-1", suffix="_day")
    staged = OutputRoot(root.url, "run-1").write("stage/b.txt", write_text("new"))
    root.write("a/b.txt", write_text("old"))
    final = root.adopt(staged, "a/b.txt")
    assert final == Output(f"{root.folder}a/b_day.txt", 3, staged.sha256)
    left = [] if "://" not in root.url else [staged.path]  # a store cannot rename
    assert sorted(files_below(root.url)) == sorted([final.path, *left])
    assert fsspec.open(final.path).open().read() == b"new"
    root.clear_scratch()


@pytest.mark.parametrize("url", ["{folder}/out", "memory://out"])
def test_files_and_folders_are_removed_and_may_be_gone(memory, tmp_path, url):
    root = OutputRoot(url.format(folder=tmp_path), "run-1")
    paths = [root.write(name, write_text("x")).path for name in ("a/b.txt", "a/c/d.txt", "e.txt")]
    root.clear_scratch()
    remove(paths[0])
    assert [path for path in files_below(root.url) if "scratch" not in path] == paths[1:]
    for _ in range(2):
        remove_folder(f"{root.folder}a")
        remove(paths[2])
        assert files_below(root.url) == []


def test_a_staged_file_is_renamed_where_that_is_cheap_even_if_the_answer_was_lost(renaming):
    root = OutputRoot("sftp://host/out", "run-1")
    staged = root.write("stage/b.txt", write_text("new"))
    for _ in range(2):
        final = root.adopt(staged, "b.txt")
        assert renaming.find("/") == ["/host/out/b.txt"]
    assert renaming.cat(final.path) == b"new"
    with pytest.raises(FileNotFoundError):
        root.adopt(staged, "c.txt")
    root.clear_scratch()


def test_of_many_outputs_those_are_found_that_are_there(memory):
    root = OutputRoot("memory://box", "run-1")
    outputs = [root.write(f"{number}.txt", write_text(f"{number}")) for number in range(40)]
    root.clear_scratch()
    for output in outputs[::4]:
        remove(output.path)
    for output in outputs[1::4]:
        fsspec.filesystem("memory").pipe(output.path, b"longer")
    assert those_there(outputs) == {*outputs[2::4], *outputs[3::4]}
    assert those_there([]) == set()


def test_an_output_whose_folder_became_a_file_is_not_there(tmp_path):
    (tmp_path / "out").touch()
    assert not is_there(Output(f"{tmp_path}/out/b.txt", 4, ""))


def test_many_processes_write_the_same_output_whole(tmp_path):
    code = f"""
import sys
from batchio.output import OutputRoot
root = OutputRoot({str(tmp_path)!r}, "run")
for _ in range(50):
    root.write("a.txt", lambda path: path.write_text(sys.argv[1] * 100_000))
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, letter],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for letter in "ab"
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "a.txt").exists():
            text = (tmp_path / "a.txt").read_text()
            seen.add((len(text), len(set(text))))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == {(100_000, 1)}
