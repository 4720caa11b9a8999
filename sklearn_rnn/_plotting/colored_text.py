"""Words on backgrounds coloured by their attributions, in matplotlib Axes and in HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.text import Text

# RGB colours of the largest contribution against the class, of 0, and of the largest for the class.
# Black text is legible on all mixtures of these colours. The colour-blind can distinguish them.
_AGAINST, _NEUTRAL, _FOR = (230, 159, 0), (255, 255, 255), (86, 180, 233)

FONT_SIZES = np.arange(11, 3.5, -0.5)  # points
_LINE_HEIGHT = 1.75 / 72  # inches per point of the font size
_WORD_SPACING = 0.75 / 72  # inches between two words, per point of the font size
_LONGEST_TOKEN = 40  # characters; longer tokens are shortened in Axes

_BOX_CSS = "background:white;color:black;padding:0.5em;line-height:1.8"
# Words are in <span>, not <bdi>: dir="auto" ignores the text in <bdi> as it detects a direction.
_WORD_CSS = "padding:0.1em 0.15em;border-radius:0.2em;unicode-bidi:plaintext"
_KEY_CSS = "padding:0.1em 0.3em"


def color_words(attributions: npt.NDArray[np.floating[Any]]) -> list[str]:
    """Return the colour of each attribution relative to the largest magnitude, as "#rrggbb"."""
    return [_mix_color(value) for value in attributions / _color_limit(attributions)]


def format_signed(number: float) -> str:
    """Format a number with two decimals and a sign; the minus sign is as wide as the plus."""
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def format_html(
    tokens: Sequence[str],
    attributions: npt.NDArray[np.floating[Any]],
    *,
    target: object,
    probability: float,
    score_name: str,
    equation: str,
) -> str:
    """Return an HTML div with a title, the coloured words and the key to the colours.

    Parameters
    ----------
    tokens, attributions, target, probability, score_name
        As in `TokenAttributionDisplay`.
    equation : str
        States the score as the sum of the baseline's score and the contributions of the words.

    Returns
    -------
    html : str
    """
    words = " ".join(
        f'<span style="background:{color};{_WORD_CSS}" title="{format_signed(value)}">'
        f"{escape(token)}</span>"
        for token, value, color in zip(tokens, attributions, color_words(attributions), strict=True)
    )
    largest = _largest_magnitude(attributions)
    key = " ".join(
        f'<span style="background:{_mix_color(sign)};{_KEY_CSS}">'
        f"{side}, {format_signed(sign * largest)}</span>"
        for sign, side in ((-1, "against"), (1, "for"))
    )
    return (
        f'<div style="{_BOX_CSS}">'
        f"<div>Words for and against <bdi><b>{escape(str(target))}</b></bdi> "
        f"(probability {probability:.2f})<br>{equation}</div>"
        f'<div dir="auto" style="margin:0.5em 0">{words}</div>'
        f"<div><small>{key} contribution of a word to the {score_name}</small></div></div>"
    )


def draw_colorbar(
    figure: Figure | SubFigure,
    attributions: npt.NDArray[np.floating[Any]],
    label: str,
    **position: Any,
) -> Colorbar:
    """Draw the colour bar of attributions; `position` is passed to `Figure.colorbar`."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    limit = _color_limit(attributions)
    colors = ListedColormap([_mix_color(value) for value in np.linspace(-1, 1, 255)])
    scale = ScalarMappable(Normalize(-limit, limit), colors)
    colorbar = figure.colorbar(scale, orientation="horizontal", **position)
    colorbar.outline.set_linewidth(0.5)
    colorbar.ax.tick_params(labelsize=9)
    colorbar.ax.locator_params(nbins=5)
    colorbar.set_label(label, fontsize=9)
    return colorbar


class WrappedWords:
    """Words in Axes, each on a coloured background, wrapped into lines.

    Parameters
    ----------
    ax : matplotlib Axes
        The Axes, whose limits `place` sets.
    tokens : sequence of n_tokens str
        The words.
    colors : sequence of n_tokens str
        The background colour of each word.
    font_size : float
        Size of the font, in points.
    width : float
        Width of a line, in inches.

    Attributes
    ----------
    texts : list of n_tokens matplotlib Text
        The words.
    height : float
        Height of all lines, in inches.
    """

    def __init__(
        self,
        ax: Axes,
        tokens: Sequence[str],
        colors: Sequence[str],
        *,
        font_size: float,
        width: float,
    ) -> None:
        self._ax, self._font_size, self._width = ax, font_size, width
        self.texts = [
            ax.text(
                0,
                0,
                token,
                fontsize=font_size,
                color="black",
                va="center",
                parse_math=False,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": color, "edgecolor": "none"},
            )
            for token, color in zip(
                replace_missing_glyphs(map(_shorten, tokens)), colors, strict=True
            )
        ]
        self._lines = self._wrap(ax.figure.dpi)
        self._is_right_to_left = is_right_to_left(tokens)
        self.height = len(self._lines) * font_size * _LINE_HEIGHT

    def _wrap(self, dpi: float) -> list[list[tuple[Text, float, float]]]:
        """Return the lines of (text, offset from the start of the line, width), in inches."""
        lines: list[list[tuple[Text, float, float]]] = [[]]
        end = 0.0
        for text in self.texts:
            width = text.get_window_extent().width / dpi
            if lines[-1] and end + width > self._width:
                lines.append([])
                end = 0.0
            lines[-1].append((text, end, width))
            end += width + _WORD_SPACING * self._font_size
        return lines

    def place(self, height: float) -> None:
        """Place the lines from the top of the Axes, given the height of the Axes in inches."""
        self._ax.set(xlim=(0, self._width), ylim=(height, 0))
        for number, line in enumerate(self._lines):
            y = (number + 0.5) * self._font_size * _LINE_HEIGHT
            for text, offset, width in line:
                x = self._width - offset - width if self._is_right_to_left else offset
                text.set_position((x, y))

    def remove(self) -> None:
        """Remove the words from their Axes."""
        for text in self.texts:
            text.remove()


def is_right_to_left(tokens: Iterable[str]) -> bool:
    """Return whether the first letter with a direction is right-to-left, like HTML's dir="auto"."""
    directions = (unicodedata.bidirectional(letter) for letter in "".join(tokens))
    return next((d for d in directions if d in ("L", "R", "AL")), "L") != "L"


def replace_missing_glyphs(tokens: Iterable[str]) -> list[str]:
    """Replace characters without a glyph, about which matplotlib would warn, by a box or "?".

    White space becomes a space. Of the characters without a glyph, those that only modify their
    neighbours are dropped.
    """
    covered = _covered_code_points()
    box = "\N{WHITE SQUARE}" if 0x25A1 in covered else "?"

    def replace(character: str) -> str:
        if character.isspace():
            return " "
        if ord(character) in covered:
            return character
        # For example joiners in emoji.
        return "" if unicodedata.category(character) in ("Cf", "Mn", "Me", "Sk") else box

    return ["".join(map(replace, token)) for token in tokens]


def _covered_code_points() -> set[int]:
    """Return the code points that the fonts of `rcParams["font.family"]` have a glyph for."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = cast("Mapping[str, list[str]]", rcParams)
    covered: set[int] = set()
    for family in FontProperties().get_family():
        for name in fonts.get(f"font.{family}", [family]):
            try:
                path = findfont(FontProperties(family=name), fallback_to_default=False)
            except ValueError:  # not installed
                continue
            covered |= get_font(path).get_charmap().keys()
    return covered


def _shorten(token: str) -> str:
    if len(token) <= _LONGEST_TOKEN:
        return token
    return token[: _LONGEST_TOKEN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _largest_magnitude(attributions: npt.NDArray[np.floating[Any]]) -> float:
    return float(np.abs(attributions).max())


def _color_limit(attributions: npt.NDArray[np.floating[Any]]) -> float:
    """Return the magnitude shown by the strongest colour: the largest, or 1 if all are 0."""
    return _largest_magnitude(attributions) or 1.0


def _mix_color(value: float) -> str:
    """Return the colour, as "#rrggbb", of a value from -1 (against the class) to 1 (for it)."""
    end = _FOR if value > 0 else _AGAINST
    weight = abs(value)
    channels = (round(n + weight * (e - n)) for n, e in zip(_NEUTRAL, end, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*channels)
