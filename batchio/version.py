"""The version of Headrace: part of every record and of every output's provenance."""

__version__ = "0.1.0"
