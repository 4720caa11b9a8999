"""Displays, drawn by matplotlib, one per file.

To add a Display, write a class with `plot` and `from_estimator` in a file of its own, and add it to
`sklearn_rnn/plotting.py`. Panels, colours, legends and ticks come from `style.py`. matplotlib is
imported inside functions only, so that Displays can be imported where it is not installed.
"""
