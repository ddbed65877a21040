from __future__ import annotations

import pytest

from batchio.soundings.bufkit_names import find_model

REAL = {
    "gfs3_kbuf.buf": "GFS",
    "hrrr_kbuf.buf": "HRRR",
    "rap_kbed.buf": "RAP",
    "2017040100Z_nam_kmso.buf": "NAM",
    "2017040100Z_gfs_kmso.buf": "GFS",
    "2017040118Z_namm_kmso.buf": "NAM",
    "nam4km_klga.buf": "NAMNEST",
}


@pytest.mark.parametrize(
    ("path", "model"),
    [
        *REAL.items(),
        ("ABQ/ABQ_HRRR_2022102612Z.buf.txt", "HRRR"),
        ("https://host/2022/10/26/bufkit/18/nam/namm_kabq.buf", "NAM"),
        ("bufkit/NAMNEST/latest/klga.buz", "NAMNEST"),
        ("rap/hrrr_kabq.buf", "HRRR"),
        ("C:\\rap\\kabq.buf", "RAP"),
        ("sref_kdsm.buf", "SREF"),
        ("kdsm.buf", None),
        ("wrapped/kdsm.buf", None),
        ("", None),
    ],
)
def test_the_model_is_in_the_name(path, model):
    assert find_model(path) == model


def test_every_real_file_names_its_model(sounding_data):
    found = {path.name: find_model(str(path)) for path in sounding_data.rglob("*.buf")}
    assert None not in found.values()
    assert REAL.items() <= found.items()
