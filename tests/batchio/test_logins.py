import pytest

from batchio.logins import PASSWORD, USER, Login, netrc_login, source_login


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "logins"
    path.write_text("machine h login anna password secret\n")
    path.chmod(0o600)
    return str(path)


def test_a_file_has_the_login_of_a_host_and_of_the_user_who_is_named(file):
    assert netrc_login("ftp://h/L2", file) == Login("anna", "secret")
    assert netrc_login("ftp://anna@h:2121/L2", file) == Login("anna", "secret")
    assert netrc_login("ftp://bea@h/L2", file) is None
    assert netrc_login("ftp://other/L2", file) is None
    assert netrc_login("ftp://anna:typed@h/L2", file) is None


def test_the_users_own_file_need_not_be_there_but_one_that_is_named(file):
    assert netrc_login("ftp://h/L2") is None
    with pytest.raises(PermissionError, match="/none cannot be used: No such file"):
        netrc_login("ftp://h/L2", "/none")


def test_the_environment_goes_before_the_file_for_a_source_alone(file, monkeypatch):
    assert source_login("ftp://h/L2", file) == Login("anna", "secret")
    monkeypatch.setenv(PASSWORD, "other")
    assert source_login("ftp://bea@h/L2", file) == Login("bea", "other")
    monkeypatch.setenv(USER, "carla")
    assert source_login("ftp://bea@h/L2", file) == Login("carla", "other")
    assert netrc_login("ftp://h/L2", file) == Login("anna", "secret")


def test_a_login_does_not_show_its_password():
    assert "secret" not in f"{Login('anna', 'secret')}"
