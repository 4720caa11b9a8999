"""Code as users write it, with every documented value, for type checkers and as a program.

`check.py` has mypy and pyright accept every line; `test_user_code.py` runs it.
"""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from skorch.callbacks import EpochScoring, PrintLog

import sklearn_rnn
from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn.baselines import (
    LogCountRatioTransformer,
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import iter_texts, make_word_order, read_texts
from sklearn_rnn.evaluation import compare, report
from sklearn_rnn.export import TRUSTED_TYPES, load_model, save_model
from sklearn_rnn.inspection import class_words, token_attributions
from sklearn_rnn.out_of_core import fit_from_files
from sklearn_rnn.plotting import (
    GradientFlowDisplay,
    TextLengthDisplay,
    TokenAttributionDisplay,
    TrainingCurveDisplay,
)

version: str = sklearn_rnn.__version__

# Texts and labels.

texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 5
labels = ["praise", "blame", "praise", "blame"] * 5
more_texts, more_labels = make_word_order(40, random_state=0)
make_word_order()
make_word_order(n_samples=10, random_state=np.random.RandomState(0))
make_word_order(10, random_state=None)
first_text: str = more_texts[0]
print(more_texts.shape)
more_labels.tolist()

pd.DataFrame({"review": texts, "verdict": labels}).to_csv("reviews.csv", index=False)
reviews = read_texts("reviews.csv", text="review", label="verdict")
read_texts(Path("reviews.csv"), text=["review"], label="verdict", format="csv")
read_texts("reviews.csv", text="review", label=None)
Path("reviews.tsv").write_text("praise\tgood\tbook\nblame\tbad\tbook\n")
read_texts("reviews.tsv", text=1, label=0)
read_texts("reviews.tsv", text=[1, 2], label=0, format="tsv")
Path("reviews.jsonl").write_text('{"text": "good", "label": 1}\n{"text": "bad", "label": 0}\n')
read_texts("reviews.tsv", text=1, label=0, header=False, quoting=csv.QUOTE_NONE)
with open("reviews.csv", "rb") as stream:
    read_texts(stream, text="review", label="verdict")
with open("reviews.csv", encoding="utf-8") as characters:
    read_texts(characters, text="review", label="verdict")
read_texts(io.BytesIO(b"text,label\ngood,x\n"), format="csv")
with gzip.open("reviews.csv.gz", "wb") as packed:
    packed.write(b"text,label\ngood,x\n")
with gzip.open("reviews.csv.gz") as unpacked:
    read_texts(unpacked)
read_texts("reviews.jsonl")
read_texts("reviews.jsonl", format="jsonl")
Path("reviews.ft.txt").write_text("__label__praise good\n__label__blame bad\n")
read_texts("reviews.ft.txt", format="fasttext")
for name in ("praise", "blame"):
    Path("folder", name).mkdir(parents=True)
    Path("folder", name, "1.txt").write_text(name)
read_texts("folder", format="folder")
read_texts("folder", format=None)
read_texts(["reviews.jsonl", Path("reviews.jsonl")])
for chunk, targets in iter_texts("reviews.jsonl", chunk_size=5, classes=[0, 1]):
    print(chunk.shape, None if targets is None else targets.shape)
print([chunk.shape for chunk, _ in iter_texts(["reviews.csv"], text="review", label=None)])
streamed = make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1))
fit_from_files(streamed, [Path("reviews.csv")], text="review", label="verdict", verbose=True)
fit_from_files(streamed, "reviews.csv", text="review", label="verdict", folder=".").predict(texts)
print(reviews.data, reviews.target)

# Tokenizer.


def split(text: str) -> list[str]:
    return text.split()


def strip(text: str) -> str:
    return text.strip()


TextTokenizer(analyzer="word", strip_accents="ascii", truncation="post").fit(texts)
TextTokenizer(analyzer="char", strip_accents="unicode", truncation="pre").fit(texts)
TextTokenizer(analyzer=split, truncation="middle").fit(texts)
TextTokenizer(lowercase=False, strip_accents=strip, token_pattern=r"\w+").fit(texts)
TextTokenizer(min_count=1, max_tokens=100, max_length=5, add_markers=True).fit(texts)
TextTokenizer(max_tokens=None, max_length=None, strip_accents=None).fit(texts)
TextTokenizer(max_length=0.9, n_jobs=1).fit(texts)
TextTokenizer(max_length="auto").fit(texts)
TextTokenizer(warm_start=True).fit(texts).partial_fit(texts).transform(texts)
TextTokenizer(vocabulary={"good": 2, "bad": 3}, n_jobs=None).fit(texts)
TextTokenizer(vocabulary=["good", "bad"]).fit(texts)
TextTokenizer(vocabulary=("good", "bad")).fit(texts)
TextTokenizer(vocabulary=None).fit(tuple(texts))
TextTokenizer().fit(np.array(texts, dtype=object))
TextTokenizer().fit(pd.Series(texts))
TextTokenizer().fit(pd.DataFrame({"text": texts}))
TextTokenizer().fit(reviews.data, reviews.target)
tokenizer = TextTokenizer().fit(more_texts)
vocabulary: dict[str, int] = tokenizer.vocabulary_
max_length: int = tokenizer.max_length_
ids: np.ndarray = tokenizer.transform(texts)
ids = TextTokenizer().fit_transform(texts)
ids = TextTokenizer().fit_transform(texts, labels)
tokens: list[list[str]] = tokenizer.inverse_transform(tokenizer.transform(texts))
column: str = tokenizer.get_feature_names_out()[0]
ids.astype(np.int64)

# Word vectors.

vectors = WordVectors(["good", "bad"], [[0.5, 1.0], [0.5, -1.0]])
vectors = WordVectors(("good", "bad"), np.array([[0.5, 1.0], [0.5, -1.0]]))
Path("vectors.txt").write_text("good 0.5 1\nbad 0.5 -1\n")
vectors = load_word_vectors("vectors.txt")
vectors = load_word_vectors(Path("vectors.txt"))
WordVectors.from_keyed_vectors(SimpleNamespace(index_to_key=["good"], vectors=np.ones((1, 2))))
WordVectors.from_texts(texts, embedding_dim=2)
WordVectors.from_texts(pd.Series(texts), embedding_dim=2, window=1, analyzer="char")
WordVectors.from_texts(texts, embedding_dim=2, analyzer=str.split, min_count=1, max_tokens=None)
WordVectors.from_texts(
    texts, embedding_dim=2, lowercase=False, strip_accents="ascii", token_pattern=r"\w+"
)
words: tuple[str, ...] = vectors.words
n_words: int = len(vectors)
embedding_dim: int = vectors.embedding_dim
numbers: np.ndarray = vectors.matrix
number = float(vectors["good"][0])
is_there: bool = "good" in vectors and vectors == vectors
id_of_word: int = vectors.vocabulary["good"]
vectors.restrict(["good", "never"]).restrict({"good"}).restrict(Counter(["good"]))
coverage = vectors.coverage(vocabulary)
coverage = vectors.coverage(Counter(["good", "film"]))
share: float = coverage.n_found / coverage.n_words
share = coverage.n_occurrences_found / coverage.n_occurrences
missing: tuple[str, ...] = coverage.missing
print(coverage)

# Classifier: every documented value, each of which is tried in a fit.


class Cell(torch.nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.proposal = torch.nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x_t: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        return 0.5 * h + 0.5 * torch.tanh(self.proposal(torch.cat([x_t, h], 1)))


callbacks = [EpochScoring("accuracy", on_train=True)]
weight_of_class = {"praise": 2, "blame": 1}
names: tuple[Literal["max", "mean"], ...] = ("max", "mean")
rnn: Literal["rnn"] = "rnn"

classifiers = [
    RNNTextClassifier(cell_type="lstm", hidden_size=8, num_layers=None, bidirectional=True),
    RNNTextClassifier(cell_type="gru", hidden_size=8, num_layers=2, bidirectional=False),
    RNNTextClassifier(cell_type="rnn", hidden_size=(8, 4), merge="concat"),
    RNNTextClassifier(cell_type=Cell, hidden_size=(8,), merge="sum"),
    RNNTextClassifier(cell_type=rnn, pooling="last"),
    RNNTextClassifier(pooling="max"),
    RNNTextClassifier(pooling="mean"),
    RNNTextClassifier(pooling="attention"),
    RNNTextClassifier(pooling="flatten"),
    RNNTextClassifier(pooling=("last", "max", "mean", "attention", "flatten")),
    RNNTextClassifier(pooling=names, embedding_dim=8),
    RNNTextClassifier(word_vectors=vectors, freeze_embeddings=True),
    RNNTextClassifier(word_vectors=None, freeze_embeddings=False),
    RNNTextClassifier(linear_ngrams=0, word_dropout=0.0, embedding_dropout=0, dropout=0.1),
    RNNTextClassifier(linear_ngrams=1, head_sizes=(8,), batch_norm=True),
    RNNTextClassifier(linear_ngrams=2, head_sizes=(), batch_norm=False),
    RNNTextClassifier(max_epochs=1, batch_size=32, learning_rate=1e-3, weight_decay=0.01),
    RNNTextClassifier(batch_size="auto", gradient_clip=5, lr_schedule="one_cycle"),
    RNNTextClassifier(gradient_clip=None, lr_schedule=None),
    RNNTextClassifier(lr_schedule="plateau", early_stopping=True, validation_fraction=0.2),
    RNNTextClassifier(early_stopping=True, scoring="accuracy", n_iter_no_change=2, tol=1e-3),
    RNNTextClassifier(early_stopping=True, scoring="loss", evaluations_per_epoch=2),
    RNNTextClassifier(class_weight="balanced", label_smoothing=0),
    RNNTextClassifier(class_weight={"praise": 1.5, "blame": 1}, warm_start=True),
    RNNTextClassifier(class_weight=weight_of_class, random_state=0),
    RNNTextClassifier(class_weight=None, random_state=np.random.RandomState(0)),
    RNNTextClassifier(random_state=None, verbose=0, device="auto", precision="auto"),
    RNNTextClassifier(verbose=1, device="cpu", precision="float32"),
    RNNTextClassifier(precision="bfloat16", record_gradients=True),
    RNNTextClassifier(callbacks=callbacks),
    RNNTextClassifier(callbacks=[("log", PrintLog(sink=len)), PrintLog(sink=len)]),
    RNNTextClassifier(early_stopping=True, callbacks=[EpochScoring("accuracy")]),
    RNNTextClassifier(callbacks=None),
]
for candidate in classifiers:
    candidate.fit(ids, labels)
RNNTextClassifier(device="cuda")
RNNTextClassifier(device="cuda:1")

# Classifier: methods and fitted attributes.

classifier = RNNTextClassifier(hidden_size=8, record_gradients=True, random_state=0)
classifier.fit(ids.tolist(), np.array(labels))
classifier.fit(pd.DataFrame(ids), pd.Series(labels), np.ones(len(labels)))
classifier.fit(
    ids,
    labels,
    sample_weight=[1.0] * len(labels),
    X_val=ids,
    y_val=labels,
    sample_weight_val=np.ones(len(labels)),
)
predictions: np.ndarray = RNNTextClassifier(max_epochs=1).fit(ids, labels).predict(ids)
predictions.tolist()
probabilities: np.ndarray = classifier.predict_proba(ids)
probabilities.argmax(axis=1)
logarithms: np.ndarray = classifier.predict_log_proba(ids)
scores: np.ndarray = classifier.decision_function(ids)
accuracy: float = classifier.score(ids, labels)
summary: pd.DataFrame = classifier.summary()
classes: np.ndarray = classifier.classes_
classes.tolist()
n_features: int = classifier.n_features_in_
n_epochs: float = classifier.n_epochs_
best_epoch: float = classifier.best_epoch_
n_parameters: int = classifier.n_parameters_
history: pd.DataFrame = classifier.history_
gradient_flow: pd.DataFrame = classifier.gradient_flow_
history[["train_loss", "valid_loss"]].min()
module = classifier.net_.module_
print(module)
by_parts = RNNTextClassifier(hidden_size=8)
by_parts.partial_fit(ids, labels, classes=["blame", "praise"])
by_parts.partial_fit(ids, labels, sample_weight=np.ones(len(labels))).predict(ids)
clone(classifier)
classifier.set_params(hidden_size=4)
print(classifier.get_params()["hidden_size"])

# Pipelines, searches, pickles.

pipe = make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1, random_state=0))
pipe.fit(texts, labels)
cross_val_score(pipe, texts, labels, cv=2).mean()
searched = Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(max_epochs=1))])
grid = GridSearchCV(searched, {"clf__hidden_size": [4, 8]}, cv=2)
grid.fit(texts, labels)
print(grid.best_params_, grid.best_score_)
joblib.dump(grid.best_estimator_, "model.joblib")
model = joblib.load("model.joblib")
save_model(grid, "model.skops")
save_model(model, Path("model.skops"))
loaded = load_model("model.skops")
loaded = load_model(Path("model.skops"), trusted=["my_package.MyCell"])
loaded = load_model("model.skops", trusted=TRUSTED_TYPES)
print(loaded.predict(texts), ", ".join(TRUSTED_TYPES))
model.predict(texts)

# Baselines.

baselines: list[Pipeline] = [
    nb_svm(),
    tfidf_linear_svc(analyzer="char", lowercase=False),
    tfidf_logistic_regression(strip_accents="unicode", token_pattern=r"\w+"),
    tfidf_word_char_linear_svc(analyzer=str.split),
]
for baseline in baselines:
    baseline.fit(texts, labels).predict(texts)
ratios = LogCountRatioTransformer(alpha=0.5).fit([[1, 0, 1], [0, 1, 1]], ["bad", "good"])
ratios.log_count_ratio_.round(2)
ratios.transform(np.array([[1, 0, 1]]))
n_ratios: int = ratios.n_features_in_
two_classes: np.ndarray = ratios.classes_
make_pipeline(LogCountRatioTransformer(), LogisticRegression())

# Comparison: the table, or a Bunch that holds it.

table = compare({"nb-svm": nb_svm(), "svm": tfidf_linear_svc()}, texts, labels, cv=2)
best: str = table.index[0]
print(table["accuracy"], table.loc[best])
results = compare(
    [("rnn", pipe), ("nb-svm", nb_svm())],
    texts,
    labels,
    cv=StratifiedKFold(2),
    scoring="accuracy",
    n_jobs=1,
    random_state=1,
    verbose=0,
    return_predictions=True,
)
print(results.table, results.y_true, results.test_rows, results.predictions["rnn"])
fitted = compare(
    {"nb-svm": nb_svm()},
    np.array(texts),
    pd.Series(labels),
    X_test=np.array(texts),
    y_test=labels,
    scoring=["accuracy", "f1_macro"],
    return_estimators=True,
).estimators["nb-svm"][0]
fitted.predict(texts)
compare({"nb-svm": nb_svm()}, texts, labels, cv=None, scoring={"accuracy": "accuracy"})
pairs_of_rows = [(np.arange(10), np.arange(10, 20))]
compare({"nb-svm": nb_svm()}, texts, labels, cv=pairs_of_rows, scoring=("accuracy",))
is_wanted = bool(len(texts))
either = compare({"nb-svm": nb_svm()}, texts, labels, cv=2, return_predictions=is_wanted)
print(len(either))

report(
    results,
    np.array(texts),
    pd.Series(labels),
    Path("report.html"),
    X_test=None,
    saved_model=Path("model.skops"),
    title="Reviews",
)

# Explanations.

attributions = token_attributions(pipe, texts[:2])
attributions = token_attributions(grid, pd.Series(texts[:2]), target="praise", n_steps=8)
print(attributions["contribution"].sum(), attributions["start"].isna().any())
speaking = class_words(pipe, np.array(texts), n_words=5, max_samples=2, n_steps=8, random_state=0)
speaking = class_words(nb_svm().fit(texts, labels), texts, n_words=None, max_samples=0.5)
print(speaking["word"].tolist(), speaking["class"].unique())

# Displays.

_, axes = plt.subplots(1, 2)
curves = TrainingCurveDisplay.from_estimator(classifier)
curves = TrainingCurveDisplay.from_estimator({"first": classifier, "second": grid}, metric="loss")
curves = TrainingCurveDisplay.from_estimator({"one": classifier}, ax=axes)
curves = TrainingCurveDisplay.from_estimator(classifier, ax=axes[0], metric="accuracy")
curves = TrainingCurveDisplay({"first": history}, best_epochs={"first": 2}).plot(metric=None)
curves.plot(axes).figure_.savefig("curves.png")
print(curves.axes_[0].get_title(), curves.lines_["first", "train_loss"].get_color())
print(curves.best_points_, curves.legend_)

_, axes = plt.subplots(1, 2)
flow = GradientFlowDisplay.from_estimator(classifier)
flow = GradientFlowDisplay.from_estimator(classifier, ax=axes[0], statistic="mean")
flow = GradientFlowDisplay(gradient_flow).plot([axes[0], axes[1]], statistic=None)
flow = GradientFlowDisplay(gradient_flow).plot(axes[1], statistic="max")
print(flow.axes_[0], flow.lines_["output", "max"], flow.ranges_, flow.zeros_, flow.legend_)
flow.figure_.savefig("flow.png")

_, axes = plt.subplots(1, 2)
lengths = TextLengthDisplay.from_estimator(pipe, texts)
lengths = TextLengthDisplay.from_estimator(tokenizer, texts, ax=axes[0], quantiles=(0.5,))
lengths = TextLengthDisplay.from_estimator(grid, pd.Series(texts), quantiles=[0.5, 0.9])
lengths = TextLengthDisplay(np.array([1, 2, 3]), max_length=None).plot()
lengths = TextLengthDisplay(np.array([1, 2, 3]), max_length=2).plot(axes[1], quantiles=(1,))
print(lengths.ax_, lengths.bars_, lengths.tail_bar_, lengths.quantile_lines_[1])
print(lengths.max_length_line_, lengths.legend_)
lengths.figure_.savefig("lengths.png")

attribution = TokenAttributionDisplay.from_estimator(pipe, texts[0])
attribution = TokenAttributionDisplay.from_estimator(
    grid, texts[0], target="praise", n_steps=8, ax=axes[0]
)
attribution = attribution.plot(axes[1])
print(attribution.tokens[0].upper(), attribution.attributions.sum(), attribution.target)
print(attribution.probability + attribution.score - attribution.baseline_score)
print(attribution.score_name.upper(), attribution.texts_, attribution.colorbar_, attribution.ax_)
attribution.plot().figure_.savefig("attribution.png")
plt.close("all")
