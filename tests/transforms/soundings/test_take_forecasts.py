from __future__ import annotations

from pathlib import Path

import pytest
from sounding_files import sounding_of

from batchio.errors import InputError
from batchio.fileset import FileRef
from batchio.output import OutputRoot
from batchio.soundings.parts import read_part
from transforms.soundings import take_forecasts
from transforms.soundings.check_file import WrongPlace
from transforms.soundings.take_forecasts import TakeForecasts
from transforms.units import Made, Unit


def take(folder: Path, name: str, content: bytes, skewt: tuple[int, ...] = ()) -> Made:
    file = folder / "in" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    unit = Unit(name, (FileRef(str(file), len(content), 1.0),))
    return TakeForecasts(OutputRoot(str(folder / "out"), "run", suffix="_x"), skewt=skewt)(unit)


def test_a_file_leaves_its_part_and_its_pictures(tmp_path: Path) -> None:
    made = take(tmp_path, "hrrr_kabq.buf", sounding_of("KABQ"), skewt=(0, 99))
    part, picture = (Path(output.path) for output in made.outputs)
    (forecast,), (indices,) = read_part(part)
    assert part.parent.name == "hrrr"  # and no suffix: the next run finds it
    assert (forecast.station.id, len(indices["sb_cape"])) == ("KABQ", len(forecast))
    assert picture.name == "hrrr_2022102612_kabq_f000_x.png"
    assert made.details == {"model": "HRRR", "cycle": "2022-10-26T12:00Z", "station": "KABQ"}
    assert made.metrics["profiles"] == len(forecast)
    assert (made.metrics["lost"], made.remarks, made.error) == (0, {}, None)


def test_a_picture_that_cannot_be_drawn_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise InputError("the pen is empty", step="draw skew-T")

    monkeypatch.setattr(take_forecasts, "draw_skewt", fail)
    made = take(tmp_path, "hrrr_kabq.buf", sounding_of("KABQ"), skewt=(0,))
    assert [Path(output.path).suffix for output in made.outputs] == [".part"]
    assert made.error is not None
    assert made.error.cause == "the pen is empty"


def test_what_is_lost_is_remarked(tmp_path: Path) -> None:
    lines = sounding_of("KABQ").split(b"\r\n")
    row = next(k for k, line in enumerate(lines) if line.startswith(b"CFRL")) + 2
    lines[row] = b"0.00"  # one value of the two is missing
    made = take(tmp_path, "hrrr_kabq.buf", b"\r\n".join(lines))
    (remark,) = made.remarks.values()
    assert made.metrics["lost"] == 1
    assert remark.startswith("lost: line ")
    assert "are no whole rows of 10" in remark
    assert made.error is None


def test_a_file_of_another_place_than_its_name_says_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WrongPlace, match=r"it is of KABQ .* from PGUM at 13\.35, 144\.80"):
        take(tmp_path, "hrrr_pgum.buf", sounding_of("KABQ"))
    assert not (tmp_path / "out").exists()


def test_a_station_that_the_file_names_by_number_alone_gets_its_id(tmp_path: Path) -> None:
    content = sounding_of("KABQ").replace(b"STID = KABQ", b"STID =")
    made = take(tmp_path, "hrrr_kabq.buf", content)
    assert made.details["station"] == "KABQ"


def test_a_name_without_a_model_is_taken_all_the_same(tmp_path: Path) -> None:
    made = take(tmp_path, "today.buf", sounding_of("KABQ"))
    assert made.details["model"] == "unknown"
