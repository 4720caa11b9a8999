"""Tables of the site, in Markdown, from benchmarks/results/accuracy.json.

    python -m benchmarks.accuracy.report

Corpora on which the default Pipeline has not been measured are left out. Costs are given relative
to the default Pipeline's, as medians over the corpora on which both were timed in one run while
other processes used less than a tenth of a core.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.accuracy.published import PUBLISHED
from benchmarks.accuracy.splits import CORPORA
from benchmarks.common.record import read_rows

QUIET = 0.1  # cores that other processes used
SIGNIFICANT = 0.05  # p-value of McNemar's test below which an accuracy gets an asterisk
HEADINGS = {
    "rnn": "default",
    "network_alone": "`linear_ngrams=0`",
    "nb_svm": "`nb_svm`",
    "tfidf_linear_svc": "`tfidf_linear_svc`",
    "tfidf_logistic_regression": "`tfidf_logistic_regression`",
    "tfidf_word_char_linear_svc": "`tfidf_word_char_linear_svc`",
    "fasttext": "fastText",
    "spacy": "spaCy",
    "minilm": "MiniLM + LR",
}

Rows = Mapping[tuple[str, str], Mapping]  # of the summary, by corpus and model


def read_summary() -> Rows:
    """Return the summary of the record, for corpora with a fit of the default Pipeline."""
    rows = {(row["corpus"], row["model"]): row for row in read_rows("accuracy", "summary")}
    return {key: row for key, row in rows.items() if (key[0], "rnn") in rows}


def make_markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in [headings, *rows]]
    return "\n".join([lines[0], f"|{'---|' * len(headings)}", *lines[1:]])


def format_figure(row: Mapping | None, figure: str) -> str:
    """Return a figure of a row of the summary with three digits, or "-" if there is none."""
    value = row.get(figure) if row else None
    return "-" if value is None else f"{value:.3f}"


def tabulate_accuracies(summary: Rows) -> str:
    """Return the table of accuracies: a row for each corpus, a column for each model.

    An asterisk marks those that differ significantly from the default Pipeline's.
    """
    different = {
        (row["corpus"], row["rival"])
        for row in read_rows("accuracy", "paired test")
        if row["McNemar's p"] < SIGNIFICANT
    }
    rows = [
        [
            corpus,
            *(
                format_figure(summary.get((corpus, model)), "accuracy")
                + "\\*" * ((corpus, model) in different)
                for model in HEADINGS
            ),
        ]
        for corpus in list_corpora(summary)
    ]
    return make_markdown(["corpus", *HEADINGS.values()], rows)


def tabulate_probabilities(summary: Rows) -> str:
    """Return the table of log-loss / expected calibration error, for models with probabilities."""
    models = [
        model
        for model in HEADINGS
        if any(row.get("log_loss") is not None for key, row in summary.items() if key[1] == model)
    ]
    rows = []
    for corpus in list_corpora(summary):
        of_corpus = [summary.get((corpus, model)) for model in models]
        cells = [
            f"{format_figure(row, 'log_loss')} / {format_figure(row, 'calibration_error')}"
            for row in of_corpus
        ]
        rows.append([corpus, *(cell.replace("- / -", "-") for cell in cells)])
    return make_markdown(["corpus", *(HEADINGS[model] for model in models)], rows)


def tabulate_costs(summary: Rows) -> str:
    """Return the table of costs relative to the default Pipeline's: a row for each model."""
    rows = []
    for model, heading in HEADINGS.items():
        pairs = [
            (summary[corpus, model], summary[corpus, "rnn"])
            for corpus in list_corpora(summary)
            if is_comparable(summary.get((corpus, model)), summary[corpus, "rnn"])
        ]
        if pairs:
            fits = median(row["fit_seconds"] / default["fit_seconds"] for row, default in pairs)
            speeds = median(
                row["texts_per_second"] / default["texts_per_second"] for row, default in pairs
            )
            megabytes = median(row["megabytes"] for row, _ in pairs)
            cells = [f"{fits:.2g}", f"{speeds:.2g}", f"{megabytes:.2g}"]
            rows.append([heading, str(len(pairs)), *cells])
    return make_markdown(["model", "corpora", "seconds to fit", "texts per second", "MB"], rows)


def is_comparable(row: Mapping | None, default: Mapping) -> bool:
    """Return whether two rows were timed in one run, while other processes were idle."""
    if row is None or row.get("run") is None or row["run"] != default.get("run"):
        return False
    cores = [row["other_cores"], default["other_cores"]]
    return all(n_cores is not None and n_cores < QUIET for n_cores in cores)


def tabulate_published(summary: Rows) -> str:
    """Return the table of published figures, beside the default Pipeline's in the same metric."""
    rows = [
        [
            row.corpus,
            row.system,
            row.metric.replace("macro_f1", "macro F1"),
            f"{row.figure:.3f}",
            format_figure(summary.get((CORPORA[row.corpus], "rnn")), row.metric),
            row.condition or "-",
            row.source,
        ]
        for row in PUBLISHED
    ]
    headings = ["corpus", "system", "metric", "published", "default", "what differs", "source"]
    return make_markdown(headings, rows)


def list_corpora(summary: Rows) -> list[str]:
    """Return the names of the corpora in the summary, in the order of `CORPORA`."""
    return [corpus for corpus in CORPORA.values() if (corpus, "rnn") in summary]


def main() -> None:
    """Print the tables."""
    summary = read_summary()
    for title, table in {
        "Test accuracy": tabulate_accuracies(summary),
        "Log-loss / expected calibration error": tabulate_probabilities(summary),
        "Costs relative to the default": tabulate_costs(summary),
        "Published figures": tabulate_published(summary),
    }.items():
        print(f"{title}\n\n{table}\n")


if __name__ == "__main__":
    main()
