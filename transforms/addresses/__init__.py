"""Postal addresses: components with the labels of usaddress, and how sure they are."""
