"""R1: a small bidirectional GRU over GloVe, three poolings, batches sorted by length."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.common.corpora import SPLITS, read_druglib
from benchmarks.reference_systems.system import Split, System, load_glove, make_pipeline
from benchmarks.reference_systems.texts import (
    PAD,
    encode_known,
    make_sorted_batches,
    make_vocabulary,
    split_words,
)
from benchmarks.reference_systems.training import (
    Data,
    Outcome,
    Schedule,
    start_run,
    train_and_score,
)
from sklearn_rnn import TextTokenizer, WordVectors


def load_corpus(data_dir: Path) -> tuple[Split, Split, WordVectors]:
    """Join the two corpora of drug reviews; the label is whether the rating is 5 or more."""
    head = pd.read_csv(data_dir / "drug_review/drugscom_head.csv.gz")
    heads = train_test_split(head, test_size=0.25, random_state=0)
    train, test = (
        join_reviews([head, read_druglib(data_dir, split)])
        for head, split in zip(heads, SPLITS, strict=True)
    )
    return train, test, load_glove(data_dir)


def join_reviews(tables: list[pd.DataFrame]) -> Split:
    """Return the reviews of tables, and their labels."""
    table = pd.concat([table[["review", "rating"]] for table in tables]).dropna()
    return table["review"].tolist(), (table["rating"] >= 5).to_numpy().astype(int)


def make(seed: int, vectors: WordVectors | None) -> Pipeline:
    """Make our Pipeline."""
    return make_pipeline(
        TextTokenizer(vocabulary=vectors, min_count=3, max_length=60, truncation="post"),
        seed,
        cell_type="gru",
        hidden_size=8,
        merge="sum",
        pooling=("last", "max", "mean"),
        word_vectors=vectors,
        embedding_dropout=0.2,
        dropout=0.0,
        max_epochs=2,
        batch_size=256,
        learning_rate=0.06,
    )


class Net(nn.Module):
    """Spatial dropout, a packed bidirectional GRU summed over its directions, three poolings."""

    def __init__(self, vectors: torch.Tensor, n_classes: int, n_units: int = 8) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=PAD)
        self.dropout = nn.Dropout1d(0.5)
        self.gru = nn.GRU(vectors.shape[1], n_units, batch_first=True, bidirectional=True)
        self.output = nn.Linear(3 * n_units, n_classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Compute the scores of ids that are sorted by length, the longest first."""
        lengths = (ids != PAD).sum(dim=1)
        channels = self.embedding(ids).transpose(1, 2)  # (batch, dimension, word)
        embedded = self.dropout(channels).transpose(1, 2)
        packed, state = self.gru(pack_padded_sequence(embedded, lengths, batch_first=True))
        outputs, _ = pad_packed_sequence(packed, batch_first=True)  # 0 beyond a text's end
        summed = outputs.unflatten(2, (2, -1)).sum(dim=2)  # (batch, word, unit)
        mean = summed.sum(dim=1) / lengths[:, None]
        return self.output(torch.cat([state.sum(dim=0), summed.max(dim=1).values, mean], dim=1))


def init_vectors(
    vocabulary: dict[str, int], n_special: int, vectors: tuple[dict[str, int], np.ndarray] | None
) -> torch.Tensor:
    """Initialize the embedding by the vectors, else at random (200-d if there are no vectors)."""
    rows, matrix = vectors or ({}, np.zeros((0, 200)))
    spread = float(matrix.std()) if len(matrix) else 1.0
    embedding = torch.randn(len(vocabulary) + n_special, matrix.shape[1]) * spread
    found = [word for word in vocabulary if word in rows]
    embedding[[vocabulary[word] for word in found]] = torch.as_tensor(
        matrix[[rows[word] for word in found]], dtype=torch.float32
    )
    embedding[PAD] = 0
    return embedding


def recipe(data: Data, *, epochs: int | None = None, seed: int = 0) -> Outcome:
    """Train and score R1: words seen 3 times or more, texts cut at the 0.9 quantile of lengths."""
    start = start_run(seed)
    words = [split_words(text) for text in data.train[0]]
    vocabulary = make_vocabulary(words, 4, min_count=3)  # padding, start, end, unknown
    length = int(np.quantile([len(text) for text in words], 0.9))

    def encode(text: str) -> list[int]:
        return [1, *encode_known(split_words(text)[:length], vocabulary, 3), 2]

    schedule = Schedule(20, 256, keep="validation loss", min_delta=0.003, patience=1)
    loaders = make_sorted_batches(data, encode, schedule.batch_size)
    net = Net(init_vectors(vocabulary, 4, data.vectors), data.n_classes)
    return train_and_score(net, loaders, schedule, epochs, start)


SYSTEMS = {
    "R1": System(
        0.845,
        make,
        recipe,
        "drug reviews that can be had (Drugs.com head, Druglib) and GloVe 50-d; the first 60 "
        "words, as many as the author's quantile was; 2 epochs of one cycle, last weights instead "
        "of early stopping; embedding dropout 0.2",
    )
}
