"""Command line: arguments and commands."""
