"""Accuracies of benchmarks/results/accuracy.json."""

import matplotlib.pyplot as plt

from benchmarks.accuracy.report import HEADINGS, list_corpora, read_summary

summary = read_summary()
corpora = list_corpora(summary)[::-1]
markers = dict(zip(HEADINGS, "oX^v<>sDP", strict=True))

figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
for model, heading in HEADINGS.items():
    rows = [
        (summary[corpus, model]["accuracy"], y)
        for y, corpus in enumerate(corpora)
        if (corpus, model) in summary
    ]
    if rows:
        style = {"s": 90, "zorder": 3} if model == "rnn" else {"s": 36, "alpha": 0.85}
        axes.scatter(
            *zip(*rows, strict=True), marker=markers[model], label=heading.strip("`"), **style
        )
axes.set_yticks(range(len(corpora)), [corpus.partition(" (")[0] for corpus in corpora])
axes.grid(axis="x", alpha=0.4)
axes.set_xlabel("test accuracy")
figure.legend(loc="outside right upper", fontsize=8)
