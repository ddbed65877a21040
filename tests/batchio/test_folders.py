import pytest
from ftp_server import faulty_ftp, login_file
from http_archive import Answer, http_archive

from batchio import folders as module
from batchio.folders import Entry, Folders
from batchio.logins import netrc_login, source_login
from batchio.stores import StoreError


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    top = tmp_path_factory.mktemp("tree")
    (top / "RMA1" / "2025").mkdir(parents=True)
    (top / "RMA1" / "a file.BUFR").write_bytes(b"12345")
    (top / "RMA1" / "empty").touch()
    return top


@pytest.fixture(scope="module")
def server(tree):
    with faulty_ftp(tree) as server:
        yield server


@pytest.fixture
def of_ftp(server, tmp_path):
    file = str(login_file(tmp_path))
    server.knows_mlsd, server.drops_every = True, 1_000_000
    folders = Folders(server.url, retries=1, login=lambda url: netrc_login(url, file))
    yield folders
    folders.close()


EXPECTED = [Entry("2025", True), Entry("a file.BUFR", False, 5), Entry("empty", False, 0)]


def sizes(entries):
    return [entry if not entry.is_folder else Entry(entry.name, True) for entry in entries]


@pytest.mark.parametrize("knows_mlsd", [True, False])
def test_ftp_lists_a_folder_in_order_and_each_name_once(server, of_ftp, knows_mlsd):
    server.knows_mlsd = knows_mlsd
    assert sizes(of_ftp.entries("RMA1")) == EXPECTED
    assert of_ftp.entries("RMA1/2025") == []
    with pytest.raises(FileNotFoundError, match="No such file"):
        of_ftp.entries("RMA1/2026")


def test_a_folder_of_this_machine_is_listed_the_same_way(tree):
    assert sizes(Folders(str(tree)).entries("RMA1")) == EXPECTED
    with pytest.raises(FileNotFoundError):
        Folders(str(tree)).entries("RMA2")


def test_links_of_a_web_page_are_listed_without_their_sizes():
    with http_archive() as server:
        links = b'<a href="/L2/RMA1/2025/">2025</a> <a href="a.BUFR">a.BUFR</a>'
        links += b'<a href="?C=M;O=D">Last modified</a> <a href="/L2/">Parent Directory</a>'
        server.give("/L2/RMA1", Answer(body=links, headers={"Content-Type": "text/html"}))
        server.give("/L2/RMA1/", Answer(body=links, headers={"Content-Type": "text/html"}))
        found = Folders(f"{server.url}/L2").entries("RMA1")
    assert found == [Entry("2025", True), Entry("a.BUFR", False)]


def test_a_web_page_that_does_not_come_is_not_waited_for_without_end():
    with http_archive() as server:
        server.give("/L2/RMA1", Answer(held=True))
        with pytest.raises(StoreError, match=r"list: no whole answer within 0\.2 s; check"):
            Folders(f"{server.url}/L2", retries=0, timeout_s=0.2).entries("RMA1")


def test_a_connection_that_drops_is_made_anew(server, of_ftp):
    server.drops_every = 2
    server.listed = 0
    assert [len(of_ftp.entries("RMA1")) for _ in range(4)] == [3] * 4
    server.drops_every = 1
    with pytest.raises(StoreError, match="list: the server dropped the connection; check"):
        of_ftp.entries("RMA1")


def test_a_wrong_password_is_told_without_it(server, monkeypatch):
    monkeypatch.setenv("HEADRACE_SOURCE_USER", "anna")
    monkeypatch.setenv("HEADRACE_SOURCE_PASSWORD", "guessed")
    with pytest.raises(StoreError, match="the server refuses: FTP 530") as caught:
        Folders(server.url, login=source_login).entries("RMA1")
    assert "guessed" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("drwxr-xr-x   2 a  b  4096 Nov 17 12:30 12", Entry("12", True, 4096)),
        ("-rw-r--r--   1 a  b    12 Nov 17  2024 a b.BUFR", Entry("a b.BUFR", False, 12)),
        ("lrwxrwxrwx   1 a  b     3 Nov 17 12:30 new -> old", Entry("new", False)),
        ("11-17-25  12:30PM       <DIR>          12", Entry("12", True)),
        ("11-17-25  12:30PM               4096 a b.BUFR", Entry("a b.BUFR", False, 4096)),
        ("drwxr-xr-x   2 a  b  4096 Nov 17 12:30 ..", None),
        ("total 12", None),
        ("", None),
    ],
)
def test_lines_of_a_listing_are_read_as_unix_and_windows_write_them(line, entry):
    assert module._entry_of_line(line) == entry
