import os
from datetime import datetime, timezone
from pathlib import Path

import fsspec
import pytest

from batchio import fileset
from batchio.errors import CannotRun
from batchio.fileset import (
    FileRef,
    absolute,
    is_local,
    list_files,
    local_copy,
    local_path,
    missing_roots,
    open_text,
    read_bytes,
)
from batchio.globs import split_pattern


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder of files, each as long as its name; the current folder."""
    names = """a.csv b.csv c.txt sub.csv sub/a.csv sub/deep/d1.csv sub/deep/d2.csv sub/e.txt
    .headrace/report.csv sub/.headrace/x.csv"""
    for name in names.split():
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def memory():
    fs = fsspec.filesystem("memory")
    names = ["a.csv", "b.csv", "c.txt", "sub/d.csv", ".headrace/runs/r.csv"]
    fs.pipe({f"/box/{name}": name.encode() for name in names})
    yield fs
    fs.rm("/", recursive=True)


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    return path


def listed(*patterns, root=None, **options):
    found = [file.path for file in list_files(patterns, **options)]
    return found if root is None else [str(Path(path).relative_to(root)) for path in found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", "a.csv b.csv sub.csv"),
        ("?.csv", "a.csv b.csv"),
        ("[ab].csv", "a.csv b.csv"),
        ("[!a].csv", "b.csv"),
        ("[a-b].*", "a.csv b.csv"),
        ("{a,c}.{csv,txt}", "a.csv c.txt"),
        ("{a,{b,c}}.*", "a.csv b.csv c.txt"),
        ("sub/*", "sub/a.csv sub/e.txt"),
        ("*/*.csv", "sub/a.csv"),
        ("**/a.csv", "a.csv sub/a.csv"),
        ("**/deep/*.csv", "sub/deep/d1.csv sub/deep/d2.csv"),
        ("sub/**", "sub/a.csv sub/deep/d1.csv sub/deep/d2.csv sub/e.txt"),
        ("s*b/**/d?.csv", "sub/deep/d1.csv sub/deep/d2.csv"),
        ("sub", "sub/a.csv sub/deep/d1.csv sub/deep/d2.csv sub/e.txt"),
        ("sub/", "sub/a.csv sub/deep/d1.csv sub/deep/d2.csv sub/e.txt"),
        ("c.txt", "c.txt"),
        ("nothing.csv", ""),
        ("no/*.csv", ""),
    ],
)
@pytest.mark.parametrize("start", ["", "./", "ABSOLUTE", "file://ABSOLUTE"])
def test_a_pattern_matches(tree, pattern, expected, start):
    start = start.replace("ABSOLUTE", f"{tree}/")
    if pattern.startswith("no/"):
        (tree / "no").mkdir()
    assert listed(start + pattern, root=tree) == expected.split()


def test_files_are_named_by_their_absolute_path_with_size_and_mtime(tree):
    os.utime(tree / "a.csv", (1.5, 2.5))
    assert list(list_files(["a.csv"])) == [FileRef(f"{tree}/a.csv", 5, 2.5)]
    assert next(list_files(["?.csv"])) == FileRef(f"{tree}/a.csv", 5, 2.5)


def test_files_come_in_path_order_even_where_a_folder_is_named_like_a_file(tree):
    write(tree / "sub-1.csv")
    assert listed(".") == sorted(listed("."))


def test_the_root_of_the_file_system_can_be_a_patterns_folder():
    assert split_pattern("/*.csv") == ("/", "*.csv")
    assert all(path.startswith("/") for path in listed("/*"))


def test_a_folder_without_files_gives_none(tmp_path):
    assert listed(str(tmp_path)) == []


def test_the_state_folder_is_never_listed(tree):
    assert not [path for path in listed(".", "**", "*/*") if ".headrace" in path]


@pytest.mark.parametrize("name", ["a b.csv", "a[1].csv", "{x}.csv", "línea ñ.csv", "a\nb.csv", "*"])
def test_odd_names_are_found_by_wildcard_by_folder_and_as_they_are(tmp_path, name):
    write(tmp_path / name)
    for pattern in ("*", "", name):
        assert listed(f"{tmp_path}/{pattern}", root=tmp_path) == [name]


def test_a_name_that_is_a_wildcard_still_matches_the_others(tmp_path):
    for name in ("*.csv", "a.csv"):
        write(tmp_path / name)
    assert listed(f"{tmp_path}/*.csv", root=tmp_path) == ["*.csv", "a.csv"]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("a[1].csv", "a[[]1].csv"), ("[z-a].csv", "[z-a].*"), ("a&&b~|.csv", "a[&][&]b[~][|].csv")],
)
def test_characters_of_sets_can_be_matched(tmp_path, name, pattern):
    write(tmp_path / name)
    assert listed(f"{tmp_path}/{pattern}", root=tmp_path) == [name]


def test_a_file_that_two_patterns_match_comes_once(tree):
    found = listed("a.csv", "*.csv", "**/a.csv", root=tree)
    assert found == ["a.csv", "b.csv", "sub.csv", "sub/a.csv"]


@pytest.mark.parametrize(
    "exclude",
    ["b.csv", "ABSOLUTE/b.csv", "**/b.csv", "*b.csv", "{b,sub}.csv", "file://ABSOLUTE/b.csv"],
)
def test_excluded_files_are_left_out_by_name_or_by_path(tree, exclude):
    found = listed("[a-c].csv", exclude=[exclude.replace("ABSOLUTE", str(tree))], root=tree)
    assert found == ["a.csv"]


@pytest.mark.parametrize("exclude", ["**/deep/*", "sub/deep/**", "./sub/deep/*"])
def test_a_folder_is_excluded_wherever_the_files_are_listed_from(tree, exclude):
    found = listed(f"{tree}/sub/**", exclude=[exclude], root=tree)
    assert found == ["sub/a.csv", "sub/e.txt"]


def test_a_folder_of_any_depth_is_excluded_from_another_current_folder(
    tree, tmp_path_factory, monkeypatch
):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = listed(f"{tree}/sub/**", exclude=["**/deep/*"], root=tree)
    assert found == ["sub/a.csv", "sub/e.txt"]


def test_by_size_the_largest_come_first(tree):
    found = listed("*.*", order_by="size", root=tree)
    assert found == ["sub.csv", "a.csv", "b.csv", "c.txt"]


def test_by_mtime_the_oldest_come_first(tree):
    for mtime, name in enumerate(["c.txt", "b.csv", "sub.csv", "a.csv"], start=1):
        os.utime(tree / name, (mtime, mtime))
    assert listed("*.*", order_by="mtime", root=tree) == ["c.txt", "b.csv", "sub.csv", "a.csv"]


@pytest.mark.parametrize("target", [".", "..", "sub"])
def test_links_that_lead_back_are_not_followed(tree, target):
    (tree / "sub" / "loop").symlink_to(tree / "sub" / target, target_is_directory=True)
    found = listed("**/a.csv", root=tree)
    assert found == ["a.csv", "sub/a.csv"]


def test_two_folders_that_link_to_each_other_are_each_followed_once(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        write(tmp_path / name / f"{name}.csv")
        (tmp_path / name / "link").symlink_to(tmp_path / other, target_is_directory=True)
    expected = ["a/a.csv", "a/link/b.csv", "b/b.csv", "b/link/a.csv"]
    assert listed(f"{tmp_path}/**", root=tmp_path) == expected


def test_links_to_folders_and_files_are_followed(tmp_path):
    write(tmp_path / "store" / "x.csv")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "store")
    (tmp_path / "in" / "file.csv").symlink_to(tmp_path / "store" / "x.csv")
    assert listed(f"{tmp_path}/in", root=tmp_path) == ["in/file.csv", "in/folder/x.csv"]


def link_to_itself(folder):
    (folder / "b.csv").symlink_to(folder / "b.csv")


def link_to_nothing(folder):
    (folder / "b.csv").symlink_to(folder / "gone.csv")


def pipe(folder):
    os.mkfifo(folder / "b.csv")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (link_to_itself, "cannot be looked at: Too many levels of symbolic links"),
        (link_to_nothing, "cannot be looked at: No such file or directory"),
        (pipe, "is no regular file"),
    ],
)
def test_what_is_no_file_is_left_out_with_the_reason(tmp_path, make, why):
    make(tmp_path)
    for name in ("a.csv", "c.csv"):
        write(tmp_path / name)
    left_out = []
    found = listed(
        f"{tmp_path}/*", root=tmp_path, left_out=lambda path, why: left_out.append((path, why))
    )
    assert found == ["a.csv", "c.csv"]
    assert left_out == [(f"{tmp_path}/b.csv", why)]


@pytest.mark.parametrize("as_a_whole", [True, False])
def test_a_name_that_is_not_utf_8_is_left_out(tmp_path, as_a_whole):
    bad = tmp_path / os.fsdecode(b"b\xff.csv")
    bad.touch()
    write(tmp_path / "a.csv")
    left_out = []
    patterns = [str(bad), f"{tmp_path}/a.csv"] if as_a_whole else [f"{tmp_path}/*.csv"]
    found = listed(
        *patterns, root=tmp_path, left_out=lambda path, why: left_out.append((path, why))
    )
    assert found == ["a.csv"]
    assert left_out == [(f"{tmp_path}/b\\udcff.csv", "has a name that is not UTF-8; rename it")]


def test_a_folder_that_cannot_be_listed_is_left_out_and_the_rest_goes_on(tree, monkeypatch, caplog):
    real = os.scandir

    def scandir(path):
        if str(path).rstrip("/").endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(fileset.os, "scandir", scandir)
    left_out = []
    found = listed("sub", root=tree, left_out=lambda path, why: left_out.append((path, why)))
    assert found == ["sub/a.csv", "sub/e.txt"]
    why = "could not be listed: Permission denied; check its permissions"
    assert left_out == [(f"{tree}/sub/deep", why)]
    listed("sub")
    assert caplog.messages == [f"{tree}/sub/deep {why}"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("memory://box/*.csv", "a.csv b.csv"),
        ("memory://box/**/*.csv", "a.csv b.csv sub/d.csv"),
        ("memory://box/**", "a.csv b.csv c.txt sub/d.csv"),
        ("memory://box", "a.csv b.csv c.txt sub/d.csv"),
        ("memory://box/[ab].csv", "a.csv b.csv"),
        ("memory://box/{a,c}.{csv,txt}", "a.csv c.txt"),
        ("memory://*/a.csv", "a.csv"),
        ("memory://box/a.csv", "a.csv"),
        ("memory://box/gone.csv", ""),
        ("memory://gone/*.csv", ""),
    ],
)
def test_a_pattern_matches_on_other_storage(memory, pattern, expected):
    found = list(list_files([pattern]))
    assert [file.path.removeprefix("memory:///box/") for file in found] == expected.split()
    for file in found:
        assert file.size == len(file.path.removeprefix("memory:///box/"))
        assert abs(file.mtime - datetime.now(timezone.utc).timestamp()) < 60


def test_files_on_other_storage_are_excluded_and_ordered(memory):
    found = listed("memory://box/**", exclude=["*.txt", "**/sub/*"], order_by="size")
    assert found == ["memory:///box/a.csv", "memory:///box/b.csv"]


@pytest.mark.parametrize(
    ("info", "mtime"),
    [
        ({"mtime": 12.5}, 12.5),
        ({"mtime": 12}, 12.0),
        ({"LastModified": datetime(2024, 5, 1, tzinfo=timezone.utc)}, 1714521600.0),
        ({"updated": "2024-05-01T00:00:00Z", "created": "2020-01-01T00:00:00Z"}, 1714521600.0),
        ({"Last-Modified": "Wed, 01 May 2024 00:00:00 GMT"}, 1714521600.0),
        ({"modify": "20240501000000"}, 1714521600.0),
        ({"modify": "20240501000000.123"}, 1714521600.0),
        ({"modify": "20249999000000"}, 0.0),
        ({"mtime": None, "modify": "yesterday"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_time_of_change_is_read_in_the_words_of_each_storage(info, mtime):
    assert fileset._mtime(info) == mtime


@pytest.mark.parametrize(
    ("path", "local", "bare"),
    [
        ("a/b", True, "a/b"),
        ("file:///a/b", False, "/a/b"),
        ("gs://a/b", False, "gs://a/b"),
    ],
)
def test_local_paths_are_told_from_urls(path, local, bare):
    assert is_local(path) is local
    assert local_path(path) == bare


def test_a_path_is_made_absolute_and_a_url_left_alone(tree):
    assert absolute("a*/../b.csv") == f"{tree}/b.csv"
    assert absolute("file:///x/./y") == "/x/y"
    assert absolute("gs://bucket/../x") == "gs://bucket/../x"


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("/a/b.csv", ("/a/b.csv", "")),
        ("/a/*/b[1].csv", ("/a", "*/b[1].csv")),
        ("/a/b{c,d}/e", ("/a", "b{c,d}/e")),
        ("gs://bucket/x?", ("gs://bucket", "x?")),
        ("gs://*/x", ("gs://", "*/x")),
    ],
)
def test_a_pattern_is_split_before_its_first_wildcard(pattern, parts):
    assert split_pattern(pattern) == parts


def test_the_name_of_a_file_is_the_end_of_its_path():
    assert FileRef("gs://bucket/a/b.csv", 1, 0.0).name == "b.csv"
    assert FileRef("b.csv", 1, 0.0).name == "b.csv"


def test_missing_folders_are_told_once_each_in_order(tree, memory):
    patterns = ["z/*.csv", "z/*.txt", "sub/*", "gone.csv", "memory://box/*", "memory://*/a.csv"]
    assert missing_roots(patterns) == [f"{tree}/gone.csv", f"{tree}/z"]
    assert missing_roots(["memory://void/*"]) == ["memory://void"]


@pytest.mark.parametrize(
    ("root", "cause", "what"),
    [
        ("nosuch://x/y", "Protocol not known: nosuch", "the address and the credentials"),
        ("x" * 300, "File name too long", "the path and its permissions"),
    ],
)
def test_a_place_that_cannot_be_reached_is_an_error_that_names_it(tree, root, cause, what):
    with pytest.raises(CannotRun, match=cause) as caught:
        missing_roots([root])
    assert caught.value.path == absolute(root)
    assert (caught.value.step, caught.value.action) == (
        "preflight",
        f"check {what}",
    )


def test_contents_are_read_from_any_storage(tree, memory):
    assert read_bytes("a.csv") == b"a.csv"
    assert read_bytes(f"file://{tree}/a.csv") == b"a.csv"
    assert read_bytes("memory://box/sub/d.csv") == b"sub/d.csv"


@pytest.mark.parametrize(
    ("listed_size", "ranges"),
    [
        (0, [(None, None)]),
        (9, [(0, 10)]),
        (12, [(0, 13)]),
        (8, [(0, 9), (None, None)]),
        (4, [(0, 5), (None, None)]),
    ],
    ids=["unknown", "as listed", "now shorter", "now longer", "now much longer"],
)
def test_a_file_elsewhere_is_read_whole_in_one_request_if_it_is_as_listed(
    memory, monkeypatch, listed_size, ranges
):
    real, asked = type(memory).cat_file, []

    def cat_file(self, path, start=None, end=None, **kwargs):
        asked.append((start, end))
        return real(self, path, start, end, **kwargs)

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    assert read_bytes("memory://box/sub/d.csv", size=listed_size) == b"sub/d.csv"
    assert asked == ranges


def test_what_comes_to_other_storage_is_seen_by_the_next_listing(memory):
    assert len(listed("memory://box/**")) == 4
    memory.pipe("/box/new.csv", b"new")
    assert len(listed("memory://box/**")) == 5


def test_a_text_is_read_without_its_byte_order_mark(tree, memory):
    (tree / "t.yaml").write_bytes(b"\xef\xbb\xbfni\xc3\xb1o")
    memory.pipe("/box/t.yaml", "niño".encode())
    assert open_text("t.yaml") == open_text(f"file://{tree}/t.yaml") == "niño"
    assert open_text("memory://box/t.yaml") == "niño"


def test_a_missing_file_is_not_tried_again(tmp_path, memory, caplog):
    for path in (f"{tmp_path}/gone", "memory://box/gone"):
        with pytest.raises(FileNotFoundError) as caught:
            read_bytes(path, retries=5)
        assert (caught.value.filename, caught.value.strerror) == (path, "No such file or directory")
    assert caplog.messages == []


def test_a_local_file_is_its_own_copy_and_another_is_fetched_once(tmp_path):
    own = tmp_path / "a.txt"
    own.write_text("own")
    assert local_copy(f"file://{own}", tmp_path / "none") == str(own)
    fsspec.filesystem("memory").pipe("/copied/b.txt", b"far")
    copy = Path(local_copy("memory://copied/b.txt", tmp_path))
    assert copy.read_bytes() == b"far"
    copy.write_bytes(b"kept")
    assert Path(local_copy("memory://copied/b.txt", tmp_path)).read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.txt", copy.name])
