"""Computations side by side: their order, their errors, and what they leave behind."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from sklearn_rnn._training.thread_pool import SideBySide, denormals_are_zero, one_core_each


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n_items", [0, 1, 2, 7])
def test_results_come_in_the_order_of_the_items(n_threads, n_items):
    with SideBySide(n_threads) as side_by_side:
        assert side_by_side.map(lambda i: i * i, range(n_items)) == [i * i for i in range(n_items)]


def test_two_items_are_computed_at_the_same_time():
    both_are_here = threading.Barrier(2, timeout=10)
    with SideBySide(2) as side_by_side:
        side_by_side.map(lambda _: both_are_here.wait(), range(2))


def test_one_thread_is_the_callers():
    with SideBySide(1) as side_by_side:
        threads = side_by_side.map(lambda _: threading.get_ident(), range(3))
    assert set(threads) == {threading.get_ident()}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_ends_the_work(n_threads):
    done = []

    def compute(item):
        if item == 2:
            raise RuntimeError("item 2")
        done.append(item)

    with SideBySide(n_threads) as side_by_side:
        with pytest.raises(RuntimeError, match="item 2"):
            side_by_side.map(compute, range(1000))
        assert side_by_side.map(str, range(2)) == ["0", "1"]
    assert len(done) < 1000


@pytest.mark.parametrize("n_threads", [1, 2])
def test_every_thread_computes_alone_and_the_caller_gets_its_own_way_back(n_threads):
    def settings(_=None):
        if n_threads > 1:
            all_are_here.wait()
        return torch.get_num_threads(), denormals_are_zero()

    all_are_here = threading.Barrier(n_threads, timeout=10)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with one_core_each() as side_by_side:
            assert side_by_side.map(settings, range(n_threads)) == [(1, True)] * n_threads
        assert (torch.get_num_threads(), denormals_are_zero()) == (n_threads, False)
    finally:
        torch.set_num_threads(before)


def test_off_the_main_thread_there_is_one():
    def count_threads():
        with one_core_each() as side_by_side:
            return side_by_side.n_threads

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert count_threads() == 2
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(count_threads).result() == 1
    finally:
        torch.set_num_threads(before)


def test_a_caller_who_takes_tiny_numbers_for_zero_goes_on_doing_so():
    torch.set_flush_denormal(True)
    try:
        with one_core_each():
            pass
        assert denormals_are_zero()
    finally:
        torch.set_flush_denormal(False)
