"""Text lengths: their histogram, and the share of texts that a tokenizer truncates."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._inspection.pipeline_steps import apply_steps_before, find_step
from sklearn_rnn._parameters import Interval
from sklearn_rnn._plotting.style import (
    PALETTE,
    add_legend,
    cycle_dash,
    legend_line,
    prepare_axes,
    set_integer_ticks,
)
from sklearn_rnn._tokenizer import TextTokenizer, count_tokens
from sklearn_rnn._validation import check_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.lines import Line2D
    from sklearn.base import BaseEstimator

_MAX_BARS = 60
# The histogram ends about 10 % above this quantile of the lengths, or farther right to include a
# longer mark. All longer texts share one bar.
_TAIL_QUANTILE = 0.995


class TextLengthDisplay:
    """Histogram of text lengths in tokens, and the length to which a tokenizer truncates texts.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Texts that are far longer than most share one hatched bar at the right end, so that the
    histogram keeps its resolution.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        The length of each text in tokens, before truncation.
    max_length : int, default=None
        The number of tokens to which texts are truncated. None: no truncation.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The Axes.
    bars_ : matplotlib BarContainer
        The histogram.
    tail_bar_ : matplotlib BarContainer or None
        The bar of the texts that are too long for the last bin of the histogram. None without such
        texts.
    quantile_lines_ : dict of float to matplotlib Line2D
        The vertical lines at the quantiles.
    max_length_line_ : matplotlib Line2D or None
        The vertical line at `max_length`. None if `max_length` is None or beyond the last bin.
    legend_ : matplotlib Legend
        The legend of the lines and the hatched bar, with lengths and numbers of texts.

    See Also
    --------
    TextTokenizer : A float `max_length` is the fraction of texts that are not truncated.

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

    def __init__(
        self, lengths: npt.NDArray[np.integer[Any]], *, max_length: int | None = None
    ) -> None:
        self.lengths = lengths
        self.max_length = max_length

    def plot(
        self,
        ax: Axes | None = None,
        *,
        quantiles: Sequence[float] = (0.5, 0.9, 0.99),
    ) -> Self:
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        quantiles : sequence of float, default=(0.5, 0.9, 0.99)
            Fractions of the texts, in (0, 1]. For each fraction, a line marks the smallest length L
            such that at least this fraction of the texts has at most L tokens.

        Returns
        -------
        display : TextLengthDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` holds an object that is no Axes; or if `quantiles` is no sequence.
        ValueError
            If a quantile is not in (0, 1], or `ax` holds several Axes.
        """
        quantile_lengths = _compute_quantiles(self.lengths, quantiles)
        self.figure_, axes = prepare_axes(ax, ["text lengths"], caller="TextLengthDisplay.plot")
        self.ax_: Axes = axes[0]
        edges = self._choose_edges([*quantile_lengths.values()])
        entries = [*self._plot_bars(edges), *self._plot_quantiles(quantile_lengths)]
        self.max_length_line_: Line2D | None = None
        if self.max_length is not None:
            entries.append(self._plot_max_length(self.max_length, edges))
        self.ax_.set(xlabel="length of a text (tokens)", ylabel="number of texts")
        self._set_length_ticks(edges)
        if self.ax_.get_yscale() == "linear":  # a log scale needs no change
            self.ax_.yaxis.get_major_locator().set_params(integer=True)
        self.legend_ = add_legend(self.figure_, axes, entries, outside=ax is None)
        return self

    def _choose_edges(self, marks: Sequence[int]) -> npt.NDArray[np.floating[Any]]:
        """Return the edges of bins of equal width, in tokens, so that each mark lies in a bin."""
        longest = self.lengths.max()
        end = max(np.quantile(self.lengths, _TAIL_QUANTILE), *marks, 1) * 1.1
        if self.max_length is not None and self.max_length < 3 * end:
            end = max(end, self.max_length * 1.1)
        end = int(min(end, longest))
        start = int(self.lengths.min()) if self.lengths.min() > end / 2 else 1
        width = -(-(end - start + 1) // _MAX_BARS)
        n_bars = -(-(end - start + 1) // width)
        return start - 0.5 + width * np.arange(n_bars + 1)

    def _plot_bars(self, edges: npt.NDArray[np.floating[Any]]) -> list[tuple[Artist, str]]:
        """Draw the histogram; return the legend entry of the texts beyond its last bin, if any."""
        counts, _ = np.histogram(self.lengths, edges)
        width = edges[1] - edges[0]
        style: dict[str, Any] = {
            "align": "edge",
            "color": PALETTE[5],
            "edgecolor": "white",
            "linewidth": 0.5,
        }
        self.bars_ = self.ax_.bar(edges[:-1], counts, width, **style)
        is_longer = self.lengths > edges[-1]
        self.tail_bar_: BarContainer | None = None
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
        return [(self.tail_bar_[0], label)]

    def _set_length_ticks(self, edges: npt.NDArray[np.floating[Any]]) -> None:
        """Put ticks at whole numbers, and a tick labelled ">N" at the bar of longer texts."""
        set_integer_ticks(self.ax_)
        if self.tail_bar_ is None:
            return
        first, last = edges[0], edges[-1]
        ticks = np.asarray(self.ax_.xaxis.get_major_locator().tick_values(first, last))
        ticks = ticks[(ticks >= first) & (ticks <= last - (last - first) / 20)]
        (bar,) = self.tail_bar_
        self.ax_.set_xticks(
            [*ticks, bar.get_x() + bar.get_width() / 2],
            [*(f"{tick:.0f}" for tick in ticks), f">{int(last)}"],
        )

    def _plot_quantiles(self, quantile_lengths: dict[float, int]) -> Iterator[tuple[Line2D, str]]:
        self.quantile_lines_: dict[float, Line2D] = {}
        for number, (quantile, length) in enumerate(quantile_lengths.items()):
            line = self.ax_.axvline(
                length,
                color=PALETTE[0],
                linestyle=cycle_dash(number),
                linewidth=1.8,
                zorder=3,
            )
            self.quantile_lines_[quantile] = line
            yield line, f"{100 * quantile:g} % of texts: up to {length:,} tokens"

    def _plot_max_length(
        self, max_length: int, edges: npt.NDArray[np.floating[Any]]
    ) -> tuple[Line2D, str]:
        n_truncated = (self.lengths > max_length).sum()
        percent = 100 * n_truncated / len(self.lengths)
        label = f"max_length_ {max_length:,}: cuts {_count_texts(n_truncated)} ({percent:.3g} %)"
        if max_length > edges[-1]:
            return legend_line(linestyle="none"), label
        self.max_length_line_ = self.ax_.axvline(max_length, color=PALETTE[1], linewidth=5)
        return self.max_length_line_, label

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: npt.ArrayLike,
        *,
        ax: Axes | None = None,
        quantiles: Sequence[float] = (0.5, 0.9, 0.99),
    ) -> Self:
        """Draw the lengths of texts, in tokens of a fitted tokenizer.

        Parameters
        ----------
        estimator : TextTokenizer, Pipeline or search
            A fitted tokenizer; a :class:`~sklearn.pipeline.Pipeline` that contains one, whose steps
            before the tokenizer are applied to X; or a search, for example
            :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator is used.
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            The texts. An empty text counts as one token, the unknown word.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        quantiles : sequence of float, default=(0.5, 0.9, 0.99)
            Fractions of the texts, in (0, 1]. For each fraction, a line marks the smallest length L
            such that at least this fraction of the texts has at most L tokens.

        Returns
        -------
        display : TextLengthDisplay
            The drawn display. If the tokenizer adds markers, the lengths include them.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the tokenizer or the search is not fitted.
        TypeError
            If the estimator holds no TextTokenizer; if X is not a collection of str; if `quantiles`
            is no sequence; or if `ax` is no Axes.
        ValueError
            If X is empty or has several columns; if a quantile is not in (0, 1]; or if `ax` holds
            several Axes.
        """
        caller = f"{cls.__name__}.from_estimator"
        tokenizer = find_step(estimator, TextTokenizer, caller=caller)
        check_is_fitted(tokenizer)
        texts = check_texts(apply_steps_before(estimator, tokenizer, X), caller=caller)
        display = cls(count_tokens(tokenizer, texts), max_length=tokenizer.max_length_)
        return display.plot(ax, quantiles=quantiles)


def _compute_quantiles(
    lengths: npt.NDArray[np.integer[Any]], quantiles: Sequence[float]
) -> dict[float, int]:
    """Return, for each fraction, the quantile of the lengths that `plot` defines."""
    if isinstance(quantiles, str) or not isinstance(quantiles, Iterable):
        raise TypeError(f"quantiles={quantiles!r} must be a sequence of floats, as in [0.5].")
    share = Interval(Real, 0, 1, closed="right")
    shares = list(quantiles)
    for quantile in shares:
        if not share.is_satisfied_by(quantile):
            raise ValueError(
                f"quantiles holds {quantile!r}. Pass shares of the texts, above 0 and at most 1."
            )
    shares = [float(quantile) for quantile in shares]
    values = np.quantile(lengths, shares, method="inverted_cdf")
    return dict(zip(shares, values.tolist(), strict=True))


def _count_texts(n: int) -> str:
    return f"{n:,} text" if n == 1 else f"{n:,} texts"
