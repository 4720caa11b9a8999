"""R2: a bidirectional layer over the last 100 words of IMDB's reviews, after Keras."""

from functools import partial
from pathlib import Path

import torch
from sklearn.pipeline import Pipeline
from torch import nn

from benchmarks.reference_systems.keras_conventions import (
    ADAM_EPS,
    TO_SPACES,
    binary_scores,
    init_as_keras,
    split_as_keras,
)
from benchmarks.reference_systems.system import Split, System, load_encoded, make_pipeline
from benchmarks.reference_systems.texts import encode_known, make_fixed_batches, make_vocabulary
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
    """Return IMDB."""
    return *load_encoded(data_dir, "imdb"), None


def make(seed: int, vectors: WordVectors | None, **parameters: object) -> Pipeline:
    """Make our Pipeline."""
    return make_pipeline(
        TextTokenizer(max_length=100, truncation="pre"),
        seed,
        hidden_size=64,
        embedding_dim=128,
        pooling="last",
        **parameters,
    )


class Net(nn.Module):
    """A bidirectional layer over padded texts; padding is read like a word."""

    def __init__(self, unit: Unit, n_tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, 128)
        self.recurrence = unit(128, 64, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(128, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Compute the scores."""
        outputs, _ = self.recurrence(self.embedding(ids))  # (batch, word, direction x unit)
        last = torch.cat([outputs[:, -1, :64], outputs[:, 0, 64:]], dim=1)
        return binary_scores(self.output(self.dropout(last)))


def recipe(data: Data, *, unit: Unit, epochs: int | None = None, seed: int = 0) -> Outcome:
    """Train and score R2: the 20,000 most frequent words, the last 100 of each text."""
    start = start_run(seed)
    n_tokens, length = 20_000, 100
    words = (split_as_keras(text, TO_SPACES) for text in data.train[0])
    vocabulary = make_vocabulary(words, 3, max_words=n_tokens - 3)  # padding, start, unknown

    def encode(text: str) -> list[int]:
        return [1, *encode_known(split_as_keras(text, TO_SPACES), vocabulary, 2)][-length:]

    schedule = Schedule(10, 256, adam_eps=ADAM_EPS)
    loaders = make_fixed_batches(data, encode, length, schedule.batch_size, left=True)
    net = init_as_keras(Net(unit, n_tokens))
    return train_and_score(net, loaders, schedule, epochs, start)


DIFFERS = "of one cycle in batches of 64 by length instead of 10 in 256; dropout of embeddings too"
SYSTEMS = {
    "R2 bi-lstm": System(
        0.8496,
        partial(make, cell_type="lstm", max_epochs=2),
        partial(recipe, unit=nn.LSTM),
        f"2 epochs {DIFFERS}",
    ),
    "R2 bi-gru": System(
        0.8499,
        partial(make, cell_type="gru", max_epochs=1, learning_rate=4e-3),
        partial(recipe, unit=nn.GRU),
        f"1 epoch {DIFFERS}",
    ),
}
