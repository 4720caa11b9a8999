"""Fits to corpora larger than memory."""
