"""Texts and labels for fits of a tenth of a second."""

TEXTS = ["good, not bad", "bad, not good", "so good", "so bad"] * 5
LABELS = ["praise", "blame", "praise", "blame"] * 5
