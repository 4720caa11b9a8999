"""Networks as tutorials write them, trained through skorch and torch's DataLoader.

Both are trained by Adam in float32 on random batches. One network pads a batch to its longest text
and packs it, as tutorials do; the other pads all texts to one length and does not pack.
"""

from collections.abc import Callable

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


Sample = tuple[torch.Tensor, int]  # ids and label
Batch = tuple[dict[str, torch.Tensor], torch.Tensor]  # ids and lengths, labels


class PackedNet(nn.Module):
    """Embedding, bidirectional recurrence over packed texts, last states, dropout, logits."""

    def __init__(
        self,
        cell_type: str,
        n_tokens: int,
        embedding_dim: int,
        hidden_size: int,
        n_classes: int = 2,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, embedding_dim, padding_idx=0)
        self.recurrence = CELLS[cell_type](
            embedding_dim, hidden_size, batch_first=True, bidirectional=True
        )
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(2 * hidden_size, n_classes)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Compute the logits of right-padded ids; the lengths are on the CPU, as packing needs."""
        _, state = self.recurrence(self.prepare(self.embedding(ids), lengths))
        hidden = state[0] if isinstance(state, tuple) else state  # an LSTM has a cell state too
        return self.output(self.dropout(torch.cat([hidden[0], hidden[1]], dim=1)))

    def prepare(self, embedded: torch.Tensor, lengths: torch.Tensor) -> PackedSequence:
        """Pack the batch."""
        return pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)


class PaddedNet(PackedNet):
    """The network of `PackedNet` over padded texts; padding is read like words."""

    def prepare(self, embedded: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the batch as it is."""
        return embedded


class Texts(Dataset):
    """Texts of their own lengths, and labels."""

    def __init__(self, ids: np.ndarray, labels: np.ndarray) -> None:
        lengths = (ids != 0).sum(axis=1)
        self.texts = [
            torch.from_numpy(row[:length].astype(np.int64))
            for row, length in zip(ids, lengths, strict=True)
        ]
        self.labels = labels.tolist()

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> Sample:
        return self.texts[row], self.labels[row]


def collate(samples: list[Sample]) -> Batch:
    """Pad the texts of a batch to its longest."""
    texts, labels = zip(*samples, strict=True)
    lengths = torch.tensor([len(text) for text in texts])
    return {"ids": pad_sequence(texts, batch_first=True), "lengths": lengths}, torch.tensor(labels)


def collate_to_400(samples: list[Sample]) -> Batch:
    """Pad the texts of a batch to 400 words."""
    inputs, labels = collate(samples)
    n_missing = 400 - inputs["ids"].shape[1]
    return inputs | {"ids": nn.functional.pad(inputs["ids"], (0, n_missing))}, labels


def make_rival(
    module: type[nn.Module],
    collate_fn: Callable[[list[Sample]], Batch],
    cell_type: str,
    n_tokens: int,
    *,
    hidden_size: int = 128,
    device: str = "cpu",
) -> NeuralNetClassifier:
    """Make an initialised skorch net that trains for one epoch at each `partial_fit`."""
    return NeuralNetClassifier(
        module,
        module__cell_type=cell_type,
        module__n_tokens=n_tokens,
        module__embedding_dim=128,
        module__hidden_size=hidden_size,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=1,
        batch_size=64,
        iterator_train=DataLoader,
        iterator_train__shuffle=True,
        iterator_train__collate_fn=collate_fn,
        train_split=None,
        classes=[0, 1],
        verbose=0,
        device=device,
    ).initialize()
