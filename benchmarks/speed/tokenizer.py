"""TextTokenizer against CountVectorizer on IMDB, and one text against the regular expression alone.

Targets: fit_transform at least 2.5 times as fast as CountVectorizer's on IMDB; transform of one
text at most 0.1 ms more than its own regular expression.
"""

import re
import tracemalloc
from argparse import Namespace
from collections.abc import Callable

from sklearn.feature_extraction.text import CountVectorizer

from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, timed
from sklearn_rnn import TextTokenizer

RIVAL = "CountVectorizer.fit_transform"


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    texts = load_texts(options.data, "imdb", "train")[0][: options.texts]
    corpus = {
        "TextTokenizer.fit_transform": lambda: TextTokenizer().fit_transform(texts),
        "TextTokenizer(n_jobs=2).fit_transform": lambda: TextTokenizer(n_jobs=2).fit_transform(
            texts
        ),
        RIVAL: lambda: CountVectorizer().fit_transform(texts),
    }
    for function in corpus.values():
        function()  # starts workers and fills caches
    whole = tabulate(
        measure_in_turn({name: timed(f) for name, f in corpus.items()}, options.runs), RIVAL
    )
    whole["peak MiB"] = {name: peak_mebibytes(function) for name, function in corpus.items()}

    tokenizer = TextTokenizer().fit(texts)
    median_text = sorted(texts, key=len)[len(texts) // 2]
    findall = re.compile(tokenizer.token_pattern).findall
    single = {
        "TextTokenizer.transform": timed(lambda: tokenizer.transform([median_text])),
        "findall of its pattern": timed(lambda: findall(median_text.lower())),
    }
    single = tabulate(measure_in_turn(single, 200 * options.runs), "findall of its pattern")
    milliseconds = 1e3 * single["seconds"]
    return {
        f"{len(texts):,} texts": whole,
        f"one text of {len(median_text):,} characters": single,
        "targets": check_targets(
            {
                f"times faster than {RIVAL}, one job": (
                    whole.loc["TextTokenizer.fit_transform", f"times faster than {RIVAL}"],
                    "at least",
                    2.5,
                ),
                "one text, ms over its expression": (
                    milliseconds["TextTokenizer.transform"]
                    - milliseconds["findall of its pattern"],
                    "at most",
                    0.1,
                ),
            }
        ),
    }


def peak_mebibytes(function: Callable[[], object]) -> float:
    """Return the most memory that Python and NumPy hold in a call, over what they held before."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
