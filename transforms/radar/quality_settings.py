"""The settings of quality control, and the YAML file that changes them.

::

    rhohv_min: 0.75
    zdr_texture_max_db: off
    nyquist_m_s:
      "0301":
        "02": 16.6
      RMA11_0315:
        "02": [13.3, 13.3, 26.6, 26.6, 26.6]
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from batchio.errors import UsageError
from batchio.yaml_text import read_yaml_text

_STEP = "quality settings"


def _none_if_off(value: object) -> object:
    return None if value == "off" else value


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_MAY_BE_OFF = BeforeValidator(_none_if_off)
_Positive: TypeAlias = Annotated[float, Field(gt=0)]
_Limit: TypeAlias = Annotated[_Positive | None, _MAY_BE_OFF]
_Count: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
_Nyquist: TypeAlias = Annotated[tuple[_Positive, ...], BeforeValidator(_several)]


class QualitySettings(BaseModel):
    """What quality control goes by; a threshold of None turns its test off.

    Attributes:
        rhohv_min: Less is no rain, snow or hail. Rain at C band has 0.95 and more, melting snow
            and hail 0.8 and more, insects and ground less (Kumjian 2013, J. Operational Meteor. 1).
        phidp_texture_max_deg: Circular standard deviation along the ray; Py-ART's default.
        zdr_texture_max_db: Standard deviation along the ray; Py-ART's default.
        depolarization_max_db: More is no weather (Kilambi et al. 2018, J. Atmos. Oceanic Technol.
            35, 1415-1424).
        depolarization_below_dbz: Stronger echoes are not judged by it: big drops and melting hail
            depolarize too, and insects are weak.
        window_gates: Gates along the ray of the textures, and of the mean that tells folds; odd.
        spike_contrast_db: How much a spike exceeds what is beside it.
        spike_width_rays: Rays that a spike has at most.
        spike_length_m: The stretch of a ray that is judged.
        spike_share: The part of the stretch that must be narrow.
        speckle_gates: Echoes of fewer connected gates are speckles; Py-ART's default.
        velocity_texture_max_m_s: Circular standard deviation along the ray; more is noise, and is
            left out of the dealiasing. The usual limit with Py-ART's velocity texture.
        velocity_gap_gates: Gaps over which regions are compared in the dealiasing.
        kdp_window_m: The stretch over which the phase is compared (Vulpiani et al. 2012).
        kdp_iterations: Times that the phase is built from KDP, and KDP from it; Py-ART's default.
        nyquist_m_s: By strategy, or radar and strategy (RMA11_0315), then volume number: the
            Nyquist velocity, or one a sweep by elevation. Volumes that are not in there are not
            dealiased.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rhohv_min: Annotated[_Share | None, _MAY_BE_OFF] = 0.8
    phidp_texture_max_deg: _Limit = 20.0
    zdr_texture_max_db: _Limit = 2.85
    depolarization_max_db: Annotated[float | None, _MAY_BE_OFF] = -12.0
    depolarization_below_dbz: float = 25.0
    window_gates: _Count = 7
    spike_contrast_db: _Limit = 10.0
    spike_width_rays: _Count = 3
    spike_length_m: _Positive = 20_000.0
    spike_share: _Share = 0.6
    speckle_gates: Annotated[_Count | None, _MAY_BE_OFF] = 10
    velocity_texture_max_m_s: _Limit = 3.0
    velocity_gap_gates: Annotated[int, Field(ge=0)] = 0
    kdp_window_m: _Limit = 3_000.0
    kdp_iterations: _Count = 10
    nyquist_m_s: Mapping[str, Mapping[str, _Nyquist]] = {}

    @field_validator("window_gates")
    @classmethod
    def _check_window(cls, gates: int) -> int:
        if gates % 2 == 0:
            raise ValueError("is even; a window has a gate in its middle")
        return gates

    def nyquist_of(self, radar: str, strategy: str, number: str) -> tuple[float, ...] | None:
        """Returns the Nyquist velocity of a volume, or one a sweep; None if it is not known."""
        for key in (f"{radar}_{strategy}", strategy):
            if number in self.nyquist_m_s.get(key, {}):
                return self.nyquist_m_s[key][number]
        return None

    def of_volume(self, radar: str, strategy: str, number: str) -> dict[str, Any]:
        """Returns what a volume's result depends on, as JSON."""
        nyquist = self.nyquist_of(radar, strategy, number)
        return {**self.model_dump(exclude={"nyquist_m_s"}), "nyquist_m_s": nyquist}


def load_quality_settings(path: str) -> QualitySettings:
    """Returns the settings in a YAML file; what it does not hold has its default.

    Raises:
        UsageError: The file cannot be read or is no such table; names the setting.
    """
    # Text, which pydantic reads: strategies and volume numbers are no numbers.
    table = read_yaml_text(path, step=_STEP, option="--qc_settings")
    if not isinstance(table, dict):
        raise _refused(path, "holds no settings", "give setting: value")
    try:
        return QualitySettings.model_validate(table)
    except ValidationError as error:
        raise _refused(path, *_told(error)) from error


def _told(error: ValidationError) -> tuple[str, str]:
    """Returns the first fault and what to do about it."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{key}: {fault['msg']}", "correct the value"
    names = list(QualitySettings.model_fields)
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else f"settings are {', '.join(names)}"
    return f"{key} is unknown", hint


def _refused(path: str, cause: str, action: str) -> UsageError:
    return UsageError(cause, path=path, step=_STEP, action=action)
