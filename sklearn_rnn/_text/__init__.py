"""Conversion of texts to ids: tokens, vocabulary, encoding, padding."""
