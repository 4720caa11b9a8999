"""Data of Displays, and helpers that read drawn figures."""

import numpy as np
import pandas as pd

from sklearn_rnn.plotting import TokenAttributionDisplay


def make_flow(n_steps, layers=("embedding", "layers.0.forward_cell", "output")):
    index = pd.MultiIndex.from_product([range(1, n_steps + 1), layers], names=["step", "layer"])
    mean = np.geomspace(1e-6, 1e-1, len(index))
    return pd.DataFrame({"mean": mean, "max": 10 * mean}, index=index)


def legend_texts(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def make_words(tokens, attributions=None, target="praise"):
    if attributions is None:
        attributions = np.linspace(-1, 2, len(tokens))
    return TokenAttributionDisplay(
        tokens,
        np.asarray(attributions, dtype=float),
        target=target,
        probability=0.876,
        score_name="log-odds",
        score=1.0,
        baseline_score=1.0 - np.sum(attributions),
    )


def extents(display):
    display.figure_.canvas.draw()
    return [text.get_window_extent() for text in display.texts_]
