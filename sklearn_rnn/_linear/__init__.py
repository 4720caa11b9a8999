"""Linear term: n-grams, logits, fit."""
