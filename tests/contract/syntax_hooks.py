from __future__ import annotations

from pathlib import Path

from contract_hooks import Contract
from pyarrow import parquet
from syntax_trees import write_trees

from batchio.syntax.parts import read_part

SOURCE = """
from m00 import helper
import library{number}
import os.path

class Case{number}(Base{number}):
    {fields}

    def run(self):
        return helper(os.path.join("a", self.x{number}))

def helper():
    return {number}
"""


def source(number: int) -> str:
    fields = "\n    ".join(f"x{field} = {field}" for field in range(number + 1))
    return SOURCE.format(number=number, fields=fields)


class SyntaxHooks(Contract):
    module = "pipelines.syntax"
    pattern = "*.json"
    works = "batchio.syntax.ast_json:_read_document"
    writes = "transforms.syntax.tables:_batch"
    bad_step = "read"
    bad_cause = "the data end"
    further_units = ("tables",)

    def make_inputs(self, folder: Path, count: int) -> list[str]:
        trees = {f"m{number:02}.py.json": source(number) for number in range(count)}
        return [file.name for file in write_trees(folder, trees)]

    def make_bad(self, folder: Path) -> str:
        (file,) = write_trees(folder, {"bad.py.json": source(0)})
        file.write_text(file.read_text()[:-100])
        return file.name

    def files_of(self, folder: Path, unit: str) -> list[Path]:
        return [folder / unit]

    def change(self, folder: Path, unit: str) -> None:
        write_trees(folder, {unit: source(77)})

    def read_output(self, path: Path) -> None:
        if path.suffix == ".arrow":
            read_part(str(path)).validate(full=True)
        else:
            parquet.read_table(path).validate(full=True)
