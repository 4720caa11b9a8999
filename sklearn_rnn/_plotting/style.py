"""Colours, panels, legends and ticks that the Displays share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

Panel = TypeVar("Panel", bound=str)

# The colour-blind can distinguish these colours: the palette of Okabe & Ito (2008,
# jfly.uni-koeln.de/color) without its yellow, which is too light for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":", "-.")
GREY = "0.3"  # colour of a legend entry for artists of several colours
_MAX_MARKERS = 40  # markers on a line; more would touch each other
# Characters per line of a legend entry: in a legend below the panels, and in one inside a panel.
_WIDE_LEGEND, _NARROW_LEGEND = 60, 36


def import_pyplot(caller: str) -> ModuleType:
    """Import matplotlib.pyplot, or raise an error that says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed. Install it: "
            'pip install "sklearn_rnn[plot]".'
        ) from error
    return plt


def cycle_color(number: int) -> str:
    """Return the colour of the line with this number, counted from 0."""
    return PALETTE[number % len(PALETTE)]


def cycle_dash(number: int) -> str:
    """Return the dashes of the line with this number, counted from 0."""
    return DASHES[number % len(DASHES)]


def choose_marker(n_points: int) -> str | None:
    """Return the marker of a line with `n_points` points, or None if markers would touch."""
    return "o" if n_points <= _MAX_MARKERS else None


def check_panels(
    chosen: Panel | None, panels: tuple[Panel, ...], *, name: str
) -> tuple[Panel, ...]:
    """Return the panels to draw: the chosen one or, if `chosen` is None, all."""
    if chosen is None:
        return panels
    if not isinstance(chosen, str) or chosen not in panels:
        accepted = " or ".join(map(repr, panels))
        raise ValueError(f"{name}={chosen!r} is unknown. Pass {accepted}, or None for both.")
    return (chosen,)


def prepare_axes(
    ax: Axes | Sequence[Axes] | npt.NDArray[np.object_] | None,
    panels: Sequence[str],
    *,
    caller: str,
) -> tuple[Figure, npt.NDArray[np.object_]]:
    """Return a figure and one Axes for each panel: new, or taken from `ax`.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of them or None
        The Axes that a caller passed to `plot`.
    panels : sequence of str
        The names of the panels.
    caller : str
        The name of the method, for the messages.

    Returns
    -------
    figure : matplotlib Figure
    axes : ndarray of matplotlib Axes of shape (n_panels,)
    """
    plt = import_pyplot(caller)
    if ax is None:
        width = 6.4 if len(panels) == 1 else 10
        _, grid = plt.subplots(
            1, len(panels), squeeze=False, figsize=(width, 4.4), layout="constrained"
        )
        axes = grid[0]
    else:
        axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        check_axes(axes, caller)
    if len(axes) != len(panels):
        raise ValueError(
            f"{caller} draws {len(panels)} panel(s), {' and '.join(panels)}, and ax holds "
            f"{len(axes)} axes. Pass {len(panels)}, or None for a new figure."
        )
    figure = axes[0].figure.figure  # the whole Figure if the Axes are in a SubFigure
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.3)
        panel.set_axisbelow(True)
    return figure, axes


def check_axes(axes: Iterable[object], caller: str) -> None:
    """Raise a TypeError if an object is no matplotlib Axes."""
    from matplotlib.axes import Axes

    for panel in axes:
        if not isinstance(panel, Axes):
            raise TypeError(
                f"{caller} draws into matplotlib Axes, and ax holds an object of type "
                f"{type(panel).__name__}. Pass Axes, or None for a new figure."
            )


def legend_line(**style: Any) -> Line2D:
    """Return a line without data, whose style a legend shows."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)


def add_legend(
    figure: Figure,
    axes: npt.NDArray[np.object_],
    entries: Sequence[tuple[Artist, str]],
    *,
    outside: bool,
) -> Legend:
    """Add a legend, below the panels or in the last panel.

    Parameters
    ----------
    figure, axes
        As `prepare_axes` returns them.
    entries : sequence of (artist, str)
        The artist that each entry shows, and its label. Long labels are wrapped.
    outside : bool
        True adds the legend below the panels and enlarges the figure, which the Display must have
        created. False adds the legend in the last panel.
    """
    width = _WIDE_LEGEND if outside else _NARROW_LEGEND
    handles = [artist for artist, _ in entries]
    labels = [fill(label, width) for _, label in entries]
    if not outside:
        panel: Axes = axes[-1]
        return panel.legend(handles, labels, fontsize="small")
    lines = [label.splitlines() for label in labels]
    widest = max(len(line) for label in lines for line in label)
    column_width = 0.08 * widest + 0.65  # inches
    n_columns = max(int(figure.get_figwidth() / column_width), 1)
    n_rows = sum(map(len, lines)) / min(n_columns, len(labels))
    figure.set_figheight(figure.get_figheight() + 0.22 * (n_rows - 1))
    return figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(n_columns, len(labels)),
        frameon=False,
    )


def set_integer_ticks(ax: Axes) -> None:
    """Put the ticks of the x axis at whole numbers, and centre a single point."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    x = np.concatenate([line.get_xdata() for line in ax.lines] or [[]])
    if len(x) and x.min() == x.max():
        ax.set_xlim(x.min() - 1, x.max() + 1)
