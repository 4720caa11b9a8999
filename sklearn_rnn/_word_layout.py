"""Words in lines, with glyphs that the fonts have. Imports matplotlib when it draws."""

import unicodedata

import numpy as np

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
