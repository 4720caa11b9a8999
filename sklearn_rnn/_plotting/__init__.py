"""Displays, drawn by matplotlib."""
