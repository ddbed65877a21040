from __future__ import annotations

import os
import signal
from typing import Any

from contract import PipelineContract
from contract_hooks import Hurt, Shared
from rig import Rig, wait_until
from syntax_hooks import SyntaxHooks
from syntax_trees import table


class TestSyntaxContract(SyntaxHooks, PipelineContract):
    def test_what_could_not_be_read_has_a_row_that_says_why(self, hurt: Hurt) -> None:
        rig, units, hurts, _ = hurt
        died = dict.fromkeys(hurts, "worker_died")
        why = {**died, units[5]: "unexpected", "bad.py.json": "truncated"}
        assert {row["path"]: row["cause"] for row in table(rig.output, "quarantine")} == why
        files = {row["path"]: row for row in table(rig.output, "files")}
        assert files.keys() == {*units, *hurts}
        statuses = dict.fromkeys(units, "ok") | dict.fromkeys(hurts, "quarantined")
        assert {path: row["status"] for path, row in files.items()} == statuses
        ids = {row["path"]: row["file_id"] for row in table(rig.output, "quarantine")}
        assert ids == {path: files[path]["file_id"] for path in hurts}
        with_symbols = {row["file_id"] for row in table(rig.output, "symbols")}
        assert with_symbols == {files[path]["file_id"] for path in set(units) - set(hurts)}

    def test_a_stop_and_a_touch_leave_the_tables_and_a_change_changes_its_rows_alone(
        self, rig: Rig
    ) -> None:
        units = self.make_inputs(rig.inputs, 3)
        assert rig.run().code == 0
        before, mtimes = rows_by_file(rig), rig.mtimes()

        os.utime(rig.inputs / units[0])
        assert rig.run().code == 0
        assert rig.mtimes() == mtimes

        self.change(rig.inputs, units[1])
        gate = rig.gate()
        with rig.started("--workers=1", sabotage=[gate.at(self.works)]) as run:
            run.reaches(gate)
            run.send(signal.SIGINT)
            wait_until(lambda: "finishing what is being worked" in run.err, "the stop")
            gate.open()
            assert run.wait().code == 130
        assert rig.mtimes() == mtimes

        assert rig.run().code == 0
        after = rows_by_file(rig)
        assert after.keys() == before.keys()
        changed = {path for path in after if after[path] != before[path]}
        assert changed == {units[1]}
        assert "Case77" in {row["name"] for row in after[units[1]]["symbols"]}

    def test_kills_between_files_and_tables(self, shared: Shared, rig: Rig) -> None:
        """While names are indexed, then amid the tables' replacement: some are new, some old."""
        undisturbed, units, _ = shared
        self.make_inputs(rig.inputs, len(units))
        self.change(rig.inputs, units[3])
        assert rig.run().code == 0
        older = rig.outputs()
        self.make_inputs(rig.inputs, len(units))
        indexing, replacing = rig.gate("indexing"), rig.gate("replacing")
        kills = {
            indexing: indexing.at("transforms.syntax.join:build_index"),
            replacing: replacing.at("batchio.output:OutputRoot.adopt", "imports.parquet"),
        }
        for gate, sabotage in kills.items():
            with rig.started("--workers=2", sabotage=[sabotage]) as run:
                run.reaches(gate)
                run.kill()
            if gate is indexing:
                assert rig.outputs() == older
        assert rig.outputs()["imports.parquet"] == older["imports.parquet"]
        assert rig.run().code == 0
        assert rig.outputs() == undisturbed.outputs()
        assert rig.statuses() == self.all_completed(units)


def rows_by_file(rig: Rig) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """All rows of all tables by their file's path, those that name it by its id among them."""
    paths = {row["file_id"]: row["path"] for row in table(rig.output, "files")}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {path: {} for path in paths.values()}
    for file in rig.output_files():
        for row in table(rig.output, file.stem):
            found[paths[row["file_id"]]].setdefault(file.stem, []).append(row)
    return found
