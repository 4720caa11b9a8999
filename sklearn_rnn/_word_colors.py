"""The colours of words that speak for a class or against it. Imports matplotlib when it draws."""

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
