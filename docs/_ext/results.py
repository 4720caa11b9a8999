"""Tables and figures of the pages, made from benchmarks/results/ when the site is built.

A page inserts them by name, as `{{ table_accuracy }}` or `{{ accuracy.imdb.rnn }}`.
"""

import json
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from benchmarks import readme
from benchmarks.accuracy import report
from benchmarks.accuracy.splits import CORPORA
from benchmarks.common.record import RESULTS, read_rows

MODELS = {"rnn": "default", "tfidf_logistic_regression": "`tfidf_logistic_regression`"}


def make_substitutions() -> dict[str, Any]:
    """Return the tables, in Markdown, and the figures that pages insert, by name."""
    summary = report.read_summary()
    return {
        "table_strengths": readme.tabulate_strengths(),
        "table_weaknesses": readme.tabulate_weaknesses(),
        "table_accuracy": report.tabulate_accuracies(summary),
        "table_probabilities": report.tabulate_probabilities(summary),
        "table_published": report.tabulate_published(summary),
        "table_costs": tabulate_costs(summary),
        "better_rivals": list_better_rivals(summary),
        "table_unlabelled": tabulate_unlabelled(),
        "table_systems": tabulate_systems(),
        "table_differences": tabulate_differences(),
        "table_ablation": tabulate("ablation", "ablation"),
        "table_faults": tabulate_faults(),
        "tables_speed": tabulate_speeds(),
        "tables_export": tabulate_record("export_runtime"),
        "tables_quantization": tabulate_record("export_quantization"),
        "tables_serving": tabulate_record("export_serving"),
        "tables_scoring": tabulate_record("clusters_scoring"),
        "tables_search": tabulate_record("clusters_search"),
        "tables_transfers": tabulate_record("clusters_transfers"),
        "tables_distributed": tabulate_record("distributed"),
        "table_large": tabulate_large(),
        "tables_limit": tabulate_record("large_limit"),
        "machines": tabulate_machines(),
        "accuracy": collect(summary, "accuracy"),
        "log_loss": collect(summary, "log_loss"),
        "calibration_error": collect(summary, "calibration_error"),
    }


def list_better_rivals(summary: report.Rows) -> str:
    """Return the models that are more accurate than the default Pipeline by more than chance."""
    names = [
        f"{report.HEADINGS[row['rival']]} on {row['corpus'].partition(' (')[0]}"
        for row in read_rows("accuracy", "paired test")
        if (row["corpus"], row["rival"]) in summary
        and row["its accuracy"] > row["rnn"]
        and row["McNemar's p"] < report.SIGNIFICANT
    ]
    return ", ".join(names) or "none"


def tabulate_costs(summary: report.Rows) -> str:
    """Return the table of costs, or a sentence if nothing was timed while the machine was idle."""
    table = report.tabulate_costs(summary)
    has_rows = len(table.splitlines()) > 2
    return table if has_rows else "In the last runs other processes were busy: no figures."


def tabulate_unlabelled() -> str:
    """Return the table of self-training: a row for each corpus and number of labels."""
    rows: dict[tuple[str, str], list[str]] = {}
    for row in read_rows("unlabelled", "unlabelled"):
        key = row["corpus"], f"{row['labelled texts']:,} of {row['all texts']:,}"
        cells = [f"{row[name]:.3f}" for name in ("labelled", "self-trained")]
        rows.setdefault(key, []).extend(cells)
    headings = ["corpus", "texts with a label"]
    for heading in MODELS.values():
        headings += [heading, "self-trained"]
    return report.make_markdown(headings, [[*key, *cells] for key, cells in rows.items()])


def tabulate_systems() -> str:
    """Return the table of the reference systems: the author's recipe beside ours."""
    alone = {row["system"]: row["ours"] for row in read_rows("reference_systems", "ours alone")}
    rows = [
        [
            row["system"],
            f"{row['published']:.4f}",
            f"{row['training texts']:,}",
            f"{row['theirs']:.3f}",
            f"{row['ours']:.3f}",
            f"{row['times as fast']:.1f}",
            f"{alone[row['system']]:.3f}" if row["system"] in alone else "",
        ]
        for row in read_rows("reference_systems", "systems")
    ]
    headings = ["system", "published", "training texts", "author's recipe", "ours"]
    return report.make_markdown([*headings, "times as fast", "ours, all texts"], rows)


def tabulate_differences() -> str:
    """Return what differs between each reference system and its author's."""
    rows = read_rows("reference_systems", "systems")
    return report.make_markdown(
        ["system", "what differs"], [[row["system"], row["differs"]] for row in rows]
    )


def tabulate_large() -> str:
    """Return the accuracies of fits to files, as medians over seeds: a column for each way."""
    rows: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in read_rows("large_accuracy", "accuracy"):
        of_corpus = rows.setdefault((row["corpus"], f"{row['texts']:,}"), {})
        of_corpus.setdefault(row["way"], []).append(row["accuracy"])
    ways = list(dict.fromkeys(way for of_corpus in rows.values() for way in of_corpus))
    cells = [
        [*key, *(f"{median(of_corpus[way]):.3f}" for way in ways)]
        for key, of_corpus in rows.items()
    ]
    return report.make_markdown(["corpus", "texts", *(f"`{way}`" for way in ways)], cells)


def tabulate_faults() -> str:
    """Return the injected faults, and how many were survived."""
    rows = [
        [row["kind"], str(row["tried"]), str(row["survived"])]
        for row in read_rows("faults", "faults")
    ]
    return report.make_markdown(["fault", "tried", "survived"], rows)


def tabulate_speeds() -> str:
    """Return all tables of the records of benchmarks.speed, under a heading for each record."""
    names = sorted(path.stem for path in RESULTS.glob("speed_*.json"))
    sections = [
        f"### {name.removeprefix('speed_').replace('_', ' ').capitalize()}\n\n"
        f"{tabulate_record(name)}"
        for name in names
    ]
    return "\n\n".join(sections)


def tabulate_record(name: str) -> str:
    """Return all tables of a record, each under its title."""
    record = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    tables = [f"**{title}**\n\n{to_markdown(rows)}" for title, rows in record["tables"].items()]
    return "\n\n".join(tables)


def tabulate(name: str, title: str) -> str:
    """Return a table of a record."""
    return to_markdown(read_rows(name, title))


def tabulate_machines() -> str:
    """Return the date, the commit and the processor of each record."""
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        processor = record["machine"]["processor"].partition(",")[0]
        rows.append([f"`{path.name}`", record["date"], f"`{record['commit']}`", processor])
    return report.make_markdown(["results", "date", "commit", "processor"], rows)


def to_markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as a table in Markdown, without the commits and processors of single rows."""
    rows = list(rows)
    columns = [name for name in rows[0] if name not in {"commit", "processor", "command"}]
    cells = [[format_cell(row.get(name)) for name in columns] for row in rows]
    return report.make_markdown(columns, cells)


def format_cell(value: object) -> str:
    """Return a value with at most three significant digits."""
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value).replace("|", "\\|")
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def collect(summary: report.Rows, figure: str) -> dict[str, dict[str, str]]:
    """Return a figure of each model, with three digits, by corpus and model."""
    short = {title: name for name, title in CORPORA.items()}
    figures: dict[str, dict[str, str]] = {}
    for (corpus, model), row in summary.items():
        figures.setdefault(short[corpus], {})[model] = report.format_figure(row, figure)
    return figures
