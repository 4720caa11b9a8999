import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._export.onnx_builder import GraphBuilder
from sklearn_rnn._export.onnx_ngram_table import MULTIPLIERS, add_lookup, make_table, mix

RANGES = {np.int32: 2**31, np.int64: 2**63}


def look_up(known, keys):
    """Return the keys of the rows that a graph finds, and the rows."""
    table = make_table(known)
    graph = GraphBuilder()
    # The input of a graph is int32; the upper half of an int64 comes first.
    given = graph.cast("ids", keys.dtype.type)
    parts = keys.astype(np.int32)[:, None]
    if keys.dtype == np.int64:
        parts = np.stack([keys >> 32, keys & (2**32 - 1)], 1).astype(np.uint32).view(np.int32)
        upper = graph.add("Slice", given, [0], [1], [1])
        lower = graph.add(
            "BitwiseAnd", graph.add("Slice", given, [1], [2], [1]), np.int64(2**32 - 1)
        )
        given = graph.add("Add", graph.add("Mul", upper, np.int64(2**32)), lower)
    graph.rename(graph.cast(add_lookup(graph, given, table), np.float32), "rows")
    content = graph.build({"rows": ["n_keys", 1]}, {}).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    rows = session.run(["rows"], {"ids": parts})[0].ravel().astype(int)
    return known[table.order][rows], rows


@pytest.mark.parametrize("dtype", RANGES)
def test_a_key_has_a_row_if_it_is_known(dtype):
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(RANGES[dtype], size=20_000).astype(dtype))
    known = np.union1d(keys[::2], dtype(0)).astype(dtype)
    found, rows = look_up(known, keys)
    is_known = np.isin(keys, known)
    np.testing.assert_array_equal(found[is_known], keys[is_known])
    assert (rows[~is_known] == 0).all()


@pytest.mark.parametrize("dtype", RANGES)
@given(data=st.data())
def test_small_tables(dtype, data):
    largest = RANGES[dtype] - 1
    key = st.integers(0, largest) | st.integers(0, 20) | st.integers(largest - 5, largest)
    known = data.draw(st.sets(key, max_size=12)) | {0}
    keys = data.draw(st.lists(key, min_size=1, max_size=30)) + list(known)
    known, keys = np.array(sorted(known), dtype), np.array(keys, dtype)
    found, rows = look_up(known, keys)
    np.testing.assert_array_equal(found, np.where(np.isin(keys, known), keys, 0))
    np.testing.assert_array_equal(rows == 0, ~np.isin(keys, known[1:]))


@pytest.mark.parametrize("dtype", RANGES)
def test_the_key_0_has_the_first_row(dtype):
    table = make_table(np.array([7, 0, 3], dtype))
    assert table.order[0] == 1
    assert mix(np.zeros(1, dtype)) == 0


@pytest.mark.parametrize("dtype", RANGES)
def test_multipliers_are_odd_and_in_the_range_of_their_type(dtype):
    multiplier = MULTIPLIERS[np.dtype(dtype)]
    assert multiplier % 2 == 1
    assert abs(multiplier / RANGES[dtype] - (5**0.5 - 1) / 2) < 1e-9


@pytest.mark.parametrize(("dtype", "base"), [(np.int32, 20_000), (np.int64, 2**31)])
def test_pairs_of_words_are_spread_evenly(dtype, base):
    """Frequent words have small ids, so that the keys of many pairs are close together."""
    rng = np.random.default_rng(0)
    first, second = (rng.zipf(1.3, 300_000) % (base - 2) % 19_000 + 2 for _ in range(2))
    keys = np.unique(np.append(first * base + second, 0)).astype(dtype)
    assert make_table(keys).n_steps <= 4
