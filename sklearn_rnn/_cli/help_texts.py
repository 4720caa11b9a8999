"""Descriptions and examples in the help of the commands."""

import textwrap

# Nothing here imports scikit-learn or torch, so that --help is fast.
from sklearn_rnn._io.compressions import COMPRESSED_OR_NOT
from sklearn_rnn._io.text_formats import FORMATS, TextFormat

MODELS = {
    "rnn": "TextTokenizer and RNNTextClassifier, a recurrent network",
    "tfidf-logistic": "logistic regression on TF-IDF of words",
    "tfidf-svm": "a linear SVM on TF-IDF of words and pairs of words",
    "tfidf-word-char-svm": "the same on words, pairs of words and parts of words",
    "nb-svm": "Wang and Manning's SVM on log-count ratios (2012)",
}
TRUST = "Loading a pickle runs the code in it: load only files that you trust."


def _describe_format(format: TextFormat) -> str:
    return f"{format.title} ({format.suffixes[0]})" if format.suffixes else format.title


def _describe_files() -> str:
    *formats, last = map(_describe_format, FORMATS.values())
    without_columns = [name for name, format in FORMATS.items() if not format.has_columns]
    text = (
        f"{', '.join(formats)} or {last}; in UTF-8, {COMPRESSED_OR_NOT}. A - is stdin, and ./- a "
        f"file of this name. The formats {' and '.join(without_columns)} have no columns to choose."
    )
    return "files:\n" + textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="  ")


def _describe_models() -> str:
    width = max(map(len, MODELS)) + 2
    return "models:\n" + "\n".join(f"  {name:{width}}{text}" for name, text in MODELS.items())


COMPARE = f"""\
Fit several text classifiers on the same texts, print how well and how fast
each one labels texts that it has not seen, and print the confusion matrix and
the report of the best. With more than a dozen classes, only the pairs that are
confused most often and the classes with the lowest F1 are printed. With --json,
stdout is one JSON object that has all of it, and nothing else.

Without FILE the texts are generated: short reviews whose label depends on the
order of the words. They are split into 2,000 for training and 1,000 for
testing, unless --cv asks for folds.

{_describe_models()}

{_describe_files()}"""

COMPARE_EXAMPLES = f"""\
examples:
  %(prog)s
  %(prog)s reviews.csv --text review --label stars
  %(prog)s train.csv --test test.csv \\
      --text title --text body --label topic
  %(prog)s train.csv --no-header --text 1 --label 0 \\
      --cv 3 --model rnn --model nb-svm
  %(prog)s reviews.csv --text review --label stars \\
      --model rnn --set clf__cell_type=gru \\
      --set "clf__pooling=('max', 'mean')" --save model.skops
  %(prog)s chinese.csv --set tok__analyzer=char
  %(prog)s reviews.csv --report report.html
  %(prog)s reviews.csv --json | jq -r .best
  zcat *.tsv.gz | %(prog)s - --format tsv --no-header \\
      --text 1 --label 0

The saved file is a scikit-learn Pipeline from text to label:
sklearn_rnn.export.load_model(FILE).predict(texts). It is no pickle, unless its
name ends in .joblib, .pkl or .pickle: then joblib.load(FILE) loads it.
{TRUST}
"""

TRAIN = f"""\
Fit a TextTokenizer and an RNNTextClassifier to labelled texts, and save them
for 'predict' and 'export'. 'compare' shows whether other classifiers are
better.

FILE may also be a folder of files, or a pattern in quotes such as "*.parquet".
All files must be of one format, and have the same columns.

With --chunk-size the files may be larger than memory: they are read twice, for
the vocabulary and for the ids of the texts, which are in a temporary file (in
the folder that the environment variable TMPDIR names) until the command ends.

{_describe_files()}"""

TRAIN_EXAMPLES = f"""\
examples:
  %(prog)s reviews.csv --text review --label stars \\
      --save model.skops
  %(prog)s "shards/*.parquet" --chunk-size 10000 \\
      --set clf__max_epochs=1 --save model.skops

{TRUST}
"""

PREDICT = f"""\
Label the texts of all FILEs with a model that 'train' or 'compare --save'
wrote, or any fitted scikit-learn classifier of texts that
sklearn_rnn.export.save_model saved.

Writes a row for each text, in order, in UTF-8: CSV with a header, of which the
columns are label, and proba_<class> for each class if the model has
probabilities; or JSON Lines, {{"label": ..., "probabilities": {{<class>: ...}}}}.
An empty text is labelled as any other.

The files are read, and rows are written, in chunks of some thousand texts, so
that they may be larger than memory. If an error ends the command, stdout has
the rows of the chunks before it, and the exit code is 2; a file of --output is
there when it is complete, or not at all.

A pickle, such as a .joblib file, is loaded with --trust alone.
{TRUST}

{_describe_files()}"""

PREDICT_EXAMPLES = """\
examples:
  %(prog)s model.skops new.csv --text review
  %(prog)s model.skops new.csv --output labels.csv
  %(prog)s model.skops new.csv --output labels.jsonl.gz
  %(prog)s my_own.joblib new.csv --trust
  zcat new.csv.gz | %(prog)s model.skops - --format csv
"""

EXPORT = f"""\
Write a network that 'train' or 'compare --save' wrote to a folder that predicts
without torch and scikit-learn: the network in ONNX with its vocabulary, a
Python file that needs NumPy and onnxruntime alone, and a page that classifies
in a browser what is typed. If FOLDER ends in .onnx, it is a file with the
network and its vocabulary alone.

Prints the largest difference between the probabilities of MODEL and of the
exported network, on generated texts. MODEL may be a pickle with --trust.
{TRUST}"""

EXPORT_EXAMPLES = """\
examples:
  %(prog)s model.skops exported
  %(prog)s model.skops exported --quantize
  %(prog)s model.joblib model.onnx --trust
"""
