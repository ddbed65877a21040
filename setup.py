"""Lets tools that still call setup.py (Beam's --setup_file among them) build Headrace."""

from setuptools import setup

setup()
