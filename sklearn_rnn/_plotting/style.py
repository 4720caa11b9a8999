"""What the Displays share: colours, panels, legends. Imports matplotlib when it draws."""

from textwrap import fill

import numpy as np

# Told apart by the colour-blind (Okabe & Ito 2008, jfly.uni-koeln.de/color), without the yellow,
# which is too light for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MOST_MARKERS = 40  # of a line: more would touch each other
# Characters of a legend's entry; a longer one is continued on the next line.
_WIDE_LEGEND, _NARROW_LEGEND = 60, 36


def import_pyplot(caller):
    """Import matplotlib.pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed. Install it: "
            'pip install "sklearn_rnn[plot]".'
        ) from error
    return plt


def check_panels(chosen, panels, *, name):
    """Return all panels if none is chosen, else the chosen one in a tuple."""
    if chosen is None:
        return panels
    if chosen not in panels:
        accepted = " or ".join(map(repr, panels))
        raise ValueError(f"{name}={chosen!r} is unknown. Pass {accepted}, or None for both.")
    return (chosen,)


def prepare_axes(ax, panels, *, caller):
    """Return a figure, and as many axes as there are panels: new ones, or those that were given."""
    plt = import_pyplot(caller)
    if ax is None:
        width = 6.4 if len(panels) == 1 else 10
        figure, axes = plt.subplots(
            1, len(panels), squeeze=False, figsize=(width, 4.4), layout="constrained"
        )
        axes = axes[0]
    else:
        axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        figure = axes[0].figure
    if len(axes) != len(panels):
        raise ValueError(
            f"{caller} draws {len(panels)} panel(s), {' and '.join(panels)}, and ax holds "
            f"{len(axes)} axes. Pass {len(panels)}, or None for a new figure."
        )
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.3)
        one.set_axisbelow(True)
    return figure, axes


def add_legend(figure, axes, handles, labels, *, outside):
    """Put a legend under the panels of a figure of our own, or into the last axes of another's."""
    if not outside:
        labels = [fill(str(label), _NARROW_LEGEND) for label in labels]
        return axes[-1].legend(handles, labels, fontsize="small")
    labels = [fill(str(label), _WIDE_LEGEND) for label in labels]
    lines = [label.splitlines() for label in labels]
    widest = max(len(line) for label in lines for line in label)
    n_columns = max(int(figure.get_figwidth() / (0.08 * widest + 0.65)), 1)  # inches
    n_rows = sum(map(len, lines)) / min(n_columns, len(labels))
    figure.set_figheight(figure.get_figheight() + 0.22 * (n_rows - 1))
    return figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(n_columns, len(labels)),
        frameon=False,
    )


def show_whole_numbers(ax):
    """Let the ticks of the x axis be whole numbers, and a single point stand in the middle."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    x = np.concatenate([line.get_xdata() for line in ax.lines] or [[]])
    if len(x) and x.min() == x.max():
        ax.set_xlim(x.min() - 1, x.max() + 1)
