"""Syntax trees: what a repository defines, calls, imports, and how complex it is."""
