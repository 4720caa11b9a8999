"""TrainingCurveDisplay: loss and accuracy over the epochs."""

from sklearn_rnn._inspection.pipeline_steps import find_classifier
from sklearn_rnn._plotting.style import (
    MOST_MARKERS,
    PALETTE,
    add_legend,
    check_panels,
    prepare_axes,
    show_whole_numbers,
)

_AXIS_LABELS = {"loss": "loss (cross-entropy, nats)", "accuracy": "accuracy (share of texts)"}


class TrainingCurveDisplay:
    """Loss and accuracy over the epochs, of one classifier or of several.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    The training curves are computed with dropout and while the weights change, so they may lie
    below validation curves of equal quality.

    Parameters
    ----------
    histories : dict of str to DataFrame
        The `history_` of each classifier, by name: indexed by epoch, with the columns `train_loss`,
        `train_accuracy`, `valid_loss` and `valid_accuracy`. Rows without a value, NaN, are left
        out of its curve.
    best_epochs : dict of str to float, default=None
        The epoch whose weights were kept, of those classifiers that had validation data. None: of
        no classifier.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels.
    lines_ : dict of (str, str) to matplotlib Line2D
        The curves, by the classifier's name and the column of its history.
    best_points_ : dict of (str, str) to matplotlib Line2D
        The rings at the epochs that were kept, likewise.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores over the number of training texts.
    GradientFlowDisplay : The gradients behind these curves.

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

    def __init__(self, histories, *, best_epochs=None):
        self.histories = histories
        self.best_epochs = best_epochs

    def plot(self, ax=None, *, metric=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two axes for both metrics, one for one. None: a new figure.
        metric : {"loss", "accuracy"}, default=None
            What to draw. None: both, side by side.

        Returns
        -------
        display : TrainingCurveDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `metric` is unknown, or `ax` holds another number of axes.
        """
        metrics = check_panels(metric, tuple(_AXIS_LABELS), name="metric")
        figure, axes = prepare_axes(ax, metrics, caller="TrainingCurveDisplay.plot")
        self.lines_, self.best_points_ = {}, {}
        for panel, one_metric in zip(axes, metrics, strict=True):
            self._plot_metric(panel, one_metric)
        handles, labels = self._legend_entries(metrics[0])
        self.legend_ = add_legend(figure, axes, handles, labels, outside=ax is None)
        self.figure_, self.axes_ = figure, axes
        return self

    def _plot_metric(self, ax, metric):
        best_epochs = self.best_epochs or {}
        for number, (name, history) in enumerate(self.histories.items()):
            for split in ("train", "valid"):
                column = f"{split}_{metric}"
                curve = history[column].dropna()
                if curve.empty:
                    continue
                style = self._style(number, split) | {
                    "marker": "o" if len(curve) <= MOST_MARKERS else None
                }
                (line,) = ax.plot(curve.index, curve, **style)
                self.lines_[name, column] = line
                if split == "valid" and name in best_epochs:
                    epoch = best_epochs[name]
                    (point,) = ax.plot(epoch, curve[epoch], **_ring(style["color"]))
                    self.best_points_[name, column] = point
        ax.set(xlabel="epoch", ylabel=_AXIS_LABELS[metric])
        show_whole_numbers(ax)

    def _style(self, number, split):
        """Give each classifier a colour and each split a dash; of one classifier, each a colour."""
        is_training = split == "train"
        if len(self.histories) == 1:
            number = 0 if is_training else 1
        return {
            "color": PALETTE[number % len(PALETTE)],
            "linestyle": "--" if is_training and self._has_validation() else "-",
            "markersize": 4,
            "linewidth": 1.8,
        }

    def _has_validation(self):
        return any(history["valid_loss"].notna().any() for history in self.histories.values())

    def _legend_entries(self, metric):
        """Return artists and what each stands for: classifiers if several, then splits."""
        from matplotlib.lines import Line2D

        names = list(self.histories)
        several = len(names) > 1
        entries = []
        if several:
            entries += [
                (Line2D([], [], color=PALETTE[number % len(PALETTE)], linewidth=4), name)
                for number, name in enumerate(names)
            ]
        for split, label in {"train": "training", "valid": "validation"}.items():
            if any((name, f"{split}_{metric}") in self.lines_ for name in names):
                style = self._style(0, split) | ({"color": "0.3"} if several else {})
                style["marker"] = "o"
                entries.append((Line2D([], [], **style), label))
        if self.best_points_:
            color = "0.3" if several else PALETTE[1]
            epoch = "" if several else f" (epoch {self.best_epochs[names[0]]:g})"
            entries.append((Line2D([], [], **_ring(color)), f"weights kept{epoch}"))
        handles, labels = zip(*entries, strict=True)
        return handles, labels

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, metric=None):
        """Draw how a classifier was trained, or how several were.

        Parameters
        ----------
        estimator : RNNTextClassifier, Pipeline, search, or dict of str to one of these
            The fitted classifier, or what holds it: a :class:`~sklearn.pipeline.Pipeline`, or a
            :class:`~sklearn.model_selection.GridSearchCV` or its like, of which the best
            estimator is taken. Those of a dict are drawn over each other, under its names.
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two axes for both metrics, one for one. None: a new figure.
        metric : {"loss", "accuracy"}, default=None
            What to draw. None: both, side by side.

        Returns
        -------
        display : TrainingCurveDisplay
            What was drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If a classifier or a search is not fitted.
        TypeError
            If there is no RNNTextClassifier in an estimator.
        ValueError
            If the dict is empty, `metric` is unknown, or `ax` holds another number of axes.
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


def _find_classifiers(estimator, caller):
    if not isinstance(estimator, dict):
        classifier = find_classifier(estimator, caller=caller)
        return {type(classifier).__name__: classifier}
    if not estimator:
        raise ValueError(
            f"{caller} got an empty dict. Pass a fitted classifier, or a dict of names and at "
            "least one."
        )
    return {name: find_classifier(one, caller=caller) for name, one in estimator.items()}


def _ring(color):
    return {
        "color": color,
        "linestyle": "none",
        "marker": "o",
        "markersize": 11,
        "markerfacecolor": "none",
        "markeredgewidth": 1.8,
    }
