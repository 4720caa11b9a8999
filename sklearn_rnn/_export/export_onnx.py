"""Export of a fitted Pipeline to an ONNX file, or to a folder that predicts without torch."""

from __future__ import annotations

import errno
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn_rnn._export.paths import check_path
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._validation import check_texts

if TYPE_CHECKING:
    from sklearn_rnn._validation import Texts

MODEL = "model.onnx"

# Files that are laid beside the model in a folder, by their paths in this package.
COMPANIONS = {
    "onnx_text_classifier.py": "onnx_text_classifier.py",
    "requirements.txt": "requirements.txt",
    "index.html": "page/index.html",
    "tokenizer.js": "page/tokenizer.js",
}


def export_onnx(
    model: object,
    path: str | os.PathLike[str],
    *,
    texts: Texts | None = None,
    quantize: bool = False,
) -> float:
    """Export a fitted model to ONNX, and check that it computes the same probabilities.

    The file computes the probabilities from ids, with onnxruntime and without torch. It also holds
    the tokenizer and the labels, in a format that other languages can read. The package installs
    its specification as ``_export/FORMAT.md``.

    Parameters
    ----------
    model : Pipeline or search
        A fitted Pipeline of a `TextTokenizer` and an `RNNTextClassifier`, or a search whose best
        estimator is one.
    path : str or path-like
        If it ends in ".onnx", the file. Else a folder, which is made if it does not exist:
        ``model.onnx``; ``onnx_text_classifier.py``, which predicts the labels of texts with NumPy
        and onnxruntime alone; the ``requirements.txt`` of this file; and ``index.html`` with
        ``tokenizer.js``, a page that predicts in the browser. Existing files of these names are
        replaced.
    texts : list, tuple, ndarray, Series or single-column DataFrame of str, default=None
        Texts whose probabilities are compared. None: 64 texts that are generated from the
        vocabulary, with known and unknown words, an empty text and the longest texts.
    quantize : bool, default=False
        True stores the weights as int8. The file is two to four times smaller, and the
        probabilities are approximations.

    Returns
    -------
    difference : float
        The largest difference between the probabilities of the file and of the model.

    Raises
    ------
    ImportError
        If onnx or onnxruntime is not installed.
    NotFittedError
        If the model is not fitted.
    OSError
        If a file cannot be written, or if `path` does not end in ".onnx" and is a file.
    RuntimeError
        If the probabilities differ by more than rounding, before they are quantized: by more than
        1e-5, and than four times the difference between the model's probabilities in float32 and in
        float64. Files that exist stay as they are.
    TypeError
        If `model` is no such Pipeline or search, or has a threshold; if `texts` are not texts in
        memory; or if `path` is neither a str nor path-like.
    ValueError
        If the model cannot be exported: with a custom cell, a callable `analyzer` or
        `strip_accents`, labels other than strings, numbers and booleans, or weights of more than
        2 GB. If `texts` is empty or has several columns, or `path` is empty.

    See Also
    --------
    save_model : Saves a model to go on with it in Python.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.export import export_onnx
    >>> texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> difference = export_onnx(model, "praise.onnx")  # doctest: +SKIP
    """
    # Not at the top: importing torch takes seconds, and OnnxTextClassifier does not need it.
    from sklearn_rnn._export.onnx_model import (
        check_parity,
        compute_reference,
        find_steps,
        make_onnx,
    )
    from sklearn_rnn._export.onnx_parity import largest_difference

    target = _check_target(check_path(path))
    steps = find_steps(model)
    checked = None if texts is None else check_texts(texts, caller="export_onnx", name="texts")
    content = make_onnx(steps, quantize=False)
    reference = compute_reference(steps, checked)
    difference = largest_difference(content, *reference)
    check_parity(difference, steps, reference[0])
    if quantize:
        content = make_onnx(steps, quantize=True)
        difference = largest_difference(content, *reference)
    _write(content, target)
    return difference


def _check_target(path: str) -> Path:
    """Return the file or folder, if it can be one: called before the export, which takes time."""
    if not path:  # pathlib takes it for the current folder
        raise ValueError('path is empty. Name a folder, or a file that ends in ".onnx".')
    target = Path(path)
    if not _is_file_name(target) and target.exists() and not target.is_dir():
        reason = 'it is a file. Name a folder, or a file that ends in ".onnx"'
        raise FileExistsError(errno.EEXIST, reason, str(target))
    return target


def _is_file_name(path: Path) -> bool:
    return path.suffix.lower() == ".onnx"


def _write(content: bytes, path: Path) -> None:
    if _is_file_name(path):
        with atomic_write(path) as new:
            new.write_bytes(content)
        return
    path.mkdir(parents=True, exist_ok=True)
    with atomic_write(path / MODEL) as new:
        new.write_bytes(content)
    package = files("sklearn_rnn._export")
    for name, source in COMPANIONS.items():
        with atomic_write(path / name) as new:
            new.write_bytes(package.joinpath(source).read_bytes())
