"""Subtitles: what is measured in them, and what is corrected."""
