"""Flags the gates of a volume that hold no weather, by the tests that radar people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchio.radar.sinarame import FIELDS
from batchio.radar.volume import DerivedField, Sweep, Volume
from transforms.radar.circular import circular_deviation
from transforms.radar.pyart import pyart, to_pyart
from transforms.radar.quality_settings import QualitySettings
from transforms.radar.spikes import find_spikes

Mask = NDArray[np.bool_]  # (ray, gate)

ECHO_FIELDS = ("DBZH", "DBZV", "TH", "TV", "VRAD")
FLAGS: Mapping[str, int] = {
    "no_echo": 1,
    "low_rhohv": 2,
    "phidp_texture": 4,
    "zdr_texture": 8,
    "non_weather": 16,
    "spike": 32,
    "speckle": 64,
}
_REFERENCES = (
    "Textures, circular depolarization ratio and despeckling: Py-ART, doi:10.5334/jors.119."
    " non_weather: Kilambi et al. 2018, doi:10.1175/JTECH-D-17-0175.1."
    " spike: after Peura 2002, Proc. ERAD, 312-317."
)
_BELOW_ALL = -1000.0  # no field has such a value


class _Case(NamedTuple):
    """What a test is given; ``flags`` are those of the tests before it."""

    volume: Volume
    radar: pyart.core.Radar
    settings: QualitySettings
    echo: str
    flags: NDArray[np.int8]


class _Test(NamedTuple):
    finds: Callable[[_Case], Mask]
    needs: tuple[str, ...]
    settings: tuple[str, ...]  # without a value for the first of them it is left out

    def obstacle(self, volume: Volume, settings: QualitySettings) -> str:
        """Returns why the test cannot be made, empty if it can."""
        if getattr(settings, self.settings[0]) is None:
            return "off"
        missing = [name for name in self.needs if name not in volume.fields]
        return f"no {', '.join(missing)}" if missing else ""


def echo_field(volume: Volume) -> str | None:
    """Returns the field whose values are the echoes of the volume, None if it has none."""
    return next((name for name in ECHO_FIELDS if name in volume.fields), None)


def flag_gates(volume: Volume, settings: QualitySettings) -> tuple[DerivedField, dict[str, str]]:
    """Returns the flags of all gates as int8 bits of ``FLAGS``, and why tests were left out.

    0 is an echo that passes. A gate without a value in the echo field has ``no_echo`` alone; one
    without a value that a test needs passes that test. Speckles are what is left of the others.

    Args:
        volume: A volume with an echo field.
        settings: The thresholds.
    """
    echo = echo_field(volume)
    if echo is None:
        raise ValueError(f"{volume.volume_id} has none of {', '.join(ECHO_FIELDS)}")
    has_echo = np.isfinite(volume.fields[echo])
    flags = np.where(has_echo, 0, FLAGS["no_echo"]).astype(np.int8)
    case = _Case(volume, to_pyart(volume), settings, echo, flags)
    used: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, test in _TESTS.items():
        if why := test.obstacle(volume, settings):
            left_out[name] = why
            continue
        used |= {setting: getattr(settings, setting) for setting in test.settings}
        flags[has_echo & test.finds(case)] |= FLAGS[name]
    return DerivedField(flags, _attributes(echo, used, left_out)), left_out


def passing(volume: Volume, name: str, flags: DerivedField) -> DerivedField:
    """Returns a field of the volume where no flag is set, NaN elsewhere."""
    values = np.where(flags.values == 0, volume.fields[name], np.float32(np.nan))
    return DerivedField(values, described(name, FIELDS[name].long_name))


def described(name: str, what: str) -> dict[str, Any]:
    """Returns what a field says that is made of an observed one, ``name``."""
    attributes = {
        "long_name": f"{what}, of the gates without a flag in QC_FLAGS",
        "standard_name": FIELDS[name].standard_name,
        "units": FIELDS[name].unit,
        "ancillary_variables": "QC_FLAGS",
    }
    return {key: value for key, value in attributes.items() if value}


def _low_rhohv(case: _Case) -> Mask:
    return _marked(case.radar.fields["RHOHV"]["data"] < case.settings.rhohv_min)


def _phidp_texture(case: _Case) -> Mask:
    phase = np.deg2rad(case.volume.fields["PHIDP"])
    texture = np.rad2deg(circular_deviation(phase, case.settings.window_gates))
    return np.asarray(texture > case.settings.phidp_texture_max_deg)


def _zdr_texture(case: _Case) -> Mask:
    texture = pyart.util.texture_along_ray(case.radar, "ZDR", case.settings.window_gates)
    return _marked(texture > case.settings.zdr_texture_max_db)


def _non_weather(case: _Case) -> Mask:
    ratio = pyart.retrieve.compute_cdr(case.radar, rhohv_field="RHOHV", zdr_field="ZDR")["data"]
    weak = case.volume.fields["DBZH"] < case.settings.depolarization_below_dbz
    return weak & _marked(ratio > case.settings.depolarization_max_db)


def _spike(case: _Case) -> Mask:
    values, settings = case.volume.fields[case.echo], case.settings
    if case.echo == "VRAD":  # tells where there are echoes, not how strong they are
        values = np.where(np.isfinite(values), np.float32(0), values)
    found = np.zeros(values.shape, np.bool_)
    for sweep in case.volume.sweeps:
        rays = rays_of(sweep)
        found[rays] = find_spikes(
            values[rays],
            width_rays=settings.spike_width_rays,
            contrast_db=settings.spike_contrast_db or 0.0,
            length_gates=max(1, round(settings.spike_length_m / case.volume.bin_size_m)),
            share=settings.spike_share,
        )
    return found


def _speckle(case: _Case) -> Mask:
    """As Py-ART's despeckle_field, which fails where nothing is left out."""
    passing = pyart.filters.GateFilter(case.radar)
    passing.exclude_gates(case.flags != 0)
    found = pyart.correct.despeckle.find_objects(
        case.radar, case.echo, _BELOW_ALL, gatefilter=passing
    )
    objects = np.ma.filled(found["data"], 0).astype(np.int64)  # 0 is of none
    sizes = np.bincount(objects.ravel())
    return np.asarray((objects > 0) & (sizes[objects] < (case.settings.speckle_gates or 0)))


_TESTS: Mapping[str, _Test] = {
    "low_rhohv": _Test(_low_rhohv, ("RHOHV",), ("rhohv_min",)),
    "phidp_texture": _Test(_phidp_texture, ("PHIDP",), ("phidp_texture_max_deg", "window_gates")),
    "zdr_texture": _Test(_zdr_texture, ("ZDR",), ("zdr_texture_max_db", "window_gates")),
    "non_weather": _Test(
        _non_weather,
        ("DBZH", "RHOHV", "ZDR"),
        ("depolarization_max_db", "depolarization_below_dbz"),
    ),
    "spike": _Test(
        _spike,
        (),
        ("spike_contrast_db", "spike_width_rays", "spike_length_m", "spike_share"),
    ),
    "speckle": _Test(_speckle, (), ("speckle_gates",)),
}


def rays_of(sweep: Sweep) -> slice:
    """Returns the rays of a sweep."""
    return slice(sweep.first_ray, sweep.last_ray + 1)


def _marked(comparison: np.ma.MaskedArray[Any, Any]) -> Mask:
    return np.ma.filled(comparison, False).astype(np.bool_)


def _attributes(echo: str, used: Mapping[str, Any], left_out: Mapping[str, str]) -> dict[str, Any]:
    return {
        "long_name": "why a gate holds no weather; 0 is an echo that passes all tests made",
        "standard_name": "status_flag",
        "flag_masks": np.array(list(FLAGS.values()), np.int8),
        "flag_meanings": " ".join(FLAGS),
        "echo_field": echo,
        "tests_left_out": "; ".join(map(": ".join, left_out.items())) or "none",
        "references": _REFERENCES,
        "software": f"Py-ART {pyart.__version__}",
        **used,
    }
