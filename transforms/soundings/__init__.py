"""Forecast soundings: thermodynamics, indices of convection, and what BUFKIT's own indices are."""
