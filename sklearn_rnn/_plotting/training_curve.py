"""Training curves: loss and accuracy over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from sklearn_rnn._inspection.pipeline_steps import find_classifier
from sklearn_rnn._plotting.style import (
    GREY,
    PALETTE,
    add_legend,
    check_panels,
    choose_marker,
    cycle_color,
    legend_line,
    prepare_axes,
    set_integer_ticks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from sklearn.base import BaseEstimator

    from sklearn_rnn._classifier import RNNTextClassifier

Metric = Literal["loss", "accuracy"]
Split = Literal["train", "valid"]

_AXIS_LABELS: dict[Metric, str] = {
    "loss": "loss (cross-entropy, nats)",
    "accuracy": "accuracy (share of texts)",
}
_SPLIT_LABELS: dict[Split, str] = {"train": "training", "valid": "validation"}


class TrainingCurveDisplay:
    """Loss and accuracy over the epochs, of one classifier or of several.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Training loss and accuracy are means since the previous evaluation, with dropout and while the
    weights change. They may therefore be worse than validation loss and accuracy.

    Parameters
    ----------
    histories : dict of str to DataFrame
        The `history_` of each classifier, by name: indexed by epoch, with the columns `train_loss`,
        `train_accuracy`, `valid_loss` and `valid_accuracy`. A curve leaves out the rows where its
        value is NaN.
    best_epochs : dict of str to float, default=None
        The epoch whose weights were kept, for each classifier that had validation data. None: no
        epoch is marked.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels.
    lines_ : dict of (str, str) to matplotlib Line2D
        The curves, by the classifier's name and the column of its history.
    best_points_ : dict of (str, str) to matplotlib Line2D
        The circles at the epochs whose weights were kept, by the keys of the validation curves.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores over the number of training texts.
    GradientFlowDisplay : Gradients of each layer over the optimizer steps.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.datasets import make_word_order
    >>> from sklearn_rnn.plotting import TrainingCurveDisplay
    >>> texts, labels = make_word_order(200, random_state=0)
    >>> classifier = RNNTextClassifier(hidden_size=8, early_stopping=True, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> TrainingCurveDisplay.from_estimator(model)
    <...>
    >>> plt.show()
    """

    def __init__(
        self,
        histories: Mapping[str, pd.DataFrame],
        *,
        best_epochs: Mapping[str, float] | None = None,
    ) -> None:
        self.histories = histories
        self.best_epochs = best_epochs

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        metric: Metric | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two Axes, or one if `metric` is given. None: a new figure.
        metric : {"loss", "accuracy"}, default=None
            The metric to draw. None: both, in two panels.

        Returns
        -------
        display : TrainingCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` holds an object that is no Axes.
        ValueError
            If `metric` is unknown, or `ax` holds the wrong number of Axes.
        """
        metrics = check_panels(metric, tuple(_AXIS_LABELS), name="metric")
        self.figure_, self.axes_ = prepare_axes(ax, metrics, caller="TrainingCurveDisplay.plot")
        self.lines_: dict[tuple[str, str], Line2D] = {}
        self.best_points_: dict[tuple[str, str], Line2D] = {}
        for panel, panel_metric in zip(self.axes_, metrics, strict=True):
            self._plot_metric(panel, panel_metric)
        entries = self._legend_entries(metrics[0])
        self.legend_ = add_legend(self.figure_, self.axes_, entries, outside=ax is None)
        return self

    def _plot_metric(self, ax: Axes, metric: Metric) -> None:
        best_epochs = self.best_epochs or {}
        for number, (name, history) in enumerate(self.histories.items()):
            for split in _SPLIT_LABELS:
                column = f"{split}_{metric}"
                curve = history[column].dropna()
                if curve.empty:
                    continue
                style = self._line_style(number, split)
                marker = choose_marker(len(curve))
                (self.lines_[name, column],) = ax.plot(curve.index, curve, marker=marker, **style)
                if split == "valid" and name in best_epochs:
                    epoch = best_epochs[name]
                    ring = _ring_style(style["color"])
                    (self.best_points_[name, column],) = ax.plot(epoch, curve[epoch], **ring)
        ax.set(xlabel="epoch", ylabel=_AXIS_LABELS[metric])
        set_integer_ticks(ax)

    def _line_style(self, number: int, split: Split) -> dict[str, Any]:
        """Return the style of a curve: a colour per classifier or, for a single one, per split."""
        is_training = split == "train"
        if len(self.histories) == 1:
            number = 0 if is_training else 1
        return {
            "color": cycle_color(number),
            "linestyle": "--" if is_training and self._has_validation() else "-",
            "markersize": 4,
            "linewidth": 1.8,
        }

    def _has_validation(self) -> bool:
        return any(history["valid_loss"].notna().any() for history in self.histories.values())

    def _legend_entries(self, metric: Metric) -> list[tuple[Line2D, str]]:
        """Return the legend entries: classifiers if there are several, splits, and kept weights."""
        names = list(self.histories)
        several = len(names) > 1
        entries = []
        if several:
            entries += [
                (legend_line(color=cycle_color(number), linewidth=4), name)
                for number, name in enumerate(names)
            ]
        for split, label in _SPLIT_LABELS.items():
            if any((name, f"{split}_{metric}") in self.lines_ for name in names):
                style = self._line_style(0, split) | ({"color": GREY} if several else {})
                entries.append((legend_line(marker="o", **style), label))
        if self.best_points_:
            color = GREY if several else PALETTE[1]
            best_epochs = self.best_epochs or {}
            epoch = "" if several else f" (epoch {best_epochs[names[0]]:g})"
            entries.append((legend_line(**_ring_style(color)), f"weights kept{epoch}"))
        return entries

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator | dict[str, Any],
        *,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        metric: Metric | None = None,
    ) -> Self:
        """Draw the training curves of a fitted classifier, or of several.

        Parameters
        ----------
        estimator : RNNTextClassifier, Pipeline, search, or dict of str to one of these
            A fitted classifier; a :class:`~sklearn.pipeline.Pipeline` that contains one; or a
            search, for example :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator
            is used. The estimators of a dict are drawn into the same panels.
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two Axes, or one if `metric` is given. None: a new figure.
        metric : {"loss", "accuracy"}, default=None
            The metric to draw. None: both, in two panels.

        Returns
        -------
        display : TrainingCurveDisplay
            The drawn display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If a classifier or a search is not fitted.
        TypeError
            If an estimator holds no RNNTextClassifier, or `ax` holds an object that is no Axes.
        ValueError
            If the dict is empty, `metric` is unknown, or `ax` holds the wrong number of Axes.
        """
        caller = f"{cls.__name__}.from_estimator"
        classifiers = _find_classifiers(estimator, caller)
        display = cls(
            {name: classifier.history_ for name, classifier in classifiers.items()},
            best_epochs={
                name: classifier.best_epoch_
                for name, classifier in classifiers.items()
                if hasattr(classifier, "best_epoch_")
            },
        )
        return display.plot(ax, metric=metric)


def _find_classifiers(
    estimator: BaseEstimator | dict[str, Any], caller: str
) -> dict[str, RNNTextClassifier]:
    if not isinstance(estimator, dict):
        classifier = find_classifier(estimator, caller=caller)
        return {type(classifier).__name__: classifier}
    if not estimator:
        raise ValueError(
            f"{caller} got an empty dict. Pass a fitted classifier, or a dict of names and "
            "fitted classifiers."
        )
    return {name: find_classifier(value, caller=caller) for name, value in estimator.items()}


def _ring_style(color: str) -> dict[str, Any]:
    return {
        "color": color,
        "linestyle": "none",
        "marker": "o",
        "markersize": 11,
        "markerfacecolor": "none",
        "markeredgewidth": 1.8,
    }
