"""PTransforms, and beside each the plain functions that it applies."""
