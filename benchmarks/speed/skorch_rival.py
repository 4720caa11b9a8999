"""The networks that people write by hand today, trained through skorch and torch's DataLoader.

Batches are random, float32, trained by Adam: one way pads a batch to its longest text and packs
it, as every tutorial does; the other pads everything to one length and does not pack.
"""

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class PackedNet(nn.Module):
    """Embedding, bidirectional recurrence over packed texts, last states, dropout, logits."""

    def __init__(self, cell_type, n_tokens, embedding_dim, hidden_size, n_classes=2):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, embedding_dim, padding_idx=0)
        self.recurrence = CELLS[cell_type](
            embedding_dim, hidden_size, batch_first=True, bidirectional=True
        )
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(2 * hidden_size, n_classes)

    def forward(self, ids, lengths):
        """Compute the logits of right-padded ids; the lengths are on the CPU, as packing asks."""
        _, state = self.recurrence(self.prepare(self.embedding(ids), lengths))
        hidden = state[0] if isinstance(state, tuple) else state  # an LSTM has cells too
        return self.output(self.dropout(torch.cat([hidden[0], hidden[1]], dim=1)))

    def prepare(self, embedded, lengths):
        """Pack the batch."""
        return pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)


class PaddedNet(PackedNet):
    """The same over padded texts, as if the padding were words."""

    def prepare(self, embedded, lengths):
        """Leave the batch as it is."""
        return embedded


class Texts(Dataset):
    """Texts of their own lengths, and labels."""

    def __init__(self, ids, labels):
        lengths = (ids != 0).sum(axis=1)
        self.texts = [
            torch.from_numpy(row[:length].astype(np.int64))
            for row, length in zip(ids, lengths, strict=True)
        ]
        self.labels = labels.tolist()

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, row):
        return self.texts[row], self.labels[row]


def collate(samples):
    """Pad the texts of a batch to its longest."""
    texts, labels = zip(*samples, strict=True)
    lengths = torch.tensor([len(text) for text in texts])
    return {"ids": pad_sequence(texts, batch_first=True), "lengths": lengths}, torch.tensor(labels)


def collate_to_400(samples):
    """Pad the texts of a batch to 400 words."""
    inputs, labels = collate(samples)
    n_missing = 400 - inputs["ids"].shape[1]
    return inputs | {"ids": nn.functional.pad(inputs["ids"], (0, n_missing))}, labels


def make_rival(module, collate_fn, cell_type, n_tokens, *, hidden_size=128, device="cpu"):
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
