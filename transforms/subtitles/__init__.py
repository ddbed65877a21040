"""Subtitles: what is misheard in them is corrected, by lexicons, and the rest left as it is."""
