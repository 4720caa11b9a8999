"""Target: `TextTokenizer` with every option."""

import pickle

import numpy as np
from numpy.testing import assert_array_equal

from sklearn_rnn import TextTokenizer
from tests.fuzz.inputs import check_error, pick, split

PARAMETERS = {
    "analyzer": ["word", "char", str.split],
    "lowercase": [True, False],
    "strip_accents": [None, "ascii", "unicode", str.swapcase],
    "token_pattern": [None, r"\w+", r"(\w)\w*", r"\b", r"(?s).", r"[^ ]*"],
    "min_count": [1, 2, 3],
    "max_tokens": [None, 1, 3, 20_000],
    "max_length": [None, 1, 2, 3, 4, "auto", 0.5, 1.0],
    "truncation": ["middle", "pre", "post"],
    "add_markers": [False, True],
    "vocabulary": [None, ["a", "b"], {"a": 7, "<s>": 3}],
}


def check(data):
    options, content = split(data, len(PARAMETERS) + 1)
    parameters = {
        name: pick(option, choices)
        for option, (name, choices) in zip(options, PARAMETERS.items(), strict=False)
    }
    if parameters["token_pattern"] is None:
        del parameters["token_pattern"]
    # Bytes that are not UTF-8 become half characters, which a str may hold.
    texts = content.decode(errors="surrogateescape").split("\n")
    split_at = len(texts) * options[-1] // 256
    tokenizer = TextTokenizer(**parameters)
    try:
        ids = tokenizer.fit_transform(texts)
    except ValueError as error:
        check_error(error, "")
        return
    check_ids(tokenizer, ids, len(texts))
    again = TextTokenizer(**parameters).fit(texts)
    assert again.vocabulary_ == tokenizer.vocabulary_
    assert_array_equal(again.transform(texts), ids)
    if type(parameters["analyzer"]) is str:
        assert_array_equal(pickle.loads(pickle.dumps(tokenizer)).transform(texts), ids)
    assert_array_equal(np.vstack([tokenizer.transform([text]) for text in texts]), ids)
    check_growth(tokenizer, [*texts[:split_at], "a new text"], ids, texts)


def check_ids(tokenizer, ids, n_texts):
    assert ids.dtype == np.int32
    assert ids.shape == (n_texts, tokenizer.max_length_)
    lengths = (ids != 0).sum(axis=1)
    assert lengths.min() >= 1
    assert_array_equal(ids != 0, np.arange(ids.shape[1]) < lengths[:, None])
    id_of = tokenizer.vocabulary_
    assert set(np.unique(ids)) <= {0, 1, *id_of.values()}
    for row, tokens, length in zip(ids, tokenizer.inverse_transform(ids), lengths, strict=True):
        assert len(tokens) == length
        assert [id_of.get(token, 1) for token in tokens] == row[:length].tolist()


def check_growth(tokenizer, more, ids, texts):
    """Assert that known ids stay when the tokenizer goes on with more texts."""
    before = dict(tokenizer.vocabulary_)
    tokenizer.partial_fit(more)
    after = tokenizer.vocabulary_
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after)
    grown = np.asarray(tokenizer.transform(texts))
    known = np.asarray(ids) != 1
    assert_array_equal(grown[known], np.asarray(ids)[known])
