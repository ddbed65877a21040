import pytest

from batchio.errors import UsageError
from transforms.radar.quality_settings import QualitySettings, load_quality_settings


@pytest.fixture
def load(tmp_path):
    def load(text):
        file = tmp_path / "qc.yaml"
        file.write_text(text)
        return load_quality_settings(str(file))

    return load


def test_what_the_file_does_not_hold_has_its_default(load):
    settings = load("rhohv_min: 0.75\nspeckle_gates: 4\nzdr_texture_max_db: off\n")
    changed = {"rhohv_min": 0.75, "speckle_gates": 4, "zdr_texture_max_db": None}
    assert settings == QualitySettings().model_copy(update=changed)


def test_nyquist_velocities_are_by_strategy_or_radar_and_strategy_and_number(load):
    settings = load("nyquist_m_s: {0301: {02: 16.6}, RMA11_0301: {02: [13.3, 26.6]}}\n")
    assert settings.nyquist_of("RMA1", "0301", "02") == (16.6,)
    assert settings.nyquist_of("RMA11", "0301", "02") == (13.3, 26.6)
    assert settings.nyquist_of("RMA1", "0301", "01") is None
    assert settings.nyquist_of("RMA1", "0315", "02") is None


def test_a_result_depends_on_its_own_nyquist_velocity_alone(load):
    plain = load("{}")
    other = load("nyquist_m_s: {0315: {02: 16.6}}")
    this = load("nyquist_m_s: {0301: {02: 16.6}}")
    volume = ("RMA1", "0301", "02")
    assert plain.of_volume(*volume) == other.of_volume(*volume) != this.of_volume(*volume)


@pytest.mark.parametrize(
    ("text", "cause", "action"),
    [
        ("", "holds no settings", "setting: value"),
        ("- 1", "holds no settings", "setting: value"),
        ("a: b: c", "line 1", "correct the YAML"),
        ("rhohv_mim: 0.8", "rhohv_mim is unknown", "did you mean rhohv_min?"),
        ("nyquist_velocity: 16", "nyquist_velocity is unknown", "did you mean"),
        ("xyz: 1", "xyz is unknown", "settings are rhohv_min, "),
        ("rhohv_min: 1.5", "rhohv_min: Input should be less than or equal to 1", "correct"),
        ("rhohv_min: much", "rhohv_min: Input should be a valid number", "correct"),
        ("rhohv_min: nan", "rhohv_min: Input should be a finite number", "correct"),
        ("window_gates: 8", "window_gates: Value error, is even", "correct"),
        ("window_gates: off", "window_gates: Input should be a valid integer", "correct"),
        ("nyquist_m_s: 16", "nyquist_m_s: Input should be a valid", "correct"),
        ("nyquist_m_s: {0301: {02: [fast]}}", "nyquist_m_s.0301.02.0: ", "correct"),
        ("nyquist_m_s: {0301: {02: -1}}", "nyquist_m_s.0301.02.0: ", "correct"),
    ],
)
def test_faults_are_told(load, text, cause, action):
    with pytest.raises(UsageError) as raised:
        load(text)
    assert cause in raised.value.cause
    assert action in raised.value.action
    assert raised.value.path.endswith("qc.yaml")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match="No such file") as raised:
        load_quality_settings(str(tmp_path / "none.yaml"))
    assert raised.value.action == "check what --qc_settings names"
