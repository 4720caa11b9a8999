"""The packages in layers, as the import linter has them in pyproject.toml."""

import tomllib

import matplotlib.pyplot as plt

from benchmarks.common.record import ROOT

pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
contracts = pyproject["tool"]["importlinter"]["contracts"]
[layers] = [contract["layers"] for contract in contracts if contract["id"] == "layers"]

figure, axes = plt.subplots(figsize=(8, 0.52 * len(layers)), layout="constrained")
for row, layer in enumerate(layers):
    names = [name.strip() for name in layer.replace(":", "|").split("|")]
    width = 1 / len(names)
    for column, name in enumerate(names):
        is_public = not name.startswith("_") or name in {"_classifier", "_tokenizer"}
        box = plt.Rectangle(
            (column * width + 0.005, -row - 0.4),
            width - 0.01,
            0.8,
            facecolor="#9bd0f5" if is_public else "#eeeeee",
            edgecolor="0.5",
        )
        axes.add_patch(box)
        axes.text((column + 0.5) * width, -row, name, ha="center", va="center", fontsize=9)
axes.annotate(
    "", (1.03, -len(layers) + 0.6), (1.03, 0.4), arrowprops={"arrowstyle": "->", "color": "0.3"}
)
axes.text(1.045, -len(layers) / 2 + 0.5, "imports", rotation=270, va="center", fontsize=9)
axes.set(xlim=(-0.01, 1.08), ylim=(-len(layers) + 0.4, 0.6))
axes.set_axis_off()
