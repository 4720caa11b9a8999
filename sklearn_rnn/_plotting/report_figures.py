"""Figures of reports, as images that an HTML page contains."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._plotting.colored_text import replace_missing_glyphs
from sklearn_rnn._plotting.style import cycle_color
from sklearn_rnn._plotting.text_length import TextLengthDisplay
from sklearn_rnn._plotting.training_curve import TrainingCurveDisplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_NAME = 40  # characters of a name in a legend


def draw_lengths(lengths: npt.NDArray[np.integer[Any]], max_length: int | None) -> str:
    """Return the URI of an image of text lengths; the parameters are those of the Display."""
    figure, (ax,) = _make_figure(1)
    TextLengthDisplay(lengths, max_length=max_length).plot(ax)
    return _to_uri(figure)


def draw_training(estimators: Mapping[str, Any]) -> str:
    """Return the URI of an image of training curves.

    Parameters
    ----------
    estimators : dict of str to estimator
        As `TrainingCurveDisplay.from_estimator` takes them.
    """
    figure, axes = _make_figure(2)
    named = dict(zip(_printable(estimators), estimators.values(), strict=True))
    TrainingCurveDisplay.from_estimator(named, ax=axes)
    return _to_uri(figure)


def draw_reliability(
    confidences: Mapping[str, tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]],
) -> str:
    """Return the URI of an image of reliability curves.

    Parameters
    ----------
    confidences : dict of str to (is_correct, confidence)
        For each model, whether its predictions are correct, and their probabilities.
    """
    from sklearn.calibration import CalibrationDisplay

    figure, (ax,) = _make_figure(1)
    names = _printable(confidences)
    for number, (name, (is_correct, confidence)) in enumerate(
        zip(names, confidences.values(), strict=True)
    ):
        CalibrationDisplay.from_predictions(
            is_correct.astype(int),
            confidence,
            n_bins=10,
            strategy="quantile",
            pos_label=1,
            name=name,
            ax=ax,
            color=cycle_color(number),
        )
    ax.set(xlabel="probability of the predicted class", ylabel="share of correct predictions")
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return _to_uri(figure)


def _make_figure(n_panels: int) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure that pyplot does not know, and its panels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4 if n_panels == 1 else 10, 4), layout="constrained")
    return figure, figure.subplots(1, n_panels, squeeze=False)[0]


def _printable(names: Iterable[str]) -> list[str]:
    """Return names as matplotlib prints them: it reads $ as mathematics, and hides "_name"."""
    short = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in names]
    shown = replace_missing_glyphs(name.replace("$", r"\$") for name in short)
    if len(set(shown)) < len(shown):
        shown = [f"{number}: {name}" for number, name in enumerate(shown, 1)]
    return [f" {name}" if name.startswith("_") else name for name in shown]


def _to_uri(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
