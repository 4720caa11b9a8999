"""The network, with the parameters that set each part."""

import matplotlib.pyplot as plt

PARTS = [
    ("token ids", "TextTokenizer"),
    ("embedding", "embedding_dim, word_vectors\nword_dropout, embedding_dropout"),
    ("recurrent layers", "cell_type, hidden_size, num_layers\nbidirectional, merge, batch_norm"),
    ("pooling", "pooling\ndropout"),
    ("head", "head_sizes"),
    ("logits", "one per class"),
]

figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for row, (part, parameters) in enumerate(PARTS):
    axes.add_patch(plt.Rectangle((0, -row), 1.6, 0.62, facecolor="#9bd0f5", edgecolor="0.4"))
    axes.text(0.8, -row + 0.31, part, ha="center", va="center", fontsize=10)
    axes.text(1.72, -row + 0.31, parameters, va="center", fontsize=8.5, family="monospace")
    if row:
        axes.annotate("", (0.8, -row + 0.62), (0.8, -row + 1), arrowprops={"arrowstyle": "->"})

axes.add_patch(plt.Rectangle((-2.3, -3), 1.6, 1.62, facecolor="#f7d9a8", edgecolor="0.4"))
axes.text(-1.5, -2.19, "linear term\n\nlinear_ngrams", ha="center", va="center", fontsize=10)
arrow = {"arrowstyle": "->", "connectionstyle": "angle,angleA=180,angleB=90"}
axes.annotate("", (-1.5, -1.38), (0, 0.31), arrowprops=arrow)
axes.annotate("", (0, -1.9), (-0.7, -1.9), arrowprops={"arrowstyle": "->", "linestyle": "--"})
axes.text(-0.36, -1.82, "scores", ha="center", fontsize=8)
arrow = {"arrowstyle": "->", "connectionstyle": "angle,angleA=-90,angleB=180"}
axes.annotate("", (0, -4.69), (-1.5, -3), arrowprops=arrow)
axes.text(-1.4, -4.55, "logits, added", fontsize=8)
axes.set(xlim=(-2.4, 4.6), ylim=(-5.1, 0.75))
axes.set_axis_off()
