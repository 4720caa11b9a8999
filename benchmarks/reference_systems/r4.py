"""R4: cells, poolings and heads over AG News, texts of one fixed length, padding included."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from sklearn.pipeline import Pipeline
from torch import nn

from benchmarks.reference_systems.system import Split, System, load_encoded, make_pipeline
from benchmarks.reference_systems.texts import (
    PAD,
    encode_known,
    make_fixed_batches,
    make_vocabulary,
    split_words,
)
from benchmarks.reference_systems.training import (
    Data,
    Outcome,
    Schedule,
    Unit,
    start_run,
    train_and_score,
)
from sklearn_rnn import TextTokenizer, WordVectors


def load_corpus(data_dir: Path) -> tuple[Split, Split, None]:
    """Return AG News."""
    return *load_encoded(data_dir, "ag_news"), None


def make(
    seed: int, vectors: WordVectors | None, *, max_length: int = 256, **parameters: object
) -> Pipeline:
    """Make our Pipeline."""
    defaults = {
        "embedding_dim": 256,
        "hidden_size": 256,
        "bidirectional": False,
        "head_sizes": (256,),
        "dropout": 0.1,
        "batch_size": 32,
        "max_epochs": 4,
    }
    tokenizer = TextTokenizer(
        min_count=26, max_tokens=None, max_length=max_length, truncation="post"
    )
    return make_pipeline(tokenizer, seed, **defaults | parameters)


POOLINGS = {
    "max": lambda outputs: outputs.max(dim=1).values,
    "mean": lambda outputs: outputs.mean(dim=1),
    "flatten": lambda outputs: outputs.flatten(1),
}
Layer = tuple[Unit, dict[str, float]]  # a class and its settings


class Net(nn.Module):
    """Recurrent layers over padded texts, poolings, a hidden layer.

    With `residual`, the output layer reads both the hidden layer and the pooled vector.
    """

    def __init__(
        self,
        n_tokens: int,
        n_classes: int,
        layers: Sequence[Layer],
        poolings: Sequence[str],
        length: int,
        residual: bool,
        width: int = 256,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, width, padding_idx=PAD)
        self.layers = nn.ModuleList(
            unit(width, width, batch_first=True, **settings) for unit, settings in layers
        )
        n_outputs = 2 * width if self.layers[-1].bidirectional else width
        n_pooled = sum(n_outputs * (length if name == "flatten" else 1) for name in poolings)
        self.poolings, self.residual = poolings, residual
        self.hidden = nn.Linear(n_pooled, width)
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Linear(width + n_pooled if residual else width, n_classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Compute the scores."""
        outputs = self.embedding(ids)  # (batch, word, unit)
        for layer in self.layers:
            outputs, _ = layer(outputs)
        pooled = torch.cat([POOLINGS[name](outputs) for name in self.poolings], dim=1).tanh()
        hidden = self.dropout(self.hidden(pooled)).tanh()
        return self.output(torch.cat([hidden, pooled], dim=1) if self.residual else hidden)


def recipe(
    data: Data,
    *,
    layers: Sequence[Layer],
    poolings: Sequence[str] = ("max",),
    length: int = 256,
    residual: bool = False,
    epochs: int | None = None,
    seed: int = 0,
) -> Outcome:
    """Train and score R4: words seen more than 25 times, texts of one length."""
    start = start_run(seed)
    words = (split_words(text) for text in data.train[0])
    vocabulary = make_vocabulary(words, 4, min_count=26)  # padding, beginning, end, unknown

    def encode(text: str) -> list[int]:
        return [1, *encode_known(split_words(text)[: length - 2], vocabulary, 3), 2]

    schedule = Schedule(5, 32, checks_per_epoch=2, keep="validation accuracy")
    loaders = make_fixed_batches(data, encode, length, schedule.batch_size)
    net = Net(len(vocabulary) + 4, data.n_classes, layers, poolings, length, residual)
    return train_and_score(net, loaders, schedule, epochs, start)


def describe(epochs: str = "4 epochs", instead: str = " instead of 5", dropout: float = 0.5) -> str:
    """Return how the training and the network of our Pipeline differ from the author's."""
    return (
        f"{epochs} of one cycle by length{instead}; last weights; ReLU for tanh in the head; "
        f"poolings leave padding out; embedding dropout {dropout}"
    )


BIDIRECTIONAL = {"bidirectional": True}
make_gru_max = partial(make, cell_type="gru", pooling="max")
SYSTEMS = {
    "R4 rnn max": System(
        0.9076,
        partial(make, cell_type="rnn", learning_rate=5e-3, embedding_dropout=0.1, pooling="max"),
        partial(recipe, layers=[(nn.RNN, {})]),
        describe(dropout=0.1),
    ),
    "R4 rnn mean": System(
        0.9056,
        partial(
            make,
            cell_type="rnn",
            batch_norm=True,
            pooling="mean",
            max_epochs=2,
            learning_rate=2e-3,
        ),
        partial(recipe, layers=[(nn.RNN, {})], poolings=["mean"]),
        f"{describe(epochs='2 epochs')}; batch normalisation",
    ),
    "R4 gru max": System(
        0.9142,
        make_gru_max,
        partial(recipe, layers=[(nn.GRU, {})]),
        describe(),
    ),
    "R4 gru mean": System(
        0.9110,
        partial(make, cell_type="gru", pooling="mean"),
        partial(recipe, layers=[(nn.GRU, {})], poolings=["mean"]),
        describe(),
    ),
    "R4 2 x gru": System(
        0.9146,
        partial(make_gru_max, num_layers=2),
        partial(recipe, layers=[(nn.GRU, {"num_layers": 2})]),
        describe(),
    ),
    "R4 3 x gru": System(
        0.9150,
        partial(make_gru_max, num_layers=3),
        partial(recipe, layers=[(nn.GRU, {"num_layers": 3})]),
        describe(),
    ),
    "R4 bi-lstm": System(
        0.9158,
        partial(make, cell_type="lstm", pooling="max", bidirectional=True),
        partial(recipe, layers=[(nn.LSTM, BIDIRECTIONAL)]),
        describe(),
    ),
    "R4 3 x lstm + bi-lstm": System(
        0.9162,
        partial(
            make,
            cell_type="lstm",
            embedding_dropout=0.1,
            pooling="max",
            bidirectional=True,
            hidden_size=(128, 128, 128, 256),
            batch_norm=True,
            batch_size=16,
            learning_rate=2e-3,
            max_epochs=5,
        ),
        partial(recipe, layers=[(nn.LSTM, {"num_layers": 3}), (nn.LSTM, BIDIRECTIONAL)]),
        f"{describe(epochs='5 epochs', instead='', dropout=0.1)}; batches of 16; batch "
        "normalisation; the lower layers of 256 units are 128 in each direction",
    ),
    "R4 gru pooled again": System(
        0.9158,
        partial(make, cell_type="gru", pooling=("max", "mean")),
        partial(recipe, layers=[(nn.GRU, {})], residual=True),
        f"{describe()}; max and mean concatenated instead of the pooled vector in the last layer "
        "again",
    ),
    "R4 gru flatten 50": System(
        0.9000,
        partial(
            make,
            cell_type="gru",
            max_epochs=1,
            pooling="flatten",
            max_length=50,
            batch_size=64,
            learning_rate=4e-3,
        ),
        partial(recipe, layers=[(nn.GRU, {})], poolings=["flatten"], length=50),
        f"{describe(epochs='1 epoch')}; batches of 64",
    ),
    "R4 2 x bi-lstm flatten mean max 70": System(
        0.9184,
        partial(
            make,
            cell_type="lstm",
            max_epochs=1,
            pooling=("flatten", "mean", "max"),
            max_length=70,
            num_layers=2,
            bidirectional=True,
            dropout=0.2,
        ),
        partial(
            recipe,
            layers=[(nn.LSTM, BIDIRECTIONAL | {"num_layers": 2, "dropout": 0.2})],
            poolings=("flatten", "mean", "max"),
            length=70,
        ),
        f"{describe(epochs='1 epoch')}; dropout 0.2 in the head too",
    ),
}
