"""Timing, records of results and corpora, shared by all benchmarks."""
