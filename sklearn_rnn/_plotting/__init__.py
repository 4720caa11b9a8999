"""Displays, one a file, drawn by matplotlib.

A new Display is a file here, with `plot` and `from_estimator`, and a line in
`sklearn_rnn/plotting.py`. Panels, colours, legends and ticks come from `style.py`. matplotlib is
imported inside functions only: importing a Display does not need it.
"""
