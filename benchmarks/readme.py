"""Picture and tables of README.md, from benchmarks/results/.

    python -m benchmarks.readme

Draws docs/_static/accuracy.svg, and prints the tables. The tests compare both with the results.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.accuracy import report
from benchmarks.accuracy.published import PUBLISHED
from benchmarks.accuracy.splits import CORPORA
from benchmarks.common.record import ROOT, read_rows

PICTURE = ROOT / "docs" / "_static" / "accuracy.svg"
LINEAR = ("nb_svm", "tfidf_linear_svc", "tfidf_logistic_regression", "tfidf_word_char_linear_svc")
NAMES = {
    "imdb": "IMDB",
    "ag_news": "AG News",
    "amazon_polarity": "Amazon reviews",
    "druglib": "drug reviews",
    "imdb_10": "IMDB, 10 % of the texts",
    "imdb_1": "IMDB, 1 % of the texts",
    "banking77": "BANKING77, 77 classes",
    "germeval2018": "GermEval 2018, German",
    "sms_spam": "SMS spam",
    "waimai": "waimai, Chinese",
}
# Colour, marker, its sign in a heading, and place of the column of numbers in widths of the axes.
MODELS = {
    "sklearn_rnn": ("#0072B2", "o", "●", 1.2),
    "best linear": ("#D55E00", "^", "▲", 1.56),
    "fastText": ("#009E73", "s", "■", 1.88),
}


def collect_accuracies() -> dict[str, dict[str, float]]:
    """Return the test accuracy of each of `MODELS` by corpus, the highest first."""
    summary = report.read_summary()
    accuracies = {}
    for short, corpus in CORPORA.items():
        if (corpus, "rnn") in summary:
            rows = (summary[corpus, "rnn"], find_best_linear(corpus), summary[corpus, "fasttext"])
            figures = [row["accuracy"] for row in rows]
            accuracies[NAMES[short]] = dict(zip(MODELS, figures, strict=True))
    return dict(sorted(accuracies.items(), key=lambda item: -item[1]["sklearn_rnn"]))


def find_best_linear(corpus: str) -> Mapping:
    """Return the row of the linear model with the highest test accuracy."""
    summary = report.read_summary()
    rows = [summary[corpus, model] for model in LINEAR if (corpus, model) in summary]
    return max(rows, key=lambda row: row["accuracy"])


def tabulate_strengths() -> str:
    """Return the table of what the package is good at."""
    summary = report.read_summary()
    imdb, fasttext = summary["imdb", "rnn"], summary["imdb", "fasttext"]
    epochs = {
        row["what"]: row["times as long as RNNTextClassifier"]
        for row in read_rows("speed_training", "lstm: an epoch of 25,000 texts")
    }
    best = epochs["torch, similar lengths, no denormals"]
    rows = [
        ["accuracy on IMDB", *compare_with_linear("imdb")],
        [
            "expected calibration error on IMDB",
            report.format_figure(imdb, "calibration_error"),
            report.format_figure(fasttext, "calibration_error"),
            "fastText",
        ],
        [
            "time of an epoch of an LSTM on a CPU",
            "1",
            f"{best:.1f} to {epochs['torch, packed']:.1f}",
            "plain torch: the fastest loop that we know, and that of tutorials",
        ],
    ]
    return report.make_markdown(["", "sklearn_rnn", "rival", "which rival"], rows)


def tabulate_weaknesses() -> str:
    """Return the table of what other models are better at."""
    imdb = report.read_summary()["imdb", "rnn"]
    [bert] = [row for row in PUBLISHED if (row.corpus, row.system[:4]) == ("imdb", "BERT")]
    latencies = read_rows("speed_prediction", "one text of 972 characters through a Pipeline")
    rows = [
        [
            "accuracy on IMDB",
            report.format_figure(imdb, "accuracy"),
            f"{bert.figure:.3f}",
            f"{bert.system} ({bert.source})",
        ],
        ["accuracy on waimai, Chinese reviews", *compare_with_linear("waimai")],
        [
            "milliseconds to classify one review",
            *(f"{row['ms']:.1f}" for row in latencies),
            "TF-IDF and logistic regression",
        ],
    ]
    return report.make_markdown(["", "sklearn_rnn", "rival", "which rival"], rows)


def compare_with_linear(short: str) -> list[str]:
    """Return the accuracies of the default Pipeline and the best linear model, and its name."""
    corpus = CORPORA[short]
    best = find_best_linear(corpus)
    name = f"{report.HEADINGS[best['model']]}, the best of the linear models"
    default = report.read_summary()[corpus, "rnn"]
    return [*(report.format_figure(row, "accuracy") for row in (default, best)), name]


def draw(path: Path) -> None:
    """Draw the accuracies, with their numbers as text."""
    import matplotlib.pyplot as plt

    accuracies = collect_accuracies()
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": path.name, "font.size": 10})
    figure, axes = plt.subplots(figsize=(8.4, 3.8))
    figure.subplots_adjust(left=0.24, right=0.6, top=0.91, bottom=0.13)
    style = {"transform": axes.get_yaxis_transform(), "ha": "center", "va": "center"}
    for model, (color, marker, sign, place) in MODELS.items():
        axes.text(place, -1, f"{sign} {model}", color=color, **style)
        values = [figures[model] for figures in accuracies.values()]
        size = 75 if model == "sklearn_rnn" else 26
        marks = {"marker": marker, "edgecolors": "white", "linewidths": 0.5}
        axes.scatter(values, range(len(values)), size, color, **marks)
        for y, value in enumerate(values):
            axes.text(place, y, f"{value:.3f}", color=color, **style)
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.set(ylim=(len(accuracies) - 0.5, -0.5), xlabel="test accuracy")
    axes.grid(alpha=0.4)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    plt.close(figure)


def main() -> None:
    """Draw the picture and print the tables."""
    draw(PICTURE)
    print(f"{tabulate_strengths()}\n\n{tabulate_weaknesses()}")


if __name__ == "__main__":
    main()
