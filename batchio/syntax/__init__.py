"""Syntax trees: JSON of many parsers, what is taken out of it, tables."""
