"""Words on their colours as HTML, in which no character is lost."""

from html import escape

from ._word_colors import color_words, largest_size, mix

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
