"""R3: masked recurrent layers over the first 166 words of Amazon's reviews, after Keras."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from sklearn.pipeline import Pipeline
from torch import nn

from benchmarks.reference_systems.keras_conventions import (
    ADAM_EPS,
    TO_NOTHING,
    batch_norm,
    binary_scores,
    init_as_keras,
    split_as_keras,
)
from benchmarks.reference_systems.system import (
    FORWARD_ONLY,
    Split,
    System,
    load_encoded,
    make_pipeline,
)
from benchmarks.reference_systems.texts import (
    PAD,
    encode_known,
    make_fixed_batches,
    make_vocabulary,
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
    """Return Amazon's reviews."""
    return *load_encoded(data_dir, "amazon_polarity"), None


def make(seed: int, vectors: WordVectors | None, **parameters: object) -> Pipeline:
    """Make our Pipeline."""
    defaults = {
        "embedding_dim": 16,
        "hidden_size": 64,
        "pooling": "last",
        "batch_norm": True,
        "embedding_dropout": 0.2,
        "dropout": 0.0,
        "max_epochs": 2,
        "batch_size": 32,
        "learning_rate": 0.02,
    }
    tokenizer = TextTokenizer(max_tokens=5498, min_count=1, max_length=166, truncation="post")
    return make_pipeline(tokenizer, seed, **defaults | parameters)


class MaskedLayer(nn.Module):
    """A recurrent layer over padded texts that reads only words, in one direction or in both.

    The states at the padding are computed, but not used. Packing would avoid them, but on the CPU
    the backward pass of a packed layer takes ten times as long with batches of this size.
    """

    def __init__(self, unit: Unit, n_inputs: int, n_units: int, bidirectional: bool) -> None:
        super().__init__()
        self.forward_layer = unit(n_inputs, n_units, batch_first=True)
        self.backward_layer = unit(n_inputs, n_units, batch_first=True) if bidirectional else None

    def forward(
        self, inputs: torch.Tensor, reversed_positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute outputs, (batch, word, unit), and last states, (batch, unit).

        `reversed_positions`, (batch, word), is the position of each word in the reversed text.
        """
        rows, ends = torch.arange(len(inputs)), reversed_positions[:, 0]
        outputs, _ = self.forward_layer(inputs)
        last = outputs[rows, ends]
        if self.backward_layer is None:
            return outputs, last
        reverse, _ = self.backward_layer(inputs[rows[:, None], reversed_positions])
        both = torch.cat([outputs, reverse[rows[:, None], reversed_positions]], dim=2)
        return both, torch.cat([last, reverse[rows, ends]], dim=1)


class Net(nn.Module):
    """Masked recurrent layers, last states, batch normalization, dense layers.

    With `normed`, batch normalization precedes each recurrent layer; `dense` has the sizes of the
    layers after the last state.
    """

    def __init__(
        self,
        n_tokens: int,
        unit: Unit,
        *,
        n_embedding: int = 16,
        sizes: Sequence[int] = (64,),
        bidirectional: bool = True,
        normed: bool = False,
        dense: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, n_embedding)
        self.norms, self.layers = nn.ModuleList(), nn.ModuleList()
        width = n_embedding
        for size in sizes:
            self.norms.append(batch_norm(width) if normed else None)
            self.layers.append(MaskedLayer(unit, width, size, bidirectional))
            width = 2 * size if bidirectional else size
        self.head = nn.Sequential(batch_norm(width))
        for size in dense:
            self.head.extend([nn.Linear(width, size), nn.ReLU(), batch_norm(size)])
            width = size
        self.head.append(nn.Linear(width, 1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Compute the scores."""
        is_word = ids != PAD
        positions = torch.arange(ids.shape[1])
        reversed_positions = (is_word.sum(dim=1, keepdim=True) - 1 - positions).clamp(min=0)
        reversed_positions = torch.where(is_word, reversed_positions, positions)
        outputs = self.embedding(ids)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            if norm is not None:
                outputs = outputs.masked_scatter(is_word[..., None], norm(outputs[is_word]))
            outputs, last = layer(outputs, reversed_positions)
        return binary_scores(self.head(last))


def recipe(
    data: Data,
    *,
    unit: Unit,
    own_epochs: int = 20,
    batch_size: int = 1024,
    learning_rate: float = 1e-3,
    epochs: int | None = None,
    seed: int = 0,
    **net: object,
) -> Outcome:
    """Train and score R3: 5,500 tokens, the first 166 of each text. `net` is passed to `Net`."""
    start = start_run(seed)
    n_tokens, length = 5500, 166
    words = (split_as_keras(text, TO_NOTHING) for text in data.train[0])
    vocabulary = make_vocabulary(words, 2, max_words=n_tokens - 2)  # padding, unknown

    def encode(text: str) -> list[int]:
        return encode_known(split_as_keras(text, TO_NOTHING)[:length], vocabulary, 1)

    schedule = Schedule(
        own_epochs,
        batch_size,
        learning_rate,
        adam_eps=ADAM_EPS,
        keep="validation accuracy",
        halve_after=5,
    )
    loaders = make_fixed_batches(data, encode, length, batch_size)
    model = init_as_keras(Net(n_tokens, unit, **net))
    return train_and_score(model, loaders, schedule, epochs, start)


def describe(n_epochs: int = 2, batch_size: int = 32) -> str:
    """Return how the training of our Pipeline differs from the author's."""
    return (
        f"{n_epochs} epochs of one cycle in batches of {batch_size} by length instead of 20 in "
        "1,024 (deep: 50, tiny: 80); last weights; embedding dropout 0.2"
    )


def describe_large_batches(our_rate: float, their_rate: float) -> str:
    """Return how the training of our Pipeline with larger batches differs from the author's."""
    return (
        f"8 epochs of one cycle by length, at most {our_rate}, instead of 20 at {their_rate}; "
        f"{INPUT_NORM}"
    )


NO_NORM = "no batch normalisation"
INPUT_NORM = "batch normalisation of what the layer reads too"
make_unnormed = partial(make, batch_norm=False)
make_deep = partial(
    make,
    cell_type="gru",
    learning_rate=5e-3,
    embedding_dim=128,
    head_sizes=(128, 32, 8),
    batch_size=16,
)
deep_recipe = partial(
    recipe, unit=nn.GRU, n_embedding=128, normed=True, dense=(128, 32, 8), own_epochs=50
)
SYSTEMS = {
    "R3 rnn": System(
        0.8722,
        partial(
            make_unnormed,
            cell_type="rnn",
            batch_size=64,
            max_epochs=4,
            learning_rate=1e-3,
            label_smoothing=0.0,
            **FORWARD_ONLY,
        ),
        partial(recipe, unit=nn.RNN, **FORWARD_ONLY),
        f"{describe(n_epochs=4, batch_size=64)}; {NO_NORM}",
    ),
    "R3 bi-rnn": System(
        0.8649,
        partial(make_unnormed, cell_type="rnn", learning_rate=2e-3),
        partial(recipe, unit=nn.RNN),
        f"{describe()}; {NO_NORM}",
    ),
    "R3 gru": System(
        0.8573,
        partial(make_unnormed, cell_type="gru", **FORWARD_ONLY),
        partial(recipe, unit=nn.GRU, **FORWARD_ONLY),
        f"{describe()}; {NO_NORM}",
    ),
    "R3 bi-gru": System(
        0.8724,
        partial(make_unnormed, cell_type="gru"),
        partial(recipe, unit=nn.GRU),
        f"{describe()}; {NO_NORM}",
    ),
    "R3 lstm": System(
        0.8687,
        partial(make, cell_type="lstm", **FORWARD_ONLY),
        partial(recipe, unit=nn.LSTM, **FORWARD_ONLY),
        f"{describe()}; {INPUT_NORM}",
    ),
    "R3 bi-lstm": System(
        0.8762,
        partial(make_unnormed, cell_type="lstm", max_epochs=4, learning_rate=3e-3),
        partial(recipe, unit=nn.LSTM),
        f"{describe(n_epochs=4)}; {NO_NORM}",
    ),
    "R3 deep": System(
        0.8828,
        partial(make_deep, hidden_size=(512, 128, 16)),
        partial(deep_recipe, sizes=(512, 128, 16)),
        describe(batch_size=16),
    ),
    "R3 deep sibling": System(
        0.886,
        partial(make_deep, hidden_size=(512, 256)),
        partial(deep_recipe, sizes=(512, 256)),
        describe(batch_size=16),
    ),
    "R3 tiny": System(
        0.8595,
        partial(
            make,
            cell_type="gru",
            embedding_dim=4,
            hidden_size=8,
            max_epochs=5,
            learning_rate=0.03,
            **FORWARD_ONLY,
        ),
        partial(
            recipe,
            unit=nn.GRU,
            n_embedding=4,
            sizes=(8,),
            normed=True,
            own_epochs=80,
            **FORWARD_ONLY,
        ),
        describe(n_epochs=5),
    ),
    "R3 batch 512": System(
        0.8815,
        partial(make, cell_type="lstm", batch_size=512, max_epochs=8),
        partial(recipe, unit=nn.LSTM, batch_size=512, learning_rate=0.01),
        describe_large_batches(0.02, 0.01),
    ),
    "R3 batch 2048": System(
        0.8304,
        partial(make, cell_type="lstm", batch_size=2048, learning_rate=0.05, max_epochs=8),
        partial(recipe, unit=nn.LSTM, batch_size=2048, learning_rate=0.04),
        describe_large_batches(0.05, 0.04),
    ),
}
