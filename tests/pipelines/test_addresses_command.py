"""The addresses command on files as they come: statuses, encodings, columns, formats."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyarrow import parquet
from rig import Finished, Rig

from pipelines.addresses import main
from pipelines.launcher.samples import write_samples
from transforms.addresses.device import CPU, choose_device
from transforms.addresses.statuses import STATUSES

Rows = list[dict[str, str]]

GOOD = "418 N Larch St, Marfield, OH 45123"
SPANISH = "31 Cañada Vista Way, San Ysabel, NM 87599"
LISTED = f'id,address,note\n1,"{GOOD}",é\n2,"{SPANISH}",\n'
ODD = '''\
id,Address,zip,
1,"418 N Larch St, Marfield, OH 45123",02139,plain
2,"418 N Larch St
Marfield, OH 45123",00501,"two ""lines"""
3,,0,empty
4, ,0,blank
5,"12 Elm Ct, Marfield, OH 45123, 12 Elm Ct, Marfield, OH 45123",1,repeated
6,"14 Harcourt Gardens, Wexbridge WX4 7QJ, United Kingdom",1,not us
7,PO Box 2210 Quarry Bend TX 79011,1,PO box
8,"RR 3 Box 118, Tallgrass, NE 68099",1,rural route
9,too,few
10,512 Sycamore Ln, Marfield, OH 45123,1,too many
11

12,"5 Main St, Marfield, OH",1,plain
13,Lofts at Quarry 12 B North South Oak Gate 9 rear,1,unsure
14,"240 E Orchard Ave, Quarry Bend, TX 79011",1,"=1+1"
15,"240 E Orchard Ave,1,never closed
16,5 Mill St Marfield OH 45123,1,after it
'''
ODD_STATUSES = {
    **dict.fromkeys(("1", "2", "7", "8", "12", "14", "16"), "ok"),
    **dict.fromkeys(("3", "4"), "empty"),
    "5": "repeated",
    "6": "not_us",
    "13": "low_confidence",
}
HEADERS = f',address,status,status,city\na,"{GOOD}",mine,too,theirs\n'
ENCODED = {
    "utf8": ("utf-8", ",", "utf-8"),
    "bom": ("utf-8-sig", ",", "utf-8-sig"),
    "utf16": ("utf-16", ",", "utf-16-le"),
    "cp1252": ("cp1252", ",", "cp1252"),
    "tabs": ("utf-8", "\t", "utf-8"),
    "semicolons": ("cp1252", ";", "cp1252"),
    "bars": ("utf-8", "|", "utf-8"),
}


class Worked(NamedTuple):
    rig: Rig
    done: Finished

    def rows(self, name: str) -> Rows:
        return rows_of(self.rig.output / f"{name}_processed.csv")

    def told(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.rig.output / f"{name}.metadata.json").read_text())
        return told


def rows_of(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def with_delimiter(text: str, delimiter: str) -> str:
    lines = [delimiter.join(row) for row in csv.reader(text.splitlines())]
    quoted = [line.replace(GOOD, f'"{GOOD}"').replace(SPANISH, f'"{SPANISH}"') for line in lines]
    return "\r\n".join(quoted) + "\r\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def new_rig(folder: Path, *arguments: str) -> Rig:
    return Rig("pipelines.addresses", folder, "*", ("--workers=2", *arguments))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """Good and bad files in one run."""
    rig = new_rig(tmp_path_factory.mktemp("many"), "--formats", "csv", "parquet")
    write(rig.inputs, "odd.csv", ODD)
    write(rig.inputs, "headers.csv", HEADERS)
    write(rig.inputs, "only_header.csv", "id,address\n")
    write(rig.inputs, "one_row.txt", f'address\n"{GOOD}"')
    for name, (encoding, delimiter, _) in ENCODED.items():
        write(rig.inputs, f"{name}.csv", with_delimiter(LISTED, delimiter).encode(encoding))
    write(rig.inputs, "nul.csv", "address,x\n5 Ma\0in St,1\n")
    write(rig.inputs, "empty.csv", "")
    write(rig.inputs, "other.csv", "id,place\n1,here\n")
    return Worked(rig, rig.run())


def test_bad_files_fail_alone(many: Worked) -> None:
    assert many.done.code == 3, many.done.err
    failed = {unit for unit, status in many.rig.statuses().items() if status == "failed"}
    assert failed == {"empty.csv", "other.csv"}
    causes = {each["unit"]: each for each in many.rig.report()["failures"]}
    assert causes["empty.csv"]["cause"] == "is empty"
    assert causes["other.csv"]["cause"] == "has no column 'address', but id, place"
    assert causes["other.csv"]["file"] == str(many.rig.inputs / "other.csv")
    assert "--address_column" in causes["other.csv"]["action"]


def test_each_kind_of_row_has_its_status(many: Worked) -> None:
    rows = many.rows("odd")
    assert {row["id"]: row["status"] for row in rows if row["id"]} == ODD_STATUSES
    others = [row for row in rows if not row["id"]]
    assert [(row["status"], row["raw_row"]) for row in others] == [
        ("invalid_row", "9,too,few"),
        ("invalid_row", "10,512 Sycamore Ln, Marfield, OH 45123,1,too many"),
        ("invalid_row", "11"),
        ("empty", ""),
        ("invalid_row", '15,"240 E Orchard Ave,1,never closed'),
    ]


def test_boxes_and_routes_have_lines(many: Worked) -> None:
    lines = {row["id"]: row["address_line_1"] for row in many.rows("odd")}
    assert (lines["7"], lines["8"]) == ("PO BOX 2210", "RR 3 BOX 118")


def test_the_columns_of_the_input_keep_every_value(many: Worked) -> None:
    before_it_opens = ODD[: ODD.index("15,")]
    header, *given = csv.reader(io.StringIO(before_it_opens, newline=""))
    made = [list(row.values())[:4] for row in many.rows("odd") if row["status"] != "invalid_row"]
    assert made[:-1] == [row or [""] * 4 for row in given if len(row) in (0, len(header))]
    assert list(many.rows("odd")[0])[:4] == ["id", "Address", "zip", "column_4"]


def test_names_of_columns_are_told_apart(many: Worked) -> None:
    (row,) = many.rows("headers")
    assert list(row)[:6] == ["column_1", "address", "status", "status_2", "city", "status_3"]
    assert [row[name] for name in list(row)[:6]] == ["a", GOOD, "mine", "too", "theirs", "ok"]
    assert row["city_2"] == "MARFIELD"


@pytest.mark.parametrize("name", ENCODED)
def test_an_encoding_and_a_delimiter_change_nothing_but_what_is_told_of_them(
    many: Worked, name: str
) -> None:
    assert many.rows(name) == many.rows("utf8")
    assert [row["address"] for row in many.rows(name)] == [GOOD, SPANISH]
    _, delimiter, encoding = ENCODED[name]
    told = many.told(name)
    assert (told["encoding"], told["delimiter"]) == (encoding, delimiter)


def test_a_file_with_a_header_only_has_no_rows(many: Worked) -> None:
    assert many.rows("only_header") == []
    told = many.told("only_header")
    assert (told["rows"], told["measured"]["rows_per_s"]) == (0, None)


def test_a_character_of_no_value_is_kept(many: Worked) -> None:
    _, row = (many.rig.output / "nul_processed.csv").read_bytes().splitlines()
    assert row.startswith(b"5 Ma\0in St,1,ok,")


def test_a_file_that_is_not_named_csv_keeps_its_whole_name(many: Worked) -> None:
    assert [row["status"] for row in many.rows("one_row.txt")] == ["ok"]


@pytest.mark.parametrize("name", ["odd", "headers", "only_header", "cp1252"])
def test_parquet_has_what_csv_has(many: Worked, name: str) -> None:
    found = parquet.read_table(many.rig.output / f"{name}_processed.parquet").to_pylist()
    rows = many.rows(name)
    assert len(found) == len(rows)
    for row, other in zip(rows, found, strict=True):
        assert row.keys() == other.keys()
        for key, value in other.items():
            if isinstance(value, float):
                assert float(row[key]) == value
            else:
                assert row[key] == (value or "")


def test_the_metadata_tell_what_the_file_is_and_what_became_of_it(many: Worked) -> None:
    told, rows = many.told("odd"), many.rows("odd")
    content = ODD.encode()
    assert told["input"] == "odd.csv"
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["bytes"], told["rows"]) == (len(content), len(rows))
    assert told["columns"] == ["id", "Address", "zip", "column_4"]
    statuses = [row["status"] for row in rows]
    assert told["rows_by_status"] == {status: statuses.count(status) for status in STATUSES}
    assert told["settings"]["reading"] == {"columns": ["address"], "min_confidence": 0.5}
    measured = told["measured"]
    assert (measured["blocks"], measured["blocks_from_before"]) == (3, 0)
    assert measured["rows_per_s"] > 0
    stages = {"read", "tag", "standardise", "score", "write"}
    assert stages <= measured["seconds_by_stage"].keys()
    assert any("of the rows are invalid_row" in each for each in measured["suggestions"])


def test_the_ledger_counts_rows(many: Worked) -> None:
    query = "SELECT metrics FROM units WHERE unit_id = 'odd.csv' AND status = 'completed'"
    (row,) = many.rig.rows(query)
    told = many.told("odd")
    assert json.loads(row["metrics"]) == {"rows": told["rows"], **told["rows_by_status"]}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(str(folder), ["addresses"])
    return folder / "addresses"


def test_the_samples_are_as_their_readme_says(samples: Path, tmp_path: Path) -> None:
    rig = new_rig(tmp_path)
    done = rig.run(inputs=[f"{samples}/lists/*.csv"])
    assert done.code == 3
    assert rig.statuses() == {"members.csv": "completed", "donors.csv": "failed"}
    rows = rows_of(rig.output / "members_processed.csv")
    odd = {row["member"]: row["status"] for row in rows if row["status"] != "ok"}
    assert odd == {
        "1009": "empty",
        "1010": "repeated",
        "1011": "not_us",
        "1012": "not_us",
        "": "invalid_row",
    }
    types = {row["member"]: row["address_type"] for row in rows}
    assert (types["1004"], types["1007"], types["1014"]) == ("PO Box", "Intersection", "Ambiguous")
    assert next(row["address"] for row in rows if row["member"] == "1015").startswith("=HYPERLINK")


class Matched(NamedTuple):
    rig: Rig
    rows: Rows
    again: Rows
    reasons: dict[str, int]
    unchanged: int


SEPARATE = ("--address_columns", "street", "unit", "city", "state", "zip")


@pytest.fixture(scope="module")
def matched(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Matched:
    """The sample of columns with its list; once more; and once more with a longer list."""
    rig = new_rig(tmp_path_factory.mktemp("matched"), *SEPARATE, "--top_k=3", "--min_score=0.5")
    content = (samples / "known_places.csv").read_text()
    listed = write(rig.folder, "places.csv", content)
    inputs = [f"{samples}/columns/*.csv"]
    assert rig.run(f"--match={listed}", inputs=inputs).code == 0
    rows = rows_of(rig.output / "customers_processed.csv")
    assert rig.run(f"--match={listed}", inputs=inputs).code == 0
    unchanged = rig.report()["counts"]["skipped"]
    listed.write_text(content + "P8,1600 W 14th Ave,Ste 9,Quarry Bend,TX,79011\n")
    assert rig.run(f"--match={listed}", inputs=inputs).code == 0
    again = rows_of(rig.output / "customers_processed.csv")
    return Matched(rig, rows, again, rig.report()["reasons"], unchanged)


def test_columns_are_an_address_together(matched: Matched) -> None:
    rows = {row["customer"]: row for row in matched.rows}
    assert rows["K-02"]["address_line_1"] == "77 HARBOR BLVD"
    assert rows["K-02"]["address_line_2"] == "APT 4B"
    assert rows["K-03"]["city"] == "SAN YSABEL"
    assert (rows["K-07"]["status"], rows["K-07"]["confidence"]) == ("empty", "")
    assert rows["K-10"]["Street"] == "5 Mill St; side door"
    assert list(matched.rows[0])[:6] == ["customer", "Street", "Unit", "City", "State", "ZIP"]


def test_the_best_matches_come_first(matched: Matched) -> None:
    rows = {row["customer"]: row for row in matched.rows}
    best = {name: row["match_1_row"] for name, row in rows.items()}
    assert {name: best[name] for name in ("K-01", "K-02", "K-03", "K-04", "K-05")} == {
        "K-01": "1",
        "K-02": "3",
        "K-03": "6",
        "K-04": "5",
        "K-05": "5",
    }
    assert rows["K-04"]["match_1_address"] == "1600 W 14th Ave, Ste 9, Quarry Bend, TX, 79011"
    assert best["K-07"] == ""
    for row in matched.rows:
        scores = [float(score) for rank in (1, 2, 3) if (score := row[f"match_{rank}_score"])]
        assert scores == sorted(scores, reverse=True)
        assert all(0.5 <= score <= 1 for score in scores)
    assert "match_4_row" not in matched.rows[0]


def test_a_changed_list_is_matched_anew_and_ties_stand_in_its_order(matched: Matched) -> None:
    assert matched.unchanged == 1
    assert matched.reasons == {"settings changed": 1}
    (row,) = [row for row in matched.again if row["customer"] == "K-04"]
    assert [row["match_1_row"], row["match_2_row"]] == ["5", "8"]
    assert row["match_1_score"] == row["match_2_score"]


DOUBLES = "".join(
    f'{number},"{100 + number % 40} N Larch St, Marfield, OH 45123"\n' for number in range(120)
)


@pytest.fixture(scope="module")
def deduped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, Rows, int]:
    """The rows of a file in which each address comes three times: in blocks, and as a whole."""
    folder = tmp_path_factory.mktemp("deduped")
    made, blocks = [], 0
    for name, size in (("blocks", "0.001"), ("whole", "4")):
        rig = new_rig(folder / name, "--dedupe", f"--block_mb={size}", "--dedupe_score=0.99")
        write(rig.inputs, "a.csv", f"id,address\n{DOUBLES}")
        done = rig.run()
        assert done.code == 0, done.err
        worked = Worked(rig, done)
        made.append(worked.rows("a"))
        blocks = max(blocks, worked.told("a")["measured"]["blocks"])
    return made[0], made[1], blocks


def test_doubles_are_found_across_blocks(deduped: tuple[Rows, Rows, int]) -> None:
    rows, whole, blocks = deduped
    assert blocks > 3
    assert rows == whole
    assert [int(row["duplicate_group"]) for row in rows] == [n % 40 + 1 for n in range(120)]
    assert [row["duplicate_of"] for row in rows[:40]] == [""] * 40
    assert all(row["duplicate_of"] for row in rows[40:])


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """A file without a header, in the folder of its outputs; all formulas defused; run twice."""
    rig = new_rig(
        tmp_path_factory.mktemp("stamped"),
        *("--timestamped", "--no_header", "--defuse=all", "--address_column=column_2"),
        *("--formats", "csv", "parquet"),
    )
    write(rig.output, "a.csv", f'=1+1,"{GOOD}"\n-2,"@5 Mill St, Marfield, OH 45123"\n')
    inputs = [f"{rig.output}/*"]
    assert rig.run(inputs=inputs).code == 0
    return Worked(rig, rig.run(inputs=inputs))


def test_outputs_bear_the_time_and_are_not_taken_for_inputs(stamped: Worked) -> None:
    assert stamped.done.code == 0, stamped.done.err
    assert stamped.rig.statuses() == {"a.csv": "completed"}
    report = stamped.rig.report()
    assert report["counts"]["skipped"] == 1
    assert {each["remark"] for each in report["file_remarks"]} == {"is an output of this pipeline"}
    assert len(report["file_remarks"]) == 3
    (made,) = stamped.rig.output.glob("a_processed_????????_??????.csv")
    stamp = made.stem.removeprefix("a_processed_")
    assert {path.name for path in stamped.rig.output_files()} == {
        "a.csv",
        f"a_processed_{stamp}.csv",
        f"a_processed_{stamp}.parquet",
        f"a.metadata_{stamp}.json",
    }


def test_columns_without_a_header_are_numbered_and_formulas_defused(stamped: Worked) -> None:
    (made,) = stamped.rig.output.glob("a_processed_*.csv")
    rows = rows_of(made)
    assert [row["column_1"] for row in rows] == ["'=1+1", "'-2"]
    assert rows[1]["column_2"] == "'@5 Mill St, Marfield, OH 45123"
    (other,) = stamped.rig.output.glob("a_processed_*.parquet")
    assert parquet.read_table(other)["column_1"].to_pylist() == ["=1+1", "-2"]


@pytest.mark.timeout(180)
def test_blocks_that_a_killed_run_has_done_are_not_done_again(tmp_path: Path) -> None:
    rig = new_rig(tmp_path / "killed", "--block_mb=0.001")
    undisturbed = new_rig(tmp_path / "undisturbed", "--block_mb=0.001")
    for each in (rig, undisturbed):
        file = write(each.inputs, "a.csv", f"id,address\n{DOUBLES}")
    gate = rig.gate()
    last = f"-{file.stat().st_size:015}"
    sabotage = [gate.at("transforms.addresses.parts:leave_parts", last)]
    with rig.started(sabotage=sabotage) as run:
        run.reaches(gate)
        run.kill()
    there = len([*(rig.state / "blocks").glob("*/*.json")])
    assert there > 0
    done = rig.run()
    assert done.code == 0, done.err
    assert undisturbed.run().code == 0
    measured = Worked(rig, done).told("a")["measured"]
    assert measured["blocks_from_before"] == there
    assert measured["blocks"] > 0
    made = [each.output / "a_processed.csv" for each in (rig, undisturbed)]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert not (rig.state / "blocks").exists()


def run_here(tmp_path: Path, *arguments: str) -> int:
    file = write(tmp_path, "a.csv", f'address\n"{GOOD}"\n')
    return main(["--input", str(file), "--output", str(tmp_path / "out"), *arguments])


def test_a_gpu_that_is_not_there_is_told_of_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if choose_device("auto").name != CPU.name:
        pytest.skip("there is a GPU")
    assert run_here(tmp_path, "--device=gpu") == 1
    assert "--device cpu" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--dedupe", "--match=a.csv"])
def test_what_matching_needs_is_told_where_it_lacks(
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("match", "match_columns"):
        monkeypatch.delitem(sys.modules, f"transforms.addresses.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    monkeypatch.setitem(sys.modules, "rapidfuzz.process", None)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a.csv", "address\n")
    assert run_here(tmp_path, option) == 1
    assert "pip install 'headrace[match]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory; check --match"),
        ("", "is empty"),
        ("id,place\n", "has no column 'address', but id, place; name its columns with --match_col"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_of_before_the_run(
    content: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "lists" / "list.csv"
    if content is not None:
        write(listed.parent, listed.name, content)
    assert run_here(tmp_path, f"--match={listed}") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"headrace: {listed}: ")
    assert told in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--address_column=a", "--address_columns", "b"], "either --address_column or"),
        (["--match_columns", "a"], "--match_columns needs --match"),
        (["--min_confidence=2"], "give a number from 0 to 1"),
        (["--delimiter=ab"], "at most 1 character"),
    ],
)
def test_wrong_options_are_refused(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(tmp_path, *arguments) == 2
    assert told in capsys.readouterr().err
