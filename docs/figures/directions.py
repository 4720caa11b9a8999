"""A layer reads the text forwards and backwards."""

import matplotlib.pyplot as plt

TOKENS = ["not", "bad", "at", "all"]

figure, axes = plt.subplots(figsize=(6.5, 2.9), layout="constrained")
for column, token in enumerate(TOKENS):
    axes.text(column, -0.15, token, ha="center", va="center", fontsize=11)
    for row, color, name in ((1, "#9bd0f5", "→"), (2, "#f7d9a8", "←")):
        axes.add_patch(
            plt.Rectangle((column - 0.22, row - 0.2), 0.44, 0.4, facecolor=color, edgecolor="0.4")
        )
        axes.text(column, row, name, ha="center", va="center")
    axes.annotate(
        "", (column, 0.8), (column, 0.05), arrowprops={"arrowstyle": "->", "color": "0.5"}
    )
    axes.add_patch(
        plt.Rectangle((column - 0.3, 2.8), 0.6, 0.4, facecolor="#cfe8cf", edgecolor="0.4")
    )
    axes.annotate("", (column, 2.8), (column, 2.2), arrowprops={"arrowstyle": "->", "color": "0.5"})
    if column:
        forward = {"arrowstyle": "->", "color": "C0", "lw": 1.6}
        axes.annotate("", (column - 0.22, 1), (column - 0.78, 1), arrowprops=forward)
        backward = {"arrowstyle": "->", "color": "C1", "lw": 1.6}
        axes.annotate("", (column - 0.78, 2), (column - 0.22, 2), arrowprops=backward)
axes.text(3.5, 1, "forwards", va="center", fontsize=9)
axes.text(3.5, 2, "backwards", va="center", fontsize=9)
axes.text(3.5, 3, 'merge="concat" or "sum"', va="center", fontsize=9)
axes.set(xlim=(-0.5, 5.4), ylim=(-0.5, 3.4))
axes.set_axis_off()
