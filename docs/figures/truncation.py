"""Which tokens each value of `truncation` keeps."""

import matplotlib.pyplot as plt

TOKENS = ["not", "a", "bad", "film", "but", "far", "too", "long", "and", "the", "end", "fails"]
KEPT = {
    "post": range(6),
    "pre": range(6, 12),
    "middle": [0, 1, 2, 9, 10, 11],
}

figure, axes = plt.subplots(figsize=(7.5, 1.9), layout="constrained")
for row, kept in enumerate(KEPT.values()):
    for column, token in enumerate(TOKENS):
        is_kept = column in kept
        axes.text(
            column,
            -row,
            token,
            ha="center",
            va="center",
            color="black" if is_kept else "0.7",
            bbox={"facecolor": "#9bd0f5" if is_kept else "white", "edgecolor": "0.7"},
        )
axes.set(xlim=(-0.6, 11.6), ylim=(-2.6, 0.6), xticks=[])
axes.set_yticks([0, -1, -2], [f'"{name}"' for name in KEPT])
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
axes.set_title("max_length=6: tokens that are kept", fontsize=10)
