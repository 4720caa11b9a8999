import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from threadpoolctl import threadpool_info

from sklearn_rnn import WordVectors
from sklearn_rnn._text import cooccurrence
from sklearn_rnn._text.cooccurrence import count_cooccurrences, factorize, mutual_information

rng = np.random.default_rng(0)


def make_blocks(lengths, n_words=7):
    """Return a block of texts with random words, some of which are not counted."""
    lengths = np.array(lengths)
    return rng.integers(-1, n_words, lengths.sum()).astype(np.int32), lengths


def count_one_by_one(blocks, n_words, window):
    counts = np.zeros((n_words, n_words))
    for ids, lengths in blocks:
        for text in np.split(ids, np.cumsum(lengths)[:-1]):
            for i, j in combinations(range(len(text)), 2):
                if j - i <= window and min(text[i], text[j]) >= 0:
                    counts[text[i], text[j]] += 1
                    counts[text[j], text[i]] += 1
    return counts


@pytest.mark.parametrize("window", [1, 4, 10**12])
@pytest.mark.parametrize("n_pairs", [1, 50, 10**6])
def test_each_pair_within_the_window_counts_in_both_orders(window, n_pairs, monkeypatch):
    monkeypatch.setattr(cooccurrence, "_BLOCK", n_pairs)
    blocks = [make_blocks([9, 1, 3, 20]), make_blocks([1]), make_blocks([6, 2])]
    counts = count_cooccurrences(blocks, 7, window)
    assert_array_equal(counts.toarray(), count_one_by_one(blocks, 7, window))
    assert counts.has_sorted_indices


def test_mutual_information_is_that_of_the_formula():
    counts = rng.poisson(1.5, (6, 6)) * 1.0
    counts += counts.T
    counts[2] = counts[:, 2] = 0  # a word that occurs with no other
    joint = counts / counts.sum()
    of_word = joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.maximum(np.log(joint / np.outer(of_word, of_word)), 0)
    expected[2] = expected[:, 2] = 0
    information = mutual_information(sparse.csr_array(counts))
    assert_allclose(information.toarray(), expected, rtol=1e-6, atol=1e-7)
    assert information.dtype == np.float32
    assert (information.data > 0).all()


def test_factors_reproduce_a_matrix_of_low_rank():
    half = rng.random((40, 5))
    matrix = (half @ half.T).astype(np.float32)
    factors = factorize(sparse.csr_array(matrix), 5)
    assert_allclose(factors @ factors.T, matrix, rtol=1e-4)
    assert factors.dtype == np.float32
    rows = np.abs(factors).argmax(axis=0)
    assert (factors[rows, range(5)] > 0).all()


def blas_threads():
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_one_thread_of_blas_also_where_two_calls_overlap():
    before = blas_threads()
    barrier = threading.Barrier(2, timeout=60)

    def limit():
        barrier.wait()
        with cooccurrence._one_blas_thread():
            return blas_threads()

    with ThreadPoolExecutor(2) as executor:
        within = [executor.submit(limit) for _ in range(2)]
        assert [one.result() for one in within] == [[1] * len(before)] * 2
    assert blas_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_waits_for_the_thread_that_has_limited_blas():
    before = blas_threads()
    is_limited, end = threading.Event(), threading.Event()

    def limit():
        with cooccurrence._one_blas_thread():
            is_limited.set()
            end.wait(60)

    thread = threading.Thread(target=limit)
    thread.start()
    is_limited.wait(60)
    threading.Timer(0.2, end.set).start()
    pid = os.fork()
    if pid == 0:
        is_free = cooccurrence._blas_lock.acquire(blocking=False)
        os._exit(0 if is_free and blas_threads() == before else 1)
    thread.join()
    assert os.waitpid(pid, 0)[1] == 0


PROGRAM = """
import numpy as np
from sklearn_rnn import WordVectors
rng = np.random.default_rng(0)
texts = [" ".join(f"w{i}" for i in rng.zipf(1.5, 30) % 3000) for _ in range(2000)]
print(WordVectors.from_texts(texts, min_count=1).matrix.tobytes().hex())
"""


@pytest.mark.slow
def test_the_vectors_do_not_depend_on_the_number_of_threads():
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n},
            capture_output=True,
            check=True,
        ).stdout
        for n in "13"
    }
    assert len(printed) == 1


def test_words_that_occur_with_the_same_words_get_similar_vectors():
    objects = [f"o{i}" for i in range(30)]
    texts = []
    for _ in range(600):
        kind = rng.choice(["film", "meal"])
        word = {"film": ["seen", "watched"], "meal": ["eaten", "cooked"]}[kind][rng.integers(2)]
        texts.append(
            " ".join([word, kind, *rng.choice(objects[:15] if kind == "film" else objects[15:], 3)])
        )
    vectors = WordVectors.from_texts(texts, embedding_dim=8)
    unit = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    similarity = dict(zip(vectors.words, unit @ unit[vectors.words.index("seen")], strict=True))
    assert similarity["watched"] > 0.9 > 0.5 > max(similarity["eaten"], similarity["cooked"])
