"""Changes of the validation accuracy of benchmarks/results/ablation.json."""

import matplotlib.pyplot as plt

from benchmarks.common.record import read_rows

rows = read_rows("ablation", "ablation")
column = next(name for name in rows[0] if "accuracy" in name)
default = {row["corpus"]: row[column] for row in rows if row["change"] == "default"}
changes = list(dict.fromkeys(row["change"] for row in rows if row["change"] != "default"))[::-1]

figure, axes = plt.subplots(figsize=(8, 0.26 * len(changes) + 1.2), layout="constrained")
for corpus, marker in zip(default, "os^D", strict=False):
    points = [
        (100 * (row[column] - default[corpus]), changes.index(row["change"]))
        for row in rows
        if row["corpus"] == corpus and row["change"] != "default"
    ]
    axes.scatter(
        *zip(*points, strict=True), marker=marker, alpha=0.8, label=corpus.partition(" (")[0]
    )
axes.axvline(0, color="0.3", linewidth=0.8)
axes.set_yticks(range(len(changes)), changes, fontsize=8)
axes.grid(axis="x", alpha=0.4)
axes.set_xlabel("change of the validation accuracy (points)")
figure.legend(loc="outside upper center", ncols=4, fontsize=8)
