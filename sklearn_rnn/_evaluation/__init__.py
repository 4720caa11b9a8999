"""Runs of estimators on folds, and the table that compares them."""
