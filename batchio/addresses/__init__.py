"""Postal addresses: CSV in blocks of rows, models of CRFsuite."""
