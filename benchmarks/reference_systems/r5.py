"""R5: one text at a time over frozen word vectors."""

from functools import partial
from itertools import chain
from pathlib import Path

import torch
from sklearn.pipeline import Pipeline
from torch import nn

from benchmarks.common.custom_cell import GRUCell
from benchmarks.reference_systems.system import (
    FORWARD_ONLY,
    Split,
    System,
    load_encoded,
    load_glove,
    make_pipeline,
)
from benchmarks.reference_systems.texts import PAD, make_sorted_batches, split_words
from benchmarks.reference_systems.training import (
    Data,
    Outcome,
    Schedule,
    Unit,
    start_run,
    train_and_score,
)
from sklearn_rnn import TextTokenizer, WordVectors


def load_corpus(data_dir: Path) -> tuple[Split, Split, WordVectors]:
    """Return Amazon's reviews and GloVe."""
    return *load_encoded(data_dir, "amazon_polarity"), load_glove(data_dir)


def make(seed: int, vectors: WordVectors, **parameters: object) -> Pipeline:
    """Make our Pipeline."""
    return make_pipeline(
        TextTokenizer(vocabulary=vectors.vocabulary),
        seed,
        word_vectors=vectors,
        freeze_embeddings=True,
        hidden_size=100,
        pooling="last",
        embedding_dropout=0.0,
        dropout=0.0,
        max_epochs=5,
        batch_size=16,
        learning_rate=5e-3,
        **parameters,
    )


class HandWrittenGRU(nn.Module):
    """The gate equations of a GRU, word by word."""

    def __init__(self, n_inputs: int, n_units: int) -> None:
        super().__init__()
        self.n_units = n_units
        self.update = nn.Linear(n_inputs + n_units, n_units)
        self.reset = nn.Linear(n_inputs + n_units, n_units)
        self.candidate = nn.Linear(n_inputs + n_units, n_units)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute the last state, (batch, unit), of inputs of shape (batch, word, dimension)."""
        state = inputs.new_zeros(len(inputs), self.n_units)
        for word in inputs.unbind(dim=1):
            both = torch.cat([word, state], dim=1)
            update = torch.sigmoid(self.update(both))
            reset = torch.sigmoid(self.reset(both))
            candidate = torch.tanh(self.candidate(torch.cat([word, reset * state], dim=1)))
            state = (1 - update) * candidate + update * state
        return state


class LibraryGRU(nn.Module):
    """The last states of torch's GRU, (batch, direction x unit)."""

    def __init__(self, n_inputs: int, n_units: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        self.gru = nn.GRU(n_inputs, n_units, batch_first=True, bidirectional=bidirectional)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute the last state of each direction."""
        _, state = self.gru(inputs)
        return torch.cat(list(state), dim=1)


def recipe(
    data: Data,
    *,
    unit: Unit,
    n_directions: int = 1,
    epochs: int | None = None,
    seed: int = 0,
) -> Outcome:
    """Train and score R5: one text at a time, words without a vector skipped."""
    start = start_run(seed)
    n_units = 100
    rows, matrix = data.vectors
    words = chain.from_iterable(split_words(text) for texts, _ in data.splits for text in texts)
    known = sorted(rows.keys() & set(words))
    vocabulary = {word: word_id for word_id, word in enumerate(known, 1)}
    vectors = torch.zeros(len(known) + 1, matrix.shape[1])
    vectors[1:] = torch.as_tensor(matrix[[rows[word] for word in known]])

    def encode(text: str) -> list[int]:  # if no word has a vector: zeros
        return [vocabulary[word] for word in split_words(text) if word in vocabulary] or [PAD]

    schedule = Schedule(5, 1, learning_rate=1e-4, keep="training loss")
    loaders = make_sorted_batches(data, encode, schedule.batch_size)
    net = nn.Sequential(
        nn.Embedding.from_pretrained(vectors),
        unit(vectors.shape[1], n_units),
        nn.Linear(n_directions * n_units, data.n_classes),
    )
    return train_and_score(net, loaders, schedule, epochs, start)


DIFFERS = (
    "batches of 16 by length instead of one text; 5 epochs of one cycle; words without a "
    "vector are one unknown word; GloVe 50-d subset instead of word2vec 300-d"
)
SYSTEMS = {
    "R5 hand-written gru": System(
        0.841,
        partial(make, cell_type=GRUCell, **FORWARD_ONLY),
        partial(recipe, unit=HandWrittenGRU),
        DIFFERS,
    ),
    "R5 gru": System(
        0.842,
        partial(make, cell_type="gru", **FORWARD_ONLY),
        partial(recipe, unit=LibraryGRU),
        DIFFERS,
    ),
    "R5 bi-gru": System(
        0.853,
        partial(make, cell_type="gru"),
        partial(recipe, unit=partial(LibraryGRU, bidirectional=True), n_directions=2),
        DIFFERS,
    ),
}
