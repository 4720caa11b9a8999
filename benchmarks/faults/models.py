"""Small models and files, which the faults are tried on."""

import io
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.__main__ import main
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.export import save_model

TEXTS, LABELS = make_word_order(64, random_state=0)


def make_model(**parameters: object) -> Pipeline:
    """Make a tokenizer and a network that is fitted in a tenth of a second."""
    small = {
        "embedding_dim": 8,
        "hidden_size": 8,
        "max_epochs": 1,
        "batch_size": 32,
        "random_state": 0,
        "device": "cpu",
    }
    # By default, a failed fit to 3,200 texts would leave a tokenizer of other rows than the network
    # is fitted to.
    tokenizer = TextTokenizer(add_characters=False, max_length=400)
    return make_pipeline(tokenizer, RNNTextClassifier(**small | parameters))


@cache
def fitted_model() -> Pipeline:
    """Return a model that is fitted once in a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_model().fit(TEXTS, LABELS)


def write_files(folder: Path) -> None:
    """Write a model and a file of texts."""
    save_model(fitted_model(), folder / "model.skops")
    rows = [f'"{text}",{label}\n' for text, label in zip(TEXTS, LABELS, strict=True)]
    (folder / "texts.csv").write_text("text,label\n" + "".join(rows))


def run_command(*arguments: object) -> tuple[int, list[str]]:
    """Run the command line; return its exit code, and its lines on stderr."""
    error = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(error):
        code = main(list(map(str, arguments)))
    return code, error.getvalue().splitlines()


def predict(folder: Path, output: Path) -> tuple[int, list[str]]:
    """Predict the texts of `write_files` into a file."""
    return run_command("predict", folder / "model.skops", folder / "texts.csv", "--output", output)


def compare(option: str, folder: Path, output: Path) -> tuple[int, list[str]]:
    """Fit a linear model to the texts of `write_files`, and write what the option asks for."""
    options = ["--model", "tfidf-logistic", "--cv", 2, option, output]
    return run_command("compare", folder / "texts.csv", *options)


def check_error_line(code: int, lines: list[str]) -> None:
    """Assert that a command ended with one line of error."""
    assert code == 2, (code, lines)
    assert "error: " in lines[-1], lines
    assert not any(line.startswith("Traceback") for line in lines), lines


# In the server that children are forked from: they need not fit it again.
if sys.modules.get("multiprocessing.forkserver"):
    fitted_model()
