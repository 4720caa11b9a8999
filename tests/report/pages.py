"""Reports of small comparisons, and a parser that reads what is on their pages."""

from html.parser import HTMLParser

import numpy as np

from sklearn_rnn.evaluation import compare, report

VOID = {"meta", "img", "br", "link", "input"}


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, attributes, []

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag, **attributes):
        attributes = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    def one(self, tag, **attributes):
        (element,) = self.all(tag, **attributes)
        return element

    def rows(self, **attributes):
        """Return the texts of the cells of a table."""
        table = self.one("table", **attributes)
        return [
            [" ".join(cell.text.split()) for cell in row.children if isinstance(cell, Element)]
            for row in table.all("tr")
        ]


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("page", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        assert len(attrs) == len(element.attributes), f"{tag} has an attribute twice"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(html):
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


def write(tmp_path, models, X, y, *, estimators=True, saved_model=None, title=None, **options):
    """Compare models, and return the parsed report and the results."""
    results = compare(
        models, X, y, **options, return_predictions=True, return_estimators=estimators
    )
    file = tmp_path / "report.html"
    given = {} if title is None else {"title": title}
    report(results, X, y, file, X_test=options.get("X_test"), saved_model=saved_model, **given)
    return parse(file.read_text(encoding="utf-8")), results


def make_texts(n_classes, n_texts=120, seed=0):
    """Make texts, each of which has a word of its class and three words of all classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_texts) % n_classes
    words = rng.integers(0, 30, (n_texts, 3))
    texts = [
        f"c{label} " + " ".join(f"w{word}" for word in row)
        for label, row in zip(labels, words, strict=True)
    ]
    return texts, labels
