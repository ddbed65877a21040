"""Radar volumes: SINARAME's BUFR, CF/Radial 1.4 and 2, grids, pictures on a map."""
