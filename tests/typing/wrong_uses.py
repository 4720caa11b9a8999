"""Wrong uses, each on a line of its own, which type checkers refuse. It is never run.

`check.py` has mypy and pyright find an error in every line that ends in such a comment, and in no
other.
"""

import numpy as np
import torch

import sklearn_rnn
from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn.baselines import LogCountRatioTransformer, nb_svm
from sklearn_rnn.datasets import iter_texts, make_word_order, read_texts
from sklearn_rnn.evaluation import compare, report
from sklearn_rnn.export import load_model, save_model
from sklearn_rnn.inspection import class_words, token_attributions
from sklearn_rnn.out_of_core import fit_from_files
from sklearn_rnn.plotting import (
    GradientFlowDisplay,
    TextLengthDisplay,
    TokenAttributionDisplay,
    TrainingCurveDisplay,
)

texts = ["good", "bad"]
labels = ["praise", "blame"]
ids = np.array([[2], [3]])
vectors = WordVectors(["good"], [[1.0]])

print(sklearn_rnn.RNNClassifier)  # error: no such name

RNNTextClassifier("lstm")  # error: parameters are given by name
RNNTextClassifier(units=64)  # error: no such parameter
RNNTextClassifier(cell_type="LSTM")  # error: not one of the choices
RNNTextClassifier(cell_type=torch.nn.Linear(2, 2))  # error: a class, not an instance
RNNTextClassifier(cell_type=dict)  # error: a class of another kind
RNNTextClassifier(hidden_size=64.0)  # error: no whole number
RNNTextClassifier(hidden_size="64")  # error: no number
RNNTextClassifier(hidden_size=(64, "32"))  # error: a str in the tuple
RNNTextClassifier(hidden_size=[64, 32])  # error: a list, not a tuple
RNNTextClassifier(num_layers=1.5)  # error: no whole number
RNNTextClassifier(bidirectional="yes")  # error: no bool
RNNTextClassifier(merge="mean")  # error: not one of the choices
RNNTextClassifier(pooling="min")  # error: not one of the choices
RNNTextClassifier(pooling=("max", "min"))  # error: not one of the choices
RNNTextClassifier(pooling=["max", "mean"])  # error: a list, not a tuple
RNNTextClassifier(embedding_dim=None)  # error: no number
RNNTextClassifier(word_vectors="glove.6B.100d.txt")  # error: a path, not vectors
RNNTextClassifier(freeze_embeddings=None)  # error: no bool
RNNTextClassifier(linear_ngrams=3)  # error: not one of the choices
RNNTextClassifier(word_dropout=None)  # error: no number
RNNTextClassifier(embedding_dropout="0.5")  # error: no number
RNNTextClassifier(dropout=None)  # error: no number
RNNTextClassifier(head_sizes=64)  # error: no tuple
RNNTextClassifier(batch_norm="yes")  # error: no bool
RNNTextClassifier(max_epochs=None)  # error: no number
RNNTextClassifier(batch_size="all")  # error: not one of the choices
RNNTextClassifier(batch_size=None)  # error: no number
RNNTextClassifier(learning_rate="auto")  # error: no number
RNNTextClassifier(weight_decay=None)  # error: no number
RNNTextClassifier(gradient_clip="auto")  # error: no number
RNNTextClassifier(lr_schedule="cosine")  # error: not one of the choices
RNNTextClassifier(early_stopping=10)  # error: no bool
RNNTextClassifier(validation_fraction=None)  # error: no number
RNNTextClassifier(scoring="f1")  # error: not one of the choices
RNNTextClassifier(n_iter_no_change=None)  # error: no number
RNNTextClassifier(tol=None)  # error: no number
RNNTextClassifier(evaluations_per_epoch=0.5)  # error: no whole number
RNNTextClassifier(class_weight="auto")  # error: not one of the choices
RNNTextClassifier(class_weight=[1.0, 2.0])  # error: a list, not a dict
RNNTextClassifier(class_weight={"praise": "2"})  # error: a weight that is a str
RNNTextClassifier(label_smoothing=None)  # error: no number
RNNTextClassifier(warm_start="yes")  # error: no bool
RNNTextClassifier(random_state="0")  # error: no number
RNNTextClassifier(random_state=np.random.default_rng(0))  # error: a generator of another kind
RNNTextClassifier(verbose="yes")  # error: no number
RNNTextClassifier(device=torch.device("cpu"))  # error: no str
RNNTextClassifier(device=None)  # error: no str
RNNTextClassifier(record_gradients="yes")  # error: no bool
RNNTextClassifier(precision="float16")  # error: not one of the choices
RNNTextClassifier(precision=torch.bfloat16)  # error: no str
RNNTextClassifier(callbacks=print)  # error: no list
RNNTextClassifier().fit(ids)  # error: no labels
RNNTextClassifier().fit(ids, labels, weights=[1, 2])  # error: no such argument
RNNTextClassifier().partial_fit(ids, labels, X_val=ids)  # error: no such argument
RNNTextClassifier().fit(ids, labels).predict()  # error: no ids
RNNTextClassifier().fit(ids, labels).predict(ids, 32)  # error: one argument too many
print(RNNTextClassifier().predict_proba(ids).labels)  # error: no attribute of an array
print(RNNTextClassifier().n_parameters_.shape)  # error: no attribute of an int

TextTokenizer(texts)  # error: parameters are given by name
TextTokenizer(max_len=100)  # error: no such parameter
TextTokenizer(analyzer="words")  # error: not one of the choices
TextTokenizer(lowercase="yes")  # error: no bool
TextTokenizer(strip_accents="latin")  # error: not one of the choices
TextTokenizer(token_pattern=None)  # error: no str
TextTokenizer(min_count="2")  # error: no number
TextTokenizer(max_tokens=0.5)  # error: no whole number
TextTokenizer(warm_start="yes")  # error: no bool
TextTokenizer(max_length="longest")  # error: neither a number nor "auto"
TextTokenizer(truncation="left")  # error: not one of the choices
TextTokenizer(add_markers=None)  # error: no bool
TextTokenizer(vocabulary=20_000)  # error: no vocabulary
TextTokenizer(n_jobs="all")  # error: no number
TextTokenizer().fit()  # error: no texts
TextTokenizer().fit("good")  # error: a str, not several
TextTokenizer().transform(texts, 100)  # error: one argument too many
print(TextTokenizer().fit(texts).transform(texts).tokens)  # error: no attribute of an array
print(TextTokenizer().fit(texts).vocabulary_[2])  # error: a key that is no str
print(TextTokenizer().fit(texts).max_length_.real_length)  # error: no attribute of an int

WordVectors(["good"])  # error: no matrix
WordVectors([1, 2], [[1.0], [2.0]])  # error: words that are no str
vectors.words = ("bad",)  # error: vectors never change
print(vectors.matrix.rows)  # error: no attribute of an array
print(vectors[2])  # error: a key that is no str
vectors.restrict(2)  # error: no words
print(vectors.coverage(["good"]).n_unknown)  # error: no such attribute
WordVectors.from_texts(texts, 100)  # error: parameters are given by name
WordVectors.from_texts("good film")  # error: one str, not a list
WordVectors.from_texts(texts, window=1.5)  # error: no whole number
WordVectors.from_texts(texts, analyzer="words")  # error: not one of the choices
load_word_vectors()  # error: no path
load_word_vectors(2)  # error: no path

read_texts()  # error: no path
read_texts("reviews.csv", "review")  # error: columns are given by name
read_texts("reviews.csv", text=1.0)  # error: no name and no position
read_texts("reviews.csv", text=None)  # error: no name and no position
read_texts("reviews.csv", label=["a", "b"])  # error: one label per text
read_texts(0)  # error: no path and no file object
read_texts("reviews.csv", header="first")  # error: no bool
read_texts("reviews.csv", quoting="none")  # error: no constant of csv
read_texts("reviews.csv", format="xlsx")  # error: not one of the choices
iter_texts("reviews.csv", 100)  # error: the size is given by name
iter_texts("reviews.csv", chunk_size="100")  # error: no number
fit_from_files(nb_svm(), "reviews.csv", label=None)  # error: labels are needed
fit_from_files(nb_svm(), 0)  # error: no path
make_word_order("100")  # error: no number
make_word_order(100, 0)  # error: the random state is given by name
make_word_order(100, random_state="0")  # error: no number

nb_svm(C=1.0)  # error: no such parameter
LogCountRatioTransformer(alpha="1")  # error: no number
LogCountRatioTransformer().fit(ids)  # error: no labels
compare({"nb-svm": nb_svm()}, texts)  # error: no labels
compare({"nb-svm": nb_svm()}, texts, labels, 5)  # error: the folds are given by name
compare({"nb-svm": nb_svm()}, texts, labels, folds=5)  # error: no such argument
compare({"nb-svm": nb_svm()}, texts, labels, n_jobs="all")  # error: no number

report(None, texts, labels)  # error: no file
report(None, texts, labels, "report.html", "model.skops")  # error: the model is given by name
token_attributions(nb_svm(), texts, n_steps="32")  # error: no number
class_words(nb_svm(), texts, 5)  # error: the number of words is given by name
class_words(nb_svm(), texts, max_samples="all")  # error: no number

TrainingCurveDisplay.from_estimator()  # error: no estimator
TrainingCurveDisplay.from_estimator(nb_svm(), metric="f1")  # error: not one of the choices
TrainingCurveDisplay({}, {})  # error: the epochs are given by name
GradientFlowDisplay.from_estimator(nb_svm(), statistic="min")  # error: not one of the choices
TextLengthDisplay.from_estimator(nb_svm())  # error: no texts
TextLengthDisplay.from_estimator(nb_svm(), texts, quantiles=0.5)  # error: no sequence
TextLengthDisplay(np.array([1]), max_length="all")  # error: no number
TokenAttributionDisplay.from_estimator(nb_svm(), texts)  # error: a list, not one text
TokenAttributionDisplay.from_estimator(nb_svm(), "good", n_steps="32")  # error: no number

save_model(nb_svm())  # error: no path
save_model(nb_svm(), 5)  # error: no path
load_model("model.skops", ["my_package.MyCell"])  # error: trusted is given by name
load_model("model.skops", trusted=True)  # error: no sequence
load_model("model.skops", trusted=[RNNTextClassifier])  # error: a class, not its name
