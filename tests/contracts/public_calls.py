"""Calls of everything public, on a fitted model, for the tests of processes and global state."""

import copy
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import matplotlib.figure
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import iter_texts, make_word_order, read_texts
from sklearn_rnn.evaluation import compare, report
from sklearn_rnn.inspection import class_words, token_attributions
from sklearn_rnn.out_of_core import fit_from_files
from sklearn_rnn.plotting import (
    GradientFlowDisplay,
    TextLengthDisplay,
    TokenAttributionDisplay,
    TrainingCurveDisplay,
)

rng = np.random.default_rng(0)
# Enough texts for out-of-fold predictions and n-gram scores of the linear term.
TEXTS = [" ".join(f"w{i}" for i in rng.integers(0, 100, rng.integers(1, 20))) for _ in range(120)]
LABELS = rng.choice(["a", "b"], len(TEXTS))


def make_model(**parameters: Any) -> Pipeline:
    """Make a small model whose embedding is large enough for torch's threads to share a copy."""
    classifier = RNNTextClassifier(
        embedding_dim=400,
        hidden_size=4,
        max_epochs=1,
        random_state=0,
        record_gradients=True,
        device="cpu",
    )
    return make_pipeline(TextTokenizer(**parameters), classifier)


@dataclass
class Work:
    """A fitted model and what else the calls need."""

    model: Pipeline
    folder: Path

    def __post_init__(self) -> None:
        self.tokenizer, self.classifier = self.model
        self.ids = self.tokenizer.transform(TEXTS)
        self.net = self.classifier.net_
        self.with_characters = make_model(add_characters=True).fit(TEXTS, LABELS)
        assert self.net.module_.embedding.weight.numel() > 2**15
        self.pickled = pickle.dumps(self.model)
        lines = (f"{label},{text}" for text, label in zip(TEXTS, LABELS, strict=True))
        (self.folder / "texts.csv").write_text("\n".join(["label,text", *lines]))
        self.vectors = WordVectors([f"w{i}" for i in range(90)], rng.normal(size=(90, 400)))
        rows = (" ".join([w, *map(str, v)]) for w, v in zip("ab", np.eye(2), strict=True))
        (self.folder / "vectors.txt").write_text("\n".join(rows))


def weights(model: Any) -> dict[str, np.ndarray]:
    """Return the weights of a classifier, or of that of a Pipeline."""
    classifier = model[-1] if isinstance(model, Pipeline) else model
    return classifier.net_.get_weights()


def fit(work: Work, **parameters: Any) -> Any:
    return clone(work.classifier).set_params(**parameters).fit(work.ids, LABELS)


def save_and_load(work: Work) -> Any:
    stream = io.BytesIO()
    joblib.dump(work.model, stream, compress=3)
    stream.seek(0)
    return joblib.load(stream)


def load_params(work: Work) -> Any:
    net = copy.deepcopy(work.net)
    stream = io.BytesIO()
    work.net.save_params(f_params=stream)
    stream.seek(0)
    net.load_params(f_params=stream)
    return net.get_weights()


def write_report(work: Work) -> Any:
    results = compare(
        {"rnn": make_model(), "nb": nb_svm()},
        TEXTS,
        LABELS,
        cv=2,
        return_predictions=True,
        return_estimators=True,
    )
    report(results, TEXTS, LABELS, work.folder / "report.html")
    return results.folds


def draw(display: Any, *arguments: Any, n_axes: int = 1) -> None:
    axes = matplotlib.figure.Figure().subplots(1, n_axes)  # a figure that pyplot does not know
    display.from_estimator(*arguments, ax=axes)


# Calls that change the fitted model. A child does so in its copy.
CHANGING = {
    "RNNTextClassifier.partial_fit of the model": lambda w: w.classifier.partial_fit(
        w.ids + 1, LABELS
    ),
    "RNNTextClassifier.fit with warm_start": lambda w: w.classifier.set_params(warm_start=True).fit(
        w.ids, LABELS
    ),
}
CALLS = {
    "RNNTextClassifier.fit": lambda w: weights(fit(w)),
    "RNNTextClassifier.fit of a GRU": lambda w: weights(
        fit(w, cell_type="gru", pooling="attention", head_sizes=(4,), early_stopping=True)
    ),
    "RNNTextClassifier.fit of a tanh RNN": lambda w: weights(
        fit(w, cell_type="rnn", linear_ngrams=0, batch_norm=True)
    ),
    "RNNTextClassifier.fit with word_vectors": lambda w: weights(
        fit(w, word_vectors=w.vectors, freeze_embeddings=True)
    ),
    "RNNTextClassifier.partial_fit": lambda w: weights(
        clone(w.classifier).partial_fit(w.ids, LABELS, ["a", "b"]).partial_fit(w.ids + 1, LABELS)
    ),
    "RNNTextClassifier.predict": lambda w: w.classifier.predict(w.ids),
    "RNNTextClassifier.predict_proba": lambda w: w.classifier.predict_proba(w.ids),
    "RNNTextClassifier.predict_proba of two texts": lambda w: w.classifier.predict_proba(w.ids[:2]),
    "RNNTextClassifier.predict_log_proba": lambda w: w.classifier.predict_log_proba(w.ids),
    "RNNTextClassifier.decision_function": lambda w: w.classifier.decision_function(w.ids),
    "RNNTextClassifier.score": lambda w: w.classifier.score(w.ids, LABELS),
    "RNNTextClassifier.summary": lambda w: w.classifier.summary().to_dict(),
    "RNNTextClassifier.get_params": lambda w: sorted(w.classifier.get_params()),
    "RNNTextClassifier.set_params": lambda w: repr(clone(w.classifier).set_params(max_epochs=2)),
    "net_.predict": lambda w: w.net.predict(w.ids),
    "net_.predict_proba": lambda w: w.net.predict_proba(w.ids),
    "net_.forward": lambda w: w.net.forward(w.ids).numpy(),
    "net_.get_weights": lambda w: w.net.get_weights(),
    "net_.load_params": load_params,
    "copy.deepcopy of net_": lambda w: copy.deepcopy(w.net).get_weights(),
    "pickle of net_": lambda w: pickle.loads(pickle.dumps(w.net)).get_weights(),
    "fit with characters": lambda w: weights(clone(w.with_characters).fit(TEXTS, LABELS)),
    "fit with vectors of character n-grams": lambda w: weights(
        clone(w.with_characters).set_params(rnntextclassifier__linear_ngrams=0).fit(TEXTS, LABELS)
    ),
    "predict_proba with characters": lambda w: w.with_characters.predict_proba(TEXTS),
    "pickle with characters": lambda w: pickle.loads(pickle.dumps(w.with_characters)).predict_proba(
        TEXTS
    ),
    "TokenAttributionDisplay with characters": lambda w: draw(
        TokenAttributionDisplay, w.with_characters, TEXTS[0]
    ),
    "TextLengthDisplay with characters": lambda w: draw(
        TextLengthDisplay, w.with_characters, TEXTS
    ),
    "clone of net_": lambda w: clone(w.net).get_params()["max_epochs"],
    "pickle.dumps": lambda w: len(pickle.dumps(w.model)),
    "pickle.loads": lambda w: weights(pickle.loads(w.pickled)),
    "joblib": lambda w: weights(save_and_load(w)),
    "copy.deepcopy": lambda w: weights(copy.deepcopy(w.model)),
    "copy.copy": lambda w: weights(copy.copy(w.classifier)),
    "clone": lambda w: repr(clone(w.model)),
    "TextTokenizer.fit": lambda w: list(TextTokenizer().fit(TEXTS).vocabulary_),
    "TextTokenizer.partial_fit": lambda w: list(TextTokenizer().partial_fit(TEXTS).vocabulary_),
    "TextTokenizer.transform": lambda w: w.tokenizer.transform(TEXTS),
    "TextTokenizer.fit_transform": lambda w: TextTokenizer().fit_transform(TEXTS),
    "TextTokenizer.inverse_transform": lambda w: w.tokenizer.inverse_transform(w.ids),
    "TextTokenizer.get_feature_names_out": lambda w: w.tokenizer.get_feature_names_out(),
    "TextTokenizer.get_params": lambda w: sorted(w.tokenizer.get_params()),
    "TextTokenizer.set_params": lambda w: repr(TextTokenizer().set_params(max_length=3)),
    "TextTokenizer.set_output": lambda w: TextTokenizer().set_output(transform=None) and None,
    "WordVectors": lambda w: w.vectors.restrict(["w3"]).matrix,
    "WordVectors.from_texts": lambda w: WordVectors.from_texts(TEXTS).matrix,
    "load_word_vectors": lambda w: load_word_vectors(w.folder / "vectors.txt").matrix,
    "read_texts": lambda w: read_texts(w.folder / "texts.csv", text="text", label="label").data,
    "iter_texts": lambda w: [
        texts for texts, _ in iter_texts(w.folder / "texts.csv", chunk_size=50)
    ],
    "fit_from_files": lambda w: weights(
        fit_from_files(make_model(), w.folder / "texts.csv", chunk_size=50)
    ),
    "make_word_order": lambda w: make_word_order(20, random_state=0),
    "compare": lambda w: compare(
        {"rnn": make_model(), "nb": nb_svm()}, TEXTS, LABELS, cv=2, scoring="accuracy"
    )["accuracy"].to_dict(),
    "compare on a test set": lambda w: compare(
        {"rnn": make_model(), "nb": nb_svm()}, TEXTS, LABELS, X_test=TEXTS, y_test=LABELS
    )["accuracy"].to_dict(),
    "report": write_report,
    "token_attributions": lambda w: token_attributions(w.model, TEXTS[:2])["contribution"].tolist(),
    "class_words": lambda w: class_words(w.model, TEXTS[:2])["word"].tolist(),
    "class_words of nb_svm": lambda w: class_words(nb_svm().fit(TEXTS, LABELS), TEXTS).to_dict(),
    "cross_val_predict": lambda w: cross_val_predict(
        make_model(), TEXTS, LABELS, cv=2, method="predict_proba"
    ),
    "tfidf_logistic_regression": lambda w: (
        tfidf_logistic_regression().fit(TEXTS, LABELS).predict_proba(TEXTS)
    ),
    "tfidf_linear_svc": lambda w: tfidf_linear_svc().fit(TEXTS, LABELS).predict(TEXTS),
    "tfidf_word_char_linear_svc": lambda w: (
        tfidf_word_char_linear_svc().fit(TEXTS, LABELS).predict(TEXTS)
    ),
    "nb_svm": lambda w: nb_svm().fit(TEXTS, LABELS).predict(TEXTS),
    "GradientFlowDisplay": lambda w: draw(GradientFlowDisplay, w.model, n_axes=2),
    "TextLengthDisplay": lambda w: draw(TextLengthDisplay, w.model, TEXTS),
    "TokenAttributionDisplay": lambda w: draw(TokenAttributionDisplay, w.model, TEXTS[0]),
    "TrainingCurveDisplay": lambda w: draw(TrainingCurveDisplay, w.model, n_axes=2),
}
