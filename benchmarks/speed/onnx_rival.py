"""A fitted classifier of one layer as an ONNX graph, in the form that suits onnxruntime best.

The weights go into torch's own bidirectional layer over packed texts, which is exported as one
operator with the lengths as an input. A trace of the classifier's own module would have two
operators and a gather between them.
"""

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import softmax
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sklearn_rnn import RNNTextClassifier

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
DIRECTIONS = {"forward_cell": "", "backward_cell": "_reverse"}


class ExportedNet(nn.Module):
    """Embedding, bidirectional recurrence, maximum and mean over the words, logits."""

    def __init__(self, classifier: RNNTextClassifier) -> None:
        super().__init__()
        weights = {
            name: torch.from_numpy(array) for name, array in classifier.net_.get_weights().items()
        }
        self.embedding = nn.Embedding.from_pretrained(weights["embedding.weight"])
        self.recurrence = CELLS[classifier.cell_type](
            classifier.embedding_dim, classifier.hidden_size, batch_first=True, bidirectional=True
        )
        self.recurrence.load_state_dict(
            {
                f"{name}_l0{suffix}": weights[f"layers.0.{cell}.{name}_l0"]
                for cell, suffix in DIRECTIONS.items()
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
        )
        self.output = nn.Linear(4 * classifier.hidden_size, len(classifier.classes_))
        self.output.load_state_dict(
            {name: weights[f"output.{name}"] for name in ("weight", "bias")}
        )

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Compute the logits of right-padded ids of decreasing lengths."""
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True)
        states, _ = pad_packed_sequence(self.recurrence(packed)[0], batch_first=True)
        padding = (torch.arange(ids.shape[1]) >= lengths[:, None])[:, :, None]
        highest = states.masked_fill(padding, -2).amax(1)  # states are above -2
        mean = states.masked_fill(padding, 0).sum(1) / lengths[:, None]
        return self.output(torch.cat([highest, mean], 1))


def export(classifier: RNNTextClassifier) -> bytes:
    """Return the graph as the bytes of an ONNX file, for batches of any size."""
    example = torch.randint(1, 5, (2, 6), dtype=torch.int32), torch.tensor([6, 4])
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter is deprecated
        torch.onnx.export(
            ExportedNet(classifier).eval(),
            example,
            file,
            input_names=["ids", "lengths"],
            output_names=["logits"],
            dynamic_axes={"ids": {0: "texts", 1: "words"}, "lengths": {0: "texts"}},
            dynamo=False,
        )
    return file.getvalue()


def predict(session: "InferenceSession", ids: np.ndarray, batch_ids: int) -> np.ndarray:
    """Compute the probabilities, in batches of similar length and of `batch_ids` ids at most."""
    lengths = (ids != 0).sum(axis=1)
    order = np.argsort(-lengths, kind="stable")
    logits = np.empty((len(ids), session.get_outputs()[0].shape[1]), dtype=np.float32)
    start = 0
    while start < len(order):
        width = lengths[order[start]]
        rows = order[start : start + max(1, batch_ids // width)]
        feed = {"ids": ids[rows, :width], "lengths": lengths[rows]}
        logits[rows] = session.run(None, feed)[0]
        start += len(rows)
    return softmax(logits, axis=1)
