"""TextLengthDisplay: how long texts are, and how many of them a tokenizer cuts."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._ids import UNK
from sklearn_rnn._inspection.pipeline_steps import apply_steps_before, find_step
from sklearn_rnn._plotting.style import PALETTE, add_legend, prepare_axes, show_whole_numbers
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._validation import check_texts

_MOST_BARS = 60
_TAIL_FROM = 0.995  # the quantile from which on texts are one bar, if some are far longer


class TextLengthDisplay:
    """Histogram of the lengths of texts in tokens, and what `max_length_` cuts of them.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    A few texts that are far longer than the others would leave no room for these. They stand at the
    right end, in one hatched bar.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        The length of each text in tokens, before it is cut.
    max_length : int, default=None
        The tokens that are kept of a text. None: all.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    bars_ : matplotlib BarContainer
        The histogram.
    tail_bar_ : matplotlib BarContainer or None
        The texts that are longer than the histogram is wide, if there are any.
    quantile_lines_ : dict of float to matplotlib Line2D
        The marks of the quantiles.
    max_length_line_ : matplotlib Line2D or None
        The mark of `max_length`, if it is in the picture.
    legend_ : matplotlib Legend
        The legend, which has the numbers.

    See Also
    --------
    TextTokenizer : Its `max_length` may be a share of the texts that is to be kept whole.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_rnn import TextTokenizer
    >>> from sklearn_rnn.datasets import make_word_order
    >>> from sklearn_rnn.plotting import TextLengthDisplay
    >>> texts, _ = make_word_order(200, random_state=0)
    >>> tokenizer = TextTokenizer(max_length=0.9).fit(texts)
    >>> TextLengthDisplay.from_estimator(tokenizer, texts)
    <...>
    >>> plt.show()
    """

    def __init__(self, lengths, *, max_length=None):
        self.lengths = lengths
        self.max_length = max_length

    def plot(self, ax=None, *, quantiles=(0.5, 0.9, 0.99)):
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        quantiles : sequence of float, default=(0.5, 0.9, 0.99)
            Shares of the texts, in (0, 1]: the shortest length that holds each is marked.

        Returns
        -------
        display : TextLengthDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If a quantile is not in (0, 1], or `ax` holds several axes.
        """
        quantile_lengths = _compute_quantiles(self.lengths, quantiles)
        figure, axes = prepare_axes(ax, ["text lengths"], caller="TextLengthDisplay.plot")
        self.figure_, self.ax_ = figure, axes[0]
        edges = self._choose_edges([*quantile_lengths.values()])
        entries = [*self._plot_bars(edges), *self._plot_quantiles(quantile_lengths)]
        if self.max_length is not None:
            entries.append(self._plot_max_length(edges))
        self.ax_.set(xlabel="length of a text (tokens)", ylabel="number of texts")
        self._label_lengths(edges)
        self.ax_.yaxis.get_major_locator().set_params(integer=True)
        handles, labels = zip(*entries, strict=True)
        self.legend_ = add_legend(figure, axes, handles, labels, outside=ax is None)
        return self

    def _choose_edges(self, marks):
        """Return the edges of the bars: whole numbers of tokens wide, and wide enough for marks."""
        longest = self.lengths.max()
        end = max(np.quantile(self.lengths, _TAIL_FROM), *marks, 1) * 1.1
        if self.max_length is not None and self.max_length < 3 * end:
            end = max(end, self.max_length * 1.1)
        end = int(min(end, longest))
        start = self.lengths.min() if self.lengths.min() > end / 2 else 1
        width = -(-(end - start + 1) // _MOST_BARS)
        n_bars = -(-(end - start + 1) // width)
        return start - 0.5 + width * np.arange(n_bars + 1)

    def _plot_bars(self, edges):
        counts, _ = np.histogram(self.lengths, edges)
        width = edges[1] - edges[0]
        style = {"align": "edge", "color": PALETTE[5], "edgecolor": "white", "linewidth": 0.5}
        self.bars_ = self.ax_.bar(edges[:-1], counts, width, **style)
        is_longer = self.lengths > edges[-1]
        self.tail_bar_ = None
        if not is_longer.any():
            return []
        n_longer = is_longer.sum()
        bar_width = max(width, (edges[-1] - edges[0]) / 40)
        self.tail_bar_ = self.ax_.bar(
            edges[-1] + 2 * bar_width,
            n_longer,
            bar_width,
            **style | {"color": "0.85", "edgecolor": "0.4", "hatch": "////"},
        )
        label = (
            f"{_count_texts(n_longer)} of {int(edges[-1]) + 1:,} to {self.lengths.max():,} tokens"
        )
        return [(self.tail_bar_, label)]

    def _label_lengths(self, edges):
        """Put ticks at whole numbers; the bar of the long texts is at no length and has a sign."""
        show_whole_numbers(self.ax_)
        if self.tail_bar_ is None:
            return
        first, last = edges[0], edges[-1]
        ticks = self.ax_.xaxis.get_major_locator().tick_values(first, last)
        ticks = ticks[(ticks >= first) & (ticks <= last - (last - first) / 20)]
        (bar,) = self.tail_bar_
        self.ax_.set_xticks(
            [*ticks, bar.get_x() + bar.get_width() / 2],
            [*(f"{tick:.0f}" for tick in ticks), f">{int(last)}"],
        )

    def _plot_quantiles(self, quantile_lengths):
        self.quantile_lines_ = {}
        dashes = ["-", "--", ":", "-."]
        for number, (quantile, length) in enumerate(quantile_lengths.items()):
            line = self.ax_.axvline(
                length,
                color=PALETTE[0],
                linestyle=dashes[number % len(dashes)],
                linewidth=1.8,
                zorder=3,
            )
            self.quantile_lines_[quantile] = line
            yield line, f"{100 * quantile:g} % of texts: up to {length:,} tokens"

    def _plot_max_length(self, edges):
        from matplotlib.lines import Line2D

        n_cut = (self.lengths > self.max_length).sum()
        share = 100 * n_cut / len(self.lengths)
        label = f"max_length_ {self.max_length:,}: cuts {_count_texts(n_cut)} ({share:.3g} %)"
        self.max_length_line_ = None
        if self.max_length > edges[-1]:
            return Line2D([], [], linestyle="none"), label
        self.max_length_line_ = self.ax_.axvline(self.max_length, color=PALETTE[1], linewidth=5)
        return self.max_length_line_, label

    @classmethod
    def from_estimator(cls, estimator, X, *, ax=None, quantiles=(0.5, 0.9, 0.99)):
        """Draw how long texts are for a tokenizer.

        Parameters
        ----------
        estimator : TextTokenizer, Pipeline or search
            The fitted tokenizer, or what holds it: a :class:`~sklearn.pipeline.Pipeline`, whose
            steps before the tokenizer are applied, or a
            :class:`~sklearn.model_selection.GridSearchCV` or its like, of which the best
            estimator is taken.
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            The texts. An empty one counts as one token, the unknown word.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        quantiles : sequence of float, default=(0.5, 0.9, 0.99)
            Shares of the texts, in (0, 1]: the shortest length that holds each is marked.

        Returns
        -------
        display : TextLengthDisplay
            What was drawn. The lengths include the markers, if the tokenizer adds them.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the tokenizer or the search is not fitted.
        TypeError
            If there is no TextTokenizer in the estimator, or X is no collection of str.
        ValueError
            If X is empty or has several columns; if a quantile is not in (0, 1]; or if `ax` holds
            several axes.
        """
        caller = f"{cls.__name__}.from_estimator"
        tokenizer = find_step(estimator, TextTokenizer, caller=caller)
        check_is_fitted(tokenizer)
        texts = check_texts(apply_steps_before(estimator, tokenizer, X), caller=caller)
        display = cls(_count_tokens(tokenizer, texts), max_length=tokenizer.max_length_)
        return display.plot(ax, quantiles=quantiles)


def _count_tokens(tokenizer, texts):
    """Return the length of each text before truncation, markers included, in tokens."""

    def to_ids(tokens):
        return [UNK for _ in tokens]

    blocks = tokenizer._encode(texts, to_ids, UNK)
    return np.concatenate([lengths for _, lengths in blocks]) + 2 * tokenizer.add_markers


def _compute_quantiles(lengths, quantiles):
    """Return the shortest length that holds each share of the texts, by share."""
    for quantile in quantiles:
        if not 0 < quantile <= 1:
            raise ValueError(
                f"quantiles holds {quantile!r}. Pass shares of the texts, above 0 and at most 1."
            )
    values = np.quantile(lengths, list(quantiles), method="inverted_cdf")
    return dict(zip(quantiles, values.tolist(), strict=True))


def _count_texts(n):
    return f"{n:,} text" if n == 1 else f"{n:,} texts"
