"""Faults that are injected, and what survives them."""
