"""Texts to ids: tokens, vocabulary, encoding."""
