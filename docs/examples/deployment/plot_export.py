"""
Export, and load without torch
==============================

How small can the process be that predicts?

A fitted Pipeline is exported to a folder that predicts with NumPy and onnxruntime alone.
"""

from pathlib import Path
from tempfile import mkdtemp

from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.export import export_onnx

texts, labels = make_word_order(900, random_state=0)
model = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0)).fit(texts, labels)

folder = Path(mkdtemp(), "exported")
difference = export_onnx(model, folder)
print("largest difference between the probabilities is below 1e-5:", difference < 1e-5)
for path in sorted(folder.iterdir()):
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# A new process, in that folder, with the file that was laid beside the model. torch, scikit-learn
# and this package are not imported:

import subprocess
import sys

PROGRAM = """
import sys
from onnx_text_classifier import OnnxTextClassifier

classifier = OnnxTextClassifier("model.onnx")
text = "the pool was dreadful today, the staff was lovely though"
print(classifier.predict([text])[0], classifier.predict_proba([text]).round(3)[0])
print("imported:", {"torch", "sklearn", "sklearn_rnn"} & sys.modules.keys() or "none of them")
"""
run = [sys.executable, "-c", PROGRAM]
print(subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True).stdout)

# %%
# Files that store the weights in full and as int8:

import matplotlib.pyplot as plt

sizes = {}
for name, quantize in {"float32": False, "int8": True}.items():
    path = folder / f"{name}.onnx"
    difference = export_onnx(model, path, quantize=quantize)
    sizes[f"{name}\ndifference {difference:.0e}"] = path.stat().st_size / 1000

figure, axes = plt.subplots(figsize=(5, 2.4), layout="constrained")
bars = axes.barh(list(sizes), list(sizes.values()))
axes.bar_label(bars, fmt="%.0f kB", padding=3)
axes.set(xlabel="size of the file (kB)", xlim=(0, 1.25 * max(sizes.values())))
plt.show()

# %%
# **Limits.** A custom cell and a callable `analyzer` cannot be exported. With `quantize=True` the
# probabilities are approximations: check the accuracy on your test texts.
