"""Models in files: saved without pickle, and exported to run without torch."""
