"""Forecast soundings: BUFKIT, CF NetCDF, tables, the catalogue of stations and offices."""
