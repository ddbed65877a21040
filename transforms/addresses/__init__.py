"""Postal addresses: tagged, standardised and matched, in batches."""
