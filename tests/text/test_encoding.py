import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn import TextTokenizer
from sklearn_rnn._text import encoding
from sklearn_rnn._text.analyzers import TOKEN_PATTERN
from sklearn_rnn._tokenizer import count_tokens
from tests.text.tokens import TEXTS, refuses

RICH = "aZ19_'.,/!? \n\x00-\xe9\xc9\xb2\xad\x85<br/>BR\u2014\u2019\u2764\u212a\u0130\ud800"


def test_more_texts_than_a_block():
    texts = [f"text number {i} " + "long " * (i % 7) for i in range(3000)]
    tokenizer = TextTokenizer(max_length=4, truncation="middle", add_markers=True)
    ids = tokenizer.fit_transform(texts)
    np.testing.assert_array_equal(ids, tokenizer.transform(texts))
    np.testing.assert_array_equal(ids[1500:1510], tokenizer.transform(texts[1500:1510]))


def hyphenated(text):
    return text.split("-")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"lowercase": False, "strip_accents": str.swapcase},
        {"token_pattern": r"\w*"},
        {"analyzer": "char", "max_length": 0.5},
        {"analyzer": hyphenated, "add_markers": True},
        {"analyzer": lambda text: text.split("-")},
    ],
    ids=["default", "strip_accents", "empty tokens", "char", "function", "lambda"],
)
def test_n_jobs_changes_nothing(parameters):
    texts = ["", *[f"Text-{i % 7} of-{i} \u597d!" for i in range(300)], "caf\xe9 " * 2000, ""]
    one = TextTokenizer(min_count=1, n_jobs=1, **parameters)
    two = TextTokenizer(min_count=1, n_jobs=2, **parameters)
    np.testing.assert_array_equal(one.fit_transform(texts), two.fit_transform(texts))
    assert list(one.vocabulary_.items()) == list(two.vocabulary_.items())
    np.testing.assert_array_equal(one.transform(texts), two.transform(texts))
    np.testing.assert_array_equal(one.transform(texts[5:6]), two.transform(texts[5:6]))


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_n_jobs_of_a_context(backend):
    tokenizer = TextTokenizer(min_count=1)
    expected = tokenizer.fit_transform(TEXTS)
    with joblib.parallel_config(backend, n_jobs=2):
        np.testing.assert_array_equal(tokenizer.fit_transform(TEXTS), expected)


def test_errors_cross_processes():
    with refuses(
        TypeError,
        "analyzer returned int for a text. Let it return a list of str, one per token.",
    ):
        TextTokenizer(analyzer=len, n_jobs=2).fit(TEXTS)


@pytest.fixture
def both_paths(monkeypatch):
    """Check that the ids are the same with the Latin-1 fast path and with `re` alone."""

    def check(texts, **parameters):
        by_bytes, by_re = (
            TextTokenizer(min_count=1, max_tokens=None, **parameters) for _ in range(2)
        )
        monkeypatch.setattr(encoding, "_MOST_BY_RE", -1)
        ids = by_bytes.fit_transform(texts)
        np.testing.assert_array_equal(by_bytes.transform(texts), ids)
        monkeypatch.setattr(encoding, "_MOST_BY_RE", float("inf"))
        np.testing.assert_array_equal(by_re.fit_transform(texts), ids)
        assert list(by_bytes.vocabulary_.items()) == list(by_re.vocabulary_.items())

    return check


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("block", [1, 3000, 2**20])
def test_the_tokenizer_gives_the_same_ids_on_both_paths(both_paths, monkeypatch, lowercase, block):
    monkeypatch.setattr(encoding, "_BLOCK", block)

    @settings(max_examples=50)
    @given(st.lists(st.text(RICH, max_size=25), min_size=1, max_size=6))
    def check(texts):
        both_paths(["a", *texts], lowercase=lowercase, max_length=None)

    check()


def test_line_breaks(both_paths):
    both_paths(
        ["a<br />b<BR>c<bR/>d<br  />e<br/ >f<", "<br", " />", "it's<br />10/10<br />'n' 1.<br>5"]
    )


def test_texts_of_many_kinds_in_a_block(both_paths):
    texts = [
        "plain words",
        "",
        "caf\xe9",
        "\u597d\u7535\u5f71",
        "",
        "don\u2019t",
        "...",
        "\U0001f600",
    ]
    both_paths(texts * 50)
    both_paths(["", *texts[3:6]])


def test_one_huge_text(both_paths):
    words = [f"word{i}" for i in range(50_000)]
    both_paths([" ".join(words * 20), "word7 " + "x" * 10_000], max_length=100)


def test_real_reviews(both_paths, data_dir):
    both_paths(pd.read_csv(data_dir / "imdb" / "train.csv.gz", nrows=5_000)["review"])


@pytest.mark.parametrize("most_by_re", [0, 10**6])
@pytest.mark.parametrize("analyzer", ["word", "char", str.split])
def test_a_text_without_tokens_is_encoded_as_the_empty_id(monkeypatch, analyzer, most_by_re):
    monkeypatch.setattr(encoding, "_MOST_BY_RE", most_by_re)
    encoder = encoding.TextEncoder(
        analyzer, lowercase=True, strip_accents=None, token_pattern=TOKEN_PATTERN, n_jobs=1
    )
    ids_of = {"a": 2, "b": 3}
    ((ids, lengths),) = encoder.encode(
        ["", "a", " ", "b"], lambda tokens: [ids_of[token] for token in tokens], 9
    )
    assert ids.tolist() == [9, 2, 9, 3]
    assert lengths.tolist() == [1, 1, 1, 1]
    assert (ids.dtype, lengths.dtype) == (np.int32, np.int64)


def test_blocks_are_of_a_bounded_size(monkeypatch):
    monkeypatch.setattr(encoding, "_MOST_BY_RE", 0)
    monkeypatch.setattr(encoding, "_BLOCK", 2 * encoding._TEXT_COST)
    encoder = encoding.TextEncoder(
        "word", lowercase=True, strip_accents=None, token_pattern=TOKEN_PATTERN, n_jobs=None
    )
    blocks = list(encoder.encode(["a"] * 5, lambda tokens: [2 for _ in tokens], 1))
    assert [len(lengths) for _, lengths in blocks] == [2, 2, 1]


@pytest.mark.parametrize("add_markers", [False, True])
def test_tokens_are_counted_before_truncation(add_markers):
    tokenizer = TextTokenizer(max_length=3, min_count=1, add_markers=add_markers).fit(TEXTS)
    lengths = count_tokens(tokenizer, ["good film", "", "a b c d e"])
    assert lengths.tolist() == [n + 2 * add_markers for n in (2, 1, 5)]
