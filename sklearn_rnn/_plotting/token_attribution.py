"""TokenAttributionDisplay: which words spoke for a class."""

from textwrap import fill

from sklearn_rnn._inspection.text_attribution import attribute_text
from sklearn_rnn._plotting.colored_text import (
    FONT_SIZES,
    WordLines,
    color_words,
    draw_colorbar,
    drawable,
    signed,
    words_html,
)
from sklearn_rnn._plotting.style import import_pyplot

_WIDTH = 8.0  # inches, of a figure of our own
_MARGIN = 0.3
_TITLE_LETTER = 0.07  # inches wide, on average, above axes that were given
_TITLE_CHARACTERS = 72  # of a line


class TokenAttributionDisplay:
    """The words of a text, coloured by how much each spoke for a class or against it.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    In a notebook it shows itself as HTML. In matplotlib's figure, characters that the fonts in
    ``rcParams["font.family"]`` lack, such as emoji, stand as a box; in HTML nothing is lost.

    Parameters
    ----------
    tokens : list of n_tokens str
        The words.
    attributions : ndarray of float of shape (n_tokens,)
        What each word adds to the score: positive for the class, negative against it.
    target : object
        The label of the class.
    probability : float
        The predicted probability of the class.
    score_name : str
        What is attributed, as "log-odds".
    score : float
        The score of the text.
    baseline_score : float
        The score of as many words without meaning. The attributions sum to `score` less this.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes with the words.
    texts_ : list of n_tokens matplotlib Text
        The words.
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
        self, tokens, attributions, *, target, probability, score_name, score, baseline_score
    ):
        self.tokens = tokens
        self.attributions = attributions
        self.target = target
        self.probability = probability
        self.score_name = score_name
        self.score = score
        self.baseline_score = baseline_score

    def plot(self, ax=None):
        """Draw the words, in lines, each on its colour.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw: the words are made to fit into its present size, by smaller letters if
            need be. None: a new figure, as high as it takes.

        Returns
        -------
        display : TokenAttributionDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = import_pyplot("TokenAttributionDisplay.plot")
        if ax is None:
            self._plot_figure(plt)
        else:
            self._plot_into(ax)
        self.ax_.set_axis_off()
        return self

    def _plot_figure(self, plt):
        title = self._title(_TITLE_CHARACTERS)
        self.figure_ = plt.figure(figsize=(_WIDTH, 1))
        self.ax_ = self.figure_.add_axes((0, 0, 1, 1))
        width = _WIDTH - 2 * _MARGIN
        lines = self._draw_words(FONT_SIZES[0], width)

        head = 0.35 + 0.2 * len(title.splitlines())
        foot = 0.85
        height = head + lines.height + foot
        self.figure_.set_size_inches(_WIDTH, height)
        shares = _MARGIN / _WIDTH, foot / height, width / _WIDTH, lines.height / height
        self.ax_.set_position(shares)
        lines.place(lines.height)
        self.figure_.text(
            _MARGIN / _WIDTH,
            1 - 0.2 / height,
            title,
            va="top",
            fontsize=11,
            linespacing=1.3,
            parse_math=False,
        )
        bar = self.figure_.add_axes((0.25, 0.5 / height, 0.5, 0.12 / height))
        self._draw_colorbar(cax=bar)

    def _plot_into(self, ax):
        self.ax_, self.figure_ = ax, ax.figure
        n_characters = int(ax.get_window_extent().width / self.figure_.dpi / _TITLE_LETTER)
        title = self._title(max(n_characters, 1))
        ax.set_title(title, loc="left", fontsize=9, parse_math=False)
        self._draw_colorbar(ax=ax, shrink=0.6, pad=0.05, aspect=40)
        self.figure_.draw_without_rendering()  # so that a layout gives the axes their size
        box = ax.get_window_extent()
        width, height = box.width / self.figure_.dpi, box.height / self.figure_.dpi
        for size in FONT_SIZES:
            lines = self._draw_words(size, width)
            if lines.height <= height or size == FONT_SIZES[-1]:
                break
            lines.remove()
        lines.place(height)

    def _draw_words(self, size, width):
        colors = color_words(self.attributions)
        lines = WordLines(self.ax_, self.tokens, colors, size=size, width=width)
        self.texts_ = lines.texts
        return lines

    def _draw_colorbar(self, **where):
        self.colorbar_ = draw_colorbar(
            self.figure_,
            self.attributions,
            f"against  \u2190  contribution to the {self.score_name}  \u2192  for",
            **where,
        )

    def _title(self, n_characters):
        """Say what the words speak for, and how the score is made up of them."""
        (label,) = drawable([str(self.target)])
        what = f'Words for and against "{label}" (probability {self.probability:.2f})'
        return f"{fill(what, n_characters)}\n{fill(self._sum(), n_characters)}"

    def _sum(self):
        change = self.score - self.baseline_score
        sign = "\N{MINUS SIGN}" if change < 0 else "+"
        return (
            f"{self.score_name} {signed(self.score)} = {signed(self.baseline_score)} "
            f"baseline {sign} {abs(change):.2f} words"
        )

    def _repr_html_(self):
        return words_html(
            self.tokens,
            self.attributions,
            target=self.target,
            probability=self.probability,
            score_name=self.score_name,
            equation=self._sum(),
        )

    @classmethod
    def from_estimator(cls, estimator, text, *, target=None, n_steps=32, ax=None):
        """Draw which words of a text speak for a class.

        The score is the logit of the class, or, of two classes, its log-odds. What the recurrent
        network adds to it is attributed by integrated gradients: the gradient is integrated along
        the way from a text of as many words whose vectors are zero to the text, and summed over the
        channels of each word [1]_. What the linear term adds is known: the contribution of a word
        or of a pair is shared equally by the places where the text has it, and by the two words of
        a pair. The contributions sum to the score less that of the vectors of zero without n-grams.

        Parameters
        ----------
        estimator : Pipeline or search
            A fitted :class:`~sklearn.pipeline.Pipeline` with a :class:`TextTokenizer` in it and a
            :class:`RNNTextClassifier` at its end, or a
            :class:`~sklearn.model_selection.GridSearchCV` or its like over one. A Pipeline may hold
            further Pipelines and searches.
        text : str
            The text. Words that the tokenizer cuts are not in the picture.
        target : label, default=None
            One of the classes. None: the one that is predicted.
        n_steps : int, default=32
            The steps of the way, at least 1. Those that contribute most to the error are halved,
            until there are 1024 or the contributions sum to the change of the network's score
            within 1 % (within 0.001 if it is below 0.1).
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : TokenAttributionDisplay
            What was drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the classifier or the search is not fitted.
        TypeError
            If the estimator is no Pipeline of the two, or `text` no str.
        ValueError
            If `target` is none of the classes, or `n_steps` no int of at least 1.

        Warns
        -----
        ConvergenceWarning
            If the contributions don't sum to that change in spite of all steps.

        References
        ----------
        .. [1] Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
           arXiv:1703.01365
        """
        attribution = attribute_text(
            estimator, text, target=target, n_steps=n_steps, caller=f"{cls.__name__}.from_estimator"
        )
        return cls(**attribution._asdict()).plot(ax)
