"""Overhead of the estimator over a bare training loop: the same module, batches and steps.

A whole `fit` of one epoch (checks, ids known at fit, construction of the module, callbacks,
history) is compared with the loop alone, for which all of this is prepared before the time is
measured. The loop computes its gradients by the package's own micro-batches and thread pool, so
that the two differ only in the code around the gradients. The model is the LSTM of the training
section, on IMDB.

Target: at most 3 % more time than the loop.
"""

import time
from argparse import Namespace

import numpy as np
import torch

from benchmarks.common.corpora import load_ids
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, timed
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._nn.architecture import plan_architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.batches import IdsDataset, TrainingBatches
from sklearn_rnn._training.data import check_training_data
from sklearn_rnn._training.hardware import resolve_precision
from sklearn_rnn._training.microbatches import MicroBatches
from sklearn_rnn._training.thread_pool import thread_pool

N_TEXTS = 6_400


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train")
    n_texts = N_TEXTS if options.texts is None else options.texts
    ids, labels = ids[:n_texts], labels[:n_texts]
    classifier = RNNTextClassifier(
        hidden_size=128,
        embedding_dim=128,
        linear_ngrams=0,
        batch_size=64,
        max_epochs=1,
        device="cpu",
        random_state=0,
    )
    classifier.fit(ids[:640], labels[:640])
    measures = {
        "bare loop": lambda: bare_epoch(classifier, ids, labels),
        "RNNTextClassifier.fit": timed(lambda: classifier.fit(ids, labels)),
    }
    table = tabulate(measure_in_turn(measures, options.runs), "bare loop")
    seconds = table["seconds"]
    percent = 100 * (seconds["RNNTextClassifier.fit"] / seconds["bare loop"] - 1)
    return {
        f"an epoch of {n_texts:,} texts": table,
        "targets": check_targets({"overhead in %": (percent, "at most", 3)}),
    }


def bare_epoch(classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray) -> float:
    """Return the seconds of the loop over one epoch."""
    cpu = torch.device("cpu")
    plan = plan_architecture(
        classifier.get_params(deep=False),
        n_tokens=int(ids.max()) + 1,
        n_classes=2,
        max_length=ids.shape[1],
        n_training_texts=len(ids),
        reads_characters=False,
    )
    module = RecurrentModule(plan).train()
    module.init_weights()
    data, _ = check_training_data(ids, labels, None, estimator=classifier)
    dataset = IdsDataset(data, device=cpu)
    batches = TrainingBatches(dataset, classifier.batch_size, np.random.default_rng(0))
    optimizer = torch.optim.AdamW(
        module.parameters(), classifier.learning_rate, weight_decay=0.0, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, classifier.learning_rate, total_steps=len(batches) + 1
    )
    criterion = torch.nn.CrossEntropyLoss(
        reduction="none", label_smoothing=classifier.label_smoothing
    )
    dtype = resolve_precision(
        classifier.precision,
        cpu,
        cell_type=classifier.cell_type,
        hidden_sizes=plan.hidden_sizes,
    )
    with thread_pool() as pool:
        engine = MicroBatches(module, criterion, pool, seed=0, dtype=dtype)
        start = time.perf_counter()
        for inputs, batch_labels in batches:
            optimizer.zero_grad()
            engine.compute_gradients(inputs, batch_labels)
            torch.nn.utils.clip_grad_norm_(module.parameters(), classifier.gradient_clip)
            optimizer.step()
            schedule.step()
        return time.perf_counter() - start
