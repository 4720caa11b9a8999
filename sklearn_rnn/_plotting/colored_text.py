"""The colours of words that speak for a class or against it. Imports matplotlib when it draws."""

import unicodedata
from html import escape

import numpy as np

# Black is legible on all colours between these, which the colour-blind tell apart.
_AGAINST, _NEUTRAL, _FOR = (230, 159, 0), (255, 255, 255), (86, 180, 233)


def mix(share):
    """Return the colour of a share from -1, all against, to 1, all for, as "#rrggbb"."""
    end = _FOR if share > 0 else _AGAINST
    weight = abs(share)
    channels = (round(n + weight * (e - n)) for n, e in zip(_NEUTRAL, end, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*channels)


def largest_size(attributions):
    """Return the size of the largest attribution, which has the strongest colour."""
    return float(np.abs(attributions).max())


def color_words(attributions):
    """Return the colour of each attribution, as a share of the largest."""
    largest = largest_size(attributions) or 1.0
    return [mix(share) for share in attributions / largest]


def draw_colorbar(figure, attributions, label, **where):
    """Draw the scale of the colours of attributions, and return it."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    largest = largest_size(attributions) or 1.0
    colors = ListedColormap([mix(share) for share in np.linspace(-1, 1, 255)])
    scale = ScalarMappable(Normalize(-largest, largest), colors)
    colorbar = figure.colorbar(scale, orientation="horizontal", **where)
    colorbar.outline.set_linewidth(0.5)
    colorbar.ax.tick_params(labelsize=9)
    colorbar.ax.locator_params(nbins=5)
    colorbar.set_label(label, fontsize=9)
    return colorbar


_BOX = "background:white;color:black;padding:0.5em;line-height:1.8"
# No <bdi>, whose letters dir="auto" would not look at.
_WORD = "padding:0.1em 0.15em;border-radius:0.2em;unicode-bidi:plaintext"
_KEY = "padding:0.1em 0.3em"


def words_html(tokens, attributions, *, target, probability, score_name, equation):
    """Return a div with what the words speak for, the words, and the key to the colours.

    Parameters
    ----------
    tokens, attributions, target, probability, score_name
        As in `TokenAttributionDisplay`.
    equation : str
        How the score is made up.

    Returns
    -------
    html : str
    """
    words = " ".join(
        f'<span style="background:{color};{_WORD}" title="{signed(value)}">{escape(token)}</span>'
        for token, value, color in zip(tokens, attributions, color_words(attributions), strict=True)
    )
    largest = largest_size(attributions)
    key = " ".join(
        f'<span style="background:{mix(sign)};{_KEY}">{side}, {signed(sign * largest)}</span>'
        for sign, side in ((-1, "against"), (1, "for"))
    )
    return (
        f'<div style="{_BOX}">'
        f"<div>Words for and against <bdi><b>{escape(str(target))}</b></bdi> "
        f"(probability {probability:.2f})<br>{equation}</div>"
        f'<div dir="auto" style="margin:0.5em 0">{words}</div>'
        f"<div><small>{key} contribution of a word to the {score_name}</small></div></div>"
    )


def signed(number):
    """Write a number with its sign, and a minus as long as the plus."""
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


FONT_SIZES = np.arange(11, 3.5, -0.5)  # points
_LINE_HEIGHT = 1.75 / 72  # inches for each point of the font
_GAP = 0.75 / 72  # between two words, likewise
_LONGEST_TOKEN = 40  # characters; the picture shows the beginning of a longer one


class WordLines:
    """Words in axes, each on its colour, broken into lines.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    tokens : list of str
        The words.
    colors : list of str
        What each stands on.
    size : float
        Of the letters, in points.
    width : float
        Of a line, in inches.

    Attributes
    ----------
    texts : list of matplotlib Text
        The words.
    height : float
        Of all lines, in inches.
    """

    def __init__(self, ax, tokens, colors, *, size, width):
        self._ax, self._size, self._width = ax, size, width
        self.texts = [
            ax.text(
                0,
                0,
                token,
                fontsize=size,
                color="black",
                va="center",
                parse_math=False,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": color, "edgecolor": "none"},
            )
            for token, color in zip(drawable(map(_shorten, tokens)), colors, strict=True)
        ]
        self._lines = self._break_lines(ax.figure.dpi)
        self._right_to_left = is_right_to_left(tokens)
        self.height = len(self._lines) * size * _LINE_HEIGHT

    def _break_lines(self, dpi):
        """Return lines of (text, offset from the line's beginning, width), in inches."""
        lines, end = [[]], 0.0
        for text in self.texts:
            width = text.get_window_extent().width / dpi
            if lines[-1] and end + width > self._width:
                lines.append([])
                end = 0.0
            lines[-1].append((text, end, width))
            end += width + _GAP * self._size
        return lines

    def place(self, height):
        """Put the lines into their axes, `height` inches high, from the upper edge on."""
        self._ax.set(xlim=(0, self._width), ylim=(height, 0))
        for number, line in enumerate(self._lines):
            y = (number + 0.5) * self._size * _LINE_HEIGHT
            for text, offset, width in line:
                x = self._width - offset - width if self._right_to_left else offset
                text.set_position((x, y))

    def remove(self):
        """Take the words out of their axes."""
        for text in self.texts:
            text.remove()


def is_right_to_left(tokens):
    """Tell by the first letter that has a direction, as HTML's dir="auto" does."""
    directions = (unicodedata.bidirectional(letter) for letter in "".join(tokens))
    return next((d for d in directions if d in ("L", "R", "AL")), "L") != "L"


def drawable(tokens):
    """Return the tokens as matplotlib can draw them without a warning: with known glyphs only."""
    known = _known_characters()
    box = "\N{WHITE SQUARE}" if 0x25A1 in known else "?"

    def show(character):
        if character.isspace():
            return " "
        if ord(character) in known:
            return character
        # What only modifies its neighbours, as a joiner in an emoji, leaves no trace.
        return "" if unicodedata.category(character) in ("Cf", "Mn", "Me", "Sk") else box

    return ["".join(map(show, token)) for token in tokens]


def _shorten(token):
    if len(token) <= _LONGEST_TOKEN:
        return token
    return token[: _LONGEST_TOKEN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _known_characters():
    """Return the code points that matplotlib has a glyph for, in the fonts that it is to use."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = set()
    for family in FontProperties().get_family():
        for name in rcParams.get(f"font.{family}", [family]):
            try:
                path = findfont(FontProperties(family=name), fallback_to_default=False)
            except ValueError:  # not installed
                continue
            known |= get_font(path).get_charmap().keys()
    return known
