"""Fits of several ranks of a process group: the bits of one process, errors instead of hangs."""

import pickle
import sys

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from tests.contracts.ranks import (
    FITS,
    PLAIN,
    WEIGHTS,
    X,
    Y,
    describe,
    fit,
    fit_characters,
    fit_plain,
    partial_fits,
    search,
    start,
)

NEGATIVE = (
    "ValueError: Negative values in data passed to RNNTextClassifier: X has the id -5. Ids are 0 "
    "for padding, 1 for the unknown word, and from 2 on the words of a vocabulary, as "
    "TextTokenizer gives them."
)
INTERRUPTED = (
    "Training was interrupted. The ranks of a process group stop at different steps, so that "
    "nothing of it is kept."
)
FULL = "RuntimeError: the disk is full"
FAILED = (
    "RuntimeError: The fit failed on rank 1 of the process group, and ends on all ranks. There it "
    "raised "
)
SAME_TEXTS = (
    "ValueError: Ranks 0 and 1 of the process group hold the same texts, {}. Give each rank all "
    "texts, with the same labels and weights and in the same order (with the same seed, if they "
    "are shuffled); or give each rank different texts, its shard."
)
DIFFERENT = (
    "RuntimeError: The ranks of the process group do different things, so that they cannot divide "
    "a fit. rank 0: {}; rank 1: {}. All ranks must call the same methods, with the same parameters "
    "and callbacks and with the same arguments, in the same order."
)
DIED = (
    "RuntimeError: Rank {rank} of the process group lost the connection to another rank: its "
    "process has ended, or has not answered for the timeout of init_process_group. The fit ends on "
    "all ranks. All of them must call it; the first error is that of the other rank."
)
THREADS = (
    "RuntimeError: Two threads of a rank fit at once, and the ranks of the process group can "
    "divide one fit at a time. Fit one after the other (n_jobs=1), or in other processes (n_jobs=2 "
    "with joblib's default backend), which have no process group and fit alone."
)
# The errors of both ranks; one error if it is the same.
ERRORS = {
    "bad input": [FAILED + NEGATIVE, NEGATIVE],
    "rank that calls raise_error": [FAILED + FULL, FULL],
    "rank that calls interrupt": [
        f"{FAILED}KeyboardInterrupt: {INTERRUPTED}",
        f"KeyboardInterrupt: {INTERRUPTED}",
    ],
    "other parameter": [
        "ValueError: dropout is 0.1 on rank 0 of the process group and 0.2 on rank 1. Give all "
        "ranks the same parameters."
    ],
    "other order": [SAME_TEXTS.format("in another order")],
    "other labels": [SAME_TEXTS.format("with other labels or weights")],
    "other columns": [
        "ValueError: X has 12 columns on rank 0 of the process group and 11 on rank 1. Pass the "
        "texts of all ranks through the same fitted TextTokenizer."
    ],
    "other kind of labels": [
        "ValueError: y has labels of kind 'U' on rank 0 of the process group and of kind 'i' on "
        "rank 1. Pass labels of one kind."
    ],
    "other method": [
        DIFFERENT.format("RNNTextClassifier.fit", "RNNTextClassifier.partial_fit"),
    ],
    "other arguments": [DIFFERENT.format("linear fits", "texts")],
    "other weights": [
        "ValueError: The network has other weights on rank 1 of the process group than on rank 0. "
        "To continue a training, load the same model on all ranks, or fit it on all of them; to "
        "train a new network, set warm_start=False and call fit."
    ],
    "tokenized apart": [
        "ValueError: Ids stand for other tokens on rank 1 of the process group than on rank 0, as "
        "if each rank had fitted a TextTokenizer to its own texts. Fit the tokenizer to all texts, "
        "and transform the texts of each rank with it."
    ],
    "loads checkpoint": [
        "InvalidParameterError: Checkpoint with load_best=True loads files that one rank of the "
        "process group writes. Give load_best=False, and validation data (X_val and y_val, or "
        "early_stopping=True), with which all ranks keep the best weights."
    ],
}


def fit_with(*arguments, **keywords):
    return describe(RNNTextClassifier(**PLAIN).fit(*arguments, **keywords))


EXPECTED = {
    **{name: lambda name=name: describe(fit(name)) for name in FITS},
    "group for the CPU": lambda: describe(fit("lstm")),
    "characters": fit_characters,
    "resume": lambda: describe(fit("lstm")),
    "search": search,
    "search in worker processes": search,
    "fork": lambda: fit_plain().net_.get_weights(),
    "load and continue": lambda: (
        pickle.loads(pickle.dumps(fit_plain())).partial_fit(X, Y).net_.get_weights()
    ),
    "partial_fit": lambda: describe(partial_fits()),
    "shards of partial_fit": lambda: describe(partial_fits()),
    "shards": lambda: fit_with(X, Y, WEIGHTS),
    "shards with validation data": lambda: fit_with(
        X,
        Y,
        X_val=np.concatenate([X[0:100:2], X[1:100:2]]),
        y_val=np.concatenate([Y[0:100:2], Y[1:100:2]]),
    ),
}
REGULAR = ["lstm", "early stopping", "shards", "partial_fit"]


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory):
    """The results of two ranks for the cases of the regular tests, and their outputs."""
    cases = [*REGULAR, *ERRORS, "checkpoints", "no random state", "idle ranks"]
    return start(2, cases, tmp_path_factory.mktemp("ranks"))


def check_fits(results, cases):
    for case in cases:
        expected = EXPECTED[case]()
        for rank, result in enumerate(results):
            np.testing.assert_equal(result[case], expected, f"{case} on rank {rank}")


def test_two_ranks_give_the_bits_of_one_process(two_ranks):
    results, outputs = two_ranks
    assert all(results), outputs
    check_fits(results, REGULAR)
    np.testing.assert_equal(*(result["no random state"] for result in results))


@pytest.mark.skipif(sys.platform != "linux", reason="the names of threads are read from /proc")
def test_the_threads_of_a_process_group_end_with_it(two_ranks):
    for result in two_ranks[0]:
        assert [name for name in result["threads after the end"] if "gloo" in name] == []


def test_what_is_wrong_on_a_rank_ends_the_fit_on_all(two_ranks):
    for case, errors in ERRORS.items():
        assert [result[case] for result in two_ranks[0]] == (errors * 2)[:2], case


def test_the_first_rank_warns_of_ranks_that_have_nothing_to_do(two_ranks):
    assert [result["idle ranks"] for result in two_ranks[0]] == [
        [
            "With batch_size=20 the number of micro-batches is 1, and that of the ranks of the "
            "process group is 2: not all of them have something to do while the network is "
            "trained. Set batch_size=64, or start fewer processes."
        ],
        [],
    ]


def test_one_rank_prints_and_writes(two_ranks):
    (first, second), ((out, _), (other_out, _)) = two_ranks
    assert out.count("train_loss") == 1  # the head of skorch's table
    assert other_out == ""
    assert "params.pt" in first["checkpoints"]
    assert second["checkpoints"] == []


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2])
def test_two_ranks_with_threads_give_the_bits_of_one_process(tmp_path, n_threads):
    cases = [case for case in EXPECTED if case not in REGULAR]
    results, outputs = start(2, cases, tmp_path, n_threads=n_threads)
    assert all(results), outputs
    check_fits(results, cases)


@pytest.mark.slow
def test_four_ranks_give_the_bits_of_one_process(tmp_path):
    cases = [*FITS, "characters"]
    results, outputs = start(4, cases, tmp_path)
    assert all(results), outputs
    check_fits(results, cases)


@pytest.mark.slow
def test_a_process_group_of_one_is_no_process_group(tmp_path):
    (result,), outputs = start(1, ["lstm", "threads"], tmp_path)
    np.testing.assert_equal(result["lstm"], EXPECTED["lstm"](), str(outputs))
    assert result["threads"] == ["no error"]


@pytest.mark.slow
def test_two_threads_of_a_rank_cannot_fit_at_once(tmp_path):
    results, outputs = start(2, ["threads"], tmp_path)
    for result in results:
        assert THREADS in result["threads"], outputs


@pytest.mark.slow
@pytest.mark.parametrize("end", ["die", "hang"])
def test_a_rank_that_does_not_answer_ends_the_fit_on_the_others(tmp_path, monkeypatch, end):
    monkeypatch.setenv("RANK_SECONDS", "10")
    case = f"rank that calls {end}"
    (result, other), outputs = start(2, [case], tmp_path)
    assert result[case] == DIED.format(rank=0), outputs
    if end == "hang":  # until the first rank has ended
        assert other[case] == DIED.format(rank=1), outputs
    else:
        assert other is None
