"""ONNX models of fitted Pipelines, checked against them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._classifier import RNNTextClassifier
from sklearn_rnn._export.onnx_builder import MAX_BYTES, GraphBuilder
from sklearn_rnn._export.onnx_metadata import known_tokens, make_metadata
from sklearn_rnn._export.onnx_network import add_logits
from sklearn_rnn._export.onnx_parity import generate_texts
from sklearn_rnn._ids import replace_unknown_ids, row_blocks
from sklearn_rnn._inspection.pipeline_steps import describe, unwrap_search
from sklearn_rnn._nn.custom_cell import CustomRecurrence
from sklearn_rnn._tokenizer import TextTokenizer

if TYPE_CHECKING:
    from sklearn_rnn._ids import IdArray
    from sklearn_rnn._nn.module import RecurrentModule

# Both compute in float32, in which sums of another order differ by less than 1e-6 for nearly all
# texts. A recurrent network can enlarge this, most of all for long random texts that are nothing
# like the training texts. Then the model itself is as far from its computation in float64.
TOLERANCE = 1e-5
ROUNDING_FACTOR = 4  # of that distance, from which a difference is no rounding


class Steps(NamedTuple):
    """A fitted Pipeline that can be exported, its two steps, and the tokens that both know."""

    pipeline: Pipeline
    tokenizer: TextTokenizer
    classifier: RNNTextClassifier
    vocabulary: dict[str, int]

    @property
    def module(self) -> RecurrentModule:
        """The network."""
        return self.classifier.net_.module_


def find_steps(model: object) -> Steps:
    """Return the steps of a fitted Pipeline or search, or raise an error if it has others."""
    pipeline = unwrap_search(model)
    if isinstance(pipeline, Pipeline) and len(pipeline.steps) == 2:
        (_, tokenizer), (_, classifier) = pipeline.steps
        if isinstance(tokenizer, TextTokenizer) and isinstance(classifier, RNNTextClassifier):
            check_is_fitted(tokenizer, "vocabulary_")
            check_is_fitted(classifier)
            vocabulary = known_tokens(tokenizer.vocabulary_, classifier.net_.known_ids_)
            return Steps(pipeline, tokenizer, classifier, vocabulary)
    if isinstance(pipeline, FixedThresholdClassifier | TunedThresholdClassifierCV):
        raise TypeError(
            f"export_onnx got a {type(pipeline).__name__}, and cannot export its threshold: the "
            "file predicts the label of the highest probability. Export its estimator_, and where "
            "you predict, compare the probability of the positive class with the threshold."
        )
    raise TypeError(
        "export_onnx takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, or a "
        f"search whose best estimator is one, but got {describe(pipeline)}."
    )


def make_onnx(steps: Steps, *, quantize: bool) -> bytes:
    """Return the content of the ONNX file of a Pipeline.

    Parameters
    ----------
    steps : Steps
        The Pipeline.
    quantize : bool
        Whether weights are stored as int8.

    Returns
    -------
    content : bytes

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    ValueError
        If the network has a custom cell, if `analyzer` or `strip_accents` is a callable, if JSON
        cannot hold the labels, or if the weights are too large for a file.
    """
    tokenizer, classifier, module = steps.tokenizer, steps.classifier, steps.module
    _check_cell(module)
    metadata = make_metadata(tokenizer, classifier, steps.vocabulary)
    graph = GraphBuilder(quantize=quantize)
    logits = add_logits(graph, "ids", module, classifier.net_.known_ids_)
    graph.rename(graph.add("Softmax", logits, axis=1), "probabilities")
    graph.rename(logits, "logits")
    n_bytes = graph.n_bytes + sum(map(len, metadata.values()))
    if n_bytes > MAX_BYTES:
        raise ValueError(
            f"The weights and the vocabulary take {n_bytes / 1e9:.1f} GB, and an ONNX file holds "
            f"{MAX_BYTES / 1e9:.1f} GB at most. Fit the model with fewer words or shorter word "
            "vectors."
        )
    shape: list[int | str] = ["n_texts", len(classifier.classes_)]
    model = graph.build({"probabilities": shape, "logits": shape}, metadata)
    content: bytes = model.SerializeToString()
    return content


def compute_reference(
    steps: Steps, texts: list[str] | None
) -> tuple[IdArray, npt.NDArray[np.float64]]:
    """Return the ids and the probabilities that an exported graph is compared with.

    Parameters
    ----------
    steps : Steps
        The Pipeline.
    texts : list of str or None
        The texts. None: generated texts.

    Returns
    -------
    ids : ndarray of int32 of shape (n_texts, max_length)
    probabilities : ndarray of shape (n_texts, n_classes)
    """
    if texts is None:
        term = steps.module.linear_term
        keys = np.empty(0, np.int64) if term is None else term.keys.numpy(force=True)
        texts = generate_texts(steps.tokenizer, steps.vocabulary, keys)
    ids = np.asarray(steps.tokenizer.transform(texts))
    return ids, steps.pipeline.predict_proba(texts)


def check_parity(difference: float, steps: Steps, ids: IdArray) -> None:
    """Raise a RuntimeError if the probabilities of some texts differ by more than rounding.

    Parameters
    ----------
    difference : float
        The largest difference between the probabilities of the graph and of the model.
    steps : Steps
        The Pipeline.
    ids : ndarray of int32 of shape (n_texts, max_length)
        The texts.
    """
    if difference <= TOLERANCE:
        return
    allowed = max(TOLERANCE, ROUNDING_FACTOR * measure_rounding(steps, ids))
    if not difference <= allowed:  # NaN, too
        raise RuntimeError(
            "The exported graph does not compute the probabilities of the model: the largest "
            f"difference is {difference:.1e}, and at most {allowed:.2g} is rounding. No file is "
            "written. This is a defect of sklearn_rnn or onnxruntime: please report it, with the "
            "parameters of the model."
        )


@torch.no_grad()
def measure_rounding(steps: Steps, ids: IdArray) -> float:
    """Return the largest difference between probabilities in float32 and in float64.

    Parameters
    ----------
    steps : Steps
        The Pipeline.
    ids : ndarray of int32 of shape (n_texts, max_length)
        The texts.

    Returns
    -------
    rounding : float
    """
    net = steps.classifier.net_
    module = copy.deepcopy(steps.module).cpu().double()
    differences = [0.0]
    for rows in row_blocks(ids):
        block = replace_unknown_ids(ids[rows], net.known_ids_, keep_characters=net.reads_characters)
        exact = module(torch.from_numpy(block).long()).softmax(1)
        logits = torch.from_numpy(net.logits(ids[rows])).double()
        differences.append(float((exact - logits.softmax(1)).abs().max()))
    return max(differences)


def _check_cell(module: RecurrentModule) -> None:
    cell = module.layers[0].forward_cell
    if isinstance(cell, CustomRecurrence):
        raise ValueError(
            f"export_onnx cannot export the custom cell {cell.cell_type.__name__}: ONNX has "
            "operators for the cells 'lstm', 'gru' and 'rnn' alone. Fit the model with one of "
            "these, or save it with save_model."
        )
