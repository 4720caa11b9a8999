"""Program that is one rank of a process group, and its start: calls named cases, pickles results.

It takes the number of the rank, the number of ranks, a folder and the names of the cases.
"""

import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from unittest import mock

import joblib
import numpy as np
import torch
import torch.distributed as dist
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Checkpoint

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from tests.cells import EquationGRU

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("RANK_SECONDS", "60"))  # that a rank waits for another

rng = np.random.default_rng(0)
N_TEXTS = 560
LENGTHS = rng.integers(3, 13, N_TEXTS)
X = rng.integers(2, 90, (N_TEXTS, 12)).astype(np.int32) * (np.arange(12) < LENGTHS[:, None])
# The label depends on words, on their order, and on chance.
Y = np.where((X[:, 0] < X[:, 1]) ^ (X[:, 2] < 20) ^ (rng.random(N_TEXTS) < 0.1), "neg", "pos")
Y_3 = np.where(X[:, 1] < 30, "neutral", Y)
WEIGHTS = rng.random(N_TEXTS) + 0.5
TEXTS = [" ".join(f"word{i}" for i in row if i) for row in X]

PLAIN = {
    "embedding_dim": 8,
    "hidden_size": 64,  # with fewer units, micro-batches have more texts
    "batch_size": 128,  # four micro-batches
    "max_epochs": 2,
    "precision": "float32",
    "random_state": 0,
    "device": "cpu",
}
# Parameters, and arguments of fit beside X.
FITS = {
    "lstm": ({}, {"y": Y}),
    "no linear term": ({"linear_ngrams": 0, "cell_type": "gru"}, {"y": Y}),
    "rnn": ({"cell_type": "rnn", "merge": "sum", "hidden_size": (64, 16)}, {"y": Y_3}),
    "custom cell": ({"cell_type": EquationGRU, "hidden_size": 64, "max_epochs": 1}, {"y": Y}),
    "one direction": (
        {"bidirectional": False, "pooling": "last", "head_sizes": (5,)},
        {"y": Y_3, "sample_weight": WEIGHTS},
    ),
    "batch norm": ({"batch_norm": True}, {"y": Y}),
    "no dropout": ({"word_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0}, {"y": Y}),
    "early stopping": (
        {
            "early_stopping": True,
            "class_weight": "balanced",
            "label_smoothing": 0.1,
            "evaluations_per_epoch": 2,
        },
        {"y": Y_3},
    ),
    "validation data": (
        {"lr_schedule": "plateau", "scoring": "loss"},
        {"y": Y, "X_val": X[:150], "y_val": Y[:150], "sample_weight_val": WEIGHTS[:150]},
    ),
    "frozen embedding": ({"freeze_embeddings": True, "record_gradients": True}, {"y": Y}),
    "bfloat16": ({"precision": "bfloat16"}, {"y": Y}),
    "pairs of texts": ({"batch_size": 2, "max_epochs": 1}, {"y": Y[:40]}),
}


def fit(name):
    parameters, arguments = FITS[name]
    return RNNTextClassifier(**PLAIN | parameters).fit(X[: len(arguments["y"])], **arguments)


def describe(classifier):
    """Return all that a fit determines, but for times."""
    return {
        "weights": classifier.net_.get_weights(),
        "history": classifier.history_.drop(columns="seconds").to_numpy(),
        "best_epoch": getattr(classifier, "best_epoch_", None),
        "gradients": getattr(classifier, "gradient_flow_", classifier.history_.iloc[:0]).to_numpy(),
        "classes": classifier.classes_.tolist(),
        "probabilities": classifier.predict_proba(X[:50]),
    }


def partial_fits(rows=slice(None)):
    """Fit to two halves, one after the other; of each half, the given rows."""
    classifier = RNNTextClassifier(**PLAIN)
    for half in (slice(0, 280), slice(280, 560)):
        classifier.partial_fit(X[half][rows], Y[half][rows], classes=["neg", "pos"])
    return classifier


def shard(rank):
    """Return the rows of a shard; the shards have different sizes."""
    ends = [0, 250, N_TEXTS]
    return slice(*ends[rank : rank + 2])


class Fails(Callback):
    """Calls a function at a batch of the second rank, by default the third."""

    def __init__(self, function, batch=3):
        self.function = function
        self.batch = batch
        self.n_batches = 0

    def on_batch_end(self, net, **kwargs):
        self.n_batches += 1
        if self.n_batches == self.batch and dist.get_rank() == 1:
            self.function()


def raise_error():
    raise RuntimeError("the disk is full")


def die():
    os._exit(9)


def hang():
    time.sleep(SECONDS + 20)


def interrupt():
    signal.raise_signal(signal.SIGINT)


def error_of(call):
    """Return the type and the message of the error that a call raises."""
    try:
        call()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def fit_plain(**changes):
    return RNNTextClassifier(**PLAIN | {"max_epochs": 1} | changes).fit(X, Y)


def fit_data(X, y, **arguments):
    return RNNTextClassifier(**PLAIN | {"max_epochs": 1}).fit(X, y, **arguments)


def tokenized_apart(rank):
    rows = shard(rank)
    ids = TextTokenizer(max_length=12).fit_transform(TEXTS[rows])
    return error_of(lambda: fit_data(ids, Y[rows]))


def tokenized_together(rank):
    rows = shard(rank)
    ids = TextTokenizer(max_length=12).fit(TEXTS).transform(TEXTS[rows])
    return fit_data(ids, Y[rows]).net_.get_weights()


def checkpoints(rank, folder):
    """Fit with a callback that writes files into a folder of the rank; return their names."""
    path = folder / f"files of {rank}"
    RNNTextClassifier(**PLAIN, callbacks=[Checkpoint(dirname=path, monitor=None)], verbose=1).fit(
        X, Y
    )
    return sorted(file.name for file in path.glob("*"))


def search(**options):
    """Return the scores of a search, and the weights that it refitted."""
    grid = GridSearchCV(
        RNNTextClassifier(**PLAIN | {"max_epochs": 1}),
        {"learning_rate": [0.001, 0.01]},
        cv=2,
        **options,
    ).fit(X, Y)
    return grid.cv_results_["mean_test_score"], grid.best_estimator_.net_.get_weights()


def fit_in_threads():
    """Fit in two threads; return the errors without repetition."""
    with ThreadPoolExecutor(2) as pool:
        return sorted(set(pool.map(lambda _: error_of(fit_plain), range(2))))


def fit_in_fork():
    """Fit in a forked child, which is in no process group; return its weights."""
    read, write = os.pipe()
    if os.fork() == 0:
        with open(write, "wb") as pipe:
            pickle.dump(fit_plain().net_.get_weights(), pipe)
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        weights = pickle.load(pipe)
    os.wait()
    return weights


def load_and_continue(rank, folder):
    """Load what the first rank saved, predict on one rank alone, and continue on all."""
    classifier = fit_plain()
    path = folder / "model.joblib"
    if rank == 0:
        joblib.dump(classifier, path)
    dist.barrier()
    loaded = joblib.load(path)
    if rank == 1:
        loaded.predict(X)
    return loaded.partial_fit(X, Y).net_.get_weights()


def fit_characters():
    ids = TextTokenizer(add_characters=True).fit_transform(TEXTS)
    return RNNTextClassifier(**PLAIN | {"max_epochs": 1}).fit(ids, Y).net_.get_weights()


def fit_beside_gpus():
    """Fit as in a process group of NCCL, whose tensors on the CPU need a group of their own."""
    with mock.patch.object(dist, "get_backend_config", return_value="cuda:nccl"):
        return describe(fit("lstm"))


def resume(folder):
    """Fit with a checkpoint: the first call fails in the second epoch, the second goes on."""
    parameters = PLAIN | {"checkpoint_path": folder / "state"}
    failing = RNNTextClassifier(**parameters, callbacks=[Fails(raise_error, batch=7)])
    assert "the disk is full" in error_of(lambda: failing.fit(X, Y))
    return describe(RNNTextClassifier(**parameters).fit(X, Y))


def continue_other(rank):
    classifier = fit_plain(warm_start=True)
    with torch.no_grad():
        classifier.net_.module_.output.bias += rank
    classifier.fit(X, Y)


def warnings_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


def thread_names():
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


# What a rank calls. Each takes the number of the rank and the folder.
CASES = {
    **{name: lambda rank, folder, name=name: describe(fit(name)) for name in FITS},
    "partial_fit": lambda rank, folder: describe(partial_fits()),
    "shards of partial_fit": lambda rank, folder: describe(
        partial_fits(slice(None, 150) if rank == 0 else slice(150, None))
    ),
    "shards": lambda rank, folder: describe(
        RNNTextClassifier(**PLAIN).fit(X[shard(rank)], Y[shard(rank)], WEIGHTS[shard(rank)])
    ),
    "shards with validation data": lambda rank, folder: describe(
        RNNTextClassifier(**PLAIN).fit(
            X[shard(rank)], Y[shard(rank)], X_val=X[rank:100:2], y_val=Y[rank:100:2]
        )
    ),
    "tokenized apart": lambda rank, folder: tokenized_apart(rank),
    "tokenized together": lambda rank, folder: tokenized_together(rank),
    "bad input": lambda rank, folder: error_of(lambda: fit_data(X - 5 * (rank == 1), Y)),
    "other parameter": lambda rank, folder: error_of(lambda: fit_plain(dropout=0.1 + 0.1 * rank)),
    "other order": lambda rank, folder: error_of(
        lambda: fit_data(X[:: 1 - 2 * rank], Y[:: 1 - 2 * rank])
    ),
    "other labels": lambda rank, folder: error_of(lambda: fit_data(X, Y if rank == 0 else Y[::-1])),
    "other columns": lambda rank, folder: error_of(lambda: fit_data(X[:, : 12 - rank], Y)),
    "other kind of labels": lambda rank, folder: error_of(
        lambda: fit_data(X, Y if rank == 0 else (Y == "pos").astype(int))
    ),
    "other method": lambda rank, folder: error_of(
        lambda: fit_plain() if rank == 0 else partial_fits()
    ),
    "other arguments": lambda rank, folder: error_of(
        lambda: fit_data(X, Y) if rank == 0 else fit_data(X, Y, X_val=X, y_val=Y)
    ),
    "other weights": lambda rank, folder: error_of(lambda: continue_other(rank)),
    **{
        f"rank that calls {function.__name__}": lambda rank, folder, function=function: error_of(
            lambda: fit_plain(callbacks=[Fails(function)])
        )
        for function in (raise_error, die, hang, interrupt)
    },
    "search": lambda rank, folder: search(),
    "search in worker processes": lambda rank, folder: search(n_jobs=2),
    "threads": lambda rank, folder: fit_in_threads(),
    "fork": lambda rank, folder: fit_in_fork(),
    "load and continue": load_and_continue,
    "group for the CPU": lambda rank, folder: fit_beside_gpus(),
    "characters": lambda rank, folder: fit_characters(),
    "resume": lambda rank, folder: resume(folder),
    "no random state": lambda rank, folder: fit_plain(random_state=None).net_.get_weights(),
    "checkpoints": checkpoints,
    "loads checkpoint": lambda rank, folder: error_of(
        lambda: fit_plain(callbacks=[Checkpoint(monitor="train_loss_best", load_best=True)])
    ),
    "idle ranks": lambda rank, folder: warnings_of(lambda: fit_plain(batch_size=20)),
}


def start(n_ranks, cases, folder, *, n_threads=1):
    """Start the ranks, and return what each returned for each case, and their outputs.

    The result of a rank that died is None.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(n_threads)}
    command = [sys.executable, "-W", "error", "-m", "tests.contracts.ranks"]
    ranks = [
        subprocess.Popen(
            [*command, str(rank), str(n_ranks), str(folder), *cases],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(n_ranks)
    ]
    outputs = [rank.communicate(timeout=600) for rank in ranks]
    files = [folder / f"{rank}.pickle" for rank in range(n_ranks)]
    results = [pickle.loads(file.read_bytes()) if file.exists() else None for file in files]
    return results, outputs


def main(rank, n_ranks, folder, *cases):
    rank, folder = int(rank), Path(folder)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=int(n_ranks),
        timeout=timedelta(seconds=SECONDS),
    )
    # Some batches are too small to be divided.
    warnings.filterwarnings("ignore", "With batch_size=")
    results = {case: CASES[case](rank, folder) for case in cases}
    dist.destroy_process_group()
    results["threads after the end"] = thread_names()
    (folder / f"{rank}.pickle").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
