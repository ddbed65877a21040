"""The addresses command on the golden texts and on real lists."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rig import Rig

from transforms.addresses.tagging import COMPONENTS

Rows = list[dict[str, str]]
GOLDEN = {"tags": "usaddress_0.5.16_parse.jsonl", "lines": "scourgify_0.7.1.jsonl"}
LINES = ("address_line_1", "address_line_2", "city", "state", "postal_code")


class Golden(NamedTuple):
    """Golden answers, and the row that the pipeline made of each of their texts."""

    answers: list[dict[str, Any]]
    rows: Rows

    def pairs(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        return list(zip(self.answers, self.rows, strict=True))


def rows_of(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def golden(address_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Golden]:
    """All golden texts in two CSVs of several blocks."""
    rig = Rig("pipelines.addresses", tmp_path_factory.mktemp("golden"), "*.csv")
    rig.inputs.mkdir()
    answers = {}
    for name, file in GOLDEN.items():
        text = (address_data / "golden" / file).read_text(encoding="utf-8")
        answers[name] = [json.loads(line) for line in text.splitlines()]
        with (rig.inputs / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([["address"], *([each["s"]] for each in answers[name])])
    done = rig.run("--workers=2", "--block_mb=0.05", "--defuse=none")
    assert done.code == 0, done.err
    made = {name: rows_of(rig.output / f"{name}_processed.csv") for name in GOLDEN}
    told = json.loads((rig.output / "tags.metadata.json").read_text())
    assert told["measured"]["blocks"] > 2
    return {name: Golden(answers[name], made[name]) for name in GOLDEN}


def test_no_text_is_changed(golden: dict[str, Golden]) -> None:
    for each in golden.values():
        assert [row["address"] for row in each.rows] == [answer["s"] for answer in each.answers]


def test_components_and_types_are_those_of_usaddress(golden: dict[str, Golden]) -> None:
    tagged = [(answer, row) for answer, row in golden["tags"].pairs() if "tag" in answer]
    assert len(tagged) > 1500
    for answer, row in tagged:
        found = {name: row[name] for name in COMPONENTS if row[name]}
        assert found == {name: value for name, value in answer["tag"].items() if value}, row
        assert row["address_type"] == (answer["type"] if answer["tokens"] else "")
        assert row["status"] != "repeated"


def test_repeated_labels_are_told_where_usaddress_refuses(golden: dict[str, Golden]) -> None:
    repeated = [row for answer, row in golden["tags"].pairs() if "repeated" in answer]
    assert len(repeated) > 400
    assert {row["status"] for row in repeated} <= {"repeated", "not_us"}
    assert sum(row["status"] == "repeated" for row in repeated) > 400


def test_confidence_is_that_of_the_model(golden: dict[str, Golden]) -> None:
    known = [(answer, row) for answer, row in golden["tags"].pairs() if "probability" in answer]
    for answer, row in known:
        assert float(row["confidence"]) == pytest.approx(answer["probability"], abs=1e-6), row
        assert float(row["min_marginal"]) == pytest.approx(answer["min_marginal"], abs=1e-6), row
    unknown = [row for answer, row in golden["tags"].pairs() if "probability" not in answer]
    assert [row["confidence"] for row in unknown] == [""] * 2


def test_lines_are_those_of_scourgify_wherever_it_answers(golden: dict[str, Golden]) -> None:
    answered = [(answer["out"], row) for answer, row in golden["lines"].pairs() if "out" in answer]
    assert len(answered) > 1500
    for out, row in answered:
        assert {name: row[name] for name in LINES} == {name: out[name] or "" for name in LINES}


@pytest.fixture(scope="module")
def real(address_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    rig = Rig("pipelines.addresses", tmp_path_factory.mktemp("real"))
    done = rig.run(
        *("--workers=2", "--block_mb=0.1", "--dedupe"),
        inputs=[f"{address_data}/us/rrad_us_one*.csv", f"{address_data}/us/chicago*.csv"],
    )
    assert done.code == 0, done.err
    return rig


@pytest.mark.parametrize("name", ["rrad_us_one_column", "chicago_early_childhood_true_ids"])
def test_every_field_of_real_lists_is_kept(real: Rig, address_data: Path, name: str) -> None:
    with (address_data / "us" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        header, *given = csv.reader(file)
    with (real.output / f"{name}_processed.csv").open(newline="", encoding="utf-8") as file:
        names, *made = csv.reader(file)
    assert names[: len(header)] == header
    assert [row[: len(header)] for row in made] == given


def test_most_real_addresses_are_read_well(real: Rig) -> None:
    rows = rows_of(real.output / "rrad_us_one_column_processed.csv")
    good = [row for row in rows if row["status"] == "ok" and row["address_line_1"]]
    assert len(good) > 0.97 * len(rows)


def test_real_doubles_are_found(real: Rig) -> None:
    """Rows of one place share the street, mostly; the labels are of places, not of addresses."""
    rows = rows_of(real.output / "chicago_early_childhood_true_ids_processed.csv")
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row["duplicate_group"], set()).add(row["Address"].split(" ")[0])
    assert len(groups) < 0.5 * len(rows)
    one_number = sum(len(numbers) == 1 for numbers in groups.values())
    assert one_number > 0.97 * len(groups)
