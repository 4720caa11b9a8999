"""The five reference systems in plain torch, each as its author would write it in a notebook.

    outcome = RECIPES["R4 gru max"](Data(train, validation, test), epochs=1, seed=0)

A recipe starts from texts: it splits them into words, makes the vocabulary, trains, keeps the state
that its author kept and scores that on the test texts; all of it is in `total_seconds`. Everything
runs on the CPU, with as many threads as torch is set to use.
"""

import re
import string
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from math import ceil, inf

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

PAD = 0  # in every recipe
KERAS_ADAM_EPS = 1e-7
# Punctuation parts words in Keras' IMDB data; its TextVectorization drops it.
TO_SPACES = str.maketrans(dict.fromkeys(string.punctuation.replace("'", ""), " "))
TO_NOTHING = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Data:
    """Texts and labels, and the word vectors that R1 and R5 use.

    Parameters
    ----------
    train, validation, test : tuple of (list of str, ndarray of int)
        Texts, and their classes from 0 on.
    vectors : tuple of (dict of str to int, ndarray of shape (n_words, n_dimensions)), optional
        The row of each word, and the vectors.
    """

    train: tuple[list[str], np.ndarray]
    validation: tuple[list[str], np.ndarray]
    test: tuple[list[str], np.ndarray]
    vectors: tuple[dict[str, int], np.ndarray] | None = None

    @property
    def splits(self):
        """The three pairs of texts and labels."""
        return self.train, self.validation, self.test

    @property
    def n_classes(self):
        """The number of classes in the training labels."""
        return int(self.train[1].max()) + 1


@dataclass(frozen=True)
class Outcome:
    """What a recipe reached and what it cost."""

    accuracy: float  # of the kept state, on the test texts
    best_validation_accuracy: float  # R5 does not watch it: that of the kept state
    total_seconds: float  # from texts to the test accuracy
    training_seconds: float  # the training steps alone
    n_parameters: int  # those that are trained
    epochs: int  # those that were run


@dataclass(frozen=True)
class Schedule:
    """How a recipe trains: Adam, and what its author watched.

    The state with the best `keep` is kept: "validation loss", "validation accuracy" or "training
    loss", better by more than `min_delta`; None keeps the last state. Training ends when `patience`
    checks in a row were no better. The learning rate is halved when the validation loss was no
    better for `halve_after` epochs.
    """

    epochs: int
    batch_size: int
    learning_rate: float = 1e-3
    adam_eps: float = 1e-8
    checks_per_epoch: int = 1
    keep: str | None = None
    min_delta: float = 0.0
    patience: float = inf
    halve_after: int | None = None


# Words, vocabulary, batches


def split_words(text):
    """Return the lower-cased words, by a regular expression."""
    return re.findall(r"\w+", text.lower())


def split_as_keras(text, punctuation):
    """Return the lower-cased words between spaces, the punctuation translated by a table."""
    return text.lower().translate(punctuation).split()


def make_vocabulary(texts, n_special, *, min_count=1, max_words=None):
    """Return a number for each word, the most frequent first, after the special tokens."""
    counted = Counter(chain.from_iterable(texts)).most_common(max_words)
    words = [word for word, count in counted if count >= min_count]
    return {word: number for number, word in enumerate(words, n_special)}


def pad(rows, length, *, left=False):
    """Make the ids, (n_rows, length), of rows that are no longer than that."""
    ids = np.full((len(rows), length), PAD)
    for target, row in zip(ids, rows, strict=True):
        target[length - len(row) if left else 0 :][: len(row)] = row
    return torch.from_numpy(ids)


def fixed_batches(data, encode, length, batch_size, *, left=False):
    """Make random batches of texts padded to one length; `encode` makes the ids of a text."""
    splits = []
    for texts, labels in data.splits:
        ids = pad([encode(text) for text in texts], length, left=left)
        split = TensorDataset(ids, torch.from_numpy(labels).long())
        rows = BatchSampler(RandomSampler(split), batch_size, drop_last=False)
        splits.append(DataLoader(split, sampler=rows, batch_size=None))  # one look-up for a batch
    return splits


def sorted_batches(data, encode, batch_size):
    """Make batches of texts of like length, the longest first; the batches in random order."""
    splits = []
    for texts, labels in data.splits:
        rows = [encode(text) for text in texts]
        order = sorted(range(len(rows)), key=lambda row, rows=rows: -len(rows[row]))
        batches = []
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            ids = pad([rows[row] for row in batch], len(rows[batch[0]]))
            batches.append((ids, torch.from_numpy(labels[batch]).long()))
        splits.append(DataLoader(batches, batch_size=None, shuffle=True))
    return splits


# Training, shared by all recipes


def train_on(model, optimizer, batches):
    """Take a step for each batch and return the mean loss of the texts."""
    model.train()
    total, n_texts = 0.0, 0
    for ids, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(ids), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        n_texts += len(labels)
    return total / n_texts


@torch.no_grad()
def evaluate(model, batches):
    """Return the mean loss and the accuracy."""
    model.eval()
    total, n_right, n_texts = 0.0, 0, 0
    for ids, labels in batches:
        scores = model(ids)
        total += nn.functional.cross_entropy(scores, labels, reduction="sum").item()
        n_right += (scores.argmax(dim=1) == labels).sum().item()
        n_texts += len(labels)
    return total / n_texts, n_right / n_texts


def train(model, batches, validation, schedule):
    """Train, and leave the kept state in the model.

    Returns the best validation accuracy, 0 if that was not watched, the seconds that the steps took
    and the number of epochs.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, schedule.learning_rate, eps=schedule.adam_eps)
    if schedule.halve_after:
        # Keras acts at the last of these epochs, torch at the one after it.
        plateau = ReduceLROnPlateau(
            optimizer, factor=0.5, patience=schedule.halve_after - 1, threshold_mode="abs"
        )
    n_checks = min(schedule.checks_per_epoch, len(batches))
    best, best_accuracy, state, n_stale, seconds = inf, 0.0, None, 0, 0.0
    for epoch in range(1, schedule.epochs + 1):  # noqa: B007 (returned)
        remaining = iter(batches)
        for _ in range(n_checks):
            start = time.perf_counter()
            part = islice(remaining, ceil(len(batches) / n_checks))
            watched = {"training loss": train_on(model, optimizer, part)}
            seconds += time.perf_counter() - start
            if schedule.keep != "training loss":
                loss, accuracy = evaluate(model, validation)
                best_accuracy = max(best_accuracy, accuracy)
                watched |= {"validation loss": loss, "validation accuracy": -accuracy}
            if schedule.keep and watched[schedule.keep] < best - schedule.min_delta:
                best, n_stale = watched[schedule.keep], 0
                state = {name: value.clone() for name, value in model.state_dict().items()}
            else:
                n_stale += 1
        if schedule.halve_after:
            plateau.step(watched["validation loss"])
        if n_stale >= schedule.patience:
            break
    if state:
        model.load_state_dict(state)
    return best_accuracy, seconds, epoch


def train_and_score(model, splits, schedule, epochs, start):
    """Train on the first of the splits, watch the second, score the third."""
    training, validation, test = splits
    schedule = replace(schedule, epochs=epochs or schedule.epochs)
    best_accuracy, training_seconds, epochs_run = train(model, training, validation, schedule)
    return Outcome(
        accuracy=evaluate(model, test)[1],
        best_validation_accuracy=best_accuracy or evaluate(model, validation)[1],
        total_seconds=time.perf_counter() - start,
        training_seconds=training_seconds,
        n_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        epochs=epochs_run,
    )


def begin(seed):
    """Seed torch and return the time."""
    torch.manual_seed(seed)
    return time.perf_counter()


# R1: small bidirectional GRU over GloVe, three poolings, batches sorted by length


class R1Net(nn.Module):
    """Spatial dropout, a packed bidirectional GRU summed over its directions, three poolings."""

    def __init__(self, vectors, n_classes, n_units=8):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=PAD)
        self.dropout = nn.Dropout1d(0.5)
        self.gru = nn.GRU(vectors.shape[1], n_units, batch_first=True, bidirectional=True)
        self.output = nn.Linear(3 * n_units, n_classes)

    def forward(self, ids):
        """Compute the scores of ids that are sorted by length, the longest first."""
        lengths = (ids != PAD).sum(dim=1)
        channels = self.embedding(ids).transpose(1, 2)  # (batch, dimension, word)
        embedded = self.dropout(channels).transpose(1, 2)
        packed, state = self.gru(pack_padded_sequence(embedded, lengths, batch_first=True))
        outputs, _ = pad_packed_sequence(packed, batch_first=True)  # 0 beyond a text's end
        summed = outputs.unflatten(2, (2, -1)).sum(dim=2)  # (batch, word, unit)
        mean = summed.sum(dim=1) / lengths[:, None]
        return self.output(torch.cat([state.sum(dim=0), summed.max(dim=1).values, mean], dim=1))


def r1_vectors(numbers, n_special, vectors):
    """Make the word vectors: those that are known, others at random; 200-d if none are known."""
    rows, matrix = vectors or ({}, np.zeros((0, 200)))
    spread = float(matrix.std()) if len(matrix) else 1.0
    made = torch.randn(len(numbers) + n_special, matrix.shape[1]) * spread
    found = [word for word in numbers if word in rows]
    made[[numbers[word] for word in found]] = torch.as_tensor(
        matrix[[rows[word] for word in found]], dtype=torch.float32
    )
    made[PAD] = 0
    return made


def r1(data, *, epochs=None, seed=0):
    """Train and score R1: words seen 3 times, texts cut at the 0.9 quantile of the lengths."""
    start = begin(seed)
    words = [split_words(text) for text in data.train[0]]
    numbers = make_vocabulary(words, 4, min_count=3)  # padding, start, end, unknown
    length = int(np.quantile([len(text) for text in words], 0.9))

    def encode(text):
        return [1, *(numbers.get(word, 3) for word in split_words(text)[:length]), 2]

    schedule = Schedule(20, 256, keep="validation loss", min_delta=0.003, patience=1)
    splits = sorted_batches(data, encode, schedule.batch_size)
    net = R1Net(r1_vectors(numbers, 4, data.vectors), data.n_classes)
    return train_and_score(net, splits, schedule, epochs, start)


# R2 and R3, after Keras


def start_as_keras(model):
    """Draw the parameters as Keras does."""
    for name, parameter in model.named_parameters():
        if "embedding" in name:
            nn.init.uniform_(parameter, -0.05, 0.05)
        elif "bias" in name:
            nn.init.zeros_(parameter)
        elif "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.dim() == 2:
            nn.init.xavier_uniform_(parameter)
    for module in model.modules():
        if isinstance(module, nn.LSTM):
            for bias in (name for name in dir(module) if name.startswith("bias_ih")):
                forget_gate = slice(module.hidden_size, 2 * module.hidden_size)
                nn.init.ones_(getattr(module, bias).data[forget_gate])
    return model


def sigmoid_scores(logits):
    """Make two scores of one logit; their cross-entropy is that of the logit's sigmoid."""
    return nn.functional.pad(logits, (1, 0))  # (batch, 1) -> (batch, 2)


class R2Net(nn.Module):
    """A bidirectional layer over padded texts, the padding read like a word."""

    def __init__(self, unit, n_tokens):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, 128)
        self.recurrence = unit(128, 64, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(128, 1)

    def forward(self, ids):
        """Compute the scores."""
        outputs, _ = self.recurrence(self.embedding(ids))  # (batch, word, direction x unit)
        last = torch.cat([outputs[:, -1, :64], outputs[:, 0, 64:]], dim=1)
        return sigmoid_scores(self.output(self.dropout(last)))


def r2(data, *, unit, epochs=None, seed=0):
    """Train and score R2: the 20,000 most frequent words, the last 100 of each text."""
    start = begin(seed)
    n_tokens, length = 20_000, 100
    words = (split_as_keras(text, TO_SPACES) for text in data.train[0])
    numbers = make_vocabulary(words, 3, max_words=n_tokens - 3)  # padding, start, unknown

    def encode(text):
        return [1, *(numbers.get(word, 2) for word in split_as_keras(text, TO_SPACES))][-length:]

    schedule = Schedule(10, 256, adam_eps=KERAS_ADAM_EPS)
    splits = fixed_batches(data, encode, length, schedule.batch_size, left=True)
    net = start_as_keras(R2Net(unit, n_tokens))
    return train_and_score(net, splits, schedule, epochs, start)


class MaskedLayer(nn.Module):
    """A recurrent layer over padded texts that reads only words, in one direction or in both.

    It computes over the padding and never uses that: on the CPU, a packed layer is ten times slower
    at going back through batches of this size.
    """

    def __init__(self, unit, n_inputs, n_units, bidirectional):
        super().__init__()
        self.onwards = unit(n_inputs, n_units, batch_first=True)
        self.backwards = unit(n_inputs, n_units, batch_first=True) if bidirectional else None

    def forward(self, inputs, mirror):
        """Compute outputs, (batch, word, unit), and last states, (batch, unit).

        `mirror`, (batch, word), has for each word of a text its place in the reversed text.
        """
        rows, ends = torch.arange(len(inputs)), mirror[:, 0]
        outputs, _ = self.onwards(inputs)
        last = outputs[rows, ends]
        if self.backwards is None:
            return outputs, last
        reverse, _ = self.backwards(inputs[rows[:, None], mirror])
        both = torch.cat([outputs, reverse[rows[:, None], mirror]], dim=2)
        return both, torch.cat([last, reverse[rows, ends]], dim=1)


class R3Net(nn.Module):
    """Masked recurrent layers, last states, batch normalisation, dense layers.

    With `normed`, batch normalisation precedes each recurrent layer; `dense` has the sizes of the
    layers after the last state.
    """

    def __init__(
        self, n_tokens, unit, *, n_embedding=16, sizes=(64,), both=True, normed=False, dense=()
    ):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, n_embedding)
        self.norms, self.layers = nn.ModuleList(), nn.ModuleList()
        width = n_embedding
        for size in sizes:
            self.norms.append(batch_norm(width) if normed else None)
            self.layers.append(MaskedLayer(unit, width, size, both))
            width = 2 * size if both else size
        self.head = nn.Sequential(batch_norm(width))
        for size in dense:
            self.head.extend([nn.Linear(width, size), nn.ReLU(), batch_norm(size)])
            width = size
        self.head.append(nn.Linear(width, 1))

    def forward(self, ids):
        """Compute the scores."""
        is_word = ids != PAD
        places = torch.arange(ids.shape[1])
        mirror = (is_word.sum(dim=1, keepdim=True) - 1 - places).clamp(min=0)
        mirror = torch.where(is_word, mirror, places)
        outputs = self.embedding(ids)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            if norm is not None:
                outputs = outputs.masked_scatter(is_word[..., None], norm(outputs[is_word]))
            outputs, last = layer(outputs, mirror)
        return sigmoid_scores(self.head(last))


def batch_norm(width):
    """Make the batch normalisation of Keras."""
    return nn.BatchNorm1d(width, momentum=0.01, eps=1e-3)


def r3(
    data, *, unit, own_epochs=20, batch_size=1024, learning_rate=1e-3, epochs=None, seed=0, **net
):
    """Train and score R3: 5,500 tokens, the first 166 of each text; `net` is for the network."""
    start = begin(seed)
    n_tokens, length = 5500, 166
    words = (split_as_keras(text, TO_NOTHING) for text in data.train[0])
    numbers = make_vocabulary(words, 2, max_words=n_tokens - 2)  # padding, unknown

    def encode(text):
        return [numbers.get(word, 1) for word in split_as_keras(text, TO_NOTHING)[:length]]

    schedule = Schedule(
        own_epochs,
        batch_size,
        learning_rate,
        adam_eps=KERAS_ADAM_EPS,
        keep="validation accuracy",
        halve_after=5,
    )
    splits = fixed_batches(data, encode, length, batch_size)
    model = start_as_keras(R3Net(n_tokens, unit, **net))
    return train_and_score(model, splits, schedule, epochs, start)


# R4: units, poolings and heads over texts of one fixed length, padding and all

POOLINGS = {
    "max": lambda outputs: outputs.max(dim=1).values,
    "mean": lambda outputs: outputs.mean(dim=1),
    "flatten": lambda outputs: outputs.flatten(1),
}


class R4Net(nn.Module):
    """Recurrent layers over padded texts, poolings, a hidden layer.

    `layers` has classes and their settings; with `again`, the last linear layer sees the pooled
    vector too.
    """

    def __init__(self, n_tokens, n_classes, layers, poolings, length, again, width=256):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, width, padding_idx=PAD)
        self.layers = nn.ModuleList(
            unit(width, width, batch_first=True, **settings) for unit, settings in layers
        )
        n_outputs = 2 * width if self.layers[-1].bidirectional else width
        n_pooled = sum(n_outputs * (length if name == "flatten" else 1) for name in poolings)
        self.poolings, self.again = poolings, again
        self.hidden = nn.Linear(n_pooled, width)
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Linear(width + n_pooled if again else width, n_classes)

    def forward(self, ids):
        """Compute the scores."""
        outputs = self.embedding(ids)  # (batch, word, unit)
        for layer in self.layers:
            outputs, _ = layer(outputs)
        pooled = torch.cat([POOLINGS[name](outputs) for name in self.poolings], dim=1).tanh()
        hidden = self.dropout(self.hidden(pooled)).tanh()
        return self.output(torch.cat([hidden, pooled], dim=1) if self.again else hidden)


def r4(data, *, layers, poolings=("max",), length=256, again=False, epochs=None, seed=0):
    """Train and score R4: words seen more than 25 times, texts of one length."""
    start = begin(seed)
    words = (split_words(text) for text in data.train[0])
    numbers = make_vocabulary(words, 4, min_count=26)  # padding, beginning, end, unknown

    def encode(text):
        return [1, *(numbers.get(word, 3) for word in split_words(text)[: length - 2]), 2]

    schedule = Schedule(5, 32, checks_per_epoch=2, keep="validation accuracy")
    splits = fixed_batches(data, encode, length, schedule.batch_size)
    net = R4Net(len(numbers) + 4, data.n_classes, layers, poolings, length, again)
    return train_and_score(net, splits, schedule, epochs, start)


# R5: one text at a time over frozen word vectors


class HandWrittenGRU(nn.Module):
    """The gate equations of a GRU, word by word."""

    def __init__(self, n_inputs, n_units):
        super().__init__()
        self.n_units = n_units
        self.update = nn.Linear(n_inputs + n_units, n_units)
        self.reset = nn.Linear(n_inputs + n_units, n_units)
        self.candidate = nn.Linear(n_inputs + n_units, n_units)

    def forward(self, inputs):
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

    def __init__(self, n_inputs, n_units, *, bidirectional=False):
        super().__init__()
        self.gru = nn.GRU(n_inputs, n_units, batch_first=True, bidirectional=bidirectional)

    def forward(self, inputs):
        """Compute the last state of each direction."""
        _, state = self.gru(inputs)
        return torch.cat(list(state), dim=1)


def r5(data, *, unit, n_directions=1, epochs=None, seed=0):
    """Train and score R5: one text at a time, words without a vector skipped."""
    start = begin(seed)
    n_units = 100
    rows, matrix = data.vectors
    words = chain.from_iterable(split_words(text) for texts, _ in data.splits for text in texts)
    known = sorted(rows.keys() & set(words))
    numbers = {word: number for number, word in enumerate(known, 1)}
    vectors = torch.zeros(len(known) + 1, matrix.shape[1])
    vectors[1:] = torch.as_tensor(matrix[[rows[word] for word in known]])

    def encode(text):  # a vector of zeros if no word has one
        return [numbers[word] for word in split_words(text) if word in numbers] or [PAD]

    schedule = Schedule(5, 1, learning_rate=1e-4, keep="training loss")
    splits = sorted_batches(data, encode, schedule.batch_size)
    net = nn.Sequential(
        nn.Embedding.from_pretrained(vectors),
        unit(vectors.shape[1], n_units),
        nn.Linear(n_directions * n_units, data.n_classes),
    )
    return train_and_score(net, splits, schedule, epochs, start)


RNN, GRU, LSTM, BOTH = nn.RNN, nn.GRU, nn.LSTM, {"bidirectional": True}
deep = partial(r3, unit=GRU, n_embedding=128, normed=True, dense=(128, 32, 8), own_epochs=50)
tiny = partial(r3, unit=GRU, n_embedding=4, sizes=(8,), both=False, normed=True, own_epochs=80)
pooled_thrice = partial(r4, poolings=("flatten", "mean", "max"), length=70)
RECIPES = {
    "R1": r1,
    "R2 bi-lstm": partial(r2, unit=LSTM),
    "R2 bi-gru": partial(r2, unit=GRU),
    "R3 rnn": partial(r3, unit=RNN, both=False),
    "R3 bi-rnn": partial(r3, unit=RNN),
    "R3 gru": partial(r3, unit=GRU, both=False),
    "R3 bi-gru": partial(r3, unit=GRU),
    "R3 lstm": partial(r3, unit=LSTM, both=False),
    "R3 bi-lstm": partial(r3, unit=LSTM),
    "R3 deep": partial(deep, sizes=(512, 128, 16)),
    "R3 deep sibling": partial(deep, sizes=(512, 256)),
    "R3 tiny": tiny,
    "R3 batch 512": partial(r3, unit=LSTM, batch_size=512, learning_rate=0.01),
    "R3 batch 2048": partial(r3, unit=LSTM, batch_size=2048, learning_rate=0.04),
    "R4 rnn max": partial(r4, layers=[(RNN, {})]),
    "R4 rnn mean": partial(r4, layers=[(RNN, {})], poolings=["mean"]),
    "R4 gru max": partial(r4, layers=[(GRU, {})]),
    "R4 gru mean": partial(r4, layers=[(GRU, {})], poolings=["mean"]),
    "R4 2 x gru": partial(r4, layers=[(GRU, {"num_layers": 2})]),
    "R4 3 x gru": partial(r4, layers=[(GRU, {"num_layers": 3})]),
    "R4 bi-lstm": partial(r4, layers=[(LSTM, BOTH)]),
    "R4 3 x lstm + bi-lstm": partial(r4, layers=[(LSTM, {"num_layers": 3}), (LSTM, BOTH)]),
    "R4 gru pooled again": partial(r4, layers=[(GRU, {})], again=True),
    "R4 gru flatten 50": partial(r4, layers=[(GRU, {})], poolings=["flatten"], length=50),
    "R4 2 x bi-lstm flatten mean max 70": partial(
        pooled_thrice, layers=[(LSTM, BOTH | {"num_layers": 2, "dropout": 0.2})]
    ),
    "R5 hand-written gru": partial(r5, unit=HandWrittenGRU),
    "R5 gru": partial(r5, unit=LibraryGRU),
    "R5 bi-gru": partial(r5, unit=partial(LibraryGRU, bidirectional=True), n_directions=2),
}
