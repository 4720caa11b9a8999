"""Benchmarks of sklearn_rnn: each folder is run as a module from the root of the repository."""
