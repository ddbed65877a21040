"""The tables of the ledger and its view of radar volumes."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 2  # 2: watchers

metadata = sa.MetaData()

_Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorts as Python does
schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", _Text, primary_key=True),
    sa.Column("pipeline", _Text, nullable=False),
    sa.Column("arguments", _Text, nullable=False),  # JSON list
    sa.Column("versions", _Text, nullable=False),  # JSON object
    sa.Column("host", _Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("output", _Text, nullable=False),
    sa.Column("folder", _Text, nullable=False),  # where the command was given
    sa.Column("started", _Text, nullable=False, index=True),
    sa.Column("finished", _Text),
    sa.Column("status", _Text, nullable=False),
    sa.Column("totals", _Text, nullable=False),  # JSON object
    sa.Column("stop_requested", _Text),  # why, once asked
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("pipeline", _Text, primary_key=True),
    sa.Column("output", _Text, primary_key=True),  # runs into another root may see it as well
    sa.Column("path", _Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime", sa.Double, nullable=False),
    sa.Column("sha256", _Text, nullable=False),  # empty where the bytes were not needed
    sa.Column("unit_id", _Text),  # none for a file that belongs to no unit
    sa.Column("remark", _Text, nullable=False),  # why it was left out
    sa.Column("first_seen", _Text, nullable=False),  # start of the first run that saw it
    sa.Column("last_seen", _Text, nullable=False),
    sa.Index("files_by_unit", "pipeline", "unit_id"),
)

units = sa.Table(
    "units",
    metadata,
    sa.Column("pipeline", _Text, primary_key=True),
    sa.Column("unit_id", _Text, primary_key=True),
    sa.Column("run_id", _Text, primary_key=True),
    sa.Column("status", _Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("reason", _Text, nullable=False),  # why it was worked
    sa.Column("version", _Text, nullable=False),
    sa.Column("input_fingerprint", _Text, nullable=False),
    sa.Column("settings_fingerprint", _Text, nullable=False),
    sa.Column("step", _Text, nullable=False),
    sa.Column("error_type", _Text, nullable=False),
    sa.Column("error_message", _Text, nullable=False),
    sa.Column("traceback", _Text, nullable=False),
    sa.Column("outputs", _Text, nullable=False),  # JSON list of [path, bytes, sha256]
    sa.Column("metrics", _Text, nullable=False),  # JSON object
    sa.Column("details", _Text, nullable=False),  # JSON object of the domain
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("started", _Text, nullable=False),
    sa.Column("recorded", _Text, nullable=False),
    sa.Index("units_by_run", "run_id", "status"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("run_id", _Text, primary_key=True),
    sa.Column("host", _Text, primary_key=True),
    sa.Column("pid", sa.Integer, primary_key=True),
    sa.Column("unit_id", _Text, nullable=False),  # empty when idle
    sa.Column("since", _Text, nullable=False),
    sa.Column("rss_bytes", sa.BigInteger, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("counters", _Text, nullable=False),  # JSON object
    sa.Column("beat", _Text, nullable=False),
)

watchers = sa.Table(
    "watchers",
    metadata,
    sa.Column("pipeline", _Text, primary_key=True),
    sa.Column("output", _Text, primary_key=True),
    sa.Column("host", _Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("every_s", sa.Double, nullable=False),
    sa.Column("started", _Text, nullable=False),
    sa.Column("beat", _Text, nullable=False),
    sa.Column("polls", sa.Integer, nullable=False),
    sa.Column("polled", _Text, nullable=False),  # end of the last poll; empty before
    sa.Column("problem", _Text, nullable=False),  # of the last poll; empty if there was none
    sa.Column("ended", _Text, nullable=False),  # empty while it watches, or after it was killed
)

_VIEW = """
CREATE VIEW volume_processing AS
SELECT u.unit_id AS volume_id,
       {radar_code} AS radar_code,
       {vol_code} AS vol_code,
       {vol_number} AS vol_number,
       {observation_datetime} AS observation_datetime,
       u.status AS status,
       {netcdf_path} AS netcdf_path,
       {is_complete} AS is_complete,
       {expected_fields} AS expected_fields,
       {downloaded_fields} AS downloaded_fields,
       u.error_message AS error_message
FROM units u
WHERE u.pipeline = 'radar'
  AND u.recorded = (SELECT max(n.recorded) FROM units n
                    WHERE n.pipeline = u.pipeline AND n.unit_id = u.unit_id)
"""

_DETAILS = (
    "radar_code",
    "vol_code",
    "vol_number",
    "observation_datetime",
    "is_complete",
    "expected_fields",
    "downloaded_fields",
)

VOLUME_PROCESSING = {
    "sqlite": _VIEW.format(
        netcdf_path="json_extract(u.outputs, '$[0][0]')",
        **{name: f"json_extract(u.details, '$.{name}')" for name in _DETAILS},
    ),
    "postgresql": _VIEW.format(
        netcdf_path="u.outputs::json -> 0 ->> 0",
        **{name: f"u.details::json ->> '{name}'" for name in _DETAILS},
    ),
}
