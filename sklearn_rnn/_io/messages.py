"""Text of files in messages: in quotes, and shortened if it is long."""

from collections.abc import Iterable

_MAX_LENGTH = 40  # of a text, in characters


def shortened(text: str) -> str:
    """Return the text, or the beginning of a long one followed by "..."."""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}..."


def quoted(text: str) -> str:
    """Return the text in quotes, shortened."""
    return repr(shortened(text))


def listed(names: Iterable[str], *, max_names: int = 20) -> str:
    """Return the names in quotes, separated by commas; of very many, the first and a number."""
    names = list(names)
    text = ", ".join(map(quoted, names[:max_names]))
    n_more = len(names) - max_names
    return f"{text} and {n_more} more" if n_more > 0 else text
