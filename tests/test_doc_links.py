"""Links of HTML diagrams to the pages of the estimators."""

import pytest
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import LogCountRatioTransformer

PIPELINE = make_pipeline(TextTokenizer(), RNNTextClassifier())


@pytest.mark.parametrize(
    ("estimator", "page"),
    [
        (TextTokenizer(), "sklearn_rnn.TextTokenizer"),
        (RNNTextClassifier(), "sklearn_rnn.RNNTextClassifier"),
        (LogCountRatioTransformer(), "sklearn_rnn.baselines.LogCountRatioTransformer"),
    ],
)
def test_a_diagram_links_to_the_page_of_the_estimator(monkeypatch, estimator, page):
    monkeypatch.setenv("SKLEARN_RNN_DOCS", "https://docs.example")
    address = f"https://docs.example/api/generated/{page}.html"
    assert estimator._get_doc_link() == address
    assert f'href="{address}"' in estimator._repr_html_()


def test_a_diagram_of_a_pipeline_links_to_the_pages_of_its_steps(monkeypatch):
    monkeypatch.setenv("SKLEARN_RNN_DOCS", "../..")
    html = PIPELINE._repr_html_()
    assert 'href="../../api/generated/sklearn_rnn.TextTokenizer.html"' in html
    assert 'href="../../api/generated/sklearn_rnn.RNNTextClassifier.html"' in html
    assert "scikit-learn.org" in html  # of the Pipeline itself


def test_a_diagram_has_no_link_without_an_address(monkeypatch):
    monkeypatch.delenv("SKLEARN_RNN_DOCS", raising=False)
    assert "api/generated" not in PIPELINE._repr_html_()
    assert RNNTextClassifier()._get_doc_link() == ""
