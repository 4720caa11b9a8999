"""predict_proba of IMDB's test ids against the exported ONNX graph; one text through a Pipeline.

The graph runs in onnxruntime with its default threads, and batches the texts as ours does: sorted
by length, in batches of a bounded number of ids. Several bounds are tried. Needs onnx and
onnxruntime: pip install -r benchmarks/speed/requirements-onnx.txt.

Targets: throughput at least that of onnxruntime; one text at a median of at most 2 ms.
"""

from argparse import Namespace
from functools import partial
from importlib.util import find_spec

import numpy as np
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_ids, load_texts
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, timed
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import tfidf_logistic_regression

OURS = "RNNTextClassifier.predict_proba"
BATCH_IDS = (1_024, 4_096, 16_384)
Targets = dict[str, tuple[float, str, float]]
N_TRAIN = 1_000  # the time of a prediction does not depend on the training


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    tables, targets = one_text(options)
    if find_spec("onnx") and find_spec("onnxruntime"):
        for cell_type in ("lstm", "gru"):
            table, target = all_texts(cell_type, options)
            tables |= table
            targets |= target
    else:
        print("\nprediction: no ONNX rival. pip install -r benchmarks/speed/requirements-onnx.txt")
    return tables | {"targets": check_targets(targets)}


def one_text(options: Namespace) -> tuple[Tables, Targets]:
    """Measure the latency of the default Pipeline, and of TF-IDF's."""
    ours, rival = "TextTokenizer, RNNTextClassifier", "TF-IDF, LogisticRegression"
    texts, labels = load_texts(options.data, "imdb", "train")
    texts, labels = texts[:N_TRAIN], labels[:N_TRAIN]
    network = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    pipelines = {
        ours: make_pipeline(TextTokenizer(), network).fit(texts, labels),
        rival: tfidf_logistic_regression().fit(texts, labels),
    }
    median_text = sorted(texts, key=len)[len(texts) // 2]
    measures = {
        name: timed(partial(pipeline.predict_proba, [median_text]))
        for name, pipeline in pipelines.items()
    }
    table = tabulate(measure_in_turn(measures, 100 * options.runs), rival)
    table.insert(0, "ms", 1e3 * table["seconds"])
    title = f"one text of {len(median_text):,} characters through a Pipeline"
    return {title: table}, {"one text, ms": (table.loc[ours, "ms"], "at most", 2)}


def all_texts(cell_type: str, options: Namespace) -> tuple[Tables, Targets]:
    """Measure the throughput of the training section's model."""
    import onnxruntime

    from benchmarks.speed.onnx_rival import export, predict

    train, labels = (array[:N_TRAIN] for array in load_ids(options.data, "imdb", "train"))
    test = load_ids(options.data, "imdb", "test")[0][: options.texts]
    test = np.where(np.isin(test, train), test, 1)  # unseen ids are the unknown word
    classifier = RNNTextClassifier(
        cell_type=cell_type,
        hidden_size=128,
        embedding_dim=128,
        linear_ngrams=0,
        max_epochs=1,
        device="cpu",
        random_state=0,
    ).fit(train, labels)
    session = onnxruntime.InferenceSession(export(classifier))
    np.testing.assert_allclose(
        predict(session, test[:256], BATCH_IDS[0]), classifier.predict_proba(test[:256]), atol=1e-4
    )
    measures = {
        f"onnxruntime, {size:,} ids": timed(partial(predict, session, test, size))
        for size in BATCH_IDS
    }
    measures[OURS] = timed(partial(classifier.predict_proba, test))
    seconds = measure_in_turn(measures, options.runs)
    best = min(seconds.keys() - {OURS}, key=lambda name: np.median(seconds[name]))
    table = tabulate(seconds, best)
    ratio = table.loc[OURS, f"times faster than {best}"]
    return (
        {f"{cell_type} 128, predict_proba of {len(test):,} texts": table},
        {f"{cell_type}, times faster than onnxruntime": (ratio, "at least", 1)},
    )
