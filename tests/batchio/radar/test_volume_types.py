import pytest

from batchio.errors import UsageError
from batchio.radar.volume_types import load_volume_types


@pytest.fixture
def load(tmp_path):
    def load(text):
        file = tmp_path / "types.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_volume_types(str(file))

    return load


def test_a_table_is_read(load):
    table = load('"0315":\n  "01": [DBZH, ZDR]\n  "02": [VRAD]\n"0200":\n  "01":\n    - TH\n')
    assert table == {
        "0315": {"01": ("DBZH", "ZDR"), "02": ("VRAD",)},
        "0200": {"01": ("TH",)},
    }


def test_numbers_without_quotes_stay_text(load):
    # YAML 1.1 reads these as 205 (octal), 1, 62 (base 60), 1000, true
    table = load("0315: {01: [DBZH], 1:2: [DBZH], 1e3: [DBZH], on: [TH]}\n")
    assert table == {"0315": {"01": ("DBZH",), "1:2": ("DBZH",), "1e3": ("DBZH",), "on": ("TH",)}}


def test_a_field_that_is_there_twice_counts_once(load):
    assert load("0315: {01: [ZDR, DBZH, ZDR]}") == {"0315": {"01": ("ZDR", "DBZH")}}


def test_a_byte_order_mark_is_no_part_of_a_strategy(load):
    assert load(b"\xef\xbb\xbf0315: {01: [TH]}") == {"0315": {"01": ("TH",)}}


@pytest.mark.parametrize(
    ("text", "cause", "action"),
    [
        ("", "holds no table", "strategy: {number: [FIELD, …]}"),
        ("{}", "holds no table", "strategy"),
        ("- 0315", "holds no table", "strategy"),
        ("just words", "holds no table", "strategy"),
        ("0315:", "0315: holds no volume numbers", "number: [FIELD, …]"),
        ("0315: {}", "0315: holds no volume numbers", "number"),
        ("0315: [DBZH]", "0315: holds no volume numbers", "number"),
        ("0315: {01: }", "0315.01: is no list of fields", "[DBZH, …]"),
        ("0315: {01: []}", "0315.01: is no list of fields", "[DBZH, …]"),
        ("0315: {01: DBZH}", "0315.01: is no list of fields", "[DBZH, …]"),
        ("0315: {01: [RHO]}", "0315.01: unknown field 'RHO'", "did you mean RHOHV?"),
        ("0315: {01: [dbzh]}", "0315.01: unknown field 'dbzh'", "did you mean DBZH?"),
        ("0315: {01: [QQQQQQ]}", "0315.01: unknown field 'QQQQQQ'", "fields are DBZH, DBZV"),
        ("0315: {01: [[DBZH]]}", "0315.01: unknown field ['DBZH']", "did you mean DBZH?"),
        ("0315: {01: [DBZH: ZDR]}", "0315.01: unknown field {'DBZH': 'ZDR'}", ""),
        ("0315: [", "line 1: expected the node content", "correct the YAML"),
        ("a: b: c", "line 1: mapping values are not allowed here", "correct the YAML"),
        ("\x00", "line 1: special characters are not allowed", "correct the YAML"),
        (b"\xff\xfe\x00", "cannot be read: 'utf-8' codec", "check what --volume_types names"),
    ],
)
def test_a_wrong_table_is_refused_with_its_key(load, tmp_path, text, cause, action):
    with pytest.raises(UsageError) as caught:
        load(text)
    error = caught.value
    assert (error.path, error.step) == (f"{tmp_path}/types.yaml", "volume types")
    assert error.cause.startswith(cause)
    assert action in error.action
    assert "\n" not in str(error)


@pytest.mark.parametrize("path", ["gone.yaml", ".", "nosuch://bucket/types.yaml"])
def test_a_table_that_cannot_be_read_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="cannot be read") as caught:
        load_volume_types(path)
    assert (caught.value.path, caught.value.action) == (path, "check what --volume_types names")
