"""Accuracy of the default Pipeline on the official test sets."""
