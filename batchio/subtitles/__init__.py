"""Subtitles: SRT, lexicons, verses that are quoted, what is told of corrections."""
