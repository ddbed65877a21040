import csv
from pathlib import Path

import pytest
from address_rows import read_whole

from batchio.addresses.csv_plan import plan_blocks

FILES = [
    ("us/rrad_us_3220.csv", ",", 3220),
    ("us/rrad_us_one_column.csv", ",", 3220),
    ("us/chicago_early_childhood_true_ids.csv", ",", 3337),
    ("gb/schools_sample.tsv", "\t", 2000),
    ("gb/food_hygiene_sample.tsv", "\t", 2000),
    ("gb/school_register_matched.tsv", "\t", 856),
    ("usaddress/unparseable.csv", ",", 1322),
]


@pytest.mark.parametrize(("name", "delimiter", "count"), FILES)
def test_real_files_in_blocks_are_what_python_reads(
    address_data: Path, name: str, delimiter: str, count: int
):
    file = address_data / name
    header = name != "usaddress/unparseable.csv"
    with file.open(encoding="utf-8", newline="") as text:
        names, *rows = csv.reader(text, delimiter=delimiter)
    blocks = plan_blocks(str(file), 10_000, header=header).blocks
    assert blocks[0].dialect.delimiter == delimiter
    assert blocks[0].dialect.columns == (tuple(names) if header else ("column_1",))
    for block_bytes in (1000, 50_000, 10_000_000):
        read = read_whole(file, block_bytes, header=header)
        assert read == (rows if header else [names, *rows])
        assert len(read) == count
