"""Formats and storage: list, read, decode, encode, write whole, remember. Knows no Beam."""
