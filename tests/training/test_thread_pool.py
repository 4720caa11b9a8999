"""Thread pool: order of results, errors, restored settings."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from sklearn_rnn._training import thread_pool as thread_pool_module
from sklearn_rnn._training.thread_pool import (
    ThreadPool,
    flushes_denormals,
    methods_on_one_core,
    one_core,
    thread_pool,
)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n_items", [0, 1, 2, 7])
def test_results_come_in_the_order_of_the_items(n_threads, n_items):
    with ThreadPool(n_threads) as pool:
        assert pool.map(lambda i: i * i, range(n_items)) == [i * i for i in range(n_items)]


def test_two_items_are_computed_at_the_same_time():
    both_are_here = threading.Barrier(2, timeout=10)
    with ThreadPool(2) as pool:
        pool.map(lambda _: both_are_here.wait(), range(2))


def test_a_single_thread_is_the_thread_of_the_caller():
    with ThreadPool(1) as pool:
        threads = pool.map(lambda _: threading.get_ident(), range(3))
    assert set(threads) == {threading.get_ident()}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_error_stops_all_threads(n_threads):
    done = []

    def compute(item):
        if item == 2:
            raise RuntimeError("item 2")
        done.append(item)

    with ThreadPool(n_threads) as pool:
        with pytest.raises(RuntimeError, match="item 2"):
            pool.map(compute, range(1000))
        assert pool.map(str, range(2)) == ["0", "1"]
    assert len(done) < 1000


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_use_one_core_and_settings_of_the_caller_are_restored(n_threads):
    def settings(_=None):
        if n_threads > 1:
            all_are_here.wait()
        return torch.get_num_threads(), flushes_denormals()

    all_are_here = threading.Barrier(n_threads, timeout=10)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with thread_pool() as pool:
            assert pool.map(settings, range(n_threads)) == [(1, True)] * n_threads
        assert (torch.get_num_threads(), flushes_denormals()) == (n_threads, False)
    finally:
        torch.set_num_threads(before)


def test_pool_has_one_thread_outside_the_main_thread():
    def count_threads():
        with thread_pool() as pool:
            return pool.n_threads

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert count_threads() == 2
        with ThreadPoolExecutor(1) as executor:
            assert executor.submit(count_threads).result() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("trims_memory", [False, True])
def test_memory_is_trimmed_on_demand(monkeypatch, trims_memory):
    calls = []
    monkeypatch.setattr(thread_pool_module, "trim_heaps", lambda: calls.append(0))
    with thread_pool(trims_memory=trims_memory):
        assert calls == []
    assert calls == [0] * trims_memory


def test_one_core_is_restored_after_nested_contexts_and_errors():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with one_core() as n_threads:
            with pytest.raises(RuntimeError, match="no"), one_core():
                raise RuntimeError("no")
            assert (n_threads, torch.get_num_threads()) == (3, 1)
        with pytest.raises(RuntimeError, match="no"), one_core():
            raise RuntimeError("no")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_public_methods_run_on_one_core():
    class Base:
        def inherited(self):
            return torch.get_num_threads()

        def numbers(self):
            yield torch.get_num_threads()

    @methods_on_one_core
    class Derived(Base):
        def __getstate__(self):
            return {"n_threads": torch.get_num_threads()}

        def own(self, add=0):
            return self._private() + add

        def _private(self):
            return torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        derived = Derived()
        assert (derived.inherited(), derived.own(add=1), derived._private()) == (1, 2, 3)
        assert derived.__getstate__() == {"n_threads": 1}
        assert list(derived.numbers()) == [3]
        assert Base().inherited() == 3
    finally:
        torch.set_num_threads(before)


def test_flush_denormal_setting_of_the_caller_is_restored():
    torch.set_flush_denormal(True)
    try:
        with thread_pool():
            pass
        assert flushes_denormals()
    finally:
        torch.set_flush_denormal(False)
