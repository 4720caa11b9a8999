"""Clusters of two processes on this machine: searches on Dask and Ray, and scoring of tables."""
