"""The five reference systems as Pipelines, against their authors' recipes in plain torch.

    SKLEARN_RNN_DATA=... python benchmarks/reference_systems.py [--system R3 ...] [--seeds 3]
    SKLEARN_RNN_DATA=... python benchmarks/reference_systems.py --ours-alone [--our-epochs 1] ...

Each system is a few lines of the public API, without the linear term, so that the network is the
author's; how it is trained is ours (epochs, batches, learning rate), and "differs" says how.
Besides, gradients are clipped at a norm of 1 and labels smoothed by 0.1, those of R3's rnn
excepted. The rival is the author's recipe, written in plain torch (plain_recipes.py), on the same
texts in the same run: ours and theirs take turns, seed by seed. Seconds are from texts to test
accuracy. `--texts` takes a random sample of the training texts; `--epochs` shortens the rival's
training. Results go to benchmarks/results/reference_systems.json, those of `--ours-alone` to a
table of their own; systems that are not run are kept.
"""

import argparse
import json
import sys
import time
from statistics import median

import numpy as np
import pandas as pd
import torch._dynamo  # noqa: F401 (an optimizer imports it at its first step, which is timed)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from corpora import add_data_option
from own_cell import GRUCell
from plain_recipes import RECIPES, Data
from record import HERE, describe_commit, describe_processor, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer, load_word_vectors
from sklearn_rnn.datasets import read_texts

WORDS = r"\w+(?:'\w+)*"  # as the authors have them, who strip the punctuation


def make_pipeline(tokenizer, seed, **parameters):
    tokenizer.set_params(token_pattern=WORDS)
    classifier = RNNTextClassifier(
        linear_ngrams=0, word_dropout=0.0, device="cpu", random_state=seed, **parameters
    )
    return Pipeline([("tok", tokenizer), ("clf", classifier)])


def r1(seed, vectors):
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


def r2(seed, vectors, **parameters):
    return make_pipeline(
        TextTokenizer(max_length=100, truncation="pre"),
        seed,
        hidden_size=64,
        embedding_dim=128,
        pooling="last",
        **parameters,
    )


def r3(seed, vectors, *, embedding_dim=16, hidden_size=64, **parameters):
    return make_pipeline(
        TextTokenizer(max_tokens=5498, min_count=1, max_length=166, truncation="post"),
        seed,
        **{
            "embedding_dim": embedding_dim,
            "hidden_size": hidden_size,
            "pooling": "last",
            "batch_norm": True,
            "embedding_dropout": 0.2,
            "dropout": 0.0,
            "max_epochs": 2,
            "batch_size": 32,
            "learning_rate": 0.02,
        }
        | parameters,
    )


def r4(seed, vectors, *, max_length=256, **parameters):
    return make_pipeline(
        TextTokenizer(min_count=26, max_tokens=None, max_length=max_length, truncation="post"),
        seed,
        **{
            "embedding_dim": 256,
            "hidden_size": 256,
            "bidirectional": False,
            "head_sizes": (256,),
            "dropout": 0.1,
            "batch_size": 32,
            "max_epochs": 4,
        }
        | parameters,
    )


def r5(seed, vectors, **parameters):
    return make_pipeline(
        TextTokenizer(vocabulary=vectors.vocabulary),
        seed,
        **{
            "word_vectors": vectors,
            "freeze_embeddings": True,
            "hidden_size": 100,
            "pooling": "last",
            "embedding_dropout": 0.0,
            "dropout": 0.0,
            "max_epochs": 5,
            "batch_size": 16,
            "learning_rate": 5e-3,
        }
        | parameters,
    )


RNN, GRU, LSTM = ({"cell_type": cell} for cell in ("rnn", "gru", "lstm"))
ONE_WAY = {"bidirectional": False}
SLOWER = {"learning_rate": 5e-3}
NO_NORM = {"batch_norm": False}
LESS_DROPOUT = {"embedding_dropout": 0.1}
DEEP = GRU | SLOWER | {"embedding_dim": 128, "head_sizes": (128, 32, 8), "batch_size": 16}
ONCE = {"max_epochs": 1}
TINY = {"embedding_dim": 4, "hidden_size": 8, "max_epochs": 5, "learning_rate": 0.03}
ALL_R2 = "of one cycle in batches of 64 by length instead of 10 in 256; dropout of embeddings too"
ALL_R3 = (
    "2 epochs of one cycle in batches of 32 by length instead of 20 in 1,024 (deep: 50, tiny: 80); "
    "last weights; embedding dropout 0.2"
)
ALL_R3_NO_NORM = f"{ALL_R3}; no batch normalisation"
NORM_TOO = "batch normalisation of what the layer reads too"
ALL_R3_DEEP = ALL_R3.replace("batches of 32", "batches of 16")
ALL_R4 = (
    "4 epochs of one cycle by length instead of 5; last weights; ReLU for tanh in the "
    "head; poolings leave padding out; embedding dropout 0.5"
)
ALL_R4_ONCE = ALL_R4.replace("4 epochs", "1 epoch")
ALL_R4_FIVE = ALL_R4.replace("4 epochs", "5 epochs").replace(" instead of 5", "")
ALL_R5 = (
    "batches of 16 by length instead of one text; 5 epochs of one cycle; words without a "
    "vector are one unknown word; GloVe 50-d subset instead of word2vec 300-d"
)

# Name: theirs as published, how to make ours, what differs.
SYSTEMS = {
    "R1": (
        0.845,
        (r1, {}),
        "drug reviews that can be had (Drugs.com head, Druglib) and GloVe 50-d; the first 60 "
        "words, as many as the author's quantile was; 2 epochs of one cycle, last weights instead "
        "of early stopping; embedding dropout 0.2",
    ),
    "R2 bi-lstm": (0.8496, (r2, LSTM | {"max_epochs": 2}), f"2 epochs {ALL_R2}"),
    "R2 bi-gru": (
        0.8499,
        (r2, GRU | ONCE | {"learning_rate": 4e-3}),
        f"1 epoch {ALL_R2}",
    ),
    "R3 rnn": (
        0.8722,
        (
            r3,
            RNN
            | ONE_WAY
            | NO_NORM
            | {"batch_size": 64, "max_epochs": 4, "learning_rate": 1e-3, "label_smoothing": 0.0},
        ),
        ALL_R3_NO_NORM.replace("2 epochs", "4 epochs").replace("batches of 32", "batches of 64"),
    ),
    "R3 bi-rnn": (0.8649, (r3, RNN | NO_NORM | {"learning_rate": 2e-3}), ALL_R3_NO_NORM),
    "R3 gru": (0.8573, (r3, GRU | ONE_WAY | NO_NORM), ALL_R3_NO_NORM),
    "R3 bi-gru": (0.8724, (r3, GRU | NO_NORM), ALL_R3_NO_NORM),
    "R3 lstm": (0.8687, (r3, LSTM | ONE_WAY), f"{ALL_R3}; {NORM_TOO}"),
    "R3 bi-lstm": (
        0.8762,
        (r3, LSTM | NO_NORM | {"max_epochs": 4, "learning_rate": 3e-3}),
        ALL_R3_NO_NORM.replace("2 epochs", "4 epochs"),
    ),
    "R3 deep": (0.8828, (r3, DEEP | {"hidden_size": (512, 128, 16)}), ALL_R3_DEEP),
    "R3 deep sibling": (0.886, (r3, DEEP | {"hidden_size": (512, 256)}), ALL_R3_DEEP),
    "R3 tiny": (0.8595, (r3, GRU | ONE_WAY | TINY), ALL_R3.replace("2 epochs", "5 epochs")),
    "R3 batch 512": (
        0.8815,
        (r3, LSTM | {"batch_size": 512, "max_epochs": 8}),
        f"8 epochs of one cycle by length, at most 0.02, instead of 20 at 0.01; {NORM_TOO}",
    ),
    "R3 batch 2048": (
        0.8304,
        (r3, LSTM | {"batch_size": 2048, "learning_rate": 0.05, "max_epochs": 8}),
        f"8 epochs of one cycle by length, at most 0.05, instead of 20 at 0.04; {NORM_TOO}",
    ),
    "R4 rnn max": (
        0.9076,
        (r4, RNN | SLOWER | LESS_DROPOUT | {"pooling": "max"}),
        ALL_R4.replace("0.5", "0.1"),
    ),
    "R4 rnn mean": (
        0.9056,
        (r4, RNN | {"batch_norm": True, "pooling": "mean", "max_epochs": 2, "learning_rate": 2e-3}),
        f"{ALL_R4.replace('4 epochs', '2 epochs')}; batch normalisation",
    ),
    "R4 gru max": (0.9142, (r4, GRU | {"pooling": "max"}), ALL_R4),
    "R4 gru mean": (0.9110, (r4, GRU | {"pooling": "mean"}), ALL_R4),
    "R4 2 x gru": (0.9146, (r4, GRU | {"pooling": "max", "num_layers": 2}), ALL_R4),
    "R4 3 x gru": (0.9150, (r4, GRU | {"pooling": "max", "num_layers": 3}), ALL_R4),
    "R4 bi-lstm": (0.9158, (r4, LSTM | {"pooling": "max", "bidirectional": True}), ALL_R4),
    "R4 3 x lstm + bi-lstm": (
        0.9162,
        (
            r4,
            LSTM
            | LESS_DROPOUT
            | {"pooling": "max", "bidirectional": True, "hidden_size": (128, 128, 128, 256)}
            | {"batch_norm": True, "batch_size": 16, "learning_rate": 2e-3, "max_epochs": 5},
        ),
        f"{ALL_R4_FIVE.replace('0.5', '0.1')}; batches of 16; batch normalisation; the lower "
        "layers of 256 units are 128 in each direction",
    ),
    "R4 gru pooled again": (
        0.9158,
        (r4, GRU | {"pooling": ("max", "mean")}),
        f"{ALL_R4}; max and mean concatenated instead of the pooled vector in the last layer again",
    ),
    "R4 gru flatten 50": (
        0.9000,
        (
            r4,
            GRU
            | ONCE
            | {"pooling": "flatten", "max_length": 50, "batch_size": 64, "learning_rate": 4e-3},
        ),
        f"{ALL_R4_ONCE}; batches of 64",
    ),
    "R4 2 x bi-lstm flatten mean max 70": (
        0.9184,
        (
            r4,
            LSTM
            | ONCE
            | {"pooling": ("flatten", "mean", "max"), "max_length": 70, "num_layers": 2}
            | {"bidirectional": True, "dropout": 0.2},
        ),
        f"{ALL_R4_ONCE}; dropout 0.2 in the head too",
    ),
    "R5 hand-written gru": (0.841, (r5, {"cell_type": GRUCell, **ONE_WAY}), ALL_R5),
    "R5 gru": (0.842, (r5, GRU | ONE_WAY), ALL_R5),
    "R5 bi-gru": (0.853, (r5, GRU), ALL_R5),
}


def load(data_dir, system, n_texts):
    """Return training and test texts with class indices, and word vectors or None."""
    kind = system[:2]
    vectors = None
    if kind in ("R1", "R5"):
        vectors = load_word_vectors(data_dir / "vectors/glove.6B.50d.subset.txt.gz")
    if kind == "R1":
        train, test = load_drugs(data_dir)
    elif kind == "R2":
        where = {"text": "review", "label": "sentiment"}
        train, test = (read(data_dir / f"imdb/{part}.csv.gz", **where) for part in PARTS)
    elif kind == "R4":
        train = read(data_dir / "ag_news/train_partial.csv.gz", text=1, label=0)
        test = read(data_dir / "ag_news/test.csv.gz", text=[1, 2], label=0)
    else:
        folder = data_dir / "amazon_polarity"
        train, test = (read(folder / f"{part}.ft.txt.gz") for part in PARTS)
    rows = np.random.default_rng(0).permutation(len(train[0]))[:n_texts]
    return ([train[0][row] for row in rows], train[1][rows]), test, vectors


PARTS = ("train", "test")


def read(path, **where):
    texts = read_texts(path, **where)
    return list(texts.data), np.unique(texts.target, return_inverse=True)[1]


def load_drugs(data_dir):
    """Join the two corpora of drug reviews; the label is whether the rating is 5 or more."""
    head = pd.read_csv(data_dir / "drug_review/drugscom_head.csv.gz")
    head, head_test = train_test_split(head, test_size=0.25, random_state=0)
    druglib = [
        pd.read_csv(data_dir / f"drug_review/druglib_{part}.tsv.gz", sep="\t") for part in PARTS
    ]
    for table in druglib:
        columns = ["benefitsReview", "sideEffectsReview", "commentsReview"]
        table["review"] = table[columns].fillna("").agg(" ".join, axis=1)
    parts = []
    for tables in zip((head, head_test), druglib, strict=True):
        table = pd.concat([table[["review", "rating"]] for table in tables]).dropna()
        parts.append((table["review"].tolist(), (table["rating"] >= 5).to_numpy().astype(int)))
    return parts


def run_ours(system, train, test, vectors, seed, epochs):
    _, (make, parameters), _ = SYSTEMS[system]
    if epochs is not None:
        parameters = parameters | {"max_epochs": epochs}
    start = time.perf_counter()
    pipe = make(seed, vectors, **parameters).fit(*train)
    accuracy = pipe.score(*test)
    return {
        "accuracy": accuracy,
        "seconds": time.perf_counter() - start,
        "parameters": pipe["clf"].n_parameters_,
        "epochs": pipe["clf"].max_epochs,
    }


def run_theirs(system, train, test, vectors, seed, epochs):
    labels = train[1]
    rows = np.arange(len(labels))
    rows, watched = train_test_split(rows, test_size=0.1, stratify=labels, random_state=seed)
    part, validation = (([train[0][i] for i in r], labels[r]) for r in (rows, watched))
    if vectors is not None:
        vectors = {word: row for row, word in enumerate(vectors.words)}, vectors.matrix
    outcome = RECIPES[system](Data(part, validation, test, vectors), epochs=epochs, seed=seed)
    return {
        "accuracy": outcome.accuracy,
        "seconds": outcome.total_seconds,
        "parameters": outcome.n_parameters,
        "epochs": outcome.epochs,
    }


def compare(system, train, test, vectors, *, seeds, our_epochs, their_epochs, ours_alone):
    """Make the row of a system."""
    published, _, differs = SYSTEMS[system]
    ours, theirs = [], []
    for seed in range(seeds):
        ours.append(run_ours(system, train, test, vectors, seed, our_epochs))
        if not ours_alone:
            theirs.append(run_theirs(system, train, test, vectors, seed, their_epochs))
    row = {"system": system, "published": published, "training texts": len(train[0])}
    row |= {"seeds": seeds, "ours": middle(ours, "accuracy")}
    row |= {f"our {name}": middle(ours, name) for name in ("seconds", "epochs", "parameters")}
    if theirs:
        row["theirs"] = middle(theirs, "accuracy")
        row |= {
            f"their {name}": middle(theirs, name) for name in ("seconds", "epochs", "parameters")
        }
        row["times as fast"] = row["their seconds"] / row["our seconds"]
        row["differs"] = differs
    return row | {"commit": describe_commit(), "processor": describe_processor()}


def middle(runs, name):
    return median(run[name] for run in runs)


def earlier_tables():
    """Return the rows of each table of the record, by system."""
    path = HERE / "results" / "reference_systems.json"
    tables = json.loads(path.read_text())["tables"] if path.exists() else {}
    return {
        title: {row["system"]: row for row in tables.get(title, [])}
        for title in ("systems", "ours alone")
    }


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--system", action="append", help="R1 to R5, or one such as 'R4 gru max'")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", type=int, help="training texts (default: all)")
    parser.add_argument("--epochs", type=int, help="epochs of the rival (default: its author's)")
    parser.add_argument("--our-epochs", type=int, help="epochs of ours (default: its settings')")
    parser.add_argument("--ours-alone", action="store_true", help="leave the rival out")
    add_data_option(parser)
    args = parser.parse_args(argv)
    wanted = args.system or list(SYSTEMS)
    chosen = [name for name in SYSTEMS if name in wanted or name[:2] in wanted]
    if not chosen:
        parser.error(f"--system is one of {', '.join(SYSTEMS)}")

    title = "ours alone" if args.ours_alone else "systems"
    for system in chosen:
        row = compare(
            system,
            *load(args.data, system, args.texts),
            seeds=args.seeds,
            our_epochs=args.our_epochs,
            their_epochs=args.epochs,
            ours_alone=args.ours_alone,
        )
        print({name: value for name, value in row.items() if name != "differs"}, flush=True)
        tables = earlier_tables()
        tables[title][system] = row
        tables = {
            of: pd.DataFrame([rows[name] for name in SYSTEMS if name in rows])
            for of, rows in tables.items()
        }
        write_record("reference_systems", tables)
    table = tables[title].drop(columns=["differs", "processor"], errors="ignore")
    print(table.to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    sys.exit(main())
