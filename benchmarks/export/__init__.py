"""Exported models: their size, speed and accuracy, without torch and in services."""
