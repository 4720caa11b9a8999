"""Token attributions: the contribution of each word to the score of a class."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, Self

from sklearn_rnn._inspection.text_attribution import attribute_text
from sklearn_rnn._plotting.colored_text import (
    FONT_SIZES,
    WrappedWords,
    color_words,
    draw_colorbar,
    format_html,
    format_signed,
    replace_missing_glyphs,
)
from sklearn_rnn._plotting.style import check_axes, import_pyplot

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator

_WIDTH, _MARGIN = 8.0, 0.3  # inches, of a new figure
_BELOW_WORDS = 0.85  # inches between the words and the bottom; includes the colour bar
_TITLE_WIDTH = 72  # characters in a line of the title of a new figure
_TITLE_LETTER = 0.07  # inches: the mean width of a letter in the title of given Axes


class TokenAttributionDisplay:
    """The words of a text, coloured by the contribution of each to the score of a class.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Notebooks also show the display as HTML. In the figure, characters without a glyph in the fonts
    of ``rcParams["font.family"]``, such as emoji, are drawn as boxes; in the HTML they are not.

    Parameters
    ----------
    tokens : list of n_tokens str
        The words.
    attributions : ndarray of float of shape (n_tokens,)
        The contribution of each word to the score: positive for the class, negative against it.
    target : object
        The label of the class.
    probability : float
        The predicted probability of the class.
    score_name : str
        The name of the score, "log-odds" or "logit".
    score : float
        The score of the text.
    baseline_score : float
        The score of the baseline: a text of the same length whose embeddings are all zero, without
        n-grams. The attributions sum to about ``score - baseline_score``.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The Axes with the words.
    texts_ : list of n_tokens matplotlib Text
        The drawn words. Words of more than 40 characters are shortened.
    colorbar_ : matplotlib Colorbar
        The scale of the colours.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.plotting import TokenAttributionDisplay
    >>> texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> display = TokenAttributionDisplay.from_estimator(model, "So good!")
    >>> display.target
    'praise'
    >>> display.tokens
    ['so', 'good', '<unk>']
    >>> int(display.attributions.argmax())
    1
    >>> plt.show()
    """

    def __init__(
        self,
        tokens: list[str],
        attributions: npt.NDArray[np.floating[Any]],
        *,
        target: object,
        probability: float,
        score_name: str,
        score: float,
        baseline_score: float,
    ) -> None:
        self.tokens = tokens
        self.attributions = attributions
        self.target = target
        self.probability = probability
        self.score_name = score_name
        self.score = score
        self.baseline_score = baseline_score

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the words, each on a coloured background, wrapped into lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. The font size is reduced until the words fit into the Axes, but not below
            4 points. None: a new figure, whose height fits the words.

        Returns
        -------
        display : TokenAttributionDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` holds an object that is no Axes.
        """
        plt = import_pyplot("TokenAttributionDisplay.plot")
        if ax is None:
            self._plot_figure(plt)
        else:
            check_axes([ax], "TokenAttributionDisplay.plot")
            self._plot_into_axes(ax)
        self.ax_.set_axis_off()
        return self

    def _plot_figure(self, plt: ModuleType) -> None:
        title = self._format_title(_TITLE_WIDTH)
        self.figure_: Figure = plt.figure(figsize=(_WIDTH, 1))
        figure = self.figure_
        self.ax_ = figure.add_axes((0, 0, 1, 1))
        width = _WIDTH - 2 * _MARGIN
        words = self._draw_words(FONT_SIZES[0], width)

        above_words = 0.35 + 0.2 * len(title.splitlines())
        height = above_words + words.height + _BELOW_WORDS
        figure.set_size_inches(_WIDTH, height)
        self.ax_.set_position(
            (_MARGIN / _WIDTH, _BELOW_WORDS / height, width / _WIDTH, words.height / height)
        )
        words.place(words.height)
        figure.text(
            _MARGIN / _WIDTH,
            1 - 0.2 / height,
            title,
            va="top",
            fontsize=11,
            linespacing=1.3,
            parse_math=False,
        )
        bar = figure.add_axes((0.25, 0.5 / height, 0.5, 0.12 / height))
        self._draw_colorbar(cax=bar)

    def _plot_into_axes(self, ax: Axes) -> None:
        self.ax_, self.figure_ = ax, ax.figure.figure  # the Figure that contains a SubFigure
        dpi = ax.figure.dpi
        title_width = int(ax.get_window_extent().width / dpi / _TITLE_LETTER)
        title = self._format_title(max(title_width, 1))
        ax.set_title(title, loc="left", fontsize=9, parse_math=False)
        self._draw_colorbar(ax=ax, shrink=0.6, pad=0.05, aspect=40)
        self.figure_.draw_without_rendering()  # lets a layout set the size of the Axes
        box = ax.get_window_extent()
        width, height = box.width / dpi, box.height / dpi
        for font_size in FONT_SIZES:
            words = self._draw_words(font_size, width)
            if words.height <= height or font_size == FONT_SIZES[-1]:
                break
            words.remove()
        words.place(height)

    def _draw_words(self, font_size: float, width: float) -> WrappedWords:
        colors = color_words(self.attributions)
        words = WrappedWords(self.ax_, self.tokens, colors, font_size=font_size, width=width)
        self.texts_ = words.texts
        return words

    def _draw_colorbar(self, **position: Any) -> None:
        label = f"against  \u2190  contribution to the {self.score_name}  \u2192  for"
        self.colorbar_ = draw_colorbar(self.ax_.figure, self.attributions, label, **position)

    def _format_title(self, width: int) -> str:
        """Return the class, its probability and the equation of the score, wrapped."""
        (label,) = replace_missing_glyphs([str(self.target)])
        title = f'Words for and against "{label}" (probability {self.probability:.2f})'
        return f"{fill(title, width)}\n{fill(self._format_equation(), width)}"

    def _format_equation(self) -> str:
        change = self.score - self.baseline_score
        sign = "\N{MINUS SIGN}" if change < 0 else "+"
        return (
            f"{self.score_name} {format_signed(self.score)} = "
            f"{format_signed(self.baseline_score)} baseline {sign} {abs(change):.2f} words"
        )

    def _repr_html_(self) -> str:
        return format_html(
            self.tokens,
            self.attributions,
            target=self.target,
            probability=self.probability,
            score_name=self.score_name,
            equation=self._format_equation(),
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        text: str,
        *,
        target: object = None,
        n_steps: int = 32,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the contributions of the words of a text to the score of a class.

        The score is the logit of the class, or its log-odds if there are two classes. The score of
        the recurrent network is attributed by integrated gradients [1]_. The path is the straight
        line from the baseline, where all embeddings are zero, to the text. The gradient with
        respect to the embeddings is integrated along this path, multiplied by the embeddings, and
        summed over the channels of each word. The embeddings include the n-gram score channels.

        The logits of the linear term are sums over n-grams. The contribution of an n-gram is
        divided equally among its occurrences, and the share of each occurrence of a pair equally
        between the two words. The baseline has no n-grams. The contributions sum to about the score
        of the text minus the score of the baseline.

        Parameters
        ----------
        estimator : Pipeline or search
            A fitted :class:`~sklearn.pipeline.Pipeline` with a :class:`TextTokenizer` and, at its
            end, a :class:`RNNTextClassifier`; or a search over such a Pipeline, for example
            :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator is used. Pipelines
            and searches may be nested.
        text : str
            The text. Words that the tokenizer removes by truncation have no attribution.
        target : label, default=None
            One of the classes. None: the predicted class.
        n_steps : int, default=32
            The number of integration steps to start with, at least 1. The steps with the largest
            errors are bisected, into at most 1024 steps in all, until the contributions sum to the
            change of the network's score within 1 % (within 0.001 if the change is below 0.1).
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : TokenAttributionDisplay
            The drawn display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the classifier or the search is not fitted.
        TypeError
            If the estimator lacks a TextTokenizer or an RNNTextClassifier, `text` is not a str, or
            `ax` is no Axes.
        ValueError
            If `target` is not one of the classes, or `n_steps` is not an int from 1 to 65,536.

        Warns
        -----
        ConvergenceWarning
            If the contributions do not sum to the change within that tolerance when bisection ends.

        References
        ----------
        .. [1] Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
           arXiv:1703.01365
        """
        attribution = attribute_text(
            estimator, text, target=target, n_steps=n_steps, caller=f"{cls.__name__}.from_estimator"
        )
        return cls(**attribution._asdict()).plot(ax)
