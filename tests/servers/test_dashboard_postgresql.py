"""The page of a ledger on a real PostgreSQL server."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "pipelines"))

from page_ledger import all_units, key_of, page_of, write_ledger


def test_the_page_reads_postgresql_as_it_reads_sqlite(tmp_path: Path, postgres_url: str) -> None:
    ours = []
    for name, url in (("sqlite", ""), ("postgresql", postgres_url)):
        (tmp_path / name).mkdir()
        with page_of(write_ledger(tmp_path / name, units=60, url=url)) as client:
            key = key_of(client)
            run, unit = f"ledgers/{key}/runs/first", f"/api/v1/ledgers/{key}/units/radar"
            runs = {"a": f"{key}/first", "b": f"{key}/second"}
            comparison = client.get("/api/v1/compare", params=runs).json()
            metrics = client.get("/metrics").text
            ours.append(
                [
                    all_units(client, run),
                    all_units(client, run, status="failed", text="BYTES"),
                    client.get(f"/api/v1/{run}").json()["causes"],
                    client.get(unit, params={"unit": "cut-2"}).json()["cause"],
                    client.get("/api/v1/volumes").json()["counts"],
                    comparison["counts"],
                    client.get("/healthz").json(),
                    [line.partition("{")[0] for line in metrics.splitlines()],
                ]
            )
    assert ours[0] == ours[1]
    assert len(ours[0][0]) == 67
